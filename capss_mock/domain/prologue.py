"""The beginning of a document, where it is decided whether it may be read at all.

expat reads as far as the root element and refuses a DTD before anything else sees the document.
"""

from xml.parsers import expat

from capss_mock.contract.fields import PROLOGUE_LIMIT
from capss_mock.domain.reading import Finding

_SLICE = 512


class Fatal(Exception):
    """The document cannot be read further; carries the finding."""

    def __init__(self, rule: str, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(rule)
        self.finding = Finding(rule, at(line, column), message, line=line or 0, column=column or 0)


class Prologue:
    """Reads up to the root element: no DTD, which root it is, and which encoding is declared (empty: none)."""

    def __init__(self) -> None:
        self.root: str | None = None
        self.encoding = ""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.XmlDeclHandler = self._declaration
        self._parser.CommentHandler = self._comment  # so that the default handler sees none
        self._parser.DefaultHandlerExpand = self._other
        self._parser.StartElementHandler = self._start

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = encoding or ""

    def _comment(self, _text: str) -> None:
        pass

    def _other(self, text: str) -> None:
        # not StartDoctypeDeclHandler: it is called where the declaration's name has been read, not where it begins
        if text.startswith("<!DOCTYPE"):
            place = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
            raise Fatal("DOC-DTD", "a DTD is not accepted", *place)

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
                raise Fatal("DOC-WELLFORMED", f"not well-formed: {words}", error.lineno, error.offset + 1) from None
        except (LookupError, ValueError):
            raise Fatal("DOC-WELLFORMED", "the declared encoding is not known", 1, 1) from None


def at(line: int | None, column: int | None) -> str:
    """A place in a document, in words."""
    if not line:
        return "document"
    return f"line {line}, column {column}" if column else f"line {line}"
