"""Where a finding is, to the line and column: a second pass over a document, only when there is something to find.

lxml has no columns and its lines are those where a start tag ends; expat is exact. Lines and columns count from 1;
columns are code points; the place is the ``<`` of the start tag.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

from capss_mock.contract.fields import RECORD_LIMIT, DocumentForm
from capss_mock.domain.structure import step

Key = tuple[int, int, tuple[str, ...]]
"""Record and item (from 1; 0: none), and the names of the elements below them."""


@dataclass(slots=True)
class Places:
    """What the second pass found. ``fault`` is where the document stops being well-formed, and expat's words for it."""

    at: dict[Key, tuple[int, int]] = field(default_factory=dict)
    root: tuple[int, int] | None = None
    container: tuple[int, int] | None = None
    fault: tuple[int, int, str] | None = None


class _Locator:
    def __init__(self, form: DocumentForm, wanted: Collection[Key]) -> None:
        self.places = Places()
        self._form, self._wanted = form, wanted
        self._records = {key[0] for key in wanted}
        self._names: list[str] = []  # of the open elements
        self._steps: list[str] = []  # the same, numbered among their siblings
        self._siblings: list[Counter[str]] = [Counter()]  # how often each name has been seen, by depth
        self._record = self._item = self._base = self._depth = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.buffer_text = True

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        names, form = self._names, self._form
        if self._depth:  # inside a record in which nothing is wanted
            self._depth += 1
            return
        self._siblings[-1][name] += 1
        self._steps.append(step(name, self._siblings[-1][name]))
        self._siblings.append(Counter())
        names.append(name)
        depth = len(names)
        if depth == 1:
            self.places.root = self._here()
        elif depth == 2 and name == form.container and self.places.container is None:
            self.places.container = self._here()
        elif depth == 3 and name == form.record.name and names[1] == form.container:
            self._record += 1
            self._item, self._base = 0, 3
            if self._record not in self._records:
                self._depth = 1
                return
        elif self._record in self._records and form.items and depth == 5 and (names[3], name) == form.items:
            self._item, self._base = self._item + 1, 5
        if self._base and self._record in self._records:
            key = (self._record, self._item if self._base == 5 else 0, tuple(self._steps[self._base :]))
            if key in self._wanted:
                self.places.at.setdefault(key, self._here())

    def _end(self, _name: str) -> None:
        if self._depth > 1:
            self._depth -= 1
            return
        self._depth = 0
        self._names.pop()
        self._steps.pop()
        self._siblings.pop()
        if len(self._names) < self._base:
            self._base = 3 if self._base == 5 else 0

    def _here(self) -> tuple[int, int]:
        return self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1


def locate(form: DocumentForm, chunks: Iterable[bytes], wanted: Collection[Key]) -> Places:
    """Find the places of these keys; reads to the end, or to where the document stops being well-formed."""
    locator = _Locator(form, wanted)
    parser = locator.parser
    since_tag = 0
    try:
        for chunk in chunks:
            before = parser.CurrentByteIndex
            parser.Parse(chunk, False)
            # expat reads an unfinished token anew with each chunk: a token as long as a record may be ends this
            since_tag = since_tag + len(chunk) if parser.CurrentByteIndex == before else 0
            if since_tag > RECORD_LIMIT:
                return locator.places
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        locator.places.fault = (error.lineno, error.offset + 1, expat.ErrorString(error.code))
    except (LookupError, ValueError):
        locator.places.fault = (1, 1, "the declared encoding is not known")
    return locator.places
