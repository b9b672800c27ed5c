"""Documents: what is read, what is refused, in bounded memory. Hand-written fixtures and small cases."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.contract.fields import PROFILES, Profile
from capss_mock.contract.model import Level
from capss_mock.contract.rules import RULES
from capss_mock.domain import reader
from capss_mock.domain.brief import Brief
from capss_mock.domain.documents import DocumentParser, read_document
from capss_mock.domain.reading import Reading
from capss_mock.domain.values import Checks
from tests.helpers import BROKEN, UPDATES, VALID, record, upload_of

# warnings that come with another one: a misspelt element is missing too, and a height that is none names a person
WITH = {
    "DOC-HEIGHT-FORMAT": {"DOC-PERSON-DATA"},
    "DOC-WEIGHT-FORMAT": {"DOC-PERSON-DATA"},
    "DOC-YEAR-FORMAT": {"DOC-PERSON-DATA"},
}


# found by checking a file whole: test_validate.py
OF_THE_WHOLE_FILE = {"DOC-DUPLICATE", "DOC-ENCODING", "DOC-TWELVE-HOUR", "DOC-LATE", "DOC-FUTURE"}


def read(document: bytes, kind: str = "upload", size: int = 1000, checks: Checks | None = None) -> Reading:
    chunks = (document[start : start + size] for start in range(0, len(document), size))
    return read_document(chunks, Brief(kind, checks or Checks()))


def rules(reading: Reading, *, errors: bool = False) -> set[str]:
    found = [*reading.findings, *(finding for record in reading.records for finding in record.findings)]
    return {finding.rule for finding in found if finding.is_error or not errors}


def test_a_document_gives_counts_licence_digest_and_item_fields() -> None:
    reading = read((VALID / "three-transactions.xml").read_bytes())
    assert (len(reading.records), reading.items, reading.licence) == (3, 4, "000000300")
    assert rules(reading) == set()
    item = reading.records[0].items[0]
    first = json.loads(item.fields)
    assert (item.reference, item.loan, item.serial) == ("INV-1001", "LB-1001", "SN-INV-1001")
    assert first["referenceId"] == "INV-1001"
    assert first["serialNumber"] == "SN-INV-1001"
    assert set(first) == {
        "referenceId", "type", "loanBuyNumber", "amount", "article", "brand", "model", "pattern", "color",
        "material", "itemSize", "sizeUnit", "serialNumber",
    }  # fmt: skip


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.xml")), ids=lambda path: path.stem)
def test_a_broken_fixture_breaks_the_rule_in_its_name_and_no_other(path: Path) -> None:
    expected = path.stem.partition("--")[0]
    reading = read(path.read_bytes())
    found, errors = rules(reading), rules(reading, errors=True)
    if expected == "DOC-LICENCE-MISMATCH":  # compared with the token's, which a reading does not know
        assert found == set()
    elif RULES[expected].level is Level.ERROR:
        assert errors == {expected}
        # a date that is no date also names a person
        assert found - errors <= ({"DOC-PERSON-DATA"} if expected == "DOC-DATE-FORMAT" else set())
    else:
        assert errors == set()
        assert found - {expected} <= WITH.get(expected, set())
        assert expected in found or expected in OF_THE_WHOLE_FILE


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_the_valid_fixtures_of_a_profile_are_clean_under_it(profile: Profile) -> None:
    paths = VALID.glob("*.xml") if profile.id == "2026" else (VALID / profile.id).glob("*.xml")
    for path in paths:
        assert rules(read(path.read_bytes(), checks=Checks(profile))) == set(), path


def test_a_document_of_2018_is_of_its_time() -> None:
    reading = read((VALID / "2018/one-transaction.xml").read_bytes())
    assert rules(reading, errors=True) == {"DOC-REQUIRED"}
    messages = [finding.message for finding in reading.records[0].errors]
    assert messages[0] == "fingerprint is missing"
    assert messages[1:] == [
        f"{name} is missing"
        for name in (
            "model",
            "ownerAppliedNumber",
            "inscription",
            "pattern",
            "color",
            "material",
            "itemSize",
            "sizeUnit",
        )
    ]
    assert {"DOC-PERSON-DATA", "DOC-THUMBPRINT", "DOC-REFERENCE"} <= rules(reading)


def test_warnings_are_left_out_where_only_errors_count_and_raised_where_a_switch_says_so() -> None:
    document = (BROKEN / "DOC-PERSON-DATA--invented-name.xml").read_bytes()
    only_errors = Checks(warnings=False)
    assert rules(read(document, checks=only_errors)) == set()
    raised = Checks(raised=frozenset({"DOC-PERSON-DATA"}), warnings=False)
    assert rules(read(document, checks=raised), errors=True) == {"DOC-PERSON-DATA"}


def test_a_finding_names_record_item_and_the_elements_below_without_values() -> None:
    document = upload_of(record("1"), record("2").replace("<number>on file", "<number>Canary-1"))
    (finding,) = read(document).records[1].findings
    assert (finding.rule, finding.record, finding.item, finding.path) == (
        "DOC-PERSON-DATA",
        2,
        0,
        ("customer", "id", "number"),
    )
    assert "Canary" not in str(finding)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("PISTOL", True), ("Hunting Rifle", True), ("toy pistol", False), ("rifle scope", False), ("GUITAR", False)],
)
def test_words_that_read_like_a_firearm_are_weighed(text: str, is_one: bool) -> None:
    found = rules(read(upload_of(record("1").replace("GUITAR", text))))
    assert found == ({"DOC-FIREARM"} if is_one else set())


@pytest.mark.parametrize("path", sorted(UPDATES.glob("*.xml")), ids=lambda path: path.stem)
def test_update_documents_are_read_in_their_own_form(path: Path) -> None:
    reading = read(path.read_bytes(), "update")
    assert rules(reading) == set()
    assert all(len(record.items) == 1 for record in reading.records)
    assert rules(read(path.read_bytes(), "upload")) == {"DOC-ROOT"}


@pytest.mark.parametrize("size", [1, 7, 64, 65536, 1 << 20])
def test_the_size_of_the_chunks_does_not_matter(size: int) -> None:
    document = (VALID / "three-transactions.xml").read_bytes()
    assert read(document, size=size) == read(document)


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (b"", "DOC-WELLFORMED"),
        (b" \n", "DOC-WELLFORMED"),
        (b"hello", "DOC-WELLFORMED"),
        (b"PK\x03\x04", "DOC-WELLFORMED"),
        (b"%PDF-1.7", "DOC-WELLFORMED"),
        (b"<html><body>", "DOC-ROOT"),
        (b'<capssUpload xmlns="urn:x"/>', "DOC-ROOT"),
        (b"<capssUpload/>", "DOC-ROOT"),
        (b"<capssUpload><other/></capssUpload>", "DOC-ROOT"),
        (upload_of(record("1")) + b"<again/>", "DOC-WELLFORMED"),
        (upload_of(record("1"))[:-5], "DOC-WELLFORMED"),
        (b"<capssUpload>\x00</capssUpload>", "DOC-WELLFORMED"),
        (b"<?xml version='1.0' encoding='no-such'?><capssUpload/>", "DOC-WELLFORMED"),
        (b"<!DOCTYPE capssUpload SYSTEM 'file:///etc/passwd'><capssUpload/>", "DOC-DTD"),
        (b"<capssUpload>&undeclared;</capssUpload>", "DOC-WELLFORMED"),
        (b"<capssUpload>" + b"<a>" * 100_000, "DOC-LIMIT"),
        (b"<capssUpload><!--" + b"x" * 2_000 + b"--></capssUpload>", "DOC-ROOT"),
    ],
)
def test_what_is_not_an_upload_is_refused_with_one_finding(document: bytes, rule: str) -> None:
    reading = read(document, size=4096)
    assert [finding.rule for finding in reading.findings] == [rule]


def test_two_containers_are_refused() -> None:
    one = upload_of(record("1")).decode().removeprefix("<capssUpload>").removesuffix("</capssUpload>")
    reading = read(f"<capssUpload>{one}{one}</capssUpload>".encode())
    assert rules(reading) == {"DOC-ROOT"}


def test_a_billion_laughs_is_refused_before_it_grows() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
    bomb = f'<!DOCTYPE b [<!ENTITY l0 "ha">{entities}]><capssUpload>&l19;</capssUpload>'
    assert rules(read(bomb.encode())) == {"DOC-DTD"}


def test_records_before_a_malformed_tail_are_read() -> None:
    document = upload_of(record("1"), record("2"))
    reading = read(document[: document.rindex(b"<propertyTransaction>")] + b"<oops")
    assert [r.ordinal for r in reading.records] == [1]
    assert rules(reading) == {"DOC-WELLFORMED"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_declared_encoding_is_honoured(encoding: str) -> None:
    name = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(encoding, encoding)
    body = upload_of(record("1")).decode().replace("GUITAR", "Café")
    reading = read(f"<?xml version='1.0' encoding='{name}'?>{body}".encode(encoding))
    assert rules(reading) == set()
    assert json.loads(reading.records[0].items[0].fields)["article"] == "Café"


def test_bytes_that_are_not_of_the_declared_encoding_are_refused() -> None:
    body = upload_of(record("1")).decode().replace("GUITAR", "Café").encode("windows-1252")
    assert rules(read(b"<?xml version='1.0' encoding='UTF-8'?>" + body)) == {"DOC-WELLFORMED"}


def test_a_record_over_the_limit_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "RECORD_LIMIT", 300_000)
    huge = record("1").replace("GUITAR", "G" * 1000) + "<x>y</x>" * 80_000
    assert rules(read(upload_of(huge), size=8192)) == {"DOC-LIMIT"}


def test_no_message_quotes_the_document() -> None:
    document = upload_of(record("1", amount="Zyx-Canary")).decode().replace("<items>", "<items><Zyx-Canary attr>")
    reading = read(document.encode())
    assert reading.findings
    assert "Canary" not in " ".join(map(str, reading.findings))
    amount = read(upload_of(record("1", amount="Zyx-Canary")))
    assert "Canary" not in " ".join(str(f) for r in amount.records for f in r.findings)


@pytest.mark.parametrize(
    ("time", "good"),
    [("2025-12-15T10:15:30", True), ("2025-12-15T10:15:30Z", False), ("2025-12-15T10:15:30.5", False),
     ("2025-12-15", False), ("2025-02-30T10:00:00", False), ("12/15/2025 10:15", False), (" 2025-12-15T10:15:30\n", True)],
)  # fmt: skip
def test_a_time_is_local_to_the_second(time: str, good: bool) -> None:
    assert rules(read(upload_of(record("1", time=time)))) == (set() if good else {"DOC-TIME-FORMAT"})


@pytest.mark.parametrize(
    ("amount", "good"),
    [("713.00", True), ("713", True), (".5", True), ("-1", True), ("$713", False), ("1,234.00", False), ("7e2", False), ("७", False)],
)  # fmt: skip
def test_an_amount_is_a_plain_decimal(amount: str, good: bool) -> None:
    assert rules(read(upload_of(record("1", amount=amount)))) == (set() if good else {"DOC-AMOUNT-FORMAT"})


@pytest.mark.parametrize(
    ("brand", "message"),
    [
        ("", "propertyTransaction 1, item 1: brand is missing (DOC-REQUIRED)"),
        ("<brand/>", "propertyTransaction 1, item 1: brand is empty (DOC-ELEMENT-EMPTY)"),
        ("<brand> \n</brand>", "propertyTransaction 1, item 1: brand holds only white space (DOC-ELEMENT-BLANK)"),
    ],
)
def test_missing_empty_and_blank_are_told_apart(brand: str, message: str) -> None:
    document = upload_of(record("1").replace("<brand>UNKNOWN</brand>", brand))
    assert [str(finding) for finding in read(document).records[0].findings] == [message]


def test_the_duplicate_key_is_of_the_five_fields_and_nothing_else() -> None:
    def key(document: bytes) -> str:
        return read(document).records[0].items[0].key

    base = key(upload_of(record("1")))
    assert key(upload_of(record("1", amount="99"))) == base
    assert key(upload_of(record("2"))) != base
    assert key(upload_of(record("1", serial="S2"))) != base
    assert key(upload_of(record("1", time="2025-12-15T10:00:01"))) != base
    assert key(upload_of(record("1").replace("GUITAR", "DRUM"))) != base
    assert key(upload_of(record("1"), licence="000000301")) != base


def test_records_are_handed_on_as_they_come() -> None:
    seen: list[int] = []
    parser = DocumentParser(on_record=lambda record: seen.append(record.ordinal))
    document = upload_of(*(record(str(number)) for number in range(50)))
    parser.feed(document[: len(document) // 2])
    assert 20 <= len(seen) <= 25
    parser.feed(document[len(document) // 2 :])
    assert parser.finish().records == []
    assert seen == list(range(1, 51))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_to_an_end(data: bytes) -> None:
    reading = read(data, size=50)
    assert reading.size == len(data)
    assert reading.findings


@given(st.binary(max_size=40), st.integers(0, 2000), st.integers(0, 40))
def test_a_damaged_document_never_breaks_the_reader(damage: bytes, at: int, cut: int) -> None:
    document = (VALID / "one-transaction.xml").read_bytes()
    at %= len(document)
    reading = read(document[:at] + damage + document[at + cut :], size=333)
    assert len(reading.records) <= 2


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ("<amount>10.00", "<amount>10.00<x/>", "DOC-AMOUNT-FORMAT"),
        ("<amount>10.00", "<amount><x>10.00</x>", "DOC-AMOUNT-FORMAT"),
        ("T10:00:00<", "T10:00:00<x/><", "DOC-TIME-FORMAT"),
        ("<custLastName>on file", "<custLastName>on file<x>Canary</x>", "DOC-PERSON-DATA"),
        ("<custLastName>on file", "<custLastName><x>Canary</x>", "DOC-PERSON-DATA"),
    ],
)
def test_a_value_with_elements_in_it_is_not_taken_for_its_first_text(good: str, bad: str, rule: str) -> None:
    checks = Checks(raised=frozenset({"DOC-PERSON-DATA"}), warnings=False)
    assert rules(read(upload_of(record("1").replace(good, bad)), checks=checks), errors=True) == {rule}
