"""The README is true: its commands exist and run, its examples work, what it shows is what is printed."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from capss_mock import __version__
from capss_mock.cli import cli
from capss_mock.cli.console import banner
from capss_mock.conformance.programs import REFERENCE
from capss_mock.settings import Settings
from tests.helpers import InProcess, Live

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def commands() -> list[str]:
    lines = [line for text in blocks("sh") for line in text.splitlines()] + re.findall(r"`(capss-mock [^`]+)`", README)
    return [line.split("#")[0].strip() for line in lines if line.startswith("capss-mock ")]


def test_the_two_commands_stand_first_and_run_py_knows_them() -> None:
    first, second = blocks("sh")[:2]
    assert (first, second) == ("python3 run.py serve\n", "python3 run.py test\n")
    help_text = subprocess.run([sys.executable, ROOT / "run.py"], capture_output=True, text=True, check=False)
    assert help_text.returncode == 2
    assert "run.py serve" in help_text.stderr
    assert "run.py test" in help_text.stderr


def test_ci_calls_the_readmes_test_command_last() -> None:
    last = (ROOT / ".ci/run").read_text("utf-8").strip().splitlines()[-1]
    assert last.startswith(blocks("sh")[1].strip())


@pytest.mark.parametrize("line", commands())
def test_every_command_in_the_readme_can_be_parsed(line: str) -> None:
    words = shlex.split(line.removesuffix("&").strip())[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="capss-mock")
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command = found
        context = click.Context(command, parent=context, info_name=command.name)
    command.parse_args(context, words)


def test_the_banner_in_the_readme_is_the_one_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = blocks("text")[0].split("\n\n2")[0].splitlines()
    printed = banner("http://127.0.0.1:8080", None, None, Settings())
    assert shown == "\n".join(printed).rstrip().splitlines()
    assert __version__ in shown[0]


def test_the_pipeline_example_runs(tmp_path: Path, path_with_the_command: dict[str, str]) -> None:
    script = next(text for text in blocks("sh") if "--ready-file" in text)
    check = 'curl -sf --cacert "$(sed \'s/.*"ca_file": "\\([^"]*\\)".*/\\1/\' ready.json)" "$(sed \'s/.*"url": "\\([^"]*\\)".*/\\1/\' ready.json)/__capss/health"'
    script = script.replace("# your tests here; then:", check)
    done = subprocess.run(
        ["sh", "-ec", script + "wait"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=True,
        env=path_with_the_command,
    )
    assert '"client_id": "apitest"' in done.stdout
    assert '"status": "ok"' in done.stdout


def test_the_lie_in_the_readme_is_the_one_that_is_found() -> None:
    command = [
        sys.executable, "-m", "capss_mock", "judge", "--scenario", "duplicates-refused", "--", sys.executable,
        str(REFERENCE), "--wrong", "TRUTH-SAVED", "{file}",
    ]  # fmt: skip
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    (shown,) = [text for text in blocks("text") if text.startswith("TRUTH")]
    assert shown in printed


def test_the_contract_with_programs_in_the_readme_names_all_variables() -> None:
    section = README[README.index("## Your program") : README.index("## Send them")]
    told = set(re.findall(r"`(CAPSS_[A-Z_]+)`", section))
    command = [sys.executable, "-m", "capss_mock", "judge", "--dry-run", "--", sys.executable, "{file}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told == set(re.findall(r"^(CAPSS_[A-Z_]+)=", printed, re.MULTILINE))


def test_files_named_in_the_readme_exist() -> None:
    named = re.findall(r"`((?:fixtures|tests|capss_mock|benchmarks)/[\w./-]+)`", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_changelog_keeps_the_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "keepachangelog.com" in text
    assert re.search(r"^## \[Unreleased\]$", text, re.MULTILINE)


def test_the_explanation_in_the_readme_is_the_one_that_is_printed() -> None:
    path = ROOT / "fixtures/replies/sheet/save-status.json"
    done = subprocess.run(
        [sys.executable, "-m", "capss_mock", "explain", path], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert next(text for text in blocks("text") if "trap:" in text) in done.stdout


def test_the_findings_in_the_readme_are_those_that_are_printed() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "capss_mock",
            "validate",
            "--as-of",
            "2025-12-16",
            "DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT / "fixtures/uploads/broken",
        check=False,
    )
    seconds = re.compile(r"\([0-9.]+ s\)")
    assert seconds.sub("", done.stdout) == seconds.sub("", blocks("text")[1])


def test_the_line_of_a_forgotten_at_sign_in_the_readme_is_the_one_that_is_printed(mock: InProcess) -> None:
    mock.http.post(
        "/api/bulkimport/save",
        headers=mock.bearer(),
        data={"bulkUploadFile": "day.xml"},
        content_type="multipart/form-data",
    )
    assert f" ms  {mock.lines[-1].note}\n" in blocks("text")[0]


def test_the_lines_that_steer_the_mock_do_so(make_live: Callable[..., Live]) -> None:
    live = make_live()
    lines = [line for block in blocks("sh") for line in block.splitlines() if "/__capss/" in line]
    assert len(lines) >= 8
    for line in lines:
        words = shlex.split(line)
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        body = words[words.index("-d") + 1] if "-d" in words else None
        url = next(word for word in words if word.startswith("http://127.0.0.1:8080"))
        reply = live.http.request(method, url.removeprefix("http://127.0.0.1:8080"), content=body)
        assert reply.status_code in (200, 201), f"{line}: {reply.text}"


def test_the_baseline_in_the_readme_can_be_read(tmp_path: Path) -> None:
    from capss_mock.conformance.baseline import read

    (tmp_path / "capss.toml").write_text(blocks("toml")[0], "utf-8")
    assert [each.check for each in read(tmp_path / "capss.toml")] == ["STATUS-GROWTH"]
