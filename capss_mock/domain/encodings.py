"""What is doubtful about a document's encoding, short of what makes it unreadable."""

import codecs
from collections.abc import Iterator

_MARKS = ((codecs.BOM_UTF8, "UTF-8"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
_LONGEST_MARK = 3
_UTF8 = {"", "utf-8", "us-ascii"}


class Encoding:
    """Looks at a document's bytes as they pass by."""

    def __init__(self) -> None:
        self._head = b""
        self._declared = ""
        self._utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._beyond_ascii = False

    def take(self, chunk: bytes, declared: str) -> None:
        """Look at the next bytes; ``declared`` is the encoding that the document has named so far."""
        if len(self._head) < _LONGEST_MARK:
            self._head += chunk[:_LONGEST_MARK]
        self._declared = declared
        if declared.lower() in _UTF8 or self._utf8 is None:
            return
        self._beyond_ascii |= not chunk.isascii()
        try:
            self._utf8.decode(chunk)
        except UnicodeDecodeError:
            self._utf8 = None

    def doubts(self) -> Iterator[str]:
        """What is doubtful, now that all has been seen."""
        mark = next((name for mark, name in _MARKS if self._head.startswith(mark)), "")
        if mark:
            yield f"begins with a byte order mark of {mark}"
        elif self._declared.lower() not in _UTF8:
            misread = self._utf8 is not None and self._beyond_ascii
            but = "but its bytes read as UTF-8: letters beyond ASCII would come out wrong" if misread else "not UTF-8"
            yield f"is declared to be {self._declared}, {but}"
