"""Each broken program fails its own check, in the scenarios that were typed by hand; the good one fails none.

The whole catalogue for each of them is a proof (``tests/proof/test_judge.py``).
"""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from capss_mock.conformance.client import program
from capss_mock.conformance.client.campaign import Plan, carry_out, staged
from capss_mock.conformance.client.decoy import Decoy
from capss_mock.conformance.client.intercept import refused
from capss_mock.conformance.client.play import Part, Stage, play
from capss_mock.conformance.client.program import Command
from capss_mock.conformance.client.trust import TrustStores
from capss_mock.conformance.programs import reference_command
from capss_mock.conformance.programs.reference import WRONGS
from capss_mock.conformance.results import Play, Verdict
from capss_mock.contract.checks import PROGRAM_CHECKS, Severity
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.server import MockServer
from tests.conformance.found_out import FOUND_OUT

pytestmark = pytest.mark.usefixtures("one_key")

VERDICTS = {Severity.FAIL: Verdict.FAIL, Severity.WARN: Verdict.WARN, Severity.INFO: Verdict.INFO}
TIMEOUT_S = {"never-completes": 7.0, "slow": 15.0}
CASES = [(check, scenario) for check, scenarios in FOUND_OUT.items() for scenario in scenarios]


def findings(played: Play) -> dict[str, Verdict]:
    return {each.check.id: each.verdict for each in played.results if each.verdict.is_finding}


def test_the_tables_name_all_checks_and_all_scenarios() -> None:
    assert FOUND_OUT.keys() == PROGRAM_CHECKS.keys() == set(WRONGS)
    assert {scenario for _, scenario in CASES} == SCENARIOS.keys()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged(Plan(Command(reference_command()))) as shared:
        yield shared


def with_command(stage: Stage, wrong: str, scenario: str) -> Stage:
    command = Command(reference_command(wrong), timeout_s=TIMEOUT_S.get(scenario, 10))
    return replace(stage, command=command)


@pytest.mark.parametrize(
    "cases",
    [[(check, scenarios[0]) for check, scenarios in FOUND_OUT.items()], pytest.param(CASES, marks=pytest.mark.proof)],
    ids=["the first of each", "all"],
)
def test_every_broken_program_fails_its_own_check_and_no_other_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, cases: list[tuple[str, str]]
) -> None:
    """Many at once: what they do is mostly wait."""
    monkeypatch.setattr(program, "GRACE_S", 1)

    def found(case: tuple[str, str]) -> dict[str, Verdict]:
        wrong, scenario = case
        return findings(play(with_command(stage, wrong, scenario), Part(scenario)))

    cases = [each for each in cases if each[0] != "EGRESS"]
    with ThreadPoolExecutor(10) as pool:
        seen = dict(zip(cases, pool.map(found, cases), strict=True))
    expected = {case: {case[0]: VERDICTS[PROGRAM_CHECKS[case[0]].severity]} for case in cases}
    assert {case: value for case, value in seen.items() if value != expected[case]} == {}


def test_the_good_program_fails_nothing(stage: Stage) -> None:
    names = ["happy", "partial", "commit-then-504", "token-expires", "redirect-to-http", "untrusted-certificate"]
    with ThreadPoolExecutor(6) as pool:
        played = list(pool.map(lambda name: play(with_command(stage, "", name), Part(name)), names))
    assert [findings(each) for each in played] == [{}] * len(names)
    said = {each.name: each.said.partition(":")[0] for each in played}
    assert said == {
        "happy": "exit code 0", "partial": "exit code 1", "commit-then-504": "exit code 3",
        "token-expires": "exit code 0", "redirect-to-http": "exit code 3", "untrusted-certificate": "exit code 1",
    }  # fmt: skip


@pytest.mark.skipif(bool(refused()), reason="it takes user namespaces, which are not to be had here")
def test_a_request_to_any_other_host_fails_the_run_and_is_named() -> None:
    report = carry_out(Plan(Command(reference_command("EGRESS")), ("immediate",), intercept="namespaces", what="x"))
    failed = {each.check.id: each for each in report.with_verdict(Verdict.FAIL, Verdict.WARN)}
    assert set(failed) == {"EGRESS"}
    finding = failed["EGRESS"].plays[0][1].finding
    assert finding is not None
    assert finding.actual == "1 to telemetry.vendor.test"
    assert report.exit_code == 1


