"""What was found: per check and play, and what follows from all of it."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from capss_mock.contract.checks import Check, Severity
from capss_mock.contract.model import Grade


class Verdict(enum.StrEnum):
    """What came of a check."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    INFO = "info"
    BLOCKED = "blocked"  # another check that it needs is not met
    UNSEEN = "not exercised"  # nothing happened by which it could be told

    @property
    def is_finding(self) -> bool:
        """Whether something is not met."""
        return self in (Verdict.FAIL, Verdict.WARN, Verdict.INFO)


_BY_SEVERITY = {Severity.FAIL: Verdict.FAIL, Severity.WARN: Verdict.WARN, Severity.INFO: Verdict.INFO}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a judge found to be not met: what was expected, what was seen instead, and in which request.

    ``weight``: which of several to show first, the heaviest.
    """

    expected: str
    actual: str
    seen: str = ""
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check in one play; ``blocked_by`` are the checks that are not met, and that it
    needs, or that what it needs does."""

    check: Check
    verdict: Verdict
    finding: Finding | None = None
    blocked_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Play:
    """One scenario (or one group of a server's checks), played once.

    ``name`` tells it from the others; ``grade`` is how sure we are that CAPSS does this; ``said`` what the program
    told; ``held`` what the server held in the end; ``timeline`` what happened, a line each.
    """

    name: str
    sentence: str
    outcome: str
    grade: Grade
    results: tuple[Result, ...]
    timeline: tuple[str, ...] = ()
    said: str = ""
    held: str = ""
    seconds: float = 0
    dialect: str = ""
    operation: str = ""
    hopeless: bool = False  # the program was killed, and had asked for nothing


@dataclass(frozen=True, slots=True)
class Tally:
    """One check over all plays: the worst verdict, and the plays with each."""

    check: Check
    verdict: Verdict
    plays: tuple[tuple[Play, Result], ...] = ()  # those with that verdict
    excused: str = ""  # the reason that the baseline gives


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that nobody outside the DOJ knows, how it is taken here, and how well that is known."""

    id: str
    question: str
    setting: str
    grade: Grade

    @property
    def words(self) -> str:
        """In a sentence."""
        return f"{self.question} {self.setting} [{self.grade}] ({self.id})"


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, for whoever writes it down.

    ``what`` is the program or server; ``kind`` is ``judge`` or ``verify``; ``assumed`` what the verdict rests on;
    ``partial`` why this run cannot be a pass; ``stale`` entries of the baseline that no longer hold; ``skipped`` what
    could not be played, and why; ``faults`` what went wrong in the kit itself.
    """

    kind: str
    what: str
    plays: tuple[Play, ...]
    tallies: tuple[Tally, ...]
    seconds: float = 0
    strict: bool = False
    partial: str = ""
    stale: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    assumed: tuple[Assumption, ...] = ()
    setting: dict[str, str] = field(default_factory=dict)

    def with_verdict(self, *verdicts: Verdict) -> list[Tally]:
        """The checks with one of these verdicts."""
        return [each for each in self.tallies if not each.excused and each.verdict in verdicts]

    @property
    def excused(self) -> list[Tally]:
        """The checks that are not met, and that the baseline excuses."""
        return [each for each in self.tallies if each.excused]

    @property
    def failed(self) -> bool:
        """Whether something is not met that must be."""
        bad = (Verdict.FAIL, Verdict.WARN) if self.strict else (Verdict.FAIL,)
        return bool(self.with_verdict(*bad) or self.stale)

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 fault of the kit, 4 partial."""
        if self.failed:
            return 1
        if self.faults:
            return 3
        return 4 if self.partial or not self.plays else 0

    @property
    def word(self) -> str:
        """The exit code in a word."""
        return {0: "pass", 1: "fail", 3: "fault of the kit", 4: "partial"}[self.exit_code]


_ORDER = (Verdict.FAIL, Verdict.WARN, Verdict.INFO, Verdict.PASS, Verdict.BLOCKED, Verdict.UNSEEN)


def concluded(found: dict[str, Finding | bool | None], checks: Iterable[Check]) -> tuple[Result, ...]:
    """The results of one play from what the judges say: a finding, True (met), or None or False (nothing to tell by).

    A check that needs one that is not met is blocked, and blocks those that need it.
    """
    results: dict[str, Result] = {}

    def result(check: Check, by_id: dict[str, Check]) -> Result:
        if check.id in results:
            return results[check.id]
        needed = [result(by_id[each], by_id) for each in check.needs if each in by_id]
        unmet = tuple(each.check.id for each in needed if each.verdict is Verdict.BLOCKED or each.verdict.is_finding)
        roots = [id_ for each in needed for id_ in (each.blocked_by or (each.check.id,)) if each.check.id in unmet]
        said = found.get(check.id)
        if said is None or said is False:
            made = Result(check, Verdict.UNSEEN)
        elif unmet:
            made = Result(check, Verdict.BLOCKED, None, tuple(dict.fromkeys(roots)))
        elif isinstance(said, Finding):
            made = Result(check, _BY_SEVERITY[check.severity], said)
        else:
            made = Result(check, Verdict.PASS)
        results[check.id] = made
        return made

    chosen = {check.id: check for check in checks}
    return tuple(result(check, chosen) for check in chosen.values())


def tallied(plays: Sequence[Play], checks: Iterable[Check]) -> tuple[Tally, ...]:
    """Each check over all plays."""
    found: dict[str, list[tuple[Play, Result]]] = {}
    for play in plays:
        for result in play.results:
            found.setdefault(result.check.id, []).append((play, result))
    tallies = []
    for check in checks:
        pairs = found.get(check.id, [])
        worst = next((each for each in _ORDER if any(pair[1].verdict is each for pair in pairs)), Verdict.UNSEEN)
        tallies.append(Tally(check, worst, tuple(pair for pair in pairs if pair[1].verdict is worst)))
    return tuple(tallies)
