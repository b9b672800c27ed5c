"""The report as one HTML file, to hand on: no script, nothing from the network; light and dark, narrow, on paper."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from capss_mock import __version__
from capss_mock.conformance.report import words
from capss_mock.conformance.results import Play, Report, Result, Tally, Verdict

_STYLE = Path(__file__).with_name("report.css")
_ALL = 10**6
_KEYS = {Verdict.FAIL: "fail", Verdict.WARN: "warn", Verdict.INFO: "info", Verdict.PASS: "pass"}
_VERDICT_KEYS = {0: "pass", 1: "fail", 3: "warn", 4: "warn"}


def as_html(report: Report) -> str:
    """The whole page."""
    return words.printable("\n".join(_page(report)) + "\n")


def _page(report: Report) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{_text(words.title(report))}: {report.word}</title>"
    yield f"<style>\n{_STYLE.read_text('utf-8')}</style>"
    yield "</head>"
    yield "<body>"
    yield "<main>"
    yield f"<h1>{_text(words.title(report))}</h1>"
    yield f'<p class="notice">{_text(words.UNOFFICIAL)}</p>'
    yield f'<p class="verdict {_VERDICT_KEYS[report.exit_code]}">{_text(words.headline(report))}</p>'
    yield "<dl>"
    rows = [
        ("Program" if report.kind == "judge" else "Server", report.what),
        ("Played", words.scope(report)),
        ("Kit", __version__),
        ("Rests on", words.rests_on(report)),
    ]
    yield from (f"<dt>{name}</dt><dd>{_text(text)}</dd>" for name, text in rows if text)
    yield "</dl>"
    yield from _assumed(report)
    shown: dict[str, str] = {}  # the check under which a play's timeline stands
    for section in words.sections(report):
        yield f"<section><h2>{section.heading}</h2>"
        for tally in section.tallies:
            yield from _tally(tally, shown)
        yield "</section>"
    yield from _lists(report)
    yield from _checks(report)
    yield from _plays(report)
    yield "</main>"
    yield "</body>"
    yield "</html>"


def _text(text: str) -> str:
    return escape(text)


def _assumed(report: Report) -> Iterator[str]:
    if report.assumed:
        yield f"<details><summary>These {len(report.assumed)} open questions in full</summary><ul>"
        yield from (f"<li>{_text(each.words)}</li>" for each in report.assumed)
        yield "</ul></details>"


def _tally(tally: Tally, shown: dict[str, str]) -> Iterator[str]:
    play, result = words.first(tally)
    finding = result.finding
    assert finding is not None  # noqa: S101 - sections hold what was found
    key = _KEYS[tally.verdict]
    yield f'<article class="{key}"><h3><span class="tag {key}">{tally.verdict}</span> {tally.check.id}</h3>'
    yield f"<p>{_text(tally.check.sentence)}</p><dl>"
    rows = [
        ("In", words.where(tally, _ALL)),
        ("Expected", finding.expected),
        ("Actual", finding.actual),
        ("Seen in", finding.seen),
        ("How to fix", tally.check.fix),
        ("Owed by", f"{words.owed(tally.check)}; {words.stimulus(words.first(tally)[0].grade)}"),
    ]
    yield from (f"<dt>{name}</dt><dd>{_text(text)}</dd>" for name, text in rows if text)
    yield "</dl>"
    yield from _timeline(play, tally.check.id, shown)
    yield "</article>"


def _timeline(play: Play, check: str, shown: dict[str, str]) -> Iterator[str]:
    if play.name in shown:
        yield f"<p>{_text(play.name)}: {_text(play.sentence)} What happened: see {shown[play.name]}.</p>"
    elif play.timeline:
        shown[play.name] = check
        lines = "\n".join(map(_text, play.timeline))
        yield f'<p>{_text(play.name)}: {_text(play.sentence)}</p><pre tabindex="0">{lines}</pre>'


def _lists(report: Report) -> Iterator[str]:
    rows = [
        ("Excused by the baseline", [f"{each.check.id}: {each.excused}" for each in report.excused]),
        ("Stale in the baseline", list(report.stale)),
        ("Could not be judged", list(report.faults)),
        ("Left out", list(report.skipped)),
    ]
    for name, texts in rows:
        if texts:
            yield f"<section><h2>{name}</h2><ul>"
            yield from (f"<li>{_text(each)}</li>" for each in texts)
            yield "</ul></section>"


def _checks(report: Report) -> Iterator[str]:
    yield "<section><h2>All checks</h2>"
    yield '<div class="wide" tabindex="0" role="region" aria-label="All checks"><table>'
    yield '<tr><th scope="col">Verdict</th><th scope="col">Check</th><th scope="col">Of a good one</th>'
    yield '<th scope="col">Owed by</th><th scope="col">Stimulus</th></tr>'
    for tally in report.tallies:
        check, key = tally.check, "info" if tally.excused else _KEYS.get(tally.verdict, "")
        word = f"excused ({tally.verdict})" if tally.excused else str(tally.verdict)
        if tally.verdict is Verdict.BLOCKED:
            word += f" by {', '.join(tally.plays[0][1].blocked_by)}"
        yield f'<tr><td><span class="tag {key}">{_text(word)}</span></td><th scope="row">{check.id}</th>'
        yield f"<td>{_text(check.sentence)}</td><td>{_text(words.owed(check))}</td><td>{check.stimulus}</td></tr>"
    yield "</table></div></section>"


def _plays(report: Report) -> Iterator[str]:
    yield f"<section><h2>{'Scenarios' if report.kind == 'judge' else 'What was asked'}</h2>"
    for play in report.plays:
        bad = [each for each in play.results if each.verdict.is_finding]
        worst = next((_KEYS[each.verdict] for each in sorted(bad, key=_rank)), "pass")
        told = " · ".join(filter(None, [play.said, play.held]))
        yield f'<details><summary><span class="tag {worst}">{worst}</span> {_text(play.name)}'
        yield f"<small>{_text(told)}</small></summary>"
        yield f"<p>{_text(play.sentence)} (that CAPSS does this is {play.grade})</p>"
        if bad:
            yield "<ul>"
            yield from (
                f"<li>{each.verdict} {each.check.id}: {_text(each.finding.actual)}</li>" for each in bad if each.finding
            )
            yield "</ul>"
        if play.timeline:
            lines = "\n".join(map(_text, play.timeline))
            yield f'<pre tabindex="0">{lines}</pre>'
        yield "</details>"
    yield "</section>"


def _rank(result: Result) -> int:
    return (Verdict.FAIL, Verdict.WARN, Verdict.INFO).index(result.verdict)
