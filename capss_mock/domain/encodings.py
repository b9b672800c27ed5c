"""What is doubtful about a document's encoding, short of what makes it unreadable."""

import codecs
from collections.abc import Iterator

# how a document begins: with a byte order mark, or with < in two bytes
_MARKS = (
    (codecs.BOM_UTF8, "begins with a byte order mark of UTF-8"),
    (codecs.BOM_UTF16_LE, "begins with a byte order mark of UTF-16"),
    (codecs.BOM_UTF16_BE, "begins with a byte order mark of UTF-16"),
    (b"<\0", "is in UTF-16"),
    (b"\0<", "is in UTF-16"),
)
LONGEST_MARK = 3


def has_mark(head: bytes) -> bool:
    """Whether a document that begins so begins with a byte order mark."""
    return head.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def is_utf8(declared: str) -> bool:
    """Whether a declared encoding is UTF-8, or a part of it; none is."""
    try:
        return not declared or codecs.lookup(declared).name in ("utf-8", "ascii")
    except LookupError:
        return False


class Encoding:
    """Looks at a document's bytes as they pass by."""

    def __init__(self) -> None:
        self._head = b""
        self._declared = ""
        self._utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._beyond_ascii = False

    def take(self, chunk: bytes, declared: str) -> None:
        """Look at the next bytes; ``declared`` is the encoding that the document has named so far."""
        if len(self._head) < LONGEST_MARK:
            self._head += chunk[:LONGEST_MARK]
        self._declared = declared
        if is_utf8(declared) or self._utf8 is None:
            return
        self._beyond_ascii |= not chunk.isascii()
        try:
            self._utf8.decode(chunk)
        except UnicodeDecodeError:
            self._utf8 = None

    def doubts(self) -> Iterator[str]:
        """What is doubtful, now that all has been seen."""
        found = next((words for mark, words in _MARKS if self._head.startswith(mark)), "")
        if found:
            yield found
        elif not is_utf8(self._declared):
            misread = self._utf8 is not None and self._beyond_ascii
            but = "but its bytes read as UTF-8: letters beyond ASCII would come out wrong" if misread else "not UTF-8"
            yield f"is declared to be {self._declared}, {but}"
