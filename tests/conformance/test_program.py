"""How a program is run: its command, its end, and what it leaves behind."""

import json
import os
import select
import stat
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from capss_mock.conformance.client import program
from capss_mock.conformance.client.evidence import Ending, Leak, Output
from capss_mock.conformance.client.leaks import Canaries
from capss_mock.conformance.client.program import Command, Place, ProgramError, Programs, environment, run

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJhIiwiaXNzIjoiYiIsImF1ZCI6ImEifQ." + "c2ln" * 20
CANARIES = Canaries({"secret": ("topsecret", "YTpi"), "token": (), "person": ("Invented-1a2b",)})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "root")
    place.make()
    return place


def python(text: str, **more: object) -> Command:
    return Command((sys.executable, "-c", text), **more)  # type: ignore[arg-type]  # fields of a command


def ran(text: str, place: Place, **more: object) -> Ending:
    return run(python(text, **more), os.environ, place, Programs())


def test_its_exit_code_is_its_word(place: Place) -> None:
    assert (ran("", place).code, ran("", place).confirms) == (0, True)
    assert (ran("raise SystemExit(3)", place).code, ran("raise SystemExit(3)", place).confirms) == (3, False)
    crashed = ran("import os; os.kill(os.getpid(), 11)", place)
    assert (crashed.code, crashed.signal, crashed.words) == (None, 11, "it was ended by signal 11")


def test_one_that_does_not_end_is_killed_with_what_it_has_started(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "GRACE_S", 0.2)
    text = "import subprocess, sys, pathlib; child = subprocess.Popen(['sleep', '600']); pathlib.Path('pid').write_text(str(child.pid)); child.wait()"
    ending = ran(text, place, timeout_s=1)
    assert (ending.killed, ending.code, ending.confirms) == (True, None, False)
    pid = int((place.work / "pid").read_text())
    with suppress(ProcessLookupError):  # it is gone already, or goes now
        end = os.pidfd_open(pid)
        assert select.select([end], [], [], 10)[0] == [end]
        os.close(end)


def test_what_it_leaves_running_does_not_hold_us_up(place: Place) -> None:
    ending = ran("import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True); print('x')", place)
    assert (ending.code, ending.output.stdout) == (0, b"x\n")
    assert ending.seconds < 10


def test_output_without_end_is_taken_in_but_not_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_READ_LIMIT", 100_000)
    ending = ran("import sys\nfor _ in range(2000): sys.stdout.write('x' * 1000)\nsys.stderr.write('y')", place)
    assert (len(ending.output.stdout), ending.output.stderr, ending.code) == (100_000, b"y", 0)


def test_it_reads_nothing_from_us_and_finds_its_own_directories(place: Place) -> None:
    ending = ran("import sys, os, tempfile; print(repr(sys.stdin.read()), os.getcwd(), tempfile.gettempdir())", place)
    assert ending.output.stdout.decode().split() == ["''", str(place.work), str(place.temporary)]


@pytest.mark.parametrize(
    ("text", "outcome", "unreadable"),
    [
        ('{"confirmed": true}', {"confirmed": True}, ""),
        ('\ufeff{"confirmed": false}', {"confirmed": False}, ""),
        ("no", None, "it is no JSON (JSONDecodeError)"),
        ("[" * 100_000, None, "it is no JSON (RecursionError)"),
    ],
)
def test_its_outcome_file_is_read(place: Place, text: str, outcome: object, unreadable: str) -> None:
    place.outcome.write_text(text, "utf-8")
    ending = ran("", place)
    assert (ending.outcome, ending.unreadable) == (outcome, unreadable)


