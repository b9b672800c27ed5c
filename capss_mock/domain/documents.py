"""Bytes to records: streaming, safe, in bounded memory.

expat reads the prologue and refuses a DTD before anything else sees it; lxml then builds one record at a time,
which is read and thrown away. Only the fields that the contract lists are looked at.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast
from xml.parsers import expat

from lxml import etree

from capss_mock.contract.fields import (
    ARTICLE,
    FORMS,
    KEPT_LIMIT,
    LOAN,
    PROLOGUE_LIMIT,
    RECORD_LIMIT,
    REFERENCE,
    SERIAL,
    TIME,
    DocumentForm,
)
from capss_mock.domain.reading import Finding, Item, Reading, Record
from capss_mock.domain.validation import BLANK, Checks, Interpreter, interpreter, trimmed

_FEED = 64 * 1024
_SLICE = 512
_MORNING = re.compile(r".{10}T(0|1[0-2])")
_LICENCE = re.compile(r"\d+", re.ASCII)
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps makes one for each call
_NESTING = {"ERR_NAME_TOO_LONG", "ERR_INTERNAL_ERROR", "ERR_RESOURCE_LIMIT"}


class _Fatal(Exception):
    """The document cannot be read further; carries the finding."""

    def __init__(self, rule: str, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(rule)
        where = _at(line, column)
        self.finding = Finding(rule, where, message, line=line or 0, column=column or 0)


class _Prologue:
    """Reads up to the root element: no DTD, and which root it is."""

    def __init__(self) -> None:
        self.root: str | None = None
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start

    def _doctype(self, *_: object) -> None:
        raise _Fatal(
            "DOC-DTD",
            "a DTD is not accepted",
            self._parser.CurrentLineNumber,
            self._parser.CurrentColumnNumber + 1,
        )

    def _start(self, name: str, _attributes: object) -> None:
        if self.root is None:
            self.root = name

    def feed(self, data: bytes) -> None:
        """Take the next bytes; after the root element has begun, nothing more is read."""
        try:
            # no further than the root: the rest is lxml's; expat reads an unfinished token anew with each slice
            for start in range(0, min(len(data), PROLOGUE_LIMIT + 1), _SLICE):
                if self.root is not None:
                    return
                self._parser.Parse(data[start : start + _SLICE], False)
        except expat.ExpatError as error:
            if self.root is None:
                words = expat.ErrorString(error.code)
                raise _Fatal("DOC-WELLFORMED", f"not well-formed: {words}", error.lineno, error.offset + 1) from None
        except (LookupError, ValueError):
            raise _Fatal("DOC-WELLFORMED", "the declared encoding is not known", 1, 1) from None


def _at(line: int | None, column: int | None) -> str:
    if not line:
        return "document"
    return f"line {line}, column {column}" if column else f"line {line}"


def _syntax(error: Any) -> _Fatal:  # an XMLSyntaxError, which the stubs know only in part
    entry = error.error_log.last_error if error.error_log else None
    name = entry.type_name if entry is not None else ""
    line, column = error.position or (None, None)
    if name in _NESTING:
        return _Fatal("DOC-LIMIT", "nested too deep, or one text is too large", line, column)
    # libxml2's own message may quote the document; its name for the error does not
    words = name.removeprefix("ERR_").lower().replace("_", " ") or "no element found"
    return _Fatal("DOC-WELLFORMED", f"not well-formed: {words}", line, column)


def _key(licence: str, time: str, values: dict[str, str | None]) -> str:
    loan, serial, article = trimmed(values.get(LOAN)), trimmed(values.get(SERIAL)), trimmed(values.get(ARTICLE))
    # XML has no U+0000, so no two different tuples join to the same text
    text = f"{licence}\0{time}\0{loan}\0{serial}\0{article}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def keep_item(fields: Mapping[str, str], key: str = "") -> Item:
    """An item as it is kept."""
    return Item(key, _json(fields), fields.get(REFERENCE), fields.get(LOAN), fields.get(SERIAL))


class DocumentParser:
    """Reads one document as it arrives.

    Args:
        kind: ``upload`` or ``update``.
        checks: what is checked; by default everything, for the default profile.
        on_record: called with each record as soon as it is complete; without it, records gather in the reading.
        keep: whether items carry the fields that are kept with them; without, only their key and loanBuyNumber.
    """

    def __init__(
        self,
        kind: str,
        checks: Checks | None = None,
        on_record: Callable[[Record], None] | None = None,
        *,
        keep: bool = True,
    ) -> None:
        self._form: DocumentForm = FORMS[kind]
        self._interpreter: Interpreter = interpreter(self._form, checks or Checks())
        self.reading = Reading()
        self.morning_only = True  # every transaction so far has a time before 13:00
        self._on_record = on_record or self.reading.records.append
        self._hash = hashlib.sha256()
        self._prologue = _Prologue()
        self._held = bytearray()
        self._lxml: etree.XMLPullParser | None = None
        self._open: list[etree._Element] = []
        self._seen = 0
        self._since_record = 0
        self._fatal = False
        self._kept = tuple(field.name for field in self._form.item.fields if field.kept)
        self._keeps = keep

    def feed(self, data: bytes) -> None:
        """Take the next bytes; after a fatal finding they are only hashed and counted."""
        self._hash.update(data)
        self.reading.size += len(data)
        view = memoryview(data)
        for start in range(0, len(data), _FEED):
            if self._fatal:
                return
            try:
                self._advance(bytes(view[start : start + _FEED]))
            except etree.XMLSyntaxError as error:
                self._read_before(_syntax(error))
            except _Fatal as fatal:
                self._stop(fatal)

    def finish(self) -> Reading:
        """The document is complete: what was read."""
        self.reading.digest = self._hash.hexdigest()
        if not self._fatal:
            try:
                self._close()
            except etree.XMLSyntaxError as error:
                self._read_before(_syntax(error))
            except _Fatal as fatal:
                self._stop(fatal)
        return self.reading

    def _read_before(self, fatal: _Fatal) -> None:
        """Read the records that were complete before the fault, then stop."""
        with contextlib.suppress(etree.XMLSyntaxError, _Fatal):
            self._read_events()
        self._stop(fatal)

    def _stop(self, fatal: _Fatal) -> None:
        self._fatal = True
        self._lxml = None
        self._open.clear()
        self.reading.findings.append(fatal.finding)

    def _close(self) -> None:
        if not self.reading.size:
            raise _Fatal("DOC-WELLFORMED", "the file is empty (0 bytes)")
        if self._lxml is None:
            raise _Fatal("DOC-WELLFORMED", "not well-formed: no element found")
        self._lxml.close()
        self._read_events()
        if not self._open[1:]:
            raise _Fatal("DOC-ROOT", f"{self._form.container} is missing")
        if not self._seen:
            raise _Fatal("DOC-EMPTY", f"there is no {self._form.record.name}")

    def _advance(self, data: bytes) -> None:
        self._prologue.feed(data)
        if self._lxml is None:
            self._held += data
            if self._prologue.root is None:
                if len(self._held) > PROLOGUE_LIMIT:
                    raise _Fatal("DOC-LIMIT", f"no root element within {PROLOGUE_LIMIT // 1024} kB")
                return
            if self._prologue.root != self._form.root:
                raise _Fatal("DOC-ROOT", f"the root element is not {self._form.root} (in no namespace)")
            data = bytes(self._held)
            self._held.clear()
            self._lxml = self._new_parser()
        self._lxml.feed(data)
        self._since_record += len(data)
        self._read_events()
        self._prune()
        if self._since_record > RECORD_LIMIT:
            raise _Fatal("DOC-LIMIT", f"more than 16 MB without a complete {self._form.record.name}")

    def _new_parser(self) -> etree.XMLPullParser:
        form = self._form
        return etree.XMLPullParser(
            events=("start", "end"),
            tag=(form.root, form.container, form.record.name),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )

    def _read_events(self) -> None:
        assert self._lxml is not None  # noqa: S101 - only called with a parser
        form = self._form
        events = cast("Iterator[tuple[str, etree._Element]]", self._lxml.read_events())
        for event, element in events:
            is_record = element.tag == form.record.name
            if event == "start":
                if not is_record:
                    self._enter(element)
            elif is_record and self._open[1:] and element.getparent() is self._open[1]:
                self._since_record = 0
                self._seen += 1
                self._on_record(self._record(element))
                element.clear()

    def _enter(self, element: etree._Element) -> None:
        parent = element.getparent()
        if self._open and (parent is not self._open[0] or element.tag != self._form.container):
            return  # the root's or the container's name again, elsewhere
        if self._open:
            if self._open[1:]:
                raise _Fatal("DOC-ROOT", f"{self._form.container} is there twice")
            licence = trimmed(element.get(self._form.licence))
            if not _LICENCE.fullmatch(licence):
                what = "is not digits only" if licence else "is missing"
                line: int = element.sourceline  # type: ignore[assignment]  # the stub knows no int here
                finding = Finding("DOC-LICENCE-FORMAT", _at(line, None), f"{self._form.licence} {what}", line=line)
                self.reading.findings.append(finding)
            else:
                self.reading.licence = licence[:KEPT_LIMIT]
        self._open.append(element)

    def _prune(self) -> None:
        for parent in self._open:
            while len(parent) > 1:
                del parent[0]

    def _record(self, element: etree._Element) -> Record:
        form, ordinal = self._form, self._seen
        findings, elements = self._interpreter.check(element, ordinal)
        time = ""
        if form.items:
            time = trimmed(element.findtext(TIME))
            self.morning_only &= bool(_MORNING.match(time))
        items: list[Item] = []
        for each in elements:
            if not self._keeps:
                found = {name: each.findtext(name) for name in (LOAN, SERIAL, ARTICLE)}
                items.append(Item(_key(self.reading.licence, time, found), "", None, trimmed(found[LOAN]) or None))
                continue
            texts = {child.tag: child.text for child in each}
            kept = {
                name: text.strip(BLANK)[:KEPT_LIMIT] for name in self._kept if (text := texts.get(name)) is not None
            }
            items.append(keep_item(kept, _key(self.reading.licence, time, texts)))
        return Record(ordinal, tuple(items), tuple(findings))


def read_document(kind: str, chunks: Iterable[bytes], checks: Checks | None = None) -> Reading:
    """Read a whole document from its chunks."""
    parser = DocumentParser(kind, checks)
    for chunk in chunks:
        parser.feed(chunk)
    return parser.finish()
