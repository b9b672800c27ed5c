"""Counts the records of any well-formed XML document, for update documents whose form nobody knows.

The records are the children of the outermost element that has more than one, not deeper than two levels: a root with
its records, or a root with one container of them.
"""

from collections.abc import Iterator

from lxml import etree

from capss_mock.domain.prologue import Fatal
from capss_mock.domain.reader import Reader, safe_parser


class WellformedReader(Reader):
    """Reads a document for nothing but its shape: its records are counted, not kept."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._open: list[etree._Element] = []
        self._outer = self._inner = 0  # children of the root; of its first child

    @property
    def _record_name(self) -> str:
        return "element"

    def _new_parser(self, root: str) -> etree.XMLPullParser:
        return safe_parser()

    def _take(self, events: Iterator[tuple[str, etree._Element]]) -> None:
        for event, element in events:
            if event == "start":
                if self._depth == 1:
                    self._outer += 1
                elif self._depth == 2 and self._outer == 1:
                    self._inner += 1
                self._depth += 1
                self._open.append(element)
                continue
            self._depth -= 1
            self._open.pop()
            self._since_record = 0
            element.clear()
        for element in self._open:
            del element[:-1]  # what is complete is let go

    def _end(self) -> None:
        self.reading.counted = self._outer if self._outer > 1 else self._inner or self._outer
        if not self.reading.counted:
            raise Fatal("DOC-EMPTY", "there is no element in the root")
