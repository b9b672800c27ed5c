"""Validation against an XML Schema that the user has: the DOJ's, which is not public, or any other.

Each record is validated in its place, below the document's own root and container, and then let go: so memory stays
small, and libxml2 can say where something is. What a schema demands of several records together (xs:unique, say) is
not seen. Its messages are not passed on, since they quote values.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from lxml import etree

from capss_mock.contract.fields import DocumentForm
from capss_mock.domain.reading import Finding
from capss_mock.domain.structure import shown, step

_XS = "{http://www.w3.org/2001/XMLSchema}"
_SUBJECT = re.compile(r"Element '([^']+)'(?:, attribute '([^']+)')?: ")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( ([^)]*) \)")
_STEP = re.compile(r"([^\[]+)(?:\[(\d+)\])?")
_WORDS = {
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "is not of its type",
    "SCHEMAV_CVC_ATTRIBUTE_3": "is not of its type",
    "SCHEMAV_CVC_ENUMERATION_VALID": "is none of the values that the schema lists",
    "SCHEMAV_CVC_PATTERN_VALID": "does not match the pattern of its type",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "is too long",
    "SCHEMAV_CVC_MINLENGTH_VALID": "is too short",
    "SCHEMAV_CVC_LENGTH_VALID": "is not of the length that its type has",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "is too small",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "is too large",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "lacks a required attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "is an attribute that the schema does not have there",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "must be empty",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "may hold a text only",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "may hold elements only, and there is text",
    "SCHEMAV_CVC_ELT_3_1": "may not be nil",
    "SCHEMAV_CVC_ELT_3_2_1": "is nil and has content",
    "SCHEMAV_CVC_ELT_1": "is no element that the schema begins with",
}


class SchemaError(ValueError):
    """The schema cannot be used; the message says why."""


def load_schema(path: Path) -> etree.XMLSchema:
    """Read a schema, and those beside it that it includes.

    Raises:
        SchemaError: it is no schema, or wants to load something from elsewhere.
    """
    _look_at_includes(path, set())
    try:
        return etree.XMLSchema(etree.parse(str(path), _parser()))
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise SchemaError(f"{path} is no XML Schema: {' '.join(str(error).split())}") from None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _look_at_includes(path: Path, seen: set[Path]) -> None:
    """Refuse a schema that would load anything but files beside it, at whatever remove."""
    if path in seen:
        return
    seen.add(path)
    try:
        root = etree.fromstring(path.read_bytes(), _parser())
    except (OSError, ValueError) as error:
        raise SchemaError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    except etree.XMLSyntaxError as error:
        raise SchemaError(f"{path} is no XML Schema: {' '.join(str(error).split())}") from None
    for element in root.iter(f"{_XS}*"):
        location = element.get("schemaLocation")
        if not location:
            continue
        if ":" in location or location.startswith(("/", "\\")):
            raise SchemaError(f"{path} loads {location}: put that beside it, and refer to it by its name")
        _look_at_includes(path.parent / location, seen)


def schema_findings(schema: etree.XMLSchema, chunks: Iterable[bytes], form: DocumentForm) -> Iterator[Finding]:
    """What the schema finds in a document that has been read, with this form, to its end."""
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=(form.root, form.container, form.record.name),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    open_: list[etree._Element] = []
    frame = _Frame(schema, form)
    for chunk in chunks:
        parser.feed(chunk)
        for event, element in cast("Iterator[tuple[str, etree._Element]]", parser.read_events()):
            parent = element.getparent()
            if event == "start":
                if len(open_) < 2 and (not open_ or parent is open_[0]) and element.tag != form.record.name:
                    open_.append(element)
                    frame.add(element)
            elif open_[1:] and parent is open_[1] and element.tag == form.record.name:
                yield from frame.look(element)
        for element in open_:
            del element[:-1]
    if not frame.records:
        yield from frame.look(None)


class _Frame:
    """The document's root and container, into which one record after the other is put."""

    def __init__(self, schema: etree.XMLSchema, form: DocumentForm) -> None:
        self._schema, self._form = schema, form
        self._elements: list[etree._Element] = []
        self._told: set[str] = set()  # about the frame itself: once is enough
        self.records = 0

    def add(self, element: etree._Element) -> None:
        """The root, then the container."""
        nsmap = cast("dict[str, str]", element.nsmap)
        made = etree.Element(element.tag, {str(k): str(v) for k, v in element.attrib.items()}, nsmap=nsmap)
        if self._elements:
            self._elements[-1].append(made)
        self._elements.append(made)

    def look(self, record: etree._Element | None) -> Iterator[Finding]:
        """What the schema finds in a record, and around it."""
        box = self._elements[-1]
        if record is not None:
            self.records += 1
            box.append(record)
        if not self._schema.validate(self._elements[0]):
            for entry in cast("Iterable[etree._LogEntry]", self._schema.error_log):
                finding = self._finding(entry)
                if finding.record or finding.message not in self._told:
                    self._told |= set() if finding.record else {finding.message}
                    yield finding
        del box[:]

    def _finding(self, entry: "etree._LogEntry") -> Finding:
        form = self._form
        subject = _SUBJECT.match(entry.message)
        name = shown((subject[2] or subject[1]) if subject else "an element")
        message = f"{name} {_what(entry)}"
        steps = [_STEP.fullmatch(each) for each in (entry.path or "").split("/")[3:]]
        if not self.records or not steps or not all(steps):
            return Finding("DOC-XSD", "document", message)
        path = [step(each[1], int(each[2] or 1)) for each in steps[1:] if each]
        item = 0
        if form.items and len(path) > 1 and path[0] == form.items[0] and steps[2] and steps[2][1] == form.items[1]:
            item, path = int(steps[2][2] or 1), path[2:]
        where = f"{form.record.name} {self.records}" + (f", {form.item.name} {item}" if item else "")
        return Finding("DOC-XSD", where, message, record=self.records, item=item, path=tuple(path))


def _what(entry: "etree._LogEntry") -> str:
    if entry.type_name == "SCHEMAV_ELEMENT_CONTENT":
        expected = _EXPECTED.search(entry.message)
        what = "is not expected here" if "not expected" in entry.message else "lacks an element"
        return what + (f"; expected is {expected[1]}" if expected else "")
    return _WORDS.get(entry.type_name) or f"breaks the schema ({entry.type_name.removeprefix('SCHEMAV_')})"
