"""``capss-mock fixtures`` and the wheel: what is shipped is what is in the repository."""

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from capss_mock.cli import fixtures as module
from capss_mock.cli.fixtures import fixtures
from tests.helpers import FIXTURES

NAMES = {path.relative_to(FIXTURES).as_posix() for path in FIXTURES.rglob("*") if path.is_file()}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(fixtures, [str(each) for each in arguments])


def test_everything_is_written_out(tmp_path: Path) -> None:
    result = run(tmp_path / "capss")
    assert result.exit_code == 0
    assert result.output == f"{len(NAMES)} files in {tmp_path / 'capss'}\n"
    for name in NAMES:
        assert (tmp_path / "capss" / name).read_bytes() == (FIXTURES / name).read_bytes()


def test_nothing_is_written_over_unless_told(tmp_path: Path) -> None:
    target = tmp_path / "updates/one-item.xml"
    target.parent.mkdir()
    target.write_text("mine")
    result = run(tmp_path)
    assert (result.exit_code, target.read_text()) == (1, "mine")
    assert f"{target} is there already: --force writes over it" in result.output
    assert not (tmp_path / "uploads").exists()
    assert run("--force", tmp_path).exit_code == 0
    assert target.read_bytes() == (FIXTURES / "updates/one-item.xml").read_bytes()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "updates").write_text("a file where a directory should be")
    result = run("--force", tmp_path)
    assert result.exit_code == 1
    assert "cannot write" in result.output


def test_an_installation_without_them_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "shipped", lambda: None)
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "came without its fixtures" in result.output


@pytest.mark.proof
def test_the_wheel_holds_the_fixtures_and_the_types(tmp_path: Path) -> None:
    python = sys.executable if find_spec("pip") else "python3"  # Debian's venv may come without pip: run.py
    command = [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, FIXTURES.parent]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {f"capss_mock/_fixtures/{name}" for name in NAMES} <= held
    assert {"capss_mock/py.typed", "capss_client/py.typed"} <= held
