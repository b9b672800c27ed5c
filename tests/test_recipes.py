"""The README's recipes run: Python's each in a directory of its own, those of other languages where their runtime is."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
import pytest
import yaml

from capss_client.cli import cli as client_cli
from capss_mock.server import MockServer
from capss_mock.settings import read_settings
from tests.test_docs import README, ROOT, blocks

RECIPES = {found[1]: text for text in blocks("python") if (found := re.match(r"# ([\w.]+)", text))}
THREE = ROOT / "fixtures/uploads/valid/three-transactions.xml"
VALID = ROOT / "fixtures/uploads/valid/one-transaction.xml"
TIMES = re.compile(r"\d\d:\d\d:\d\dZ|\d+\.\d ms|run[A-Za-z0-9]{12}|\d{4}-\d\d-\d\dT[\d:]+Z")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An integrator's project: a program, a document."""
    shutil.copy(ROOT / "tests/recipes/my_program.py", tmp_path)
    shutil.copy(VALID, tmp_path / "day.xml")
    return tmp_path


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_python_recipe_has_a_name_and_is_run_below() -> None:
    assert len(RECIPES) == len(blocks("python"))
    assert set(RECIPES) == {
        "send_day.py", "test_upload.py", "conftest.py", "test_every_scenario.py", "test_in_process.py", "test_built_in_hosts.py", "test_with_unittest.py",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "passed"),
    [
        ("test_upload.py", 2),
        pytest.param("test_every_scenario.py", 58, marks=pytest.mark.proof),
        pytest.param("test_in_process.py", 2, marks=pytest.mark.proof),
        ("test_built_in_hosts.py", 1),
        pytest.param("test_with_unittest.py", 1, marks=pytest.mark.proof),
    ],
)
def test_a_recipe_for_pytest_passes(project: Path, name: str, passed: int) -> None:
    (project / name).write_text(RECIPES[name])
    done = run(project, "pytest", "-q", "-p", "no:cacheprovider")
    assert f"\n{passed} passed" in done.stdout, done.stdout


def test_the_recipe_for_unittest_passes_without_pytest(project: Path) -> None:
    (project / "test_with_unittest.py").write_text(RECIPES["test_with_unittest.py"])
    done = run(project, "unittest")
    assert done.stderr.endswith("\nOK\n"), done.stderr


def test_the_recipe_for_conftest_sets_what_all_tests_begin_with(project: Path) -> None:
    (project / "conftest.py").write_text(RECIPES["conftest.py"])
    (project / "test_it.py").write_text(
        "def test_it(capss_mock):\n"
        "    switches = capss_mock.call('GET', '/switches')\n"
        "    assert switches['on-dup-default'] == 'submitWithoutDups'\n"
    )
    done = run(project, "pytest", "-q", "-p", "no:cacheprovider")
    assert "\n1 passed" in done.stdout, done.stdout


def test_the_section_of_a_failing_test_in_the_readme_is_the_one_that_is_printed(project: Path) -> None:
    recipe = RECIPES["test_upload.py"].replace('== "unknown"', '== "saved"')
    (project / "test_upload.py").write_text(recipe)
    done = run(project, "pytest", "-q", "-p", "no:cacheprovider")
    shown = next(text for text in blocks("text") if " capss_mock " in text)
    assert TIMES.sub("", shown) in TIMES.sub("", done.stdout), done.stdout


@pytest.mark.parametrize(
    ("language", "runtime", "name"),
    [("js", "node", "start-mock.mjs"), ("java", "java", "StartMock.java"), ("php", "php", "start-mock.php")],
)
def test_a_recipe_of_another_language_starts_and_stops_the_mock(
    tmp_path: Path, path_with_the_command: dict[str, str], language: str, runtime: str, name: str
) -> None:
    if not shutil.which(runtime):
        pytest.skip(f"there is no {runtime} here")
    says = {"js": "console.log(ready.url);", "java": "System.out.println(url);", "php": "echo $ready->url, PHP_EOL;"}
    text = next(text for text in blocks(language) if name in text)
    (tmp_path / name).write_text(text.replace("// your tests here; then:", says[language]))
    done = subprocess.run(
        [runtime, name], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env=path_with_the_command,
    )  # fmt: skip
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", done.stdout), done.stderr
    assert not (tmp_path / "ready.json").exists()  # the mock held the output open until it had stopped


