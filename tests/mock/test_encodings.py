"""What is doubtful about the encoding of a document that can be read all the same."""

import pytest

from capss_mock.domain.checking import check_document
from tests.helpers import record, upload_of

BODY = upload_of(record("1").replace("GUITAR", "Café")).decode()


def messages(document: bytes, size: int = 100) -> list[str]:
    chunks = [document[start : start + size] for start in range(0, len(document), size)]
    found = check_document(lambda: chunks).findings
    return [each.finding.message for each in found if each.finding.rule == "DOC-ENCODING"]


@pytest.mark.parametrize(
    ("declared", "real", "found"),
    [
        ("", "utf-8", []),
        ("UTF-8", "utf-8", []),
        ("UTF-8", "utf-8-sig", ["begins with a byte order mark of UTF-8"]),
        ("UTF-16", "utf-16", ["begins with a byte order mark of UTF-16"]),
        ("ISO-8859-1", "iso-8859-1", ["is declared to be ISO-8859-1, not UTF-8"]),
        ("windows-1252", "windows-1252", ["is declared to be windows-1252, not UTF-8"]),
        (
            "windows-1252",
            "utf-8",
            ["is declared to be windows-1252, but its bytes read as UTF-8: letters beyond ASCII would come out wrong"],
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 10**6])
def test_an_encoding_that_is_not_plain_utf_8_is_said(declared: str, real: str, found: list[str], size: int) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    assert messages((head + BODY).encode(real), size) == found


def test_ascii_under_another_label_is_only_said_to_be_so() -> None:
    document = b'<?xml version="1.0" encoding="windows-1252"?>' + upload_of(record("1"))
    assert messages(document) == ["is declared to be windows-1252, not UTF-8"]


@pytest.mark.parametrize(
    ("declared", "real", "match"),
    [
        ("UTF-8", "windows-1252", "is it Windows-1252?"),
        ("", "windows-1252", "is it Windows-1252?"),
        ("UTF-16", "utf-8", "encoding specified in XML declaration is incorrect"),
        ("UTF-8", "utf-16", "encoding specified in XML declaration is incorrect"),
        ("x-none", "utf-8", "the declared encoding is not known"),
    ],
)
def test_bytes_of_another_encoding_than_declared_are_an_error_with_a_hint(declared: str, real: str, match: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    document = (head + BODY).encode(real)
    (found,) = [each for each in check_document(lambda: [document]).findings if each.finding.is_error]
    assert found.finding.rule == "DOC-WELLFORMED"
    assert match in found.finding.message
    assert found.line == 1
