"""``capss-mock validate``: what is said, where, and how the exit code follows. Places are typed by hand."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.cli.validate import validate
from capss_mock.contract.model import Level
from capss_mock.contract.rules import RULES
from capss_mock.domain.checking import check_document
from tests.helpers import BROKEN, FIXTURES, UPDATES, VALID, InProcess, record, upload_of

ROOT = FIXTURES.parent
# rule: line and column of the element's <, of the parent's where something is missing
PLACES = {
    "DOC-AMOUNT-FORMAT": (99, 11),
    "DOC-DATE-FORMAT": (17, 9),
    "DOC-ELEMENT-BLANK": (46, 11),
    "DOC-ELEMENT-EMPTY": (46, 11),
    "DOC-EMPLOYEE": (36, 9),
    "DOC-DTD": (3, 1),
    "DOC-EMPTY": (4, 3),
    "DOC-FILLER": (8, 9),
    "DOC-FIREARM": (45, 11),
    "DOC-FUTURE": (6, 7),
    "DOC-HEIGHT-FORMAT": (15, 9),
    "DOC-IMAGE": (37, 9),
    "DOC-KEY": (5, 5),
    "DOC-LATE": (6, 7),
    "DOC-LICENCE-FORMAT": (4, 3),
    "DOC-NIL-CONTENT": (17, 9),
    "DOC-NIL-TWIN": (17, 9),
    "DOC-ORDER": (38, 7),
    "DOC-PERSON-DATA": (8, 9),
    "DOC-REFERENCE": (40, 9),
    "DOC-REPEATED": (47, 11),
    "DOC-REQUIRED": (95, 9),
    "DOC-ROOT": (3, 1),
    "DOC-THUMBPRINT": (34, 9),
    "DOC-TIME-FORMAT": (6, 7),
    "DOC-UNKNOWN-ELEMENT": (55, 11),
    "DOC-VALUE": (42, 11),
    "DOC-WEIGHT-FORMAT": (16, 9),
    "DOC-WELLFORMED": (56, 32),
    "DOC-YEAR-FORMAT": (30, 11),
    "DOC-DUPLICATE": (60, 5),
    "DOC-ENCODING": (1, 1),
}
ELSEWHERE = {
    "DOC-LICENCE-MISMATCH": "it takes a token to compare with",
    "DOC-LIMIT": "its documents are too large to keep as files",
    "DOC-TWELVE-HOUR": "it is about the whole file",
    "DOC-XSD": "it takes a schema: test_schema.py",
}


# documents that are kept are late, on any day: only the tests about that look at their dates
UNDATED = ("--set", "report-dates=off")


def run(*arguments: str | Path, text: bytes = b"") -> Result:
    return CliRunner().invoke(
        validate, [*UNDATED, *(str(each) for each in arguments)], input=text, standalone_mode=False
    )


def findings(*arguments: str | Path, text: bytes = b"") -> list[dict[str, Any]]:
    result = run("--json", *arguments, text=text)
    assert result.exception is None, result.exception
    return [each for file in json.loads(result.output)["files"] for each in file["findings"]]


@pytest.mark.parametrize("rule", PLACES)
def test_a_fault_is_found_at_its_place(rule: str) -> None:
    (path,) = [*BROKEN.glob(f"{rule}--*.xml"), *(UPDATES / "broken").glob(f"{rule}--*.xml")]
    dates = (
        ("--set", "report-dates=warn")
        if rule in ("DOC-LATE", "DOC-FUTURE")
        else ("--update",)
        if rule == "DOC-KEY"
        else ()
    )
    found = [each for each in findings(*dates, path) if each["rule"] == rule]
    assert [(each["line"], each["column"]) for each in found] == [PLACES[rule]]
    assert found[0]["level"] == RULES[rule].level
    assert found[0]["grade"] == RULES[rule].grade


def test_every_rule_of_documents_has_a_place() -> None:
    documents = {rule.id for rule in RULES.values() if rule.level in (Level.ERROR, Level.WARNING)}
    assert documents == PLACES.keys() | ELSEWHERE.keys()


def test_the_text_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run("fixtures/uploads/broken/DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml")
    first, second, summary = result.output.splitlines()
    assert first == (
        "fixtures/uploads/broken/DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml:99:11  error  DOC-AMOUNT-FORMAT  "
        '[observed]  amount "$1,234.00" is not a plain decimal'
    )
    assert second == (
        "    propertyTransaction 2, item 1 (loanBuyNumber LB-1002)   fix: 1234.00   more: capss-mock rules DOC-AMOUNT-FORMAT"
    )
    assert summary.startswith("1 error, 0 warnings in 3 transactions, 4 items (0.")


def test_the_json_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run("--json", "--profile", "sb1317", "fixtures/uploads/broken/DOC-VALUE--type-in-lower-case.xml")
    assert json.loads(result.output) == {
        "version": 1,
        "profile": "sb1317",
        "files": [
            {
                "file": "fixtures/uploads/broken/DOC-VALUE--type-in-lower-case.xml",
                "errors": 0,
                "warnings": 1,
                "transactions": 1,
                "items": 1,
                "not_shown": 0,
                "findings": [
                    {
                        "rule": "DOC-VALUE",
                        "level": "warning",
                        "grade": "observed",
                        "message": 'type "buy" is none of the known values',
                        "line": 42,
                        "column": 11,
                        "transaction": 1,
                        "item": 1,
                        "element": "type",
                        "loanBuyNumber": "LB-1001",
                        "meant": "BUY",
                        "fix": "use one of the known values, in their spelling",
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("arguments", "code", "errors"),
    [
        ([VALID / "one-transaction.xml"], 0, 0),
        ([BROKEN / "DOC-VALUE--type-in-lower-case.xml"], 0, 0),
        (["--strict", BROKEN / "DOC-VALUE--type-in-lower-case.xml"], 1, 1),
        ([BROKEN / "DOC-REQUIRED--second-without-article.xml"], 1, 1),
        (["--errors-from", "I", BROKEN / "DOC-REQUIRED--second-without-article.xml"], 1, 1),
        (["--errors-from", "o", BROKEN / "DOC-REQUIRED--second-without-article.xml"], 0, 0),
        (["--errors-from", "D", BROKEN / "DOC-WELLFORMED--unescaped-ampersand.xml"], 1, 1),
        (["--profile", "2018", VALID / "2018/one-transaction.xml"], 0, 0),
        (["--as-of", "2018-12-15", VALID / "2018/one-transaction.xml"], 0, 0),
        ([VALID / "2018/one-transaction.xml"], 1, 9),
        ([VALID], 1, 18),
        (["--update", *sorted(UPDATES.glob("*.xml"))], 0, 0),
        (["--update", UPDATES], 1, 1),
        ([FIXTURES / "updates/one-item.xml"], 1, 1),
    ],
)
def test_the_exit_code_follows_the_errors(arguments: list[str | Path], code: int, errors: int) -> None:
    result = run("--json", *arguments)
    assert sum(file["errors"] for file in json.loads(result.output)["files"]) == errors
    assert result.return_value == code


def test_as_of_picks_the_form_of_the_day() -> None:
    path = VALID / "sb1317/one-transaction.xml"
    assert findings("--as-of", "2026-01-31", path) == []
    assert [each["rule"] for each in findings("--as-of", "2026-02-01", path)] == ["DOC-REFERENCE"]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["no/such.xml"], "cannot read no/such.xml: No such file or directory"),
        ([""], "a FILE is empty: is a variable not set?"),
        (["--license", "", "x.xml"], "is not digits only"),
        (["--license", "CA-1", "x.xml"], "is not digits only"),
        (["--set", "update-key=name:x", "x.xml"], "--update says that the files are some"),
        (["--xsd", "x.xsd", "--update", "--set", "update-document=wellformed", "x.xml"], "--xsd needs the names"),
        ([FIXTURES / "replies"], "there is no *.xml below"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str | Path], match: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "capss_mock", "validate", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert match in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_document_comes_through_a_pipe_and_the_whole_command_works() -> None:
    document = upload_of(record("1"), record("2", amount="$2"))
    done = subprocess.run(
        [sys.executable, "-m", "capss_mock", "validate", *UNDATED, "-"], input=document, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 1
    column = document.decode().index("<amount>$2") + 1
    assert done.stdout.decode().startswith(f"-:1:{column}  error  DOC-AMOUNT-FORMAT  ")


def test_findings_beyond_the_limit_are_counted() -> None:
    document = upload_of(*(record(str(number), amount="x") for number in range(30)))
    result = run("--max-findings", "10", "-", text=document)
    assert result.output.count("DOC-AMOUNT-FORMAT  [observed]") == 9  # and the one of the whole file
    assert "-: 21 more are not shown (--max-findings)" in result.output
    assert "30 errors, 1 warning in 30 transactions, 30 items" in result.output  # the warning: all before 13:00


def test_a_malformed_tail_still_reports_everything_before_it() -> None:
    document = upload_of(record("1", amount="x"), record("2"), record("3", amount="y"))[:-30] + b"& and no end"
    assert [each["rule"] for each in findings("-", text=document)] == [
        "DOC-AMOUNT-FORMAT",
        "DOC-AMOUNT-FORMAT",
        "DOC-WELLFORMED",
    ]


def test_values_that_may_name_a_person_are_never_shown() -> None:
    person = (BROKEN / "DOC-PERSON-DATA--invented-name.xml").read_text("utf-8").replace("on file", "Canary")
    for arguments in (["-"], ["--json", "-"], ["--strict", "-"]):
        result = run(*arguments, text=person.encode())
        assert "DOC-PERSON-DATA" in result.output
        assert "Canary" not in result.output


@pytest.mark.parametrize(
    ("times", "found"),
    [
        (["08:00:00"] * 5, True),
        (["08:00:00"] * 4, False),
        (["08:00:00"] * 4 + ["13:00:00"], False),
        (["12:59:59"] * 6, True),
        (["08:00:00"] * 4 + ["23:30:00"], False),
    ],
)
def test_a_clock_without_afternoons_is_suspected(times: list[str], found: bool) -> None:
    document = upload_of(*(record(str(n), time=f"2025-12-15T{time}") for n, time in enumerate(times)))
    assert ("DOC-TWELVE-HOUR" in [each["rule"] for each in findings("-", text=document)]) is found


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<>&\ufffe\uffff"), max_size=8)


@given(
    st.lists(st.tuples(TEXT, st.sampled_from(["", " ", "\n", "\n\n  ", "\t"])), min_size=1, max_size=5),
    st.data(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_lines_and_columns_are_those_an_editor_shows(
    parts: list[tuple[str, str]], data: st.DataObject, encoding: str
) -> None:
    faulty = data.draw(st.integers(0, len(parts) - 1))
    records = [
        gap + record(str(number), amount="x" if number == faulty else "1", description=f"i{text}").replace("<amount>", gap + "<amount>")
        for number, (text, gap) in enumerate(parts)
    ]  # fmt: skip
    text = upload_of(*records).decode()
    if encoding == "utf-16":
        text = '<?xml version="1.0" encoding="UTF-16"?>\n' + text
    before = text[: text.index("<amount>x")]
    report = check_document(lambda: [text.encode(encoding)])
    (found,) = [each for each in report.findings if each.finding.rule == "DOC-AMOUNT-FORMAT"]
    assert found.line == before.count("\n") + 1
    assert found.column == len(before) - (before.rfind("\n") + 1) + 1


@pytest.mark.parametrize(
    "path",
    [*sorted(BROKEN.glob("*.xml")), *sorted(VALID.rglob("*.xml"))],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_the_mock_says_the_same_of_a_document(mock: InProcess, path: Path) -> None:
    """But for the licence, which is compared with the token's, and duplicates, which the mock reports as such."""
    found = {each["rule"] for each in findings(path) if each["level"] == "error"}
    values = mock.final(path)
    if path.stem.startswith("DOC-LICENCE-MISMATCH"):
        found = {"DOC-LICENCE-MISMATCH"}
    assert values["hasErrors"] == bool(found)
    assert all(any(f"({rule})" in message for message in values["errorMessages"]) for rule in found)
    assert values["hasDuplicates"] == path.stem.startswith("DOC-DUPLICATE")


