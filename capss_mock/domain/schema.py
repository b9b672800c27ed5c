"""Validation against an XML Schema that the user has: the DOJ's, which is not public, or any other.

libxml2 validates while it parses, so that memory stays small; its messages are not passed on, since they quote values.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from lxml import etree

from capss_mock.contract.fields import DocumentForm
from capss_mock.domain.reading import Finding

_SUBJECT = re.compile(r"Element '([^']+)'(?:, attribute '([^']+)')?: ")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( ([^)]*) \)")
_WORDS = {
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "is not of its type",
    "SCHEMAV_CVC_ENUMERATION_VALID": "is none of the values that the schema lists",
    "SCHEMAV_CVC_PATTERN_VALID": "does not match the pattern of its type",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "is too long",
    "SCHEMAV_CVC_MINLENGTH_VALID": "is too short",
    "SCHEMAV_CVC_LENGTH_VALID": "is not of the length that its type has",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "lacks a required attribute",
    "SCHEMAV_CVC_ELT_3_1": "may not be nil",
    "SCHEMAV_CVC_ELT_1": "is no element that the schema begins with",
}


class SchemaError(ValueError):
    """The schema cannot be used; the message says why."""


def load_schema(path: Path) -> etree.XMLSchema:
    """Read a schema, and those beside it that it includes.

    Raises:
        SchemaError: it is no schema, or wants to load something from elsewhere.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree = etree.parse(str(path), parser)
        for element in tree.iter("{http://www.w3.org/2001/XMLSchema}*"):
            if "://" in (element.get("schemaLocation") or ""):
                raise SchemaError(
                    f"{path} loads {element.get('schemaLocation')}: put that beside it, and refer to it by its name"
                )
        return etree.XMLSchema(tree)
    except OSError as error:
        raise SchemaError(f"cannot read {path}: {error.strerror or 'no such file'}") from None
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise SchemaError(f"{path} is no XML Schema: {error}") from None


def schema_findings(schema: etree.XMLSchema, chunks: Iterable[bytes], form: DocumentForm) -> Iterator[Finding]:
    """What the schema finds in a document that is known to be well-formed and safe.

    Only the record is told: libxml2 gives no places while it streams.
    """
    parser = etree.XMLPullParser(
        events=("end",), tag=(form.record.name,), schema=schema, resolve_entities=False, no_network=True, load_dtd=False
    )
    told = records = 0
    for piece in _pieces(chunks, f"</{form.record.name}>".encode()):
        with contextlib.suppress(etree.XMLSyntaxError):  # how lxml says that the schema has found something
            parser.feed(piece) if piece else parser.close()
        log = list(parser.feed_error_log)
        for entry in log[told:]:
            if entry.domain_name.startswith("SCHEMAS"):
                yield _finding(entry, records + 1, form)
        told = len(log)
        for _, element in cast("Iterator[tuple[str, etree._Element]]", parser.read_events()):
            records += 1
            element.clear()
            parent = element.getparent()
            while parent is not None and len(parent) > 1:
                del parent[0]


def _pieces(chunks: Iterable[bytes], end: bytes) -> Iterator[bytes]:
    """The document in pieces, each up to the end of a record; the last one is empty."""
    held = b""
    for chunk in chunks:
        *whole, held = (held + chunk).split(end)
        for piece in whole:
            yield piece + end
    if held:
        yield held
    yield b""


def _finding(entry: "etree._LogEntry", record: int, form: DocumentForm) -> Finding:
    subject = _SUBJECT.match(entry.message)
    name = (subject[2] or subject[1]) if subject else "an element"
    expected = _EXPECTED.search(entry.message)
    if entry.type_name == "SCHEMAV_ELEMENT_CONTENT":
        what = "is not expected here" if "not expected" in entry.message else "lacks an element"
        what += f"; expected is {expected[1]}" if expected else ""
    else:
        what = _WORDS.get(entry.type_name) or entry.type_name.removeprefix("SCHEMAV_").lower().replace("_", " ")
    return Finding("DOC-XSD", f"{form.record.name} {record}", f"{name} {what}", record=record)
