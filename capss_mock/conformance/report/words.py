"""What all reports say, in the same words."""

from dataclasses import dataclass

from capss_mock.conformance.results import Play, Report, Result, Tally, Verdict
from capss_mock.contract.checks import Check
from capss_mock.contract.model import Grade

UNOFFICIAL = "Unofficial: no affiliation with the California DOJ. Passing is no certification."
_TELLING = 4  # lines of a timeline
_TITLES = {"judge": "capss-mock judge", "verify": "capss-mock verify"}


def title(report: Report) -> str:
    """Of which command it is."""
    return _TITLES[report.kind]


def printable(text: str) -> str:
    """A text without what would steer a terminal, or cannot be written: programs and file names may bring it in."""
    return "".join(char if char == "\n" or char.isprintable() else "\ufffd" for char in text)


def count(number: int, one: str, many: str = "") -> str:
    """``1 check``, ``2 checks``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def headline(report: Report) -> str:
    """The verdict in one sentence."""
    failed = report.with_verdict(Verdict.FAIL)
    warned = report.with_verdict(Verdict.WARN)
    passed = report.with_verdict(Verdict.PASS)
    parts = [f"{len(failed)} failed", count(len(warned), "warning"), f"{len(passed)} passed"]
    if report.excused:
        parts.append(
            f"{len(report.excused)} excused by the baseline ({', '.join(each.check.id for each in report.excused)})"
        )
    for verdict, word in ((Verdict.BLOCKED, "blocked"), (Verdict.UNSEEN, "not exercised")):
        if found := report.with_verdict(verdict):
            parts.append(f"{len(found)} {word}")
    more = f"; {report.partial}" if report.partial else ""
    more += f"; {count(len(report.stale), 'stale entry', 'stale entries')} in the baseline" if report.stale else ""
    more += f"; {count(len(report.faults), 'play')} could not be judged" if report.faults else ""
    strict = " (--strict: warnings count)" if report.strict else ""
    return f"{report.word.upper()}{strict}: of {count(len(report.tallies), 'check')} {', '.join(parts)}{more}"


def scope(report: Report) -> str:
    """What was played."""
    unit = "scenario" if report.kind == "judge" else "group"
    setting = "".join(f", {name} {value}" for name, value in report.setting.items())
    return f"{count(len(report.plays), unit)}{setting}; {report.seconds:.0f} s"


def rests_on(report: Report) -> str:
    """What only the DOJ can answer, and how it is taken here, in few words; empty for nothing."""
    unknown = [f"{each.id}={each.setting} [{each.grade.letter}]" for each in report.assumed if each.grade.unverified]
    if not unknown:
        return ""
    return f"what only the DOJ can answer (assumed or inferred; capss-mock switches): {', '.join(unknown)}"


def owed(check: Check) -> str:
    """Why it is owed, and how sure we are that it can happen."""
    cited = "; ".join(f"{each.source}: {each.where}" for each in check.citations)
    return f"{check.obligation.words} ({cited})"


def stimulus(grade: Grade) -> str:
    """How sure we are that CAPSS puts anybody into this situation."""
    return f"that CAPSS does this is {grade}" if grade.unverified else f"the situation is {grade}"


def first(tally: Tally) -> tuple[Play, Result]:
    """The play to be shown for a check: the worst, of those the best known, in which not too much happens."""

    def rank(pair: tuple[Play, Result]) -> tuple[int, int, bool, int]:
        play, result = pair
        weight = result.finding.weight if result.finding else 0
        return -weight, "DOIA".index(play.grade.letter), len(play.timeline) < _TELLING, len(play.timeline)

    return min(tally.plays, key=rank)


def where(tally: Tally, most: int = 6) -> str:
    """In which plays, the shown one first."""
    shown = first(tally)[0].name
    others = [play.name for play, _ in tally.plays if play.name != shown]
    cut = ", …" if len(others) > most else ""
    return shown + (f" and {len(others)} more: {', '.join(others[:most])}{cut}" if others else "")


def in_full(result: Result, grade: Grade) -> str:
    """What was found in one play, a line for each thing; ``grade``: how sure we are that CAPSS does this."""
    finding, check = result.finding, result.check
    assert finding is not None  # noqa: S101 - it is one that was found
    seen = f"\n  seen in: {finding.seen}" if finding.seen else ""
    return (
        f"{result.verdict.upper()} {check.id}: {check.sentence}\n  expected: {finding.expected}\n"
        f"  actual: {finding.actual}{seen}\n  fix: {check.fix}\n"
        f"  owed by: {owed(check)}; {stimulus(grade)}"
    )


def blocked(tally: Tally) -> str:
    """A check that could not be told, and what it waits for."""
    return f"{tally.check.id} by {', '.join(tally.plays[0][1].blocked_by)}"


@dataclass(frozen=True, slots=True)
class Section:
    """Checks under a heading."""

    heading: str
    tallies: tuple[Tally, ...]


def sections(report: Report) -> list[Section]:
    """What is not met: truth first, then failures, warnings, notes."""
    failed = report.with_verdict(Verdict.FAIL)
    truth = tuple(each for each in failed if each.check.area == "truth")
    others = tuple(each for each in failed if each.check.area != "truth")
    found = [
        Section("Truth", truth),
        Section("Failures", others),
        Section("Warnings", tuple(report.with_verdict(Verdict.WARN))),
        Section("Notes", tuple(report.with_verdict(Verdict.INFO))),
    ]
    return [each for each in found if each.tallies]
