"""A generic interpreter of the contract's fields: no element name stands here.

The fields are compiled once, for a profile and for the rules that are wanted, into groups; a record is then one walk
over its elements. A finding quotes a value only where it can say what was meant, never one that identifies a person.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from itertools import islice, pairwise

from lxml import etree

from capss_mock.contract.fields import (
    DEFAULT_PROFILE,
    ELEMENT_LIMIT,
    FIREARM_WORDS,
    NO_FIREARM_WORDS,
    ON_FILE,
    PROFILES,
    DocumentForm,
    Field,
    Kind,
    Need,
    Profile,
)
from capss_mock.contract.model import Level
from capss_mock.contract.rules import RULES
from capss_mock.domain import mending
from capss_mock.domain.mending import Mend
from capss_mock.domain.reading import Finding

_XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_LOCAL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_HEIGHT = re.compile(r"[1-9](0\d|1[01])", re.ASCII)
_WEIGHT = re.compile(r"[1-9]\d{1,3}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_FIREARM = re.compile("|".join(FIREARM_WORDS), re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")
_NIL_CONTENT = (("DOC-NIL-CONTENT", "is nil and has content", ""),)
_TEXTS = 5000  # good texts kept at most per element
_TEXT_LIMIT = 40  # characters of a text that is kept
_STRANGERS = 100  # unknown names that are compared with the known ones: it is slow
_PLANS = 500  # kept at most per form
_PLAN_LIMIT = 500  # elements of a record whose plan is kept
BLANK = " \t\r\n"


def trimmed(text: str | None) -> str:
    """An element's text without the white space that XML knows; an empty element has none."""
    return (text or "").strip(BLANK)


@dataclass(frozen=True, slots=True)
class Checks:
    """Which checks are made: for a profile; ``raised`` are warnings that count as errors here."""

    profile: Profile = field(default_factory=lambda: PROFILES[DEFAULT_PROFILE])
    raised: frozenset[str] = frozenset()
    warnings: bool = True

    def level(self, rule: str) -> Level:
        """What a finding of this rule counts as."""
        return Level.ERROR if rule in self.raised or RULES[rule].level is Level.ERROR else Level.WARNING

    def wants(self, rule: str) -> bool:
        """Whether a finding of this rule would be reported."""
        return self.warnings or self.level(rule) is Level.ERROR


def _is_moment(text: str, pattern: re.Pattern[str], read: Callable[[str], object]) -> bool:
    if not pattern.fullmatch(text):
        return False
    try:
        read(text)
    except ValueError:
        return False
    return True


def is_local_time(text: str) -> bool:
    """Whether a text is a time as transactionTime has it."""
    return _is_moment(text, _LOCAL_TIME, datetime.fromisoformat)


