"""The report for a CI job's summary."""

from collections.abc import Iterator

from capss_mock.conformance.report import words
from capss_mock.conformance.results import Report, Tally, Verdict

_MARKS = {0: "✅", 1: "❌", 3: "⚠️", 4: "➖"}


def as_markdown(report: Report) -> str:
    """The verdict, what is not met, and the rest folded away."""
    return words.printable("\n".join(_lines(report)) + "\n")


def _lines(report: Report) -> Iterator[str]:
    yield f"## {_MARKS[report.exit_code]} {words.title(report)}: {report.word}"
    yield ""
    yield f"*{words.UNOFFICIAL}*"
    yield ""
    yield f"`{_plain(report.what, code=True)}`: {_plain(words.headline(report))} ({_plain(words.scope(report))})"
    if rests_on := words.rests_on(report):
        yield ""
        yield f"Rests on {_plain(rests_on)}"
    for section in words.sections(report):
        yield ""
        yield f"### {section.heading}"
        yield ""
        yield "| check | what was seen | where | fix | owed by |"
        yield "| --- | --- | --- | --- | --- |"
        for tally in section.tallies:
            yield _row(tally)
    rest = [
        ("Blocked", [words.blocked(each) for each in report.with_verdict(Verdict.BLOCKED)]),
        ("Excused", [f"{each.check.id}: {each.excused}" for each in report.excused]),
        ("Stale in the baseline", list(report.stale)),
        ("Could not be judged", list(report.faults)),
        ("Left out", list(report.skipped)),
        ("Not exercised", [each.check.id for each in report.with_verdict(Verdict.UNSEEN)]),
        ("Passed", [each.check.id for each in report.with_verdict(Verdict.PASS)]),
        ("What the verdict rests on", [each.words for each in report.assumed]),
    ]  # fmt: skip
    for name, rows in rest:
        if rows:
            yield ""
            yield f"<details><summary>{name} ({len(rows)})</summary>"
            yield ""
            yield from (f"- {_plain(row)}" for row in rows)
            yield ""
            yield "</details>"


def _row(tally: Tally) -> str:
    finding = words.first(tally)[1].finding
    assert finding is not None  # noqa: S101 - sections hold what was found
    check = tally.check
    cells = [
        f"**{check.id}** {check.sentence}",
        f"{finding.actual} (expected: {finding.expected})",
        words.where(tally),
        check.fix,
        f"{words.owed(check)}; {words.stimulus(words.first(tally)[0].grade)}",
    ]
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(text: str, *, code: bool = False) -> str:
    """A text that is nothing but text in a Markdown table."""
    text = " ".join(text.split())
    if code:
        return text.replace("`", "'").replace("|", "/")
    for mark in ("\\", "|", "<", "`", "["):
        text = text.replace(mark, f"\\{mark}")
    return text
