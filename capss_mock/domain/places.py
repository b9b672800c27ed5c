"""Where a finding is, to the line and column: a second pass over a document, only when there is something to find.

lxml has no columns and its lines are those where a start tag ends; expat is exact. Lines and columns count from 1;
columns are code points; the place is the ``<`` of the start tag.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

from capss_mock.contract.fields import RECORD_LIMIT, DocumentForm
from capss_mock.domain.encodings import LONGEST_MARK, has_mark
from capss_mock.domain.structure import step

Key = tuple[int, int, tuple[str, ...]]
"""Record and item (from 1; 0: none), and the names of the elements below them; record 0: below root or container."""


@dataclass(slots=True)
class Places:
    """What the second pass found. ``fault`` is where the document stops being well-formed."""

    at: dict[Key, tuple[int, int]] = field(default_factory=dict)
    root: tuple[int, int] | None = None
    container: tuple[int, int] | None = None
    fault: tuple[int, int] | None = None


class _DoneError(Exception):
    """All that is wanted has been found."""


class _Locator:
    def __init__(self, form: DocumentForm, wanted: Collection[Key], *, nested: bool, to_the_end: bool) -> None:
        self.places = Places()
        self._nested, self._to_the_end = nested, to_the_end
        self._form, self._wanted = form, wanted
        self._last = max((key[0] for key in wanted), default=0)
        self._longest = max((len(key[2]) for key in wanted), default=0)
        self._strange = any(not key[0] for key in wanted)
        self._records = {key[0] for key in wanted if key[0]}
        self._names: list[str] = []  # of the open elements
        self._steps: list[str] = []  # the same, numbered among their siblings within records
        self._siblings: list[Counter[str]] = []  # how often each name has been seen, by depth within a record
        self._record = self._item = self._base = self._depth = 0
        self.marked = False  # the document begins with a byte order mark
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.buffer_text = True

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if self._depth:  # inside a record in which nothing is wanted
            self._depth += 1
            return
        if " " in name:  # in a namespace: written as lxml does
            name = "{{{}}}{}".format(*name.split(" ", 1))
        names, form = self._names, self._form
        names.append(name)
        depth = len(names)
        if self._base:
            self._siblings[-1][name] += 1
            self._steps.append(step(name, self._siblings[-1][name]))
            self._siblings.append(Counter())
            if form.items and depth == 5 and (names[3], name) == form.items:
                self._item, self._base = self._item + 1, 5
            if depth - self._base <= self._longest:
                self._see((self._record, self._item if self._base == 5 else 0, tuple(self._steps[self._base - 3 :])))
        elif depth == 1:
            self.places.root = self._here()
        elif depth == 2 and name == form.container and self.places.container is None:
            self.places.container = self._here()
        elif depth == 3 and name == form.record.name and names[1] == form.container:
            self._enter()
        elif self._strange and depth <= 3:
            self._see((0, 0, tuple(names[1:])))

    def _enter(self) -> None:
        """A record begins."""
        self._record += 1
        if self._record > self._last and not self._strange and not self._to_the_end:
            raise _DoneError
        if self._record in self._records:
            self._item, self._base, self._steps, self._siblings = 0, 3, [], [Counter()]
            self._see((self._record, 0, ()))
        elif self._nested:
            self._depth = 1
        else:
            self.parser.StartElementHandler = None  # half of the calls, and of the time
            self.parser.EndElementHandler = self._end_skipped

    def _end_skipped(self, name: str) -> None:
        if name == self._form.record.name:
            self.parser.StartElementHandler = self._start
            self.parser.EndElementHandler = self._end
            self._end(name)

    def _end(self, _name: str) -> None:
        if self._depth > 1:
            self._depth -= 1
            return
        self._depth = 0
        self._names.pop()
        if self._base and self._steps:
            self._steps.pop()
            self._siblings.pop()
        if len(self._names) < self._base:
            self._base = 3 if self._base == 5 else 0

    def _see(self, key: Key) -> None:
        if key in self._wanted:
            self.places.at.setdefault(key, self._here())

    def _here(self) -> tuple[int, int]:
        return self.place(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber)

    def place(self, line: int, offset: int) -> tuple[int, int]:
        """The place of what expat tells; it counts a byte order mark as a column, and no editor does."""
        return line, offset + 1 - (self.marked and line == 1)


def locate(
    form: DocumentForm,
    chunks: Iterable[bytes],
    wanted: Collection[Key],
    *,
    nested: bool = True,
    to_the_end: bool = True,
) -> Places:
    """Find the places of these keys, of the root and of the container.

    Args:
        nested: there may be elements of a record's name within records.
        to_the_end: read on when all is found, to where the document stops being well-formed.
    """
    locator = _Locator(form, wanted, nested=nested, to_the_end=to_the_end)
    parser = locator.parser
    since_tag, head = 0, b""
    try:
        for chunk in chunks:
            before = parser.CurrentByteIndex
            head += chunk[: LONGEST_MARK - len(head)]
            locator.marked = has_mark(head)
            parser.Parse(chunk, False)
            # expat reads an unfinished token anew with each chunk: a token as long as a record may be ends this
            since_tag = since_tag + len(chunk) if parser.CurrentByteIndex == before else 0
            if since_tag > RECORD_LIMIT:
                return locator.places
        parser.Parse(b"", True)
    except _DoneError:
        pass
    except expat.ExpatError as error:
        locator.places.fault = locator.place(error.lineno, error.offset)
    except (LookupError, ValueError):
        locator.places.fault = (1, 1)
    return locator.places