def _is_image(text: str) -> bool:
    try:
        return bool(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        return False


_KINDS: dict[Kind, tuple[Callable[[str], bool], str, str]] = {
    Kind.LOCAL_TIME: (
        is_local_time,
        "DOC-TIME-FORMAT",
        "is not a local time YYYY-MM-DDTHH:MM:SS",
    ),
    Kind.DATE: (lambda text: _is_moment(text, _DATE, date.fromisoformat), "DOC-DATE-FORMAT", "is not YYYY-MM-DD"),
    Kind.AMOUNT: (lambda text: bool(_AMOUNT.fullmatch(text)), "DOC-AMOUNT-FORMAT", "is not a plain decimal"),
    Kind.HEIGHT: (lambda text: bool(_HEIGHT.fullmatch(text)), "DOC-HEIGHT-FORMAT", "is not feet and two-digit inches"),
    Kind.WEIGHT: (lambda text: bool(_WEIGHT.fullmatch(text)), "DOC-WEIGHT-FORMAT", "is not whole pounds"),
    Kind.YEAR: (lambda text: bool(_YEAR.fullmatch(text)), "DOC-YEAR-FORMAT", "is not a year of four digits"),
    Kind.IMAGE: (_is_image, "DOC-IMAGE", "is not base64"),
}
_MENDS: dict[Kind, Mend] = {Kind.LOCAL_TIME: mending.local_time, Kind.AMOUNT: mending.amount}
# an element of these kinds that is empty cannot be read at all
_TYPED = {Kind.LOCAL_TIME, Kind.DATE, Kind.AMOUNT}


def _names_a_firearm(text: str) -> bool:
    if not _FIREARM.search(text):
        return False
    words = set(_WORD.findall(text.lower()))
    return not words.isdisjoint(FIREARM_WORDS) and words.isdisjoint(NO_FIREARM_WORDS)


Check = Callable[[str], bool]
"""True when a text (trimmed, not empty, not the filler) is good."""

Wrong = tuple[str, str, str]
"""The rule that is broken, what is wrong, and what was meant (empty where that is not known)."""


def _no_mend(_text: str) -> str:
    return ""


class _Leaf:
    """What is asked of one element's text."""

    def __init__(self, spec: Field, checks: Checks) -> None:
        self.spec = spec
        self.empty = self._empty(checks)
        self.nil_content = spec.nillable
        tests: list[tuple[Check, str, str]] = []
        mends: dict[str, Mend] = {}
        if spec.kind in _KINDS:
            tests.append(_KINDS[spec.kind])
            mends[_KINDS[spec.kind][1]] = _MENDS.get(spec.kind, _no_mend)
        if spec.values:
            known = frozenset(spec.values)
            tests.append((lambda text: text in known, "DOC-VALUE", "is none of the known values"))
            mends["DOC-VALUE"] = mending.among(spec.values)
        if spec.personal and checks.profile.on_file:
            what = 'is not "on file"' if spec.filler else f'must be left out or nil, with "on file" in {spec.name}Text'
            tests.append((lambda text: text.lower() == ON_FILE, "DOC-PERSON-DATA", what))
        if spec.no_filler:
            tests.append((lambda text: text.lower() != ON_FILE, "DOC-EMPLOYEE", 'is "on file"'))
        if spec.reads:
            tests.append((lambda text: not _names_a_firearm(text), "DOC-FIREARM", "reads like a firearm"))
        self.tests = [test for test in tests if checks.wants(test[1])]
        self.mends = {} if spec.personal else mends
        self.filler = spec.filler
        self.strict_filler = checks.wants("DOC-FILLER")
        # short texts that have passed, since most repeat from record to record; never what may name a person
        self.good: set[str | None] = {ON_FILE} if spec.filler else set()
        self.remembers = not spec.personal

    def _empty(self, checks: Checks) -> tuple[str, ...]:
        spec = self.spec
        if spec.may_be_empty or spec.need is Need.OPTIONAL:
            return ()
        if spec.kind in _TYPED:
            return (_KINDS[spec.kind][1],)
        both = ("DOC-ELEMENT-EMPTY", "DOC-ELEMENT-BLANK")
        return both if checks.wants(both[0]) else ()

    @property
    def idle(self) -> bool:
        """True when nothing can be found here."""
        return not (self.tests or self.empty or self.nil_content)

    def look(self, element: etree._Element) -> Sequence[Wrong]:
        """What is wrong with the element's text."""
        raw = "".join(map(str, element.itertext())) if len(element) else element.text
        if self.nil_content and element.get(_XSI_NIL) in ("true", "1"):
            return _NIL_CONTENT if trimmed(raw) or len(element) else ()
        if len(element) and self.spec.kind in _TYPED:
            rule, what = _KINDS[self.spec.kind][1:]
            return ((rule, what, ""),)  # whatever its text: no server reads a value out of elements
        if raw in self.good:
            return ()
        text = trimmed(raw)
        if not text:
            if not self.empty:
                return ()
            blank = bool(raw) and len(self.empty) > 1
            rule, what = (self.empty[-1], "holds only white space") if blank else (self.empty[0], "is empty")
            return ((rule, what, ""),)
        if self.filler and " ".join(text.lower().split()) == ON_FILE:
            wrong = self.strict_filler and text != ON_FILE
            return (("DOC-FILLER", 'is not exactly "on file"', ON_FILE),) if wrong else ()
        found = [self._wrong(rule, what, text) for good, rule, what in self.tests if not good(text)]
        if self.remembers and not found and len(text) <= _TEXT_LIMIT and len(self.good) < _TEXTS:
            self.good.add(raw or "")
        return found

    def _wrong(self, rule: str, what: str, text: str) -> Wrong:
        meant = self.mends.get(rule, _no_mend)(text)
        return rule, f'"{text}" {what}' if meant else what, meant


class _Group:
    """What is asked of one element's children."""

    def __init__(self, spec: Field, checks: Checks) -> None:
        self.spec = spec
        self.many = frozenset(each.name for each in spec.fields if each.many)
        self.names = {each.name: number for number, each in enumerate(spec.fields)}
        groups = {each.name: _Group(each, checks) for each in spec.fields if each.kind is Kind.GROUP}
        leaves = {each.name: _Leaf(each, checks) for each in spec.fields if each.kind is not Kind.GROUP}
        self.watched: dict[str, _Leaf | _Group] = {name: leaf for name, leaf in leaves.items() if not leaf.idle}
        self.watched |= groups
        self.required = frozenset(
            each.name
            for each in spec.fields
            if each.need is Need.ALWAYS or (each.need is Need.DETAILS and checks.profile.details)
        )
        self.instead = {
            each.name: each.either
            for each in spec.fields
            if each.either and (checks.profile.old_names or not each.either_old)
        }
        self.old = {each.either: each.name for each in spec.fields if each.either_old and not checks.profile.old_names}
        wants_reference = checks.profile.reference and checks.wants("DOC-REFERENCE")
        self.expected = [each.name for each in spec.fields if each.need is Need.REFERENCE and wants_reference]
        self.twins = [(each.name, each.twin) for each in spec.fields if each.twin and checks.wants("DOC-NIL-TWIN")]
        self.ordered = spec.ordered and checks.wants("DOC-ORDER")
        self.strangers = checks.wants("DOC-UNKNOWN-ELEMENT")
        self._meant: dict[str, str] = {}  # by unknown name: the known one that it resembles

    def _close(self, name: str, seen: set[str]) -> str:
        """Words about the known element that is missing and may have been meant."""
        if name not in self._meant:
            if len(self._meant) == _STRANGERS:
                return ""
            known = {each.lower(): each for each in self.names}
            close = get_close_matches(name.lower(), known, 1, 0.8)
            self._meant[name] = known[close[0]] if close else ""
        meant = self._meant[name]
        return f": is {meant} meant?" if meant and meant not in seen else ""

    def wrong(self, names: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """What is wrong with these names of children: rule, message, and the step to the child it is about."""
        seen = set(names)
        gone = (name for name in self.required - seen if self.instead.get(name) not in seen)
        for name in sorted(gone, key=self.names.__getitem__):
            yield "DOC-REQUIRED", f"{name} is missing", ()
        for name in self.expected:
            if name not in seen:
                yield "DOC-REFERENCE", f"{name} is missing", ()
        if self.strangers:
            for name in sorted(seen - self.names.keys()):
                yield "DOC-UNKNOWN-ELEMENT", f"{_shown(name)} is not known{self._close(name, seen)}", (name,)
            for name in sorted(seen & self.old.keys()):
                yield "DOC-THUMBPRINT", f"{name} is the old name of {self.old[name]}", (name,)
            for name in sorted(seen & self.names.keys() - self.many):
                if names.count(name) > 1:
                    yield "DOC-REPEATED", f"{name} is there {names.count(name)} times", (f"{name}[2]",)
        if self.ordered:
            known = [name for name in names if name in self.names]
            for before, name in pairwise(known):
                if self.names[name] < self.names[before]:
                    yield "DOC-ORDER", f"{name} stands too late", (name,)
                    break


def _shown(name: str) -> str:
    """A name that only the document knows, in a form that suits a line of text."""
    return name if len(name) <= _TEXT_LIMIT and name.isprintable() else "an element"


def step(name: str, occurrence: int) -> str:
    """A step of a finding's path: the name, with its number among its like-named siblings from the second on."""
    return name if occurrence == 1 else f"{name}[{occurrence}]"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something is in a record: the item (0: none), and the steps below it."""

    item: int = 0
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class _Plan:
    """What is to be done with every record of one structure; nodes are numbered in document order."""

    leaves: list[tuple[int, _Leaf, str, _Place]] = field(default_factory=list)  # node, checks, name, place
    twins: list[tuple[int, str, _Place]] = field(default_factory=list)  # node that may be nil, message, place
    found: list[tuple[str, str, _Place]] = field(default_factory=list)  # rule, message, place
    items: list[int] = field(default_factory=list)  # nodes


class Interpreter:
    """Checks records of one form of document.

    Most records are built alike, so that what follows from the structure alone is worked out once and kept.
    """

    def __init__(self, form: DocumentForm, checks: Checks) -> None:
        self._checks = checks
        self._form = form
        self._group = _Group(form.record, checks)
        self._item = form.item.name if form.items else ""
        self._plans: dict[tuple[tuple[str, ...], tuple[int, ...]], _Plan] = {}

    def check(self, record: etree._Element, ordinal: int) -> tuple[list[Finding], list[etree._Element]]:
        """Everything that is wrong with a record, and the elements that are its items."""
        nodes = list(islice(record.iter(), ELEMENT_LIMIT + 1))
        if len(nodes) > ELEMENT_LIMIT:
            return [self._finding("DOC-LIMIT", f"has more than {ELEMENT_LIMIT:,} elements", ordinal, _Place())], []
        sizes = tuple(map(len, nodes))  # with the names in document order, they tell the structure
        plan = self._plan(nodes, tuple([node.tag for node in nodes]), sizes)
        found: list[Finding] = []
        for number, leaf, name, place in plan.leaves:
            node = nodes[number]
            if leaf.nil_content or sizes[number] or node.text not in leaf.good:
                for rule, what, meant in leaf.look(node):
                    found.append(self._finding(rule, f"{name} {what}", ordinal, place, meant))
        for number, message, place in plan.twins:
            if nodes[number].get(_XSI_NIL) in ("true", "1"):
                found.append(self._finding("DOC-NIL-TWIN", message, ordinal, place))
        for rule, message, place in plan.found:
            found.append(self._finding(rule, message, ordinal, place))
        items = [nodes[number] for number in plan.items] if self._item else [record]
        return found, items

    def _plan(self, nodes: list[etree._Element], names: tuple[str, ...], sizes: tuple[int, ...]) -> _Plan:
        plan = self._plans.get((names, sizes))
        if plan is None:
            plan = _Plan()
            self._walk(plan, self._group, 0, names, sizes, _Place())
            if len(nodes) <= _PLAN_LIMIT and len(self._plans) < _PLANS:
                self._plans[names, sizes] = plan
        return plan

    def _walk(
        self, plan: _Plan, group: _Group, node: int, names: tuple[str, ...], sizes: tuple[int, ...], place: _Place
    ) -> int:
        """Plan for the element ``node`` and what is below it; gives the number of the node after it."""
        children: list[int] = []
        following = node + 1
        counts: Counter[str] = Counter()
        for _ in range(sizes[node]):
            child, name = following, names[following]
            children.append(child)
            counts[name] += 1
            below = _Place(place.item, (*place.path, step(name, counts[name])))
            watch = group.watched.get(name)
            if isinstance(watch, _Group):
                if name == self._item:
                    plan.items.append(child)
                    below = _Place(len(plan.items))
                following = self._walk(plan, watch, child, names, sizes, below)
                continue
            if watch is not None:
                plan.leaves.append((child, watch, name, below))
            if group.strangers and sizes[child] and name in group.names:
                plan.found.append(("DOC-UNKNOWN-ELEMENT", f"{name} holds elements where a text belongs", below))
            following = _after(child, sizes)
        own = tuple(names[child] for child in children)
        for name, twin in group.twins:
            if name in counts and twin not in counts:
                message = f"{name} is nil and {twin} is missing"
                plan.twins.append((children[own.index(name)], message, _Place(place.item, (*place.path, name))))
        for rule, message, steps in group.wrong(own):
            plan.found.append((rule, message, _Place(place.item, (*place.path, *steps))))
        return following

    def _finding(self, rule: str, message: str, ordinal: int, place: _Place, meant: str = "") -> Finding:
        where = f"{self._form.record.name} {ordinal}"
        if place.item:
            where += f", {self._item} {place.item}"
        is_error = self._checks.level(rule) is Level.ERROR
        return Finding(rule, where, message, is_error, ordinal, place.item, place.path, meant=meant)


def _after(node: int, sizes: tuple[int, ...]) -> int:
    """The number of the node that follows ``node`` and all below it."""
    left, number = 1, node
    while left:
        left += sizes[number] - 1
        number += 1
    return number


@cache
def interpreter(form: DocumentForm, checks: Checks) -> Interpreter:
    """The compiled checks of a form; made once."""
    return Interpreter(form, checks)
