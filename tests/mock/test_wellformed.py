"""Any XML: counted, in bounded memory, and as safe as a document of a known form."""

import pytest

from capss_mock.domain.brief import Brief
from capss_mock.domain.documents import read_document
from capss_mock.domain.reading import Reading
from tests.helpers import peak_mb

ANY = Brief("update", wellformed=True)


def read(*chunks: bytes) -> Reading:
    return read_document(chunks, ANY)


@pytest.mark.parametrize(
    ("document", "records"),
    [
        (b"<a><b/></a>", 1),
        (b"<a><b/><b/><c/></a>", 3),
        (b"<a><b><c/><c/></b></a>", 2),
        (b"<a><b><c/><c/></b><b/></a>", 2),
        (b"<a><b><c><d/><d/><d/></c></b></a>", 1),
        (b"<a xmlns='urn:x'><b><c/><c/></b></a>", 2),
    ],
)
def test_records_are_counted_where_they_seem_to_be(document: bytes, records: int) -> None:
    for size in (1, 1000):
        reading = read(*(document[start : start + size] for start in range(0, len(document), size)))
        assert (reading.counted, reading.records, reading.findings) == (records, [], [])


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (b"", "DOC-WELLFORMED"),
        (b"<a/>", "DOC-EMPTY"),
        (b"<a>text</a>", "DOC-EMPTY"),
        (b"<a><b></a>", "DOC-WELLFORMED"),
        (b"<!DOCTYPE a><a/>", "DOC-DTD"),
        (b"<a>" * 1000, "DOC-LIMIT"),
        (b"<a>" + b"x" * (17 * 2**20), "DOC-LIMIT"),
    ],
)
def test_what_is_not_safe_or_not_xml_is_refused(document: bytes, rule: str) -> None:
    assert [each.rule for each in read(document).findings] == [rule]


def test_a_long_document_of_many_records_takes_no_memory() -> None:
    """A million records, 20 MB, and as many levels as there may be."""
    grown = peak_mb(
        """
from capss_mock.domain.brief import Brief
from capss_mock.domain.documents import read_document
any_form = Brief("update", wellformed=True)
def setup():
    read_document([b"<a><b/></a>"], any_form)
def work():
    middle = (b"<b><c>1</c><d/></b>" * 2500 for _ in range(400))
    def chunks():
        yield b"<a>"
        yield from middle
        yield b"</a>"
    assert read_document(chunks(), any_form).counted == 1_000_000
"""
    )
    assert grown < 5
