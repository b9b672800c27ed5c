"""What is asked of one element's text: its kind, its values, the filler, the law. No element name stands here.

A finding quotes a value only where it can say what was meant, and never one that identifies a person.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from lxml import etree

from capss_mock.contract.fields import (
    DEFAULT_PROFILE,
    FIREARM_WORDS,
    NO_FIREARM_WORDS,
    ON_FILE,
    PROFILES,
    Field,
    Kind,
    Need,
    Profile,
)
from capss_mock.contract.model import Level
from capss_mock.contract.rules import RULES
from capss_mock.domain import mending
from capss_mock.domain.mending import Mend

_NIL_NAMES = ("{http://www.w3.org/2001/XMLSchema-instance}nil", "xsi:nil")  # the second: its prefix is declared nowhere
BLANK = " \t\r\n"
_LOCAL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_HEIGHT = re.compile(r"[1-9](0\d|1[01])", re.ASCII)
_WEIGHT = re.compile(r"[1-9]\d{1,3}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_WORD = re.compile(r"[a-z]+")
_NIL_CONTENT = (("DOC-NIL-CONTENT", "is nil and has content", ""),)
_TEXTS = 5000  # good texts kept at most per element
_TEXT_LIMIT = 40  # characters of a text that is kept


def is_nil(element: etree._Element) -> bool:
    """Whether an element says that it is nil."""
    return any(element.get(name) in ("true", "1") for name in _NIL_NAMES)


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
    Kind.LOCAL_TIME: (is_local_time, "DOC-TIME-FORMAT", "is not a local time YYYY-MM-DDTHH:MM:SS"),
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


def _names_no_firearm(text: str) -> bool:
    text = text.lower()
    if not any(word in text for word in FIREARM_WORDS):  # the common case; a pattern of them takes ten times as long
        return True
    words = set(_WORD.findall(text))
    return words.isdisjoint(FIREARM_WORDS) or not words.isdisjoint(NO_FIREARM_WORDS)


Check = Callable[[str], bool]
"""True when a text (trimmed, not empty, not the filler) is good."""

Wrong = tuple[str, str, str]
"""The rule that is broken, what is wrong, and what was meant (empty where that is not known)."""


def _no_mend(_text: str) -> str:
    return ""


class Leaf:
    """What is asked of one element's text.

    ``good`` are short texts that have passed, since most repeat from record to record; never what may name a person.
    """

    def __init__(self, spec: Field, checks: Checks) -> None:
        self.spec = spec
        self.nil_content = spec.nillable
        self._empty = self._when_empty(checks)
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
            tests.append((_names_no_firearm, "DOC-FIREARM", "reads like a firearm"))
        self._tests = [test for test in tests if checks.wants(test[1])]
        self._mends = {} if spec.personal else mends
        # how the law wants it written, where it wants that
        nil = f'<{spec.name} xsi:nil="true"/> and <{spec.name}Text>on file</{spec.name}Text>'
        self._hidden = (ON_FILE if spec.filler else nil) if spec.personal and checks.profile.on_file else ""
        self._strict_filler = checks.wants("DOC-FILLER")
        self.good: set[str | None] = {ON_FILE} if spec.filler else set()

    def _when_empty(self, checks: Checks) -> tuple[str, ...]:
        """The rules that an empty element, and one of white space alone, break; one rule: both the same."""
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
        return not (self._tests or self._empty or self.nil_content)

    def look(self, element: etree._Element) -> Sequence[Wrong]:
        """What is wrong with the element's text."""
        raw = "".join(map(str, element.itertext())) if len(element) else element.text
        if self.nil_content and is_nil(element):
            return _NIL_CONTENT if trimmed(raw) or len(element) else ()
        if len(element) and self.spec.kind in _TYPED:
            rule, what = _KINDS[self.spec.kind][1:]
            return ((rule, what, ""),)  # whatever its text: no server reads a value out of elements
        return () if raw in self.good else self.judge(raw)

    def judge(self, raw: str | None) -> Sequence[Wrong]:
        """What is wrong with a text, none of those that are known to be good, of an element without others in it."""
        text = (raw or "").strip(BLANK)
        if not text:
            if not self._empty:
                return ()
            blank = bool(raw) and len(self._empty) > 1
            rule, what = (self._empty[-1], "holds only white space") if blank else (self._empty[0], "is empty")
            return ((rule, what, ""),)
        if self.spec.filler and " ".join(text.lower().split()) == ON_FILE:
            wrong = self._strict_filler and raw != ON_FILE
            return (("DOC-FILLER", 'is not exactly "on file"', ON_FILE),) if wrong else ()
        found: list[Wrong] = []
        for good, rule, what in self._tests:
            if not good(text):
                found.append(self._wrong(rule, what, text))
        if not found and not self.spec.personal and len(raw or "") <= _TEXT_LIMIT and len(self.good) < _TEXTS:
            self.good.add(raw or "")
        return found

    def _wrong(self, rule: str, what: str, text: str) -> Wrong:
        meant = self._mends.get(rule, _no_mend)(text) if text.isprintable() else ""
        if rule == "DOC-PERSON-DATA" or (self._hidden and rule == "DOC-DATE-FORMAT"):
            return rule, what, self._hidden
        return rule, f'"{text}" {what}' if meant else what, meant
