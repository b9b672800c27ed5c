"""An integrator's project: another directory, another environment, the kit installed from a wheel."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from capss_mock.server import MockServer
from capss_mock.settings import read_settings
from tests.test_recipes import RECIPES, ROOT, VALID

pytestmark = pytest.mark.proof


@pytest.fixture
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the kit alone, without any extra."""
    directory = tmp_path_factory.mktemp("environment")
    venv.create(directory, symlinks=os.name != "nt")
    python = directory / "bin/python"
    install(python, str(ROOT))
    return python


def install(python: Path, *what: str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*pip, *what], check=True, capture_output=True, timeout=300)


def run(python: Path, project: Path, *options: str) -> str:
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH" and "COV" not in name}
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    return done.stdout


def test_the_kit_is_used_from_a_wheel_in_a_project_of_its_own(python: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/recipes/my_program.py", tmp_path)
    shutil.copy(VALID, tmp_path / "day.xml")
    for name in ("test_upload.py", "test_in_process.py", "test_built_in_hosts.py", "test_with_unittest.py"):
        (tmp_path / name).write_text(RECIPES[name])
    (tmp_path / "test_plain.py").write_text("def test_it(): pass\n")
    install(python, "pytest")
    assert "1 passed" in run(python, tmp_path, "test_plain.py")
    assert "pip install 'capss-kit[mock]'" in run(python, tmp_path, "test_upload.py")
    install(python, f"{ROOT}[mock]", "respx")
    (tmp_path / "test_where.py").write_text(
        "import sys\n\n"
        "def test_where(capss_mock):\n"
        f"    assert sys.modules['capss_mock.server'].__file__.startswith({str(python.parents[1])!r})\n"
    )
    printed = run(python, tmp_path)
    assert "8 passed" in printed, printed


def test_the_client_works_from_the_base_install_alone(python: Path, tmp_path: Path) -> None:
    shutil.copy(VALID, tmp_path / "day.xml")
    (tmp_path / "send_day.py").write_text(RECIPES["send_day.py"])
    capss = python.with_name("capss")

    def done(*command: object) -> tuple[int, str, str]:
        found = subprocess.run(
            [*map(str, command)], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, env=environment
        )
        return found.returncode, found.stdout, found.stderr

    with MockServer(read_settings(changes={"progress": "immediate"})) as mock:
        environment = {**os.environ, **mock.environ}
        assert done(capss, "doctor")[0] == 0
        assert done(capss, "upload", "day.xml") == (0, "day.xml: saved 1 of 1\n", "")
        mock.reset()
        assert done(python, "send_day.py", "day.xml") == (0, "confirmed: True, saved 1 of 1, no errors\n", "")
        assert mock.submissions.accepted == 1
    code, _, err = done(capss, "validate", "day.xml")
    assert code == 2
    assert "pip install 'capss-kit[mock]'" in err
    code, _, err = done(python.with_name("capss-mock"), "serve")
    assert code == 2
    assert "pip install 'capss-kit[mock]'" in err