def test_warnings_crowd_out_no_error() -> None:
    document = upload_of(*(record(str(n), employee="on file") for n in range(50)))[:-30]
    shown = findings("--max-findings", "10", "-", text=document)
    assert [each["rule"] for each in shown if each["level"] == "error"] == ["DOC-WELLFORMED"]


def test_an_update_is_not_taken_for_an_upload() -> None:
    items = "".join(f"<item><referenceId>R-{n}</referenceId><brand>X</brand></item>" for n in range(6))
    document = f'<capssUpload><itemUpdateData licenseNumber="1">{items}</itemUpdateData></capssUpload>'
    assert findings("--update", "-", text=document.encode()) == []


def test_the_licence_is_compared_when_it_is_given() -> None:
    document = upload_of(record("1"))
    assert findings("--license", "000000300", "-", text=document) == []
    (found,) = findings("--license", "300", "-", text=document)
    assert (found["rule"], found["line"], found["column"]) == ("DOC-LICENCE-MISMATCH", 1, 14)


@pytest.mark.parametrize("name", ["dateOfBirth", "dateOfIssue"])
def test_a_date_on_file_is_a_date_format_and_no_person(name: str) -> None:
    text = (VALID / "2020/one-transaction.xml").read_text("utf-8")
    start, end = text.index(f"<{name}>"), text.index(f"</{name}>")
    document = text[:start] + f"<{name}>on file" + text[end:]
    about = [each for each in findings("-", text=document.encode()) if (each["element"] or "").endswith(name)]
    assert [each["rule"] for each in about] == ["DOC-DATE-FORMAT"]


