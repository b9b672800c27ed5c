"""Any XML: counted, in bounded memory, and as safe as a document of a known form."""

import resource
from collections.abc import Iterator

import pytest

from capss_mock.domain.brief import Brief
from capss_mock.domain.documents import read_document
from capss_mock.domain.reading import Reading

ANY = Brief("update", wellformed=True)


def read(*chunks: bytes) -> Reading:
    return read_document(chunks, ANY)


@pytest.mark.parametrize(
    ("document", "records"),
    [
        (b"<a/>", 0),
        (b"<a>text</a>", 0),
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
        assert (len(reading.records), reading.findings) == (records, [])


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (b"", "DOC-WELLFORMED"),
        (b"<a><b></a>", "DOC-WELLFORMED"),
        (b"<!DOCTYPE a><a/>", "DOC-DTD"),
        (b"<a>" * 1000, "DOC-LIMIT"),
        (b"<a>" + b"x" * (17 * 2**20), "DOC-LIMIT"),
    ],
)
def test_what_is_not_safe_or_not_xml_is_refused(document: bytes, rule: str) -> None:
    assert [each.rule for each in read(document).findings] == [rule]


def test_a_long_document_takes_no_memory_but_for_its_count() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"<a>"
        for _ in range(200):
            yield b"<b><c>1</c><d>" + b"x" * 100_000 + b"</d></b>"
        yield b"</a>"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(read(*[]).records) == 0
    assert len(read_document(chunks(), ANY).records) == 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15 * 1024
