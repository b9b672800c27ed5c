"""The mistakes that real generators make: each is found, and named so that it can be mended."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bad_input import DOCUMENTS, GOOD
from tests.cli.test_validate import UNDATED, findings
from tests.helpers import record, upload_of

ONE = record("1")
BORN = '<dateOfBirth xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'


def changed(old: str, new: str, *, of: str = ONE) -> bytes:
    assert old in of, old
    return upload_of(of.replace(old, new))


def items(text: str) -> bytes:
    return upload_of(ONE[: ONE.index("<items>")] + text)


DECLARED = '<?xml version="1.0" encoding="{}"?>'
MANY = [record(str(n), time=f"2025-12-15T0{n}:00:00") for n in range(1, 8)]

# what was done: the document, the rule, and what the message says of it
MISTAKES: dict[str, tuple[bytes, str, str]] = {
    "the path of the file": (b"C:/Users/shop/day.xml", "DOC-WELLFORMED", "not well-formed"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, "DOC-ENCODING", "byte order mark of UTF-8"),
    "CP1252 under UTF-8": (upload_of(ONE).replace(b"GUITAR", b"Caf\xe9"), "DOC-WELLFORMED", "is it Windows-1252?"),
    "UTF-8 under CP1252": (
        (DECLARED.format("windows-1252") + changed("GUITAR", "Café").decode()).encode(), "DOC-ENCODING", "read as UTF-8"
    ),
    "UTF-8 under UTF-16": ((DECLARED.format("UTF-16") + GOOD.decode()).encode(), "DOC-WELLFORMED", "is incorrect"),
    "a UTF-16 file": ((DECLARED.format("UTF-16") + GOOD.decode()).encode("utf-16"), "DOC-ENCODING", "of UTF-16"),
    "a UTF-16 file under UTF-8": ((DECLARED.format("UTF-8") + GOOD.decode()).encode("utf-16"), "DOC-WELLFORMED", "is incorrect"),
    "a 12-hour clock": (upload_of(*MANY), "DOC-TWELVE-HOUR", "before 13:00"),
    "a date of birth as in the USA": (changed(BORN, "<dateOfBirth>02/29/1980</dateOfBirth>"), "DOC-DATE-FORMAT", "is not YYYY-MM-DD"),
    "a time as in the USA": (changed("2025-12-15T10:00:00", "12/15/2025 10:00 AM"), "DOC-TIME-FORMAT", '"12/15/2025 10:00 AM"'),
    "a zone in the time": (changed("10:00:00", "18:00:00Z"), "DOC-TIME-FORMAT", '"2025-12-15T18:00:00Z"'),
    "a currency sign": (changed("10.00", "$10.00"), "DOC-AMOUNT-FORMAT", '"$10.00"'),
    "thousands": (changed("10.00", "1,234.00"), "DOC-AMOUNT-FORMAT", '"1,234.00"'),
    "an amount in words": (changed("10.00", "ten"), "DOC-AMOUNT-FORMAT", "amount is not a plain decimal"),
    "a height with two digits too many": (changed("<height>on file", "<height>5010"), "DOC-HEIGHT-FORMAT", "feet"),
    "Females": (changed("<gender>on file", "<gender>Females"), "DOC-VALUE", "gender is none of the known values"),
    "a data: URI": (changed("<signature>on file", "<signature>data:image/png;base64,R0lGODlh"), "DOC-IMAGE", "signature"),
    "truncated base64": (changed("<signature>on file", "<signature>R0lGODlhA"), "DOC-IMAGE", "signature"),
    "on file with capitals": (changed("<city>on file", "<city>On File"), "DOC-FILLER", "city"),
    "on file with two spaces": (changed("<city>on file", "<city>on  file"), "DOC-FILLER", "city"),
    "nil with text inside": (changed(BORN, BORN[:-2] + ">on file</dateOfBirth>"), "DOC-NIL-CONTENT", "dateOfBirth"),
    "nil without its Text": (changed("<dateOfBirthText>on file</dateOfBirthText>", ""), "DOC-NIL-TWIN", "dateOfBirthText"),
    "a licence without its zeros": (upload_of(ONE, licence="300"), "DOC-LICENCE-MISMATCH", "licenseNumber"),
    "a licence as a number with a point": (upload_of(ONE, licence="300.0"), "DOC-LICENCE-FORMAT", "digits"),
    "items without an item": (items("<items/>"), "DOC-REQUIRED", "item is missing"),
    "the item forgotten": (items("<items><brand>X</brand></items>"), "DOC-REQUIRED", "item is missing"),
    "no items": (items(""), "DOC-REQUIRED", "items is missing"),
    "an ampersand": (changed("GUITAR", "Smith & Sons"), "DOC-WELLFORMED", "not well-formed"),
    "two roots": (GOOD + GOOD, "DOC-WELLFORMED", "not well-formed"),
    "an element in other letters": (changed("serialNumber>", "serialnumber>"), "DOC-UNKNOWN-ELEMENT", "serialnumber is not known: is serialNumber meant?"),
    "an empty file": (b"", "DOC-WELLFORMED", "the file is empty"),
    "only white space": (b" \r\n", "DOC-WELLFORMED", "no element found"),
    "NUL bytes": (upload_of(ONE) + b"\0" * 100, "DOC-WELLFORMED", "not well-formed"),
    "a NUL byte": (changed("GUITAR", "GUI\0TAR"), "DOC-WELLFORMED", "not well-formed"),
    "the same sale twice": (upload_of(ONE, ONE), "DOC-DUPLICATE", "in this file already"),
    "the clerk on file": (upload_of(record("1", employee="on file")), "DOC-EMPLOYEE", "employeeName"),
    "a firearm": (changed("GUITAR", "9MM PISTOL"), "DOC-FIREARM", "article"),
    "a name": (changed("<custLastName>on file", "<custLastName>Invented"), "DOC-PERSON-DATA", "custLastName"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name: str) -> None:
    document, rule, words = MISTAKES[name]
    found = [each for each in findings("--license", "000000300", "-", text=document) if each["rule"] == rule]
    assert found, "not found"
    assert words in found[0]["message"]
    assert found[0]["line"] or rule == "DOC-TWELVE-HOUR"
    assert found[0]["fix"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_pathological_document_ends_in_a_clear_finding(name: str, tmp_path: Path) -> None:
    """In a process whose memory is limited to 200 MB over what it starts with; its time is in benchmarks/bad_input."""
    document, rule = DOCUMENTS[name]
    (tmp_path / "day.xml").write_bytes(document)
    limited = (
        "import resource, sys; from capss_mock.cli import main, validate; import capss_mock.domain.deadlines\n"
        "kept = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (kept + 200 * 2**20,) * 2); main()"
    )
    arguments = ["validate", *UNDATED, "--json", "--license", "000000300", str(tmp_path / "day.xml")]
    done = subprocess.run([sys.executable, "-c", limited, *arguments], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    (file,) = json.loads(done.stdout)["files"]
    errors = {each["rule"] for each in file["findings"] if each["level"] == "error"}
    assert errors == ({rule} if rule else set())
