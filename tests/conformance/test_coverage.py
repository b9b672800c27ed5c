"""The gate over rules, checks, scenarios and broken clients: it is open, and can tell when it should not be."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from capss_mock.conformance import coverage
from capss_mock.conformance.coverage import Tables, gaps, tables
from capss_mock.contract.unchecked import UNCHECKED

ROOT = Path(__file__).parents[2]


def test_nothing_is_missing() -> None:
    assert list(gaps(tables(ROOT))) == []


def test_the_tables_are_read_from_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "tests/conformance").mkdir(parents=True)
    for name in ("found_out.py", "liars.py"):
        shutil.copy(ROOT / "tests/conformance" / name, tmp_path / "tests/conformance")
    assert tables(tmp_path) == tables(ROOT)
    (tmp_path / "tests/conformance/liars.py").write_text("LIES = {}\n")
    assert len(list(gaps(tables(tmp_path)))) == len(tables(ROOT).liars)
    (tmp_path / "tests/conformance/liars.py").unlink()
    with pytest.raises(FileNotFoundError):
        tables(tmp_path)


def without(name: str) -> Callable[[Tables], Tables]:
    return lambda seen: replace(
        seen,
        found_out={
            check: tuple(each for each in scenarios if each != name) for check, scenarios in seen.found_out.items()
        },
    )


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        (lambda seen: replace(seen, found_out={**seen.found_out, "EGRESS": ()}), "check EGRESS has no scenario that shows it fail"),
        (lambda seen: replace(seen, found_out={**seen.found_out, "NEW": ("happy",)}), "NEW has a scenario that shows it fail, and is no check"),
        (lambda seen: replace(seen, liars=seen.liars[1:]), f"check {tables(ROOT).liars[0]} has no lying server"),
        (lambda seen: replace(seen, liars=(*seen.liars, "SRV-NEW")), "SRV-NEW has a lying server, and is no check"),
        (without("partial"), "scenario partial has found nobody out"),
        (lambda seen: replace(seen, found_out={**seen.found_out, "TRUTH-SAVED": (*seen.found_out["TRUTH-SAVED"], "gone")}), "gone is no scenario"),
    ],
)  # fmt: skip
def test_what_tests_no_longer_play_is_noticed(change: Callable[[Tables], Tables], gap: str) -> None:
    assert list(gaps(change(tables(ROOT)))) == [gap]


def test_a_rule_that_nothing_checks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {rule: reason for rule, reason in UNCHECKED.items() if rule != "WEB-TIMEOUT"}
    monkeypatch.setattr(coverage, "UNCHECKED", {**fewer, "TOK-REPLY": "x", "TOK-NEW": "y"})
    assert sorted(gaps(tables(ROOT))) == [
        "TOK-NEW is no rule",
        "TOK-REPLY has a reason for not being checked, and is checked",
        "WEB-TIMEOUT is checked by nothing, and has no reason",
    ]


def test_a_check_without_a_judge_or_a_broken_program_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        coverage, "JUDGES", {name: judge for name, judge in coverage.JUDGES.items() if name != "EGRESS"}
    )
    monkeypatch.setattr(coverage, "WRONGS", [each for each in coverage.WRONGS if each != "TLS-NAME"])
    assert list(gaps(tables(ROOT))) == ["check EGRESS has no judge", "check TLS-NAME has no broken program"]


def test_every_reason_is_a_sentence() -> None:
    assert all(len(reason.split()) > 5 for reason in UNCHECKED.values())
