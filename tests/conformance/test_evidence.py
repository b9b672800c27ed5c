"""What is concluded from evidence that was made by hand: the cases that no broken program of ours is in."""

from dataclasses import replace

import pytest

from capss_mock.conformance.client import polling, truth, wire
from capss_mock.conformance.client.evidence import Ending, Evidence, Sent
from capss_mock.conformance.client.judges import judged
from capss_mock.conformance.results import Finding, Verdict
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.steering import Entry, Submission

SAVED = {"statusMessage": "complete", "isUploaded": True, "hasErrors": False, "savedCount": 3}


def entry(operation: str, second: float = 0, **more: object) -> Entry:
    paths = {"token": "/oauth2/token", "save": "/api/bulkimport/save", "save-status": "/api/bulkimport/status/7"}
    values: dict[str, object] = {
        "number": int(second * 10) + 1, "at_ns": int(second * 1e9), "ms": 0.0, "method": "GET", "path": paths[operation],
        "query": {}, "headers": {}, "parts": (), "status": 200, "answer_headers": {}, "answer": None, "rule": None,
        "note": "", "fix": "", "scenario": "happy", "fault": None, "operation": operation,
    }  # fmt: skip
    return Entry(**{**values, **more})  # type: ignore[arg-type]  # its fields


def submission(status: int = 7, digest: str = "a", **more: int) -> Submission:
    counts = {"records": 3, "saved": 3, "duplicates": 0, "errors": 0, **more}
    return Submission(
        status=status, submissionId="x", kind="upload", licence="1", size=1, digest=digest, visible=True, polls=1,
        acceptedAt="", uploaded=True, rules=(), **counts,
    )  # fmt: skip


def evidence(scenario: str = "happy", code: int | None = 0, **more: object) -> Evidence:
    values: dict[str, object] = {
        "program": Ending(code, 1.0),
        "sent": Sent(3, "a"),
        "submissions": (submission(),),
        "timeout_s": 30,
    }
    requests = (entry("save-status", answer=SAVED),)
    return Evidence(SCENARIOS[scenario], "upload", **{"requests": requests, **values, **more})  # type: ignore[arg-type]  # its fields


def test_two_documents_of_its_own_are_not_one_sent_twice() -> None:
    two = (submission(7, "a"), submission(8, "b"))
    own = evidence(sent=None, submissions=two, requests=(entry("save"), entry("save", 1)))
    assert wire.once(own) is True
    assert isinstance(wire.once(replace(own, submissions=(*two, submission(9, "b")))), Finding)
    assert isinstance(wire.once(replace(own, sent=Sent(3, "a"))), Finding)
    assert own.held == (6, 6)


def test_each_document_of_its_own_must_have_been_confirmed() -> None:
    statuses = (
        entry("save-status", answer=SAVED),
        entry("save-status", 1, answer=SAVED, path="/api/bulkimport/status/8"),
    )
    both = evidence(sent=None, submissions=(submission(7, "a"), submission(8, "b")), requests=statuses)
    assert truth.saved(both) is True
    finding = truth.saved(replace(both, requests=statuses[:1]))
    assert isinstance(finding, Finding)
    assert finding.actual == "your program said saved; the server holds 6 of 6, but no answer had confirmed it"


def test_a_program_that_does_nothing_fails_whatever_it_says() -> None:
    for code, check in ((0, "TRUTH-SAVED"), (1, "TOKEN-ASKED")):
        seen = evidence(code=code, submissions=(), requests=())
        failed = {each.check.id for each in judged(seen) if each.verdict is Verdict.FAIL}
        assert check in failed


