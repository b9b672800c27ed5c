"""The report for programs: version 1, described by ``report-1.schema.json`` beside this file."""

from typing import Any

from capss_mock import __version__
from capss_mock.conformance.report import words
from capss_mock.conformance.results import Play, Report, Result, Tally
from capss_mock.contract.checks import Check

VERSION = 1


def as_json(report: Report) -> dict[str, Any]:
    """All of it, as JSON values."""
    return {
        "version": VERSION,
        "kit": __version__,
        "kind": report.kind,
        "notice": words.UNOFFICIAL,
        "what": report.what,
        "verdict": report.word,
        "exit_code": report.exit_code,
        "headline": words.headline(report),
        "strict": report.strict,
        "partial": report.partial or None,
        "seconds": round(report.seconds, 2),
        "setting": dict(report.setting),
        "assumed": [
            {"id": each.id, "question": each.question, "setting": each.setting, "grade": each.grade.value}
            for each in report.assumed
        ],
        "checks": [_tally(each) for each in report.tallies],
        "plays": [_play(each) for each in report.plays],
        "skipped": list(report.skipped),
        "stale": list(report.stale),
        "faults": list(report.faults),
    }


def described(check: Check) -> dict[str, Any]:
    """A check, as JSON values."""
    return {
        "id": check.id,
        "area": check.area,
        "sentence": check.sentence,
        "severity": check.severity.value,
        "obligation": check.obligation.words,
        "citations": [{"source": each.source, "where": each.where} for each in check.citations],
        "stimulus": check.stimulus.value,
        "fix": check.fix,
        "needs": list(check.needs),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        **described(tally.check),
        "verdict": tally.verdict.value,
        "excused": tally.excused or None,
        "plays": [play.name for play, _ in tally.plays],
    }


def _play(play: Play) -> dict[str, Any]:
    return {
        "name": play.name,
        "sentence": play.sentence,
        "outcome": play.outcome or None,
        "grade": play.grade.value,
        "dialect": play.dialect or None,
        "operation": play.operation or None,
        "said": play.said or None,
        "held": play.held or None,
        "seconds": round(play.seconds, 2),
        "results": [_result(each) for each in play.results],
        "timeline": list(play.timeline),
    }


def _result(result: Result) -> dict[str, Any]:
    finding = result.finding
    return {
        "check": result.check.id,
        "verdict": result.verdict.value,
        "expected": finding.expected if finding else None,
        "actual": finding.actual if finding else None,
        "seen_in": (finding.seen or None) if finding else None,
        "blocked_by": list(result.blocked_by),
    }