def test_elements_inside_a_text_hide_nobody() -> None:
    inside = record("1").replace("<custLastName>on file", "<custLastName>on file<alias>Canary</alias>")
    found = findings("-", text=upload_of(inside.replace("UNKNOWN", "X<custLastName>Canary</custLastName>")))
    assert [(each["rule"], each["element"]) for each in found] == [
        ("DOC-PERSON-DATA", "customer/custLastName"),
        ("DOC-UNKNOWN-ELEMENT", "customer/custLastName"),
        ("DOC-UNKNOWN-ELEMENT", "brand"),
    ]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("<serialNumber>S1", "<serialNumber>S1<more>Canary</more>"),
        ("<description>Invented guitar", "<description>Invented <b>guitar</b>"),
    ],
)
def test_elements_inside_any_text_are_said(good: str, bad: str) -> None:
    assert [each["rule"] for each in findings("-", text=upload_of(record("1").replace(good, bad)))] == [
        "DOC-UNKNOWN-ELEMENT"
    ]


def test_of_two_alike_the_faulty_one_is_shown() -> None:
    document = upload_of(record("1").replace("<article>", "<amount>$1</amount><article>")).decode()
    found = {each["rule"]: each["column"] for each in findings("-", text=document.encode())}
    second = document.index("<amount>$1") + 1
    assert found == {"DOC-AMOUNT-FORMAT": second, "DOC-REPEATED": second}