def test_item_updates_are_judged_too() -> None:
    plan = Plan(
        Command(reference_command()), ("immediate", "partial", "licence-mismatch", "commit-then-500"), ("update",)
    )
    report = carry_out(plan)
    assert report.with_verdict(Verdict.FAIL, Verdict.WARN) == []
    held = {each.name: (each.said.partition(":")[0], each.held) for each in report.plays}
    assert held["immediate (update)"][0] == "exit code 0"
    assert held["partial (update)"][0] == "exit code 1"
    assert held["licence-mismatch (update)"][1].startswith("0 of ")


def test_what_cannot_be_played_is_left_out_and_said() -> None:
    plan = Plan(Command(reference_command()), operations=("update",), dialects=("sheet", "old-2025"))
    parts, skipped = plan.parts()
    assert {each.dialect for each in parts} == {"sheet"}
    assert "large-file (update): it is the same for updates as for uploads" in skipped
    assert "happy (update, old-2025): no path for updates is known from before 2026" in skipped
    _, skipped = Plan(Command(reference_command()), own_data=True).parts()
    assert [each.partition(":")[0] for each in skipped] == ["large-file", "empty-file", "licence-mismatch"]


def test_a_program_with_its_own_documents(tmp_path: Path) -> None:
    own = tmp_path / "own.xml"
    own.write_bytes(b"".join(_one_record()))
    words = tuple(str(own) if word == "{file}" else word for word in reference_command())
    report = carry_out(Plan(Command(words), ("immediate", "partial", "duplicates-refused"), own_data=True))
    assert report.with_verdict(Verdict.FAIL, Verdict.WARN) == []
    assert report.plays[0].held == "1 of 1 records saved, 1 submission"
    assert "UPLOAD-BYTES" in {each.check.id for each in report.with_verdict(Verdict.UNSEEN)}
    words = (*words[:2], "--wrong", "TRUTH-SAVED", *words[2:])
    report = carry_out(Plan(Command(words), ("duplicates-refused",), own_data=True))
    finding = report.with_verdict(Verdict.FAIL)[0].plays[0][1].finding
    assert finding is not None
    assert finding.actual == "your program said saved; the server saved 0 of 1"


def _one_record() -> Iterator[bytes]:
    from random import Random

    from capss_mock.samples.documents import Sample, write

    return write(Random(1), Sample(1))


def test_what_is_asked_of_a_decoy_is_told_apart_by_key() -> None:
    with ExitStack() as stack:
        decoy = Decoy()
        stack.callback(decoy.close)
        one, places = decoy.places()
        other, _ = decoy.places()
        import httpx

        httpx.get(f"{places['elsewhere']}/api/x", headers={"Authorization": "Bearer a"}, trust_env=False)
        httpx.get(f"{places['http']}/api/y", trust_env=False)
        assert [(each.bearer, each.downgrade, each.line) for each in decoy.strays(one)] == [
            (True, False, "GET /api/x"),
            (False, True, "GET /api/y"),
        ]
        assert decoy.strays(other) == ()


def test_runs_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    report = carry_out(Plan(Command(reference_command()), ("immediate", "untrusted-certificate")))
    assert report.faults == ()
    assert list(tmp_path.iterdir()) == []


def test_a_java_trust_store_is_made_once_for_each_authority(tmp_path: Path) -> None:
    trust = TrustStores(tmp_path)
    assert trust.java(trust.ca_file) == trust.java(trust.ca_file)
    assert trust.java(trust.ca_file).read_bytes()[:2] == b"\x30\x82"  # a PKCS#12 file is an ASN.1 sequence


def test_a_fault_of_the_kit_is_no_verdict_on_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr("capss_mock.conformance.client.play.judged", broken)
    report = carry_out(Plan(Command(reference_command()), ("immediate",)))
    assert report.faults == ("immediate: RuntimeError: ours",)
    assert (report.exit_code, report.word) == (3, "fault of the kit")


def test_there_may_be_many_runs_at_a_time() -> None:
    with MockServer(port=None) as server, ExitStack() as stack:
        assert len({stack.enter_context(server.open_run()).id for _ in range(20)}) == 20
