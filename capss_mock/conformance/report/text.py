"""The report for people at a terminal."""

import textwrap
from collections.abc import Iterator

from capss_mock.conformance.baseline import to_paste
from capss_mock.conformance.report import words
from capss_mock.conformance.results import Report, Tally, Verdict

_WIDTH = 110
_LABEL = 10
_CUT = 150  # of a timeline


def as_text(report: Report) -> str:
    """All of it: the verdict and what it rests on first, then what is not met, then the rest in few words."""
    return words.printable("\n".join(_lines(report)) + "\n")


def _lines(report: Report) -> Iterator[str]:
    yield f"{words.title(report)}. {words.UNOFFICIAL}"
    yield ""
    yield _labelled("program" if report.kind == "judge" else "server", report.what)
    yield _labelled("played", words.scope(report))
    yield _labelled("verdict", words.headline(report))
    if rests_on := words.rests_on(report):
        yield _labelled("rests on", rests_on)
    shown: dict[str, str] = {}  # the check under which a play's timeline stands
    for section in words.sections(report):
        yield ""
        yield section.heading.upper()
        for tally in section.tallies:
            yield from _tally(tally, shown)
    yield from _rest(report)


def _labelled(label: str, text: str, indent: str = "") -> str:
    lead = f"{indent}{label:<{_LABEL}}"
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _tally(tally: Tally, shown: dict[str, str]) -> Iterator[str]:
    play, result = words.first(tally)
    finding = result.finding
    assert finding is not None  # noqa: S101 - sections hold what was found
    yield f"{tally.verdict.upper()}  {tally.check.id}  {tally.check.sentence}"
    rows = [
        ("in", words.where(tally)),
        ("expected", finding.expected),
        ("actual", finding.actual),
        ("seen in", finding.seen),
        ("fix", tally.check.fix),
        ("owed by", f"{words.owed(tally.check)}; {words.stimulus(words.first(tally)[0].grade)}"),
    ]
    for label, text in rows:
        if text:
            yield _labelled(label, text, "      ")
    if play.name in shown:
        yield f"      what happened: see {shown[play.name]}"
    elif play.timeline:
        shown[play.name] = tally.check.id
        yield f"      {play.name}: {play.sentence}"
        for line in play.timeline:
            yield f"        {line}" if len(line) <= _CUT else f"        {line[:_CUT]} …"


def _rest(report: Report) -> Iterator[str]:
    blocked = report.with_verdict(Verdict.BLOCKED)
    if blocked:
        yield ""
        yield "BLOCKED (by a check that they need and that is not met)"
        for tally in blocked:
            yield f"  {words.blocked(tally)}"
    rows = [
        ("excused", [f"{each.check.id} ({each.excused})" for each in report.excused]),
        ("unseen", [each.check.id for each in report.with_verdict(Verdict.UNSEEN)]),
        ("left out", list(report.skipped)),
        ("stale", list(report.stale)),
        ("unjudged", list(report.faults)),
    ]
    if any(row for _, row in rows):
        yield ""
    for label, row in rows:
        if row:
            yield _labelled(label, "; ".join(row))
    if paste := to_paste(report):
        yield ""
        yield "To go on with these known (--baseline FILE), give a reason for each:"
        yield from (f"  {line}".rstrip() for line in paste.splitlines())
    yield ""
    yield words.headline(report)