def test_the_recipes_for_ci_can_be_read_and_run_what_there_is() -> None:
    action, github, gitlab = (yaml.safe_load(text) for text in blocks("yaml"))
    assert action[0]["with"].keys() <= yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"].keys()
    steps = [step["run"] for step in github["jobs"]["capss"]["steps"] if "run" in step]
    for lines in (steps, gitlab["capss"]["script"]):
        assert [line.split()[0] for line in lines] == ["pip", "pytest", "capss-mock"]
        assert "capss-kit[mock]" in lines[0]
    assert {line for line in steps if line.startswith("capss-mock")} <= set(gitlab["capss"]["script"])


def test_every_fixture_and_member_in_the_readme_exists() -> None:
    from capss_mock import pytest_plugin
    from capss_mock.server import MockServer

    fixtures = set(re.findall(r"\bcapss_(?:\w+_)?(?:mock|server|settings|transport|respx)\b", README)) - {"capss_mock"}
    assert fixtures == {"capss_settings", "capss_server", "capss_transport", "capss_async_transport", "capss_respx"}
    assert all(hasattr(pytest_plugin, name) for name in fixtures)
    table = README.split("| `capss_mock` | |")[1].split("\n\n")[0]
    members = [
        name
        for row in table.splitlines()
        for name in re.findall(r"`(\w+)(?:\(|`| =)", row.split("|")[1] if row else "")
    ]
    assert len(members) > 15
    with MockServer(port=None) as mock:
        assert [name for name in members if not hasattr(mock, name)] == []


@pytest.fixture
def capss(project: Path) -> Iterator[dict[str, str]]:
    """An environment that names a mock, and a day.xml of three records."""
    shutil.copy(THREE, project / "day.xml")
    with MockServer(read_settings(changes={"progress": "immediate"})) as mock:
        yield {**os.environ, **mock.environ}


def test_the_program_of_ten_lines_prints_what_the_readme_shows(project: Path, capss: dict[str, str]) -> None:
    (project / "send_day.py").write_text(RECIPES["send_day.py"])
    assert len([line for line in RECIPES["send_day.py"].splitlines() if line.strip() and line[0] != "#"]) <= 10
    command = [sys.executable, "send_day.py", "day.xml"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=True, env=capss)
    assert done.stdout == next(text for text in blocks("text") if text.startswith("confirmed: "))
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=60, check=False,
        env={**capss, "CAPSS_CLIENT_SECRET": "wrong"},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Refused: the token endpoint answered 401 invalid_client; expected an access token. ")


def test_the_command_prints_what_the_readme_shows(project: Path, capss: dict[str, str]) -> None:
    command = [sys.executable, "-m", "capss_client", "upload", "day.xml"]
    run_it = partial(subprocess.run, command, cwd=project, capture_output=True, text=True, timeout=60, env=capss)
    assert run_it(check=False).returncode == 0
    again = run_it(check=False)
    assert (again.returncode, again.stderr) == (1, "")
    assert again.stdout == next(text for text in blocks("text") if text.startswith("day.xml: "))


def test_every_capss_command_in_the_readme_can_be_parsed() -> None:
    lines = [
        line.split("#")[0].strip() for text in blocks("sh") for line in text.splitlines() if line.startswith("capss ")
    ]
    assert len(lines) >= 4
    for line in lines:
        _, name, *words = line.split()
        command = client_cli.get_command(click.Context(client_cli), name)
        assert command is not None, line
        command.parse_args(click.Context(command, info_name=name), words)


def test_the_exit_codes_in_the_readme_are_those_of_the_help() -> None:
    table = re.findall(r"^\| (\d) \| (.*) \|$", README, re.MULTILINE)
    assert [code for code, _ in table] == ["0", "1", "2", "3", "4"]
    shown = " ".join((client_cli.help or "").split())
    for code, words in table:
        assert f"{code} {words.replace('before you send it', 'before sending it')}" in shown