def test_items_are_counted_through_the_whole_transaction() -> None:
    one = record("1")
    box = one[one.index("<items>") :]
    document = upload_of(one + box.replace(">1<", ">2<").replace("10.00", "$2")).decode()
    (found,) = [each for each in findings("-", text=document.encode()) if each["rule"] == "DOC-AMOUNT-FORMAT"]
    assert (found["item"], found["loanBuyNumber"]) == (2, "2")
    assert found["column"] == document.index("<amount>$2") + 1


def test_a_named_pipe_and_a_name_in_capitals_are_read(tmp_path: Path) -> None:
    (tmp_path / "DAY.XML").write_bytes(upload_of(record("1", amount="x")))
    (tmp_path / "a.xml").mkdir()
    assert [each["rule"] for each in findings(tmp_path)] == ["DOC-AMOUNT-FORMAT"]
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m capss_mock validate {' '.join(UNDATED)} <(cat '{tmp_path}/DAY.XML')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 error, 0 warnings in 1 transaction, 1 item" in done.stdout


def test_a_record_within_a_record_moves_no_place() -> None:
    inner = record("1").replace("</items>", "</items><propertyTransaction><x/></propertyTransaction>")
    document = upload_of(inner, record("2"), record("3"), record("4", amount="$4")).decode()
    (found,) = [each for each in findings("-", text=document.encode()) if each["rule"] == "DOC-AMOUNT-FORMAT"]
    assert (found["transaction"], found["column"]) == (4, document.index("<amount>$4") + 1)


