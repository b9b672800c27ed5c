"""A generic interpreter of the contract's fields: no element name stands here.

The fields are compiled once, for a profile and for the rules that are wanted, into groups and leaves. Most records are
built alike, so that what follows from the structure alone is worked out once and kept: for the record, for each of
its groups, and for each item.
"""

from collections.abc import Iterable
from functools import cache
from itertools import islice

from lxml import etree

from capss_mock.contract.fields import ELEMENT_LIMIT, DocumentForm
from capss_mock.contract.model import Level
from capss_mock.domain.reading import Finding
from capss_mock.domain.structure import Group, Path, Plan, plan_top, plan_whole
from capss_mock.domain.values import Checks, is_nil

_PLANS = 2000  # kept at most per form
_PLAN_LIMIT = 500  # elements of what has a plan that is kept
_NAMES_LIMIT = 8192  # characters of its names
_KNOWN = 100  # elements that are remembered whole
_KNOWN_LIMIT = 8192  # bytes of one that is
_TRIES = 100

Texts = tuple[str | None, ...]
"""The wanted texts of an item, in the order of their names; None where there is none."""


class _TooManyError(Exception):
    """The record has more elements than are looked at."""


class _Known:
    """Remembers elements, as they are written, in which nothing was found: the customers who are all on file."""

    def __init__(self) -> None:
        self._good: set[bytes] = set()
        self._hits = self._misses = 0

    def has(self, written: bytes) -> bool:
        if written in self._good:
            self._hits += 1
            return True
        self._misses += 1
        return False

    def add(self, written: bytes) -> None:
        if len(self._good) < _KNOWN and len(written) <= _KNOWN_LIMIT:
            self._good.add(written)

    @property
    def pays(self) -> bool:
        """Whether writing elements down to compare them has been worth it."""
        return self._misses < _TRIES + self._hits


class _Look:
    """One look at one record: what was found so far, and how many elements may still come."""

    __slots__ = ("found", "items", "left", "ordinal")

    def __init__(self, ordinal: int) -> None:
        self.ordinal = ordinal
        self.found: list[Finding] = []
        self.items: list[Texts] = []
        self.left = ELEMENT_LIMIT

    def nodes(self, elements: Iterable[etree._Element]) -> list[etree._Element]:
        """These elements, unless they are more than the record may still have."""
        nodes = list(islice(elements, self.left + 1))
        self.left -= len(nodes)
        if self.left < 0:
            raise _TooManyError
        return nodes


class Interpreter:
    """Checks records of one form of document.

    Args:
        wanted: the names of an item's elements whose texts are given back.
    """

    def __init__(self, form: DocumentForm, checks: Checks, wanted: tuple[str, ...]) -> None:
        self._checks = checks
        self._form = form
        self.group = Group(form.record, checks)
        self._item = form.item.name if form.items else ""
        self._wanted = wanted
        self._plans: dict[tuple[int, tuple[str, ...], tuple[int, ...]], Plan] = {}
        self._known: dict[int, _Known] = {}

    def check(self, record: etree._Element, ordinal: int) -> tuple[list[Finding], list[Texts]]:
        """Everything that is wrong with a record, and the wanted texts of its items."""
        look = _Look(ordinal)
        try:
            if self._item:
                self._outer(self.group, record, look, ())
            else:
                look.items.append(self._inner(self.group, record, look, 0, ()))
        except _TooManyError:
            return [self._finding("DOC-LIMIT", f"has more than {ELEMENT_LIMIT:,} elements", ordinal, 0, ())], []
        return look.found, look.items

    def _outer(self, group: Group, element: etree._Element, look: _Look, path: Path) -> None:
        """Check, part by part, the record and what holds its items."""
        nodes = look.nodes(element)
        nodes.insert(0, element)
        plan = self._plan(group, nodes, whole=False)
        self._run(plan, nodes, look, 0, path)
        parts = 0
        for number, part, name in plan.parts:
            parts += 1
            if part.spec.name == self._item:
                look.items.append(self._inner(part, nodes[number], look, len(look.items) + 1, ()))
            elif part.holds_items:
                self._outer(part, nodes[number], look, (*path, name))
            else:
                self._inner(part, nodes[number], look, 0, (*path, name))
        if parts < len(nodes) - 1:  # what belongs to no part counts, too
            apart = {number for number, _, _ in plan.parts}
            for number, node in enumerate(nodes[1:], 1):
                if number not in apart and len(node):
                    look.nodes(node.iter())

    def _inner(self, group: Group, element: etree._Element, look: _Look, item: int, path: Path) -> Texts:
        """Check an element and all below it; gives the wanted texts."""
        written = b""
        if group.repeats and (known := self._known.setdefault(id(group), _Known())).pays:
            written = etree.tostring(element, encoding="utf-8", with_tail=False)
            if known.has(written):
                return ()
        nodes = look.nodes(element.iter())
        plan = self._plan(group, nodes, whole=True)
        before = len(look.found)
        self._run(plan, nodes, look, item, path)
        if written and len(look.found) == before:
            known.add(written)
        return tuple([nodes[number].text if number >= 0 else None for number in plan.wanted])

    def _run(self, plan: Plan, nodes: list[etree._Element], look: _Look, item: int, path: Path) -> None:
        for number, good, leaf, below in plan.texts:
            text = nodes[number].text
            if text not in good:
                for rule, what, meant in leaf.judge(text):
                    message = f"{leaf.spec.name} {what}"
                    look.found.append(self._finding(rule, message, look.ordinal, item, (*path, *below), meant))
        for number, leaf, below in plan.others:
            for rule, what, meant in leaf.look(nodes[number]):
                message = f"{leaf.spec.name} {what}"
                look.found.append(self._finding(rule, message, look.ordinal, item, (*path, *below), meant))
        for number, message, below in plan.twins:
            if is_nil(nodes[number]):
                look.found.append(self._finding("DOC-NIL-TWIN", message, look.ordinal, item, (*path, *below)))
        for rule, message, below in plan.found:
            look.found.append(self._finding(rule, message, look.ordinal, item, (*path, *below)))

    def _plan(self, group: Group, nodes: list[etree._Element], *, whole: bool) -> Plan:
        """The plan for an element and its children (``nodes``) or, with ``whole``, for it and all below it."""
        # with the names in document order, they tell the structure
        names, sizes = tuple([node.tag for node in nodes]), tuple(map(len, nodes))
        key = (id(group), names, sizes)
        plan = self._plans.get(key)
        if plan is None:
            plan = plan_whole(group, names, sizes, self._wanted) if whole else plan_top(group, names, sizes)
            if len(nodes) <= _PLAN_LIMIT and sum(map(len, names)) <= _NAMES_LIMIT and len(self._plans) < _PLANS:
                self._plans[key] = plan
        return plan

    def _finding(self, rule: str, message: str, ordinal: int, item: int, path: Path, meant: str = "") -> Finding:
        where = f"{self._form.record.name} {ordinal}"
        if item:
            where += f", {self._item} {item}"
        is_error = self._checks.level(rule) is Level.ERROR
        return Finding(rule, where, message, is_error, ordinal, item, path, meant=meant)


@cache
def interpreter(form: DocumentForm, checks: Checks, wanted: tuple[str, ...]) -> Interpreter:
    """The compiled checks of a form; made once."""
    return Interpreter(form, checks, wanted)
