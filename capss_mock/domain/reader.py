"""What all ways of reading a document have in common: bytes in as they arrive, safe limits, an end in any case."""

import contextlib
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, cast

from lxml import etree

from capss_mock.contract.fields import PROLOGUE_LIMIT, RECORD_LIMIT
from capss_mock.domain.prologue import Fatal, Prologue
from capss_mock.domain.reading import Reading, Record

_FEED = 64 * 1024
_NESTING = {"ERR_NAME_TOO_LONG", "ERR_INTERNAL_ERROR", "ERR_RESOURCE_LIMIT"}
_WORDS = {
    "ERR_INVALID_ENCODING": "a byte is not of the declared encoding, UTF-8 without one (is it Windows-1252?)",
    "ERR_NAME_REQUIRED": "a name is missing after < or & (write them as &lt; and &amp;)",
    "ERR_ENTITYREF_SEMICOL_MISSING": "an & stands alone (write it as &amp;)",
    "ERR_ENTITYREF_NO_NAME": "an & stands alone (write it as &amp;)",
    "ERR_UNDECLARED_ENTITY": "an entity that XML does not know, such as &nbsp;",
    "WAR_UNDECLARED_ENTITY": "an entity that XML does not know, such as &nbsp;",
    "ERR_TAG_NAME_MISMATCH": "an end tag is not that of the element that is open",
    "ERR_TAG_NOT_FINISHED": "it ends before its root element does (was it cut?)",
    "ERR_DOCUMENT_END": "there is more after the root element (two documents in one file?)",
    "ERR_DOCUMENT_EMPTY": "it does not begin with an element (is it XML?)",
    "ERR_ATTRIBUTE_REDEFINED": "an attribute is there twice",
    "ERR_INVALID_CHAR": "a control character, which XML does not have",
    "NS_ERR_UNDEFINED_NAMESPACE": "a prefix is declared nowhere (for xsi: write "
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" in the root)',
}


class Reader(ABC):
    """Reads one document as it arrives; what it does with the elements is for those below.

    A fault ends the reading; what was complete before it has been read.

    Args:
        on_record: called with each record as soon as it is complete; without it, records gather in the reading.
        digest: whether the reading has the document's digest.
    """

    def __init__(self, on_record: Callable[[Record], None] | None = None, *, digest: bool = True) -> None:
        self.reading = Reading()
        self._on_record = on_record or self.reading.records.append
        self._hash = hashlib.sha256() if digest else None
        self._prologue = Prologue()
        self._held = bytearray()
        self._lxml: etree.XMLPullParser | None = None
        self._since_record = 0
        self._fatal = False

    @property
    def encoding(self) -> str:
        """The encoding that the XML declaration names; empty without one."""
        return self._prologue.encoding

    @abstractmethod
    def _new_parser(self, root: str) -> etree.XMLPullParser:
        """The parser for a document with this root (``namespace name``, or ``name``).

        Raises:
            Fatal: it is not one that is read here.
        """

    @abstractmethod
    def _take(self, events: Iterator[tuple[str, etree._Element]]) -> None:
        """Read what the parser has found; sets ``_since_record`` to 0 when a record was complete.

        Raises:
            Fatal: there is no sense in going on.
        """

    @abstractmethod
    def _end(self) -> None:
        """The document is complete and well-formed.

        Raises:
            Fatal: something that it must have is missing.
        """

    @property
    @abstractmethod
    def _record_name(self) -> str:
        """What a record is called."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes; after a fatal finding they are only hashed and counted."""
        if self._hash is not None:
            self._hash.update(data)
        self.reading.size += len(data)
        view = memoryview(data)
        for start in range(0, len(data), _FEED):
            if self._fatal:
                return
            try:
                self._advance(bytes(view[start : start + _FEED]))
            except etree.XMLSyntaxError as error:
                self._read_before(_syntax_fault(error))
            except Fatal as fatal:
                self._stop(fatal)

    def finish(self) -> Reading:
        """The document is complete: what was read."""
        self.reading.digest = self._hash.hexdigest() if self._hash is not None else ""
        if not self._fatal:
            try:
                self._close()
            except etree.XMLSyntaxError as error:
                self._read_before(_syntax_fault(error))
            except Fatal as fatal:
                self._stop(fatal)
        return self.reading

    def _advance(self, data: bytes) -> None:
        self._prologue.feed(data)
        if self._lxml is None:
            self._held += data
            if self._prologue.root is None:
                if len(self._held) > PROLOGUE_LIMIT:
                    raise Fatal("DOC-LIMIT", f"no root element within {PROLOGUE_LIMIT // 1024} kB")
                return
            data = bytes(self._held)
            self._held.clear()
            self._lxml = self._new_parser(self._prologue.root)
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        """Give the parser the next bytes, and read what it has found."""
        assert self._lxml is not None  # noqa: S101 - only called with a parser
        self._lxml.feed(data)
        self._since_record += len(data)
        self._read_events()
        if self._since_record > RECORD_LIMIT:
            raise Fatal("DOC-LIMIT", f"more than {RECORD_LIMIT // 2**20} MB without a complete {self._record_name}")

    def _read_events(self) -> None:
        assert self._lxml is not None  # noqa: S101 - only called with a parser
        self._take(cast("Iterator[tuple[str, etree._Element]]", self._lxml.read_events()))

    def _end_of_input(self) -> None:  # noqa: B027 - most have nothing to do
        """No more bytes will come."""

    def _close(self) -> None:
        if not self.reading.size:
            raise Fatal("DOC-WELLFORMED", "the file is empty (0 bytes)")
        if self._lxml is None:
            raise Fatal("DOC-WELLFORMED", "not well-formed: no element found")
        self._end_of_input()
        self._lxml.close()
        self._read_events()
        self._end()

    def _read_before(self, fatal: Fatal) -> None:
        """Read what was complete before the fault, then stop."""
        with contextlib.suppress(etree.XMLSyntaxError, Fatal):
            self._read_events()
        self._stop(fatal)

    def _stop(self, fatal: Fatal) -> None:
        self._fatal = True
        self._lxml = None
        self.reading.findings.append(fatal.finding)


def safe_parser(tags: tuple[str, ...] | None = None) -> etree.XMLPullParser:
    """A parser that resolves nothing and reads nothing but its input; with events for these tags (None: all)."""
    return etree.XMLPullParser(
        events=("start", "end"),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _syntax_fault(error: Any) -> Fatal:  # an XMLSyntaxError, which the stubs know only in part
    entry = error.error_log.last_error if error.error_log else None
    name = entry.type_name if entry is not None else ""
    line, column = error.position or (None, None)
    if name in _NESTING:
        deep = "depth" in str(error).lower()
        return Fatal("DOC-LIMIT", "nests too deep" if deep else "a text of more than 10 MB", line, column)
    # libxml2's own message may quote the document; its name for the error does not
    words = _WORDS.get(name) or name.removeprefix("ERR_").lower().replace("_", " ") or "no element found"
    return Fatal("DOC-WELLFORMED", f"not well-formed: {words}", line, column)