def test_places_in_the_command_are_filled_and_unknown_ones_refused() -> None:
    environ = {"CAPSS_FILE": "/a/day.xml", "CAPSS_BASE_URL": "http://x", "CAPSS_OPERATION": "upload"}
    command = Command(("echo", "{file}", "--to={base_url}", "{operation}", "{}", "{0}"))
    assert command.filled(environ) == ["echo", "/a/day.xml", "--to=http://x", "upload", "{}", "{0}"]
    with pytest.raises(ProgramError, match=r"\{fiel\} in it"):
        Command(("echo", "{fiel}"))
    with pytest.raises(ProgramError, match=r"\{fiel\} in it"):
        Command(("echo",), setup=("echo", "{fiel}"))


def test_arguments_that_name_files_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf.ini").touch()
    (tmp_path / "sub").mkdir()
    command = Command(("echo", "conf.ini", "sub", "sub/", "none.ini", "-x", ""))
    assert command.filled({}) == ["echo", f"{tmp_path}/conf.ini", "sub", f"{tmp_path}/sub", "none.ini", "-x", ""]
    inside = Command(("echo", "conf.ini"), inside=tmp_path)
    assert inside.filled({}) == ["echo", "conf.ini"]


def test_the_environment_is_ours_and_the_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPSS_LEDGER", "mine")
    monkeypatch.setenv("NO_PROXY", "intranet")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1g")
    environ = environment({"CAPSS_BASE_URL": "http://x"}, tmp_path / "ca.pem", tmp_path / "trust.p12")
    assert "CAPSS_LEDGER" not in environ
    assert environ["NO_PROXY"] == "intranet,localhost,127.0.0.1,::1"
    assert environ["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -Djavax.net.ssl.trustStore=")
    assert environ["SSL_CERT_FILE"] == environ["CAPSS_CA_FILE"] == str(tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("print('log in with topsecret')", [Leak("secret", "stdout")]),
        ("import sys; print('Basic YTpi', file=sys.stderr)", [Leak("secret", "stderr")]),
        (f"print({JWT!r})", [Leak("token", "stdout")]),
        ("print('Invented-1a2b')", [Leak("person", "stdout")]),
        ("open('a.log', 'w').write('topsecret')", [Leak("secret", "work/a.log")]),
        (f"import os; os.umask(0o077); open('cache', 'w').write({JWT!r})", [Leak("token", "work/cache", private=True)]),
        (
            "import tempfile; open(tempfile.gettempdir() + '/copy.xml', 'w').write('Invented-1a2b')",
            [Leak("person", "tmp/copy.xml")],
        ),
        ("import os; open('a', 'w').write('topsecret'); os.remove('a')", []),
        ("print('nothing of it')", []),
    ],
)
def test_what_is_confidential_is_found_wherever_it_comes_out(place: Place, text: str, leaks: list[Leak]) -> None:
    ending = ran(text, place)
    assert ending.code == 0
    assert CANARIES.leaks(ending.output, place, 0) == leaks


def test_where_it_runs_in_place_only_what_it_changed_is_looked_at(tmp_path: Path) -> None:
    inside = tmp_path / "home"
    inside.mkdir()
    (inside / "settings.ini").write_text("topsecret")
    os.utime(inside / "settings.ini", (0, 0))
    place = Place(tmp_path / "root", inside)
    place.make()
    ran("open('new.log', 'w').write('topsecret')", place)
    assert CANARIES.leaks(Output(), place, 1000) == [Leak("secret", "new.log")]


def test_an_outcome_file_is_looked_at_too(place: Place) -> None:
    place.outcome.write_text(json.dumps({"confirmed": True, "who": "Invented-1a2b"}))
    place.outcome.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert CANARIES.leaks(Output(), place, 0) == [Leak("person", "outcome.json", private=True)]


def test_its_last_lines_are_shown_without_what_is_confidential() -> None:
    lines = [*(f"line {number}" for number in range(20)), "", f"Bearer {JWT}", "topsecret for Invented-1a2b", "z" * 500]
    shown = CANARIES.hidden(Output(b"never shown", "\n".join(lines).encode()))
    assert shown == [*(f"line {number}" for number in range(15, 20)), "Bearer …", "… for …", "z" * 200]
    assert CANARIES.hidden(Output(b"said\n", b" \n")) == ["said"]
