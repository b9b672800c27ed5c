"""The judge can fail, and fails nobody who is good: the whole catalogue, many times."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from capss_mock.conformance.client.campaign import Plan, carry_out
from capss_mock.conformance.client.intercept import refused
from capss_mock.conformance.client.program import Command
from capss_mock.conformance.programs import reference_command
from capss_mock.conformance.programs.reference import WRONGS
from capss_mock.conformance.results import Report, Verdict
from capss_mock.contract.checks import PROGRAM_CHECKS, Severity
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.switches import DIALECTS

pytestmark = pytest.mark.proof

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
BUILT_IN = "https://capss-sb.doj.ca.gov"
CAPSS = (sys.executable, "-m", "capss_client", "{operation}", "{file}")
CATALOGUE = tuple(each for each in SCENARIOS if each != "large-file")  # beside four others it would take too long
VERDICTS = {Severity.FAIL: Verdict.FAIL, Severity.WARN: Verdict.WARN, Severity.INFO: Verdict.INFO}


def judged(command: tuple[str, ...], **more: object) -> Report:
    timeout_s = more.pop("timeout_s", 30.0)
    report = carry_out(Plan(Command(command, timeout_s=timeout_s), **more))  # type: ignore[arg-type]  # as a plan takes them
    assert report.faults == ()
    return report


def findings(report: Report) -> dict[str, dict[str, str]]:
    """Where each check that is not met failed, and what was seen."""
    return {
        each.check.id: {play.name: result.finding.actual for play, result in each.plays if result.finding}
        for each in report.tallies
        if each.verdict.is_finding
    }


def found(wrong: str) -> tuple[str, dict[str, dict[str, str]], Verdict]:
    more = {"intercept": "namespaces"} if wrong == "EGRESS" else {}
    report = judged(reference_command(wrong), timeout_s=20.0, jobs=8, scenarios=CATALOGUE, **more)
    (tally,) = [each for each in report.tallies if each.check.id == wrong]
    return wrong, findings(report), tally.verdict


@pytest.mark.parametrize("wrongs", [WRONGS[start : start + 5] for start in range(0, len(WRONGS), 5)], ids="+".join)
def test_a_broken_program_fails_its_own_check_and_nothing_else(wrongs: tuple[str, ...]) -> None:
    """Several at a time: they mostly wait."""
    played = [each for each in wrongs if each != "EGRESS" or not refused()]
    with ThreadPoolExecutor(len(wrongs)) as pool:
        for wrong, seen, verdict in pool.map(found, played):
            assert set(seen) == {wrong}, (wrong, seen)
            assert verdict is VERDICTS[PROGRAM_CHECKS[wrong].severity]


def test_the_good_program_fails_nothing_also_strictly_and_for_updates() -> None:
    report = judged(reference_command(), timeout_s=20.0, operations=("upload", "update"), strict=True)
    assert findings(report) == {}
    assert report.exit_code == 0
    unseen = {each.check.id for each in report.with_verdict(Verdict.UNSEEN, Verdict.BLOCKED)}
    assert unseen == {"EGRESS"}  # all others are exercised by the catalogue


def example(name: str, directory: Path) -> tuple[str, ...]:
    """How an example is run, compiled if that is its way."""
    match name:
        case "upload.sh":
            return (str(EXAMPLES / name), "{file}")
        case "upload.py":
            return (sys.executable, str(EXAMPLES / name), "{file}")
        case "upload.mjs":
            return ("node", str(EXAMPLES / name), "{file}")
        case "upload.php":
            return ("php", str(EXAMPLES / name), "{file}")
        case _:
            subprocess.run(["javac", "-d", str(directory), str(EXAMPLES / name)], check=True, timeout=120)
            return ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", str(directory), "Upload", "{file}")


RUNTIMES = {
    "upload.sh": ("curl", "jq"),
    "upload.py": (),
    "upload.mjs": ("node",),
    "Upload.java": ("java", "javac"),
    "upload.php": ("php",),
}


def needs(name: str) -> None:
    missing = [each for each in RUNTIMES[name] if shutil.which(each) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not on this machine")
    if name == "upload.php" and "curl" not in subprocess.run(["php", "-m"], capture_output=True, text=True).stdout:
        pytest.skip("PHP's curl extension is not on this machine")


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_correct_client_in_another_language_passes(name: str, tmp_path: Path) -> None:
    needs(name)
    report = judged(example(name, tmp_path), strict=True)
    assert findings(report) == {}
    assert report.exit_code == 0


@pytest.mark.skipif(bool(refused()), reason="it takes user namespaces")
@pytest.mark.parametrize("name", ["upload.mjs", "Upload.java"])
def test_an_example_with_the_host_compiled_in_passes_intercepted(name: str, tmp_path: Path) -> None:
    needs(name)
    text = (EXAMPLES / name).read_text("utf-8")
    fixed = text.replace(f'process.env.CAPSS_BASE_URL ?? "{BUILT_IN}"', f'"{BUILT_IN}"').replace(
        f'setting("CAPSS_BASE_URL", "{BUILT_IN}")', f'"{BUILT_IN}"'
    )
    fixed = fixed.replace("process.env.CAPSS_TOKEN_URL ?? ", "").replace(
        'setting("CAPSS_TOKEN_URL", BASE + "/oauth2/token")', 'BASE + "/oauth2/token"'
    )
    assert fixed.count("CAPSS_BASE_URL") == text.count("CAPSS_BASE_URL") - 1
    assert "CAPSS_TOKEN_URL" not in fixed.partition("import ")[2]
    (tmp_path / name).write_text(fixed, "utf-8")
    command = ("node", str(tmp_path / name), "{file}")
    if name.endswith(".java"):
        subprocess.run(["javac", "-d", str(tmp_path), str(tmp_path / name)], check=True, timeout=120)
        command = ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", str(tmp_path), "Upload", "{file}")
    report = judged(command, strict=True, intercept="namespaces")
    assert findings(report) == {}
    assert not report.with_verdict(Verdict.BLOCKED)
    assert report.exit_code == 0


def test_capss_passes_under_every_dialect_with_nothing_to_excuse() -> None:
    report = judged(CAPSS, strict=True, dialects=tuple(DIALECTS), operations=("upload", "update"), jobs=16)
    assert findings(report) == {}
    assert report.exit_code == 0
    assert {play.dialect for play in report.plays} == set(DIALECTS)
    assert {each.check.id for each in report.with_verdict(Verdict.UNSEEN, Verdict.BLOCKED)} == {"EGRESS"}


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep so many cores at work."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


def verdicts(report: Report) -> dict[tuple[str, str], Verdict]:
    return {(play.name, each.check.id): each.verdict for play in report.plays for each in play.results}


def test_no_verdict_changes_from_run_to_run_or_with_the_machines_load() -> None:
    """A good program, and one whose fault is a matter of time, beside each other."""
    commands = [reference_command(), reference_command("STATUS-GROWTH")]

    def run() -> list[dict[tuple[str, str], Verdict]]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda command: verdicts(judged(command)), commands))

    first = run()
    assert run() == first
    assert run() == first
    with busy(os.cpu_count() or 2):
        loaded = run()
    for calm, other in zip(first, loaded, strict=True):
        assert {key: (calm[key], verdict) for key, verdict in other.items() if verdict is not calm[key]} == {}


def test_the_suite_under_pytest_says_the_same(tmp_path: Path) -> None:
    def suite(*options: str) -> dict[str, str]:
        report = tmp_path / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-n",
            "8",
            f"--junitxml={report}",
            "--pyargs",
            "capss_mock.conformance",
            *options,
        ]
        subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=200, check=False)
        from lxml import etree

        return {
            case.get("name"): "failed" if case.find("failure") is not None else "passed"
            for case in etree.parse(str(report)).iter("testcase")
        }

    reference = json.dumps(str(ROOT / "capss_mock/conformance/programs/reference.py"))
    good = suite(
        "-k",
        "commit or happy or save or partial",
        "--capss-timeout",
        "12",
        "--capss-command",
        f"{sys.executable} {reference} {{file}}",
    )
    assert (len(good), set(good.values())) == (16, {"passed"})
    bad = suite(
        "-k",
        "commit or happy or save",
        "--capss-timeout",
        "12",
        "--capss-command",
        f"{sys.executable} {reference} --wrong UPLOAD-ONCE {{file}}",
    )
    failed = {name for name, verdict in bad.items() if verdict == "failed"}
    assert failed == {
        f"test_program[commit-then-{name}]" for name in ("drop", "504", "500", "garbage", "html", "empty", "truncate")
    }
