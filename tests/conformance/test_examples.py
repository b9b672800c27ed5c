"""What is given to begin from: the examples, and the GitHub Action. The whole catalogue for each is a proof."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from capss_mock.conformance.client.campaign import Plan, carry_out
from capss_mock.conformance.client.program import Command

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


@pytest.mark.parametrize("file", sorted(EXAMPLES.iterdir()), ids=lambda each: each.name)
def test_each_says_what_its_exit_codes_mean_and_holds_no_secret(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "Exit code 0: everything in it is confirmed saved. 1: it is not. 3: it is not known" in text
    assert "Password1" not in text
    assert "capss.doj.ca.gov" not in text  # production is nobody's default
    assert f"(examples/{file.name})" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.proof
@pytest.mark.parametrize("name", ["upload.sh", "upload.py"])
def test_one_that_runs_anywhere_passes_a_few_scenarios(name: str) -> None:
    if name == "upload.sh" and not (shutil.which("jq") and shutil.which("curl")):
        pytest.skip("it takes curl and jq")
    words = (
        (str(EXAMPLES / name), "{file}") if name == "upload.sh" else (sys.executable, str(EXAMPLES / name), "{file}")
    )
    scenarios = ("happy", "partial", "commit-then-504", "foreign-href", "token-expires", "untrusted-certificate")
    report = carry_out(Plan(Command(words), scenarios, strict=True))
    assert not report.failed
    assert {each.said.partition(":")[0] for each in report.plays} == {"exit code 0", "exit code 1", "exit code 3"}


def steps() -> dict[str, str]:
    return {each["name"]: each["run"] for each in ACTION["runs"]["steps"] if "run" in each}


@pytest.mark.skipif(shutil.which("bash") is None, reason="it takes bash")
@pytest.mark.parametrize(("wrong", "code"), [("--wrong TRUTH-SAVED ", 1), pytest.param("", 4, marks=pytest.mark.proof)])
def test_the_actions_step_judges_and_writes_the_summary(tmp_path: Path, wrong: str, code: int) -> None:
    venv = tmp_path / "capss-kit/bin"
    venv.mkdir(parents=True)
    (venv / "capss-mock").write_text(f'#!/bin/sh\nexec {sys.executable} -m capss_mock "$@"\n')
    (venv / "capss-mock").chmod(0o755)
    program = ROOT / "capss_mock/conformance/programs/reference.py"
    environ = {
        "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "COMMAND": f"'{sys.executable}' {program} {wrong}{{file}}", "ARGUMENTS": "--scenario complete-with-errors",
        "BASELINE": "", "REPORTS": str(tmp_path / "reports"),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-c", steps()["Judge"]],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"
    assert (tmp_path / "summary").read_text("utf-8").startswith("## ")
    assert (tmp_path / "reports/report.xml").exists()


def test_the_actions_inputs_are_used_and_its_versions_are_named() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text
    assert all(re.fullmatch(r"[\w/-]+@v\d+", each["uses"]) for each in ACTION["runs"]["steps"] if "uses" in each)
