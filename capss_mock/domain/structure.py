"""What is asked of one element's children, and the plan that follows for all elements built alike.

No element name stands here.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from capss_mock.contract.fields import Field, Kind, Need
from capss_mock.domain.values import Checks, Leaf

_NAME_LIMIT = 40  # characters of an unknown name that are shown

Names = tuple[str, ...]
Sizes = tuple[int, ...]
Path = tuple[str, ...]


class Group:
    """What is asked of one element's children."""

    def __init__(self, spec: Field, checks: Checks) -> None:
        self.spec = spec
        self.holds_items = any(each.many for each in spec.fields)
        self.names = {each.name: number for number, each in enumerate(spec.fields)}
        groups = {each.name: Group(each, checks) for each in spec.fields if each.kind is Kind.GROUP}
        leaves = {each.name: Leaf(each, checks) for each in spec.fields if each.kind is not Kind.GROUP}
        self.watched: dict[str, Leaf | Group] = {name: leaf for name, leaf in leaves.items() if not leaf.idle}
        self.watched |= groups
        # where all is on file, every customer is written alike
        personal = all(each.personal for each in spec.fields if each.kind is not Kind.GROUP)
        self.repeats = checks.profile.on_file and checks.wants("DOC-PERSON-DATA") and personal
        on_file = checks.profile.on_file
        self.fillers = frozenset(each.name for each in spec.fields if on_file and each.personal and each.filler)
        self._many = frozenset(each.name for each in spec.fields if each.many)
        self._required = frozenset(
            each.name
            for each in spec.fields
            if each.need is Need.ALWAYS or (each.need is Need.DETAILS and checks.profile.details)
        )
        self._instead = {
            each.name: each.either
            for each in spec.fields
            if each.either and (checks.profile.old_names or not each.either_old)
        }
        self._old = {each.either: each.name for each in spec.fields if each.either_old and not checks.profile.old_names}
        wants_reference = checks.profile.reference and checks.wants("DOC-REFERENCE")
        self._expected = [each.name for each in spec.fields if each.need is Need.REFERENCE and wants_reference]
        self._twins = [(each.name, each.twin) for each in spec.fields if each.twin and checks.wants("DOC-NIL-TWIN")]
        self._ordered = spec.ordered and checks.wants("DOC-ORDER")
        self.strangers = checks.wants("DOC-UNKNOWN-ELEMENT")
        self._by_letters = {letters(name): name for name in self.names}

    def twins(self, names: Names) -> Iterator[tuple[str, str]]:
        """Of these names of children: the one that may be nil, and the missing one that should then be beside it."""
        return ((name, twin) for name, twin in self._twins if name in names and twin not in names)

    def wrong(self, names: Names) -> Iterator[tuple[str, str, Path]]:
        """What is wrong with these names of children: rule, message, and the step to the child it is about."""
        seen = set(names)
        gone = (name for name in self._required - seen if self._instead.get(name) not in seen)
        for name in sorted(gone, key=self.names.__getitem__):
            yield "DOC-REQUIRED", f"{name} is missing", ()
        for name in self._expected:
            if name not in seen:
                yield "DOC-REFERENCE", f"{name} is missing", ()
        if self.strangers:
            for name in sorted(seen - self.names.keys()):
                yield "DOC-UNKNOWN-ELEMENT", f"{shown(name)} is not known{self._close(name, seen)}", (name,)
            for name in sorted(seen & self._old.keys()):
                yield "DOC-THUMBPRINT", f"{name} is the old name of {self._old[name]}", (name,)
            for name in sorted(seen & self.names.keys() - self._many):
                if names.count(name) > 1:
                    yield "DOC-REPEATED", f"{name} is there {names.count(name)} times", (f"{name}[2]",)
        if self._ordered:
            known = [name for name in names if name in self.names]
            for before, name in pairwise(known):
                if self.names[name] < self.names[before]:
                    yield "DOC-ORDER", f"{name} stands too late", (name,)
                    break

    def _close(self, name: str, seen: set[str]) -> str:
        """Words about the known element that is missing and may have been meant."""
        meant = self._by_letters.get(letters(name), "")
        return f": is {meant} meant?" if meant and meant not in seen else ""


