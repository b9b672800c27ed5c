"""The vocabulary of the contract: grades, sources, citations, operations, rules, switches."""

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Grade(enum.StrEnum):
    """How well a statement about CAPSS is known; the letter is its short form."""

    DOCUMENTED = "documented"  # the DOJ's sheet, another DOJ or legal text, or a normative RFC sentence
    OBSERVED = "observed"  # a real integrator's public client sends it or relies on it
    INFERRED = "inferred"  # follows from the server stack the documents reveal, or from an example by reasoning
    ASSUMED = "assumed"  # this project's own choice where nothing is known

    @property
    def letter(self) -> str:
        """``D``, ``O``, ``I`` or ``A``."""
        return self.value[0].upper()

    @property
    def unverified(self) -> bool:
        """True where only the DOJ, or its unread document, can say whether it is so."""
        return self in (Grade.INFERRED, Grade.ASSUMED)


@dataclass(frozen=True, slots=True)
class Source:
    """Where knowledge comes from: ``read`` says how far and ``read_on`` when (ISO date, or None if unread)."""

    id: str
    title: str
    publisher: str
    address: str | None
    read: str
    read_on: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a source (the source's id, and a step, section or clause in it)."""

    source: str
    where: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint. ``generation`` is ``new``, ``old`` or ``both``; ``part`` the multipart part it takes, if any."""

    id: str
    kind: str
    method: str
    path: str
    generation: str
    grade: Grade
    citations: tuple[Citation, ...]
    part: str | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes over the wire for a rule.

    ``body`` is literal text; None stands for the error JSON of the web layer. Header values may hold ``{name}``
    placeholders for what only the moment knows (an expiry time, say). ``close`` adds ``Connection: close``.
    """

    status: int
    body: str | None = ""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    close: bool = False


class Level(enum.StrEnum):
    """What kind of statement a rule is."""

    BEHAVIOUR = "behaviour"  # how the server acts or what a reply looks like
    REFUSAL = "refusal"  # a request that is answered with an error
    ERROR = "error"  # a document no server could take
    WARNING = "warning"  # a document that is doubtful


@dataclass(frozen=True, slots=True)
class Rule:
    """One graded statement with a stable id; ids are never reused. ``hint`` tells an integrator how to mend it.

    ``otherwise`` names, by option of ``switch``, the rule that answers instead.
    """

    id: str
    level: Level
    grade: Grade
    sentence: str
    citations: tuple[Citation, ...]
    answer: Answer | None = None
    hint: str = ""
    switch: str | None = None
    otherwise: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a switch.

    ``argument`` names what follows a colon: a number (``polls:N``), or with ``is_name`` an XML name (``name:NAME``).
    """

    value: str
    meaning: str
    grade: Grade = Grade.ASSUMED
    argument: str | None = None
    whole: bool = True
    is_name: bool = False

    @property
    def form(self) -> str:
        """How the option is written: ``hold`` or ``polls:N``."""
        return f"{self.value}:{self.argument}" if self.argument else self.value


@dataclass(frozen=True, slots=True)
class Choice:
    """A switch's setting, read: the option's value, and its number or name where it has one."""

    value: str
    number: float | None = None
    name: str = ""

    def __str__(self) -> str:
        if self.name:
            return f"{self.value}:{self.name}"
        if self.number is None:
            return self.value
        number = int(self.number) if self.number.is_integer() else self.number
        return f"{self.value}:{number}"

    @property
    def count(self) -> int:
        """The number of an option that has one, as an int."""
        assert self.number is not None, self.value  # noqa: S101 - a programming error, not input
        return int(self.number)


@dataclass(frozen=True, slots=True)
class Switch:
    """An open question about CAPSS: its options, our default, and who says what."""

    id: str
    question: str
    options: tuple[Option, ...]
    default: str
    citations: tuple[Citation, ...] = field(default=())

    def read(self, text: str) -> Choice:
        """Read a setting such as ``hold`` or ``polls:3``.

        Raises:
            ValueError: with the allowed forms, when the text is none of them.
        """
        value, colon, argument = text.strip().partition(":")
        for option in self.options:
            if option.value != value or bool(colon) != bool(option.argument):
                continue
            if not option.argument:
                return Choice(value)
            if option.is_name:
                if re.fullmatch(r"[A-Za-z_][\w.-]{0,99}", argument):
                    return Choice(value, name=argument)
            elif re.fullmatch(r"[0-9]{1,12}" if option.whole else r"[0-9]{1,9}(\.[0-9]{1,6})?", argument):
                return Choice(value, float(argument))
        allowed = ", ".join(option.form for option in self.options)
        raise ValueError(f"switch {self.id!r} cannot be {text!r}: allowed are {allowed}")


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=_Identified)


def by_id(rows: Iterable[Row]) -> dict[str, Row]:
    """Index rows by their id; an id given twice is a mistake in the contract and stops the import."""
    index: dict[str, Row] = {}
    for row in rows:
        if row.id in index:
            raise ValueError(f"contract id {row.id!r} is used twice")
        index[row.id] = row
    return index
