"""``capss-mock validate``: JUnit XML, the bar on a terminal, switches, a schema of the user's."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from tests.cli.test_validate import ROOT, findings, run
from tests.helpers import BROKEN, VALID, record, upload_of

SCHEMA = etree.XMLSchema(etree.parse(str(ROOT / "tests/schemas/junit-10.xsd")))
VALIDATE = [sys.executable, "-m", "capss_mock", "validate"]


def junit(tmp_path: Path, *arguments: str | Path) -> etree._Element:
    path = tmp_path / "report.xml"
    result = run("--junit", path, *arguments)
    assert result.exception is None, result.exception
    tree = etree.parse(str(path))
    SCHEMA.assertValid(tree)  # that of Jenkins
    return tree.getroot()


def test_the_junit_xml_is_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    root = junit(
        tmp_path, "DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml", "DOC-VALUE--type-in-lower-case.xml", "../valid/one-transaction.xml"
    )  # fmt: skip
    for element in root.iter():
        element.attrib.pop("time", None)
    assert etree.tostring(root, encoding="unicode") == (
        '<testsuites name="capss-mock" tests="3" failures="1" errors="0">\n'
        '  <testsuite name="capss-mock validate" tests="3" failures="1" errors="0">\n'
        '    <testcase name="DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml" classname="capss-mock.validate">\n'
        '      <failure message="1 error, 0 warnings" type="DOC-AMOUNT-FORMAT">'
        "DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml:99:11  error  DOC-AMOUNT-FORMAT  [observed]  "
        'amount "$1,234.00" is not a plain decimal\n'
        "    propertyTransaction 2, item 1 (loanBuyNumber LB-1002)   fix: 1234.00   "
        "more: capss-mock rules DOC-AMOUNT-FORMAT</failure>\n"
        "    </testcase>\n"
        '    <testcase name="DOC-VALUE--type-in-lower-case.xml" classname="capss-mock.validate">\n'
        "      <system-out>DOC-VALUE--type-in-lower-case.xml:42:11  warning  DOC-VALUE  [observed]  "
        'type "buy" is none of the known values\n'
        "    propertyTransaction 1, item 1 (loanBuyNumber LB-1001)   fix: BUY   more: capss-mock rules DOC-VALUE"
        "</system-out>\n"
        "    </testcase>\n"
        '    <testcase name="../valid/one-transaction.xml" classname="capss-mock.validate"/>\n'
        "  </testsuite>\n"
        "</testsuites>"
    )


def test_the_junit_xml_is_valid_whatever_was_found(tmp_path: Path) -> None:
    root = junit(tmp_path, BROKEN.parent)
    cases = root.findall(".//testcase")
    assert len(cases) == len(list(BROKEN.parent.rglob("*.xml")))
    assert root.get("failures") == str(len(root.findall(".//failure")))


def test_findings_that_are_not_shown_are_counted_in_junit_too(tmp_path: Path) -> None:
    document = tmp_path / "many.xml"
    document.write_bytes(upload_of(*(record(str(number), amount="x") for number in range(30))))
    (failure,) = junit(tmp_path, "--max-findings", "10", document).iter("failure")
    assert failure.get("message") == "30 errors, 1 warning"
    assert (failure.text or "").endswith("21 more are not shown (--max-findings)")


def test_a_name_that_xml_cannot_hold_is_written_all_the_same(tmp_path: Path) -> None:
    document = tmp_path / "a\x01b.xml"
    document.write_bytes(upload_of(record("1")))
    (case,) = junit(tmp_path, document).iter("testcase")
    assert (case.get("name") or "").endswith("a�b.xml")


def test_a_report_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [*VALIDATE, "--junit", tmp_path / "no/such/report.xml", VALID / "one-transaction.xml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "No such file or directory" in done.stderr
    assert done.stderr.count("\n") == 1


def printed_on_a_terminal(document: Path, megabytes: int) -> str:
    """What appears on the terminal that is the command's stderr."""
    with document.open("wb") as file:
        file.write(b"<capssUpload>" + b" " * (megabytes * 2**20) + b"<other/></capssUpload>")
    ours, theirs = pty.openpty()
    with subprocess.Popen([*VALIDATE, document], stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # how Linux says that the other side is closed
                break
            if not data:
                break
            seen += data
    os.close(ours)
    assert process.returncode == 1
    return seen.decode()


def test_a_long_file_shows_how_far_it_is_on_a_terminal(tmp_path: Path) -> None:
    seen = printed_on_a_terminal(tmp_path / "long.xml", 40)
    assert "reading long.xml" in seen
    assert "%" in seen


def test_a_short_file_shows_nothing_of_the_kind(tmp_path: Path) -> None:
    assert printed_on_a_terminal(tmp_path / "short.xml", 1) == ""


def test_switches_that_concern_documents_can_be_set() -> None:
    path = BROKEN / "DOC-PERSON-DATA--invented-name.xml"
    assert [each["level"] for each in findings(path)] == ["warning"]
    assert [each["level"] for each in findings("--set", "on-file=refuse", path)] == ["error"]
    late = BROKEN / "DOC-LATE--a-week-before.xml"
    assert [each["rule"] for each in findings("--set", "report-dates=error", late)] == ["DOC-LATE"]
    assert run("--set", "report-dates=error", late).return_value == 1
    assert run("--set", "report-dates=warn", late).return_value == 0


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--set", "progress=hold"], "the switch progress does not concern documents"),
        (["--set", "report-date=off"], "did you mean report-dates?"),
        (["--set", "report-dates=never"], "allowed are off, warn, error"),
        (["--update", "--set", "update-root=name:a b"], "allowed are name:NAME"),
        (["--update", "--set", "update-root=name:item"], "cannot be called item"),
        (["--update", "--set", "update-key=name:brand"], "items are not found by brand"),
        (["--xsd", "no/such.xsd"], "cannot read no/such.xsd"),
        (["--xsd", str(VALID / "one-transaction.xml")], "is no XML Schema"),
    ],
)
def test_what_cannot_be_set_is_said_in_one_line(arguments: list[str], match: str) -> None:
    done = subprocess.run(
        [*VALIDATE, *arguments, VALID / "one-transaction.xml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert match in done.stderr
    assert done.stderr.count("\n") == 1


def test_dates_are_judged_as_of_the_day_that_is_given() -> None:
    path = VALID / "three-transactions.xml"
    dated = ("--set", "report-dates=warn", "--profile", "2026")
    as_of = ("--set", "report-dates=warn", "--as-of")
    assert findings(*as_of, "2025-12-16", path) == []
    (found,) = findings(*as_of, "2025-12-17", path)
    assert (found["rule"], found["message"]) == ("DOC-LATE", "transactionTime is reported late, as in 2 more")
    assert (found["line"], found["column"], found["transaction"]) == (6, 7, 1)
    (found,) = findings(*dated, BROKEN / "DOC-FUTURE--a-year-typed-wrong.xml")
    assert (found["rule"], found["message"]) == ("DOC-FUTURE", "transactionTime is in the future")


def test_a_schema_finds_what_the_kit_does_not(tmp_path: Path) -> None:
    schema = tmp_path / "invented.xsd"
    schema.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="capssUpload"><xs:complexType>'
        '<xs:sequence><xs:element name="somethingElse"/></xs:sequence></xs:complexType></xs:element></xs:schema>'
    )
    (found,) = findings("--xsd", schema, VALID / "one-transaction.xml")
    assert (found["rule"], found["level"], found["transaction"]) == ("DOC-XSD", "error", None)
    assert found["message"] == "bulkUploadData is not expected here; expected is somethingElse"
    assert (found["line"], found["column"]) == (4, 3)


def test_a_schema_is_not_asked_about_what_is_not_safe(tmp_path: Path) -> None:
    schema = tmp_path / "invented.xsd"
    schema.write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>')
    (path,) = BROKEN.glob("DOC-DTD--*")
    assert [each["rule"] for each in findings("--xsd", schema, path)] == ["DOC-DTD"]


def test_updates_in_another_form_are_read_with_its_names() -> None:
    document = (
        b'<updates><batch licenseNumber="000000300"><item><stock>R-1</stock><brand>X</brand></item></batch></updates>'
    )
    names = [
        f"update-{what}=name:{name}" for what, name in (("root", "updates"), ("container", "batch"), ("key", "stock"))
    ]
    settings = [argument for name in names for argument in ("--set", name)]
    assert [each["rule"] for each in findings("--update", "-", text=document)] == ["DOC-ROOT"]
    assert findings("--update", *settings, "-", text=document) == []
    result = run("--update", "--set", "update-document=wellformed", "-", text=document)
    assert result.output.startswith("0 errors, 0 warnings in 1 item (")
