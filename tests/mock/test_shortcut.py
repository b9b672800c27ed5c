"""Past the parser: whatever is read so is what the parser would have read."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capss_mock.contract.fields import PROFILES
from capss_mock.domain.brief import Brief
from capss_mock.domain.documents import DocumentParser
from capss_mock.domain.reading import Reading
from capss_mock.domain.values import Checks
from tests.helpers import record, upload_of

REAL = Brief(checks=Checks(PROFILES["2020"]))


class Watched(DocumentParser):
    """Counts the records that its parser has seen."""

    parsed = 0

    def _record(self, element):  # type: ignore[no-untyped-def]  # as in the reader
        self.parsed += 1
        return super()._record(element)


class Unaided(DocumentParser):
    """Gives everything to the parser."""

    def _parse(self, data: bytes) -> None:
        super(DocumentParser, self)._parse(data)


def read(parser: DocumentParser, document: bytes, size: int = 1000) -> Reading:
    for start in range(0, len(document), size):
        parser.feed(document[start : start + size])
    return parser.finish()


def without_places(reading: Reading) -> tuple[object, ...]:
    """A reading without the words about where it broke off: past the parser, a column is not known."""
    found = [(each.rule, each.message, each.line, each.record) for each in reading.findings]
    return reading.digest, reading.licence, reading.records, found


def agree(document: bytes, size: int = 1000, brief: Brief | None = None) -> int:
    """Both readings are the same; gives how many records the parser has not seen."""
    watched = Watched(brief)
    ours, theirs = read(watched, document, size), read(Unaided(brief), document, size)
    assert without_places(ours) == without_places(theirs)
    return len(ours.records) - watched.parsed


def alike(count: int, **changes: str) -> bytes:
    return upload_of(*(record(str(number), **changes) for number in range(count)))


@pytest.mark.parametrize("size", [7, 1000, 65536])
def test_records_written_alike_are_read_past_the_parser(size: int) -> None:
    assert agree(alike(50), size) == 48  # one that the container's start is in, one to learn from


@pytest.mark.parametrize("gap", ["\n", "\n\t  ", ""])
def test_white_space_between_tags_is_part_of_the_form(gap: str) -> None:
    document = alike(20).decode().replace("><", f">{gap}<").encode()
    assert agree(document) == 18


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("GUITAR", "GUI&amp;TAR"),
        ("GUITAR", "GUI&TAR"),
        ("GUITAR", "GUITAR]]>"),
        ("GUITAR", "<![CDATA[</propertyTransaction>]]>"),
        ("GUITAR", "GUI<!-- </propertyTransaction> -->TAR"),
        ("GUITAR", "GUI\r\nTAR"),
        ("GUITAR", "GUI\x01TAR"),
        ("GUITAR", "GUI\0TAR"),
        ("GUITAR", "GUI\ufffeTAR"),
        ("GUITAR", "吉他 é \U0001f3b8"),
        ("GUITAR", ""),
        ("GUITAR", "  "),
        ("GUITAR", "PISTOL"),
        ("10.00", "$10.00"),
        ("10.00", " 10.00\n"),
        ("2025-12-15T10:00:00", "2025-12-15"),
        ("on file", "On File"),
        ("on file", " on file "),
        ("<custLastName>on file", "<custLastName>Invented"),
        ("<brand>UNKNOWN</brand>", "<brand>UNKNOWN</brand ><!-- </propertyTransaction>-->"),
        ("<brand>UNKNOWN</brand>", ""),
        ("<brand>", '<brand a="1">'),
        ("<brand>", "<brand a='>'>"),
        ("<brand>UNKNOWN</brand>", "<brand>UNKNOWN</brand><propertyTransaction></propertyTransaction>"),
        ("Invented guitar", "<propertyTransaction>x</propertyTransaction>"),
        ("</propertyTransaction>", "</propertyTransaction ><!-- </propertyTransaction>-->"),
        ("</propertyTransaction>", "</propertyTransaction><other><propertyTransaction></propertyTransaction></other>"),
        ("</propertyTransaction>", "</propertyTransaction>text between"),
        ("</propertyTransaction>", "</propertyTransaction><!-- a comment -->"),
        ("</propertyTransaction>", "</propertyTransaction></bulkUploadData>"),
        ("<customer>", "<customer"),
        ("S1", "S1" * 100_000),
    ],
)
@pytest.mark.parametrize("at", [0, 1, 5, 19])
def test_a_record_written_otherwise_is_the_parsers(old: str, new: str, at: int) -> None:
    text = alike(20).decode()
    places = [found.start() for found in re.finditer(re.escape(old), text)]
    place = places[at * len(places) // 20]
    agree((text[:place] + new + text[place + len(old) :]).encode())


def test_bytes_that_are_not_utf_8_are_the_parsers() -> None:
    agree(alike(20).replace(b"GUITAR", b"Caf\xe9", 10))
    head = b'<?xml version="1.0" encoding="iso-8859-1"?>'
    assert agree(head + alike(20).replace(b"GUITAR", b"Caf\xe9")) == 0


def test_a_fault_after_skipped_records_is_on_its_line() -> None:
    document = alike(20).decode().replace("</propertyTransaction>", "</propertyTransaction>\n")
    agree(document[:-40].encode())
    agree((document[:-40] + "&").encode())
    agree(document.replace("UNKNOWN", "&", 17).replace("&", "UNKNOWN", 16).encode())


def test_a_document_of_many_forms_is_given_up() -> None:
    documents = upload_of(*(record(str(n)).replace("<brand>", f"<brand{n}/><brand>") for n in range(600)))
    assert agree(documents) == 0


def test_a_form_holds_no_person() -> None:
    real = (
        record("1")
        .replace("<custLastName>on file", "<custLastName>Canary")
        .replace("<number>on file", "<number>Canary")
    )
    parser = Watched(REAL)
    document = upload_of(*[real] * 10).replace(b"<loanBuyNumber>1", b"<loanBuyNumber>2", 4)
    read(parser, document)
    assert parser.parsed < 10
    shortcut = parser._shortcut
    assert "Canary" not in repr([form.steps for form in shortcut._forms])
    assert "Canary" not in repr(shortcut._good)


TEXTS = st.sampled_from(
    [
        "",
        " ",
        "on file",
        "On File",
        "x",
        "BUY",
        "10",
        "$1",
        "&amp;",
        "<x/>",
        "é",
        "]]>",
        "\r",
        "2025-12-15T10:00:00",
        "<!--",
        "PISTOL",
        "Canary",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), TEXTS), max_size=6),
    st.integers(2, 12),
    st.sampled_from([1, 50, 700, 65536]),
    st.sampled_from([Brief(), REAL, Brief(checks=Checks(warnings=False))]),
)
def test_any_texts_are_read_the_same(changes: Iterable[tuple[int, str]], count: int, size: int, brief: Brief) -> None:
    document = alike(count).decode()
    for number, text in changes:  # the text after some start tag becomes another one
        places = [found.end() for found in re.finditer(r"<\w+>", document)]
        place = places[number * len(places) // 401]
        end = document.index("<", place)
        document = document[:place] + text + document[end:]
    agree(document.encode(), size, brief)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(2, 8), st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=12), st.sampled_from([33, 65536])
)
def test_any_damage_is_read_the_same(count: int, at: int, cut: int, damage: bytes, size: int) -> None:
    document = alike(count)
    at %= len(document)
    agree(document[:at] + damage + document[at + cut :], size)