def letters(name: str) -> str:
    """What is left of a name when its spelling (capitals, _, -) is left out."""
    return "".join(filter(str.isalnum, name[:_NAME_LIMIT])).lower()


def shown(name: str) -> str:
    """A name that only the document knows, in a form that suits a line of text."""
    return name if len(name) <= _NAME_LIMIT and name.isprintable() else "an element"


def step(name: str, occurrence: int) -> str:
    """A step of a finding's path: the name, with its number among its like-named siblings from the second on."""
    return name if occurrence == 1 else f"{name}[{occurrence}]"


@dataclass(slots=True)
class Plan:
    """What is to be done with every element of one structure; nodes are numbered in document order.

    Paths are those below the element that is planned.
    """

    texts: list[tuple[int, set[str | None], Leaf, Path]] = field(default_factory=list)  # with no elements in them
    others: list[tuple[int, Leaf, Path]] = field(default_factory=list)  # with some, or perhaps nil
    twins: list[tuple[int, str, Path]] = field(default_factory=list)  # what may be nil, and a message
    found: list[tuple[str, str, Path]] = field(default_factory=list)  # rule, message
    parts: list[tuple[int, Group, str]] = field(default_factory=list)  # planned apart; and their step
    wanted: list[int] = field(default_factory=list)  # nodes whose texts are wanted; -1: not there


def plan_whole(group: Group, names: Names, sizes: Sizes, wanted: Names) -> Plan:
    """Plan for an element and all below it.

    Args:
        names: of the element and all below it, in document order.
        sizes: how many children each has.
        wanted: names of children whose texts are wanted.
    """
    plan = Plan()
    _walk(plan, group, 0, names, sizes, ())
    first = {name: number for number, name in reversed(_children(0, names, sizes))}
    plan.wanted = [first.get(name, -1) for name in wanted]
    return plan


def plan_top(group: Group, names: Names, sizes: Sizes) -> Plan:
    """Plan for an element and its children, whose groups are planned apart; names and sizes are of these alone."""
    plan = Plan()
    counts: Counter[str] = Counter()
    children = list(enumerate(names))[1:]
    for number, name in children:
        counts[name] += 1
        below = step(name, counts[name])
        watch = group.watched.get(name)
        if isinstance(watch, Group):
            plan.parts.append((number, watch, below))
        else:
            _leaf(plan, group, watch, number, name, sizes[number], (below,))
    _together(plan, group, children, ())
    return plan


def _walk(plan: Plan, group: Group, node: int, names: Names, sizes: Sizes, path: Path) -> None:
    counts: Counter[str] = Counter()
    children = _children(node, names, sizes)
    for child, name in children:
        counts[name] += 1
        below = (*path, step(name, counts[name]))
        watch = group.watched.get(name)
        if isinstance(watch, Group):
            _walk(plan, watch, child, names, sizes, below)
        else:
            _leaf(plan, group, watch, child, name, sizes[child], below)
    _together(plan, group, children, path)


def _leaf(plan: Plan, group: Group, watch: Leaf | None, number: int, name: str, size: int, path: Path) -> None:
    if watch is not None and (size or watch.nil_content):
        plan.others.append((number, watch, path))
    elif watch is not None:
        plan.texts.append((number, watch.good, watch, path))
    if group.strangers and size and name in group.names:
        plan.found.append(("DOC-UNKNOWN-ELEMENT", f"{name} holds elements where a text belongs", path))


def _together(plan: Plan, group: Group, children: list[tuple[int, str]], path: Path) -> None:
    """What the children of an element are to each other."""
    own = tuple(name for _, name in children)
    for name, twin in group.twins(own):
        plan.twins.append((children[own.index(name)][0], f"{name} is nil and {twin} is missing", (*path, name)))
    for rule, message, steps in group.wrong(own):
        plan.found.append((rule, message, (*path, *steps)))


def _children(node: int, names: Names, sizes: Sizes) -> list[tuple[int, str]]:
    """The numbers and names of an element's children."""
    children = []
    following = node + 1
    for _ in range(sizes[node]):
        children.append((following, names[following]))
        following = _after(following, sizes)
    return children


def _after(node: int, sizes: Sizes) -> int:
    """The number of the node that follows ``node`` and all below it."""
    left, number = 1, node
    while left:
        left += sizes[number] - 1
        number += 1
    return number