def test_a_record_that_is_misspelt_is_not_passed_over() -> None:
    document = upload_of(*(record(str(n)) for n in range(4))).decode()
    at = [found.start() for found in re.finditer("propertyTransaction", document)]
    for start in reversed(at[2:4] + at[6:8]):  # the second and the fourth
        document = document[:start] + "P" + document[start + 1 :]
    (found,) = findings("-", text=document.encode())
    assert found["rule"] == "DOC-UNKNOWN-ELEMENT"
    assert found["message"] == ("PropertyTransaction is not known there: is propertyTransaction meant?, as in 1 more")
    assert found["column"] == document.index("<PropertyTransaction") + 1


def test_elements_beside_the_container_are_said_and_another_kind_of_document_is_told() -> None:
    document = upload_of(record("1")).replace(b"</capssUpload>", b"<more/></capssUpload>")
    assert [(each["rule"], each["element"]) for each in findings("-", text=document)] == [
        ("DOC-UNKNOWN-ELEMENT", "more")
    ]
    (found,) = [each for each in findings(UPDATES / "one-item.xml") if each["rule"] == "DOC-ROOT"]
    assert found["message"] == "bulkUploadData is missing: is it an item update (--update)?"
    (found,) = [each for each in findings("--update", VALID / "one-transaction.xml") if each["rule"] == "DOC-ROOT"]
    assert found["message"] == "itemUpdateData is missing: is it an upload (without --update)?"


def test_a_prefix_that_is_declared_nowhere_is_the_only_finding() -> None:
    text = (VALID / "one-transaction.xml").read_text("utf-8")
    document = re.sub(' xmlns:xsi="[^"]*"', "", text).encode()
    (found,) = findings("-", text=document)
    assert found["rule"] == "DOC-WELLFORMED"
    assert "xmlns:xsi=" in found["message"]


def test_what_the_law_wants_hidden_is_mended_as_the_law_wants_it() -> None:
    text = (VALID / "one-transaction.xml").read_text("utf-8")
    born = '<dateOfBirth xsi:nil="true"/>\n        <dateOfBirthText>on file</dateOfBirthText>'
    document = text.replace(born, "<dateOfBirth>05/04/1970</dateOfBirth>").encode()
    nil = '<dateOfBirth xsi:nil="true"/> and <dateOfBirthText>on file</dateOfBirthText>'
    assert {each["rule"]: each["meant"] for each in findings("-", text=document)} == {
        "DOC-DATE-FORMAT": nil,
        "DOC-PERSON-DATA": nil,
    }


def test_a_number_in_which_a_name_may_stand_is_not_shown() -> None:
    for number, shown in (("LB-1/2.3", "LB-1/2.3"), ("Canary Name 1", None), ("Canary", None), ("9" * 30, None)):
        (found,) = findings("-", text=upload_of(record("1", amount="x").replace(">1<", f">{number}<")))
        assert found["loanBuyNumber"] == shown
        assert (
            "Canary" in run("-", text=upload_of(record("1", amount="x").replace(">1<", f">{number}<"))).output
        ) is False


def test_files_of_a_directory_that_cannot_be_read_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(upload_of(record("1")))
    (tmp_path / "b.xml").symlink_to(tmp_path / "gone.xml")
    done = subprocess.run(
        [sys.executable, "-m", "capss_mock", "validate", tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot read" in done.stderr
    assert "b.xml: No such file" in done.stderr


def test_a_closed_standard_input_is_said_in_one_line() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m capss_mock validate - <&-"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot read standard input" in done.stderr


def test_a_report_is_not_written_over_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(upload_of(record("1")))
    with pytest.raises(click.UsageError, match="would write over a document"):
        raise run("--junit", path, path).exception or AssertionError
    assert path.read_bytes() == upload_of(record("1"))


def test_a_value_that_spans_lines_is_not_quoted() -> None:
    (found,) = findings("-", text=upload_of(record("1", amount="$\n1,234.00")))
    assert (found["message"], found["meant"]) == ("amount is not a plain decimal", None)


def test_an_element_in_a_namespace_is_at_its_place() -> None:
    document = upload_of(record("1").replace("<article>", '<foo xmlns="urn:x"/><article>')).decode()
    (found,) = findings("-", text=document.encode())
    assert (found["rule"], found["column"]) == ("DOC-UNKNOWN-ELEMENT", document.index("<foo") + 1)
