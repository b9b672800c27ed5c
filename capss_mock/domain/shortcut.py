"""A shortcut past the parser, for records that are written just like one before.

A program writes its records all alike: the same tags, in the same order, with the same white space between them. So
once a record has been parsed and nothing was found in it, a *form* is made of its bytes: what stood between its texts,
literally, and what is asked of each text. A later record is then compared with that, from one text to the next,
without a parser. Whatever is not exactly so, or is not good, or holds what only a parser understands (a reference, a
carriage return, a control character, bytes that are not UTF-8) is left to the parser. So this decides nothing: it only
says of some records that there is nothing to find in them.

Forms live as long as their document, and hold no text of it but for what stands between its elements.
"""

import re
from dataclasses import dataclass, field

from capss_mock.contract.fields import ON_FILE
from capss_mock.domain.structure import Group
from capss_mock.domain.values import Leaf

_TAG = re.compile(
    rb"""<(?P<end>/?)(?P<name>[A-Za-z_][\w.-]*)(?P<more>(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?P<empty>/?)>"""
)
# bytes that mean themselves; no reference, carriage return or control character
_PLAIN = bytes(byte for byte in range(256) if byte >= 0x20 or byte in b"\t\n").replace(b"&", b"")
_ON_FILE = ON_FILE.encode()
_FORMS = 12  # kept at most
_TRIES = 200  # records without a form, before it is given up as not worth it
_SHORT = 40  # bytes of a text that is remembered as good
_TEXTS = 5000  # of them, for each element
_LONGEST = 2**20  # bytes of a record of which a form is made


@dataclass(slots=True)
class _Form:
    """One way to write a record: before each text what stands there, and what is asked of it; then the end."""

    steps: list[tuple[bytes, int, set[bytes], Leaf | None]] = field(default_factory=list)
    end: bytes = b""
    time: int = -1  # the text that is the record's time; -1: none
    items: list[list[int]] = field(default_factory=list)  # of each item, the texts that are wanted; -1: not there


@dataclass(frozen=True, slots=True)
class Taken:
    """A record in which there is nothing to find: where it ends, its time, and the wanted texts of its items."""

    end: int
    time: str
    items: list[tuple[str | None, ...]]


class Shortcut:
    """Compares records with forms of earlier ones.

    Args:
        group: what is asked of a record.
        item: the name of its items; empty: it is one.
        time: the name of its time.
        wanted: the names of an item's elements whose texts are given back.
    """

    def __init__(self, group: Group, item: str, time: str, wanted: tuple[str, ...]) -> None:
        self._group, self._item, self._time, self._wanted = group, item, time, wanted
        self._forms: list[_Form] = []
        self._good: dict[int, set[bytes]] = {}
        self._hits = self._misses = 0

    @property
    def pays(self) -> bool:
        """Whether forms have fitted often enough."""
        return self._misses < _TRIES + self._hits

    def match(self, data: bytes, start: int) -> Taken | None:
        """The record that begins at ``start`` (with the white space before it), if it fits a form and is good."""
        for number, form in enumerate(self._forms):
            texts: list[bytes] = []
            end = self._fits(form, data, start, texts)
            if end:
                if number:  # the one that fits is tried first the next time
                    self._forms.insert(0, self._forms.pop(number))
                self._hits += 1
                return _taken(form, end, texts)
        return None

    def _fits(self, form: _Form, data: bytes, at: int, texts: list[bytes]) -> int:
        for before, length, good, leaf in form.steps:
            if not data.startswith(before, at):
                return 0
            at += length
            end = data.find(b"<", at)
            if end < 0:
                return 0
            text = data[at:end]
            if text not in good and not _passes(text, good, leaf):
                return 0
            texts.append(text)
            at = end
        return at + len(form.end) if data.startswith(form.end, at) else 0

    def learn(self, data: bytes) -> None:
        """Make a form of a record, with the white space before it, in which nothing was found."""
        self._misses += 1
        if len(self._forms) < _FORMS and len(data) <= _LONGEST and (form := self._form(data)) is not None:
            self._forms.append(form)

    def _form(self, data: bytes) -> _Form | None:
        """The form of a record; None when it is written in a way that is left to the parser."""
        form = _Form()
        groups: list[Group | None] = []  # of the open elements
        before = at = 0
        while (found := _TAG.match(data, data.find(b"<", at))) is not None:
            name, at = found["name"].decode(), found.end()
            if found["end"]:
                groups.pop()
                if not groups:
                    form.end = data[before:]
                    return form if at == len(data) else None
                continue
            parent = groups[-1] if groups else None
            watch = parent.watched.get(name) if parent is not None else self._group
            if isinstance(watch, Group) and watch.spec.name == (self._item or self._group.spec.name):
                form.items.append([-1] * len(self._wanted))
            if found["empty"]:
                continue
            closing = data.find(b"<", at)
            if isinstance(watch, Group) or not data.startswith(b"</", closing) or b":nil" in found["more"]:
                groups.append(watch if isinstance(watch, Group) else None)
                continue
            if data[at:closing] == _ON_FILE and parent is not None and name in parent.fillers:
                groups.append(None)  # where the law wants the filler, it is part of how the record is written
                continue
            form.steps.append((data[before:at], at - before, self._good_of(watch), watch))
            self._place(form, parent, name)
            before = at = closing
            groups.append(None)
        return None

    def _good_of(self, leaf: Leaf | None) -> set[bytes]:
        # not what the leaf knows to be good: it knows texts, not how they were written (&amp;)
        return self._good.setdefault(id(leaf), {_ON_FILE} if leaf is not None and leaf.spec.filler else set())

    def _place(self, form: _Form, parent: Group | None, name: str) -> None:
        """Remember the text of the last step if it is the time, or wanted."""
        number = len(form.steps) - 1
        if parent is self._group and name == self._time and form.time < 0:
            form.time = number
        holds = parent is not None and parent.spec.name == (self._item or self._group.spec.name)
        if holds and name in self._wanted and form.items[-1][self._wanted.index(name)] < 0:
            form.items[-1][self._wanted.index(name)] = number


def _passes(text: bytes, good: set[bytes], leaf: Leaf | None) -> bool:
    """Whether a text means itself, and nothing is to be found in it."""
    if text.translate(None, _PLAIN) or b"]]" in text or b"\xef\xbf" in text:  # the last: not all of U+FFxx is XML
        return False
    try:
        string = text.decode()
    except UnicodeDecodeError:
        return False
    if leaf is not None and leaf.judge(string):
        return False
    if len(text) <= _SHORT and len(good) < _TEXTS and not (leaf is not None and leaf.spec.personal):
        good.add(text)
    return True


def _taken(form: _Form, end: int, texts: list[bytes]) -> Taken:
    # an element without text has None, as with the parser
    items = [
        tuple([(texts[number].decode() or None) if number >= 0 else None for number in item]) for item in form.items
    ]
    return Taken(end, texts[form.time].decode() if form.time >= 0 else "", items)