@pytest.mark.parametrize(
    ("seconds", "late"),
    [(1.0, False), (29.0, True)],
)
def test_a_program_whose_time_was_over_is_told_so(seconds: float, late: bool) -> None:
    seen = evidence(code=3, program=Ending(3, seconds), requests=(entry("save-status", status=202),))
    finding = truth.confirm(seen)
    assert isinstance(finding, Finding)
    assert ("a slow machine can do that, try --timeout" in finding.actual) is late
    seen = evidence(code=3, program=Ending(3, seconds), requests=(entry("save", method="POST"),))
    assert (polling.href(seen) is None) is late


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ({"confirmed": True}, ""),
        ({"confirmed": True, "saved": None}, ""),
        ({}, "confirmed is missing"),
        ([], "confirmed is missing"),
        ({"confirmed": 1}, "confirmed is missing"),
        ({"confirmed": "yes"}, "confirmed is missing"),
        ({"confirmed": "unknown"}, "confirmed is 'unknown', and the program ended with exit code 0"),
        ({"confirmed": False}, "confirmed is False"),
        ({"confirmed": True, "saved": "3"}, "saved is str"),
        ({"confirmed": True, "errors": -1}, "errors is int"),
        ({"confirmed": True, "errors": True}, "errors is bool"),
    ],
)
def test_an_outcome_file_says_what_it_must(outcome: object, words: str) -> None:
    said = truth.outcome(evidence(program=Ending(0, 1, outcome=outcome)))
    if words:
        assert isinstance(said, Finding)
        assert words in said.actual
    else:
        assert said is True


@pytest.mark.parametrize(
    ("outcome", "counts", "good"),
    [
        ({"saved": 3, "duplicates": 0, "errors": 0}, {}, True),
        ({"saved": 2}, {}, False),
        ({"saved": 0, "errors": 3}, {"saved": 0, "errors": 1}, True),  # a file that cannot be read is one error to us
        ({"saved": 0, "errors": 1}, {"saved": 0, "errors": 1}, True),
        ({"saved": 0, "errors": 2}, {"saved": 0, "errors": 1}, False),
        ({"saved": 0, "duplicates": 3, "errors": 0}, {"saved": 0, "duplicates": 3}, True),
        ({"saved": 1, "duplicates": 2}, {"saved": 1, "duplicates": 1}, False),
    ],
)
def test_numbers_are_those_of_the_server(outcome: dict[str, int], counts: dict[str, int], good: bool) -> None:
    seen = evidence(program=Ending(0, 1, outcome=outcome), submissions=(submission(**counts),))
    said = truth.counts(seen)
    assert (said is True) if good else isinstance(said, Finding)


def polls(*seconds: float, status: int = 202) -> tuple[Entry, ...]:
    return tuple(entry("save-status", each, status=status) for each in seconds)


@pytest.mark.parametrize(
    ("seconds", "interval", "growth"),
    [
        ((0, 1, 2.3, 4, 6.2, 9), True, True),
        ((0, 1, 2, 3, 4, 5), True, False),
        ((0, 5, 10, 15, 20, 25), True, True),
        ((0, 0.1, 0.2, 0.3, 0.4, 0.5), False, False),
        ((0, 0.1, 1.1, 2.1, 3.1, 4.1), True, True),  # one that came soon is no verdict
        ((0, 1), None, None),
    ],
)
def test_pauses_between_polls(seconds: tuple[float, ...], interval: bool | None, growth: bool | None) -> None:
    seen = evidence(requests=polls(*seconds))
    for judge, good in ((polling.interval, interval), (polling.growth, growth)):
        said = judge(seen)
        assert said is None if good is None else (said is True) is good


@pytest.mark.parametrize(
    ("wanted", "waited", "verdict"), [("2", 2.0, True), ("2", 1.0, False), ("soon", 0.1, None), ("2", 1.97, True)]
)
def test_retry_after_is_heeded(wanted: str, waited: float, verdict: bool | None) -> None:
    first = entry("save-status", 1, status=503, answer_headers={"retry-after": wanted})
    said = polling.JUDGES["STATUS-RETRY-AFTER"](evidence(requests=(first, entry("save-status", 1 + waited))))
    assert said is None if verdict is None else (said is True) is verdict
