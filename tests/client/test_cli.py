"""The command ``capss``: what it prints, its exit codes, and what it never does."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from capss_client.cli import main
from capss_mock.server import MockServer
from capss_mock.settings import read_settings
from tests.client.helpers import Time
from tests.helpers import UPDATES, VALID

THREE = VALID / "three-transactions.xml"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(port=None) as server:
        yield server


@pytest.fixture
def mock(server: MockServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """A mock that the environment names."""
    for name in [each for each in os.environ if each.startswith("CAPSS_")]:
        monkeypatch.delenv(name)
    with server.open_run(read_settings(getattr(request, "param", "happy"))) as mock:
        for name, value in mock.environ.items():
            monkeypatch.setenv(name, value)
        yield mock


@pytest.fixture
def run(mock: MockServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``capss``; time passes without waiting."""
    time = Time()
    monkeypatch.setattr("capss_client._client._sleep", time.sleep)
    monkeypatch.setattr("capss_client.cli.signal.signal", lambda *_: None)  # they would outlive the test

    def one(*arguments: object, **environment: str) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["capss", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return one


def test_an_upload_is_waited_for_and_confirmed(run: Run, mock: MockServer) -> None:
    assert run("upload", THREE) == (0, "three-transactions.xml: saved 3 of 3\n", "")
    assert mock.submissions.saved == 3


def test_an_update_too(run: Run, mock: MockServer) -> None:
    run("upload", VALID / "one-transaction.xml")
    code, out, _ = run("update", UPDATES / "one-item.xml")
    assert code in (0, 1)
    assert out.startswith("one-item.xml: saved ")


@pytest.mark.parametrize("mock", ["partial"], indirect=True)
def test_what_was_not_saved_is_said_with_capss_own_words(run: Run) -> None:
    code, out, err = run("upload", THREE)
    assert (code, err) == (1, "")
    assert out == (
        "three-transactions.xml: saved 2 of 3, with errors: NOT everything is confirmed saved\n"
        "  propertyTransaction 1: is refused (STA-REFUSED)\n"
    )


def test_duplicates_can_be_dropped_by_an_option(run: Run) -> None:
    run("upload", THREE)
    code, out, _ = run("upload", THREE, "--on-dup", "submitWithoutDups", "--on-error", "submit")
    assert (code, out) == (
        1,
        "three-transactions.xml: saved 0 of 3, with duplicates: NOT everything is confirmed saved\n",
    )


@pytest.mark.parametrize("mock", ["commit-then-504"], indirect=True)
def test_what_cannot_be_known_is_said_with_what_to_do(run: Run) -> None:
    code, out, err = run("upload", THREE)
    assert (code, out) == (3, "")
    assert err == (
        "capss: it is NOT known whether it was saved: the upload was answered 504\n"
        "  expected: 202 and where to ask\n"
        "  next: Do not send it again: look in CAPSS whether it is there, or ask whoever runs CAPSS; then send it again, or "
        "not.\n"
    )


def test_without_waiting_it_is_not_known(run: Run, mock: MockServer) -> None:
    code, out, _ = run("upload", THREE, "--no-wait")
    assert code == 3
    found = re.fullmatch(
        r"three-transactions.xml: accepted, and not known yet whether it is saved: capss status (\S+)\n", out
    )
    assert found
    assert run("status", found[1])[0] == 3
    assert run("status", found[1], "--wait") == (0, "three-transactions.xml: saved 3 of 3\n", "")
    assert run("status", "/api/bulkimport/status/512627")[0] == 0


@pytest.mark.parametrize(
    ("mock", "code", "expected"),
    [
        ("happy", 0, {"confirmed": True, "saved": 3, "total": 3, "duplicates": False, "errors": []}),
        ("duplicates-refused", 1, {"confirmed": False, "saved": 0, "duplicates": True}),
        ("never-completes", 3, {"confirmed": None, "saved": None}),
        ("commit-then-504", 3, {"confirmed": None, "saved": None, "status_url": None}),
        ("token-invalid-client", 1, {"confirmed": False, "saved": 0, "status_url": None}),
        ("token-500", 4, {"confirmed": False, "saved": 0}),
    ],
    indirect=["mock"],
)
def test_the_outcome_for_a_program(
    run: Run, mock: MockServer, tmp_path: Path, code: int, expected: dict[str, Any]
) -> None:
    file = tmp_path / "outcome.json"
    found, out, err = run("upload", THREE, "--json", CAPSS_OUTCOME_FILE=str(file), CAPSS_TIMEOUT_S="2")
    values = json.loads(out)
    assert (found, values["exit_code"], err) == (code, code, "")
    assert {name: values[name] for name in expected} == expected
    assert ("error" in values) is (code in (3, 4) or "invalid" in mock.run.settings.scenario)
    counts = {"happy": (0, 0), "duplicates-refused": (3, 0)}.get(mock.run.settings.scenario, (None, None))
    assert json.loads(file.read_text()) == {
        "confirmed": "unknown" if values["confirmed"] is None else values["confirmed"], "saved": values["saved"],
        "duplicates": counts[0], "errors": counts[1], "file": str(THREE), "status_url": values["status_url"],
        "exit_code": code,
    }  # fmt: skip
    if values["status_url"]:
        assert values["status_url"].startswith(mock.url)


def test_quiet_is_quiet(run: Run) -> None:
    assert run("upload", THREE, "--quiet") == (0, "", "")
    assert run("upload", THREE, "--quiet") == (1, "", "")
    assert run("upload", THREE, "--quiet", CAPSS_CLIENT_SECRET="wrong") == (1, "", "")


def test_nothing_is_sent_where_the_server_is_not(run: Run) -> None:
    code, out, err = run("upload", THREE, CAPSS_BASE_URL="http://127.0.0.1:1", CAPSS_TOKEN_URL="")
    assert (code, out) == (4, "")
    assert err.startswith("capss: not sent: no answer from http://127.0.0.1:1 ([Errno 111] Connection refused)\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["upload", "nope.xml"], {}, "capss: nothing was sent: nope.xml is not there\n"),
        (
            ["upload", THREE],
            {"CAPSS_BASE_URL": "", "CAPSS_TOKEN_URL": ""},
            "capss: nothing was sent: the base URL is empty\n",
        ),
        (
            ["upload", THREE],
            {"CAPSS_BASE_URL": "https://capss.doj.ca.gov"},
            "capss.doj.ca.gov is the DOJ's production host\n",
        ),
        (["upload", THREE], {"CAPSS_CLIENT_SECRET": ""}, "the client secret is empty\n"),
        (["upload", THREE, "--client-secret-file", "nope"], {}, "cannot read nope: No such file or directory"),
        (["upload"], {}, "capss upload: Missing argument 'FILE'. (see capss upload --help)\n"),
        (["uplaod"], {}, "capss: No such command 'uplaod'."),
        (
            ["upload", THREE, "--on-dup", "x"],
            {},
            "Invalid value for '--on-dup': 'x' is not one of 'reject', 'submitWithDups'",
        ),
        (["upload", THREE, "--deadline", "0"], {}, "--deadline"),
        (["status", "https://capss-sb.doj.ca.gov/x"], {}, "the status URL is none, or on another host\n"),
        (["upload", THREE, "--ledger", "/nowhere/x"], {}, "the ledger /nowhere/x cannot be used"),
        (["upload", THREE, "--token-cache", "/nowhere/x"], {}, "the token cache /nowhere/x cannot be used"),
        (["upload", THREE], {"CAPSS_CA_FILE": "/nowhere/ca"}, "the CA file /nowhere/ca cannot be used"),
    ],
)
def test_what_is_used_wrongly_is_an_error_of_exit_code_2(
    run: Run, mock: MockServer, arguments: list[object], environment: dict[str, str], says: str
) -> None:
    code, out, err = run(*arguments, **environment)
    assert (code, out) == (2, "")
    assert says in err
    assert mock.submissions.accepted == 0


def test_a_secret_can_come_from_a_file(run: Run, mock: MockServer, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{mock.client_secret}\nmore\n")
    assert run("token", "--client-secret-file", file, CAPSS_CLIENT_SECRET="wrong")[0] == 0


def test_the_ledger_and_the_token_cache_work_from_the_command(run: Run, mock: MockServer, tmp_path: Path) -> None:
    options = ("--ledger", tmp_path / "l.sqlite", "--token-cache", tmp_path / "t.json")
    assert run("upload", THREE, *options)[0] == 0
    code, _, err = run("upload", THREE, *options)
    assert code == 0  # everything in it is confirmed saved, since the first time
    assert "already (it is saved)" in err
    values = json.loads(run("upload", THREE, *options, "--json")[1])
    assert (values["confirmed"], values["error"]["kind"], values["exit_code"]) == (True, "AlreadySent", 0)
    assert run("upload", THREE, *options, "--again")[0] == 1
    assert run("upload", THREE, *options)[0] == 0  # it stays what it was: saved
    assert [each.operation for each in mock.journal].count("token") == 1


def test_a_token_is_told_of_and_never_shown(run: Run, mock: MockServer) -> None:
    code, out, _ = run("token")
    assert code == 0
    assert re.fullmatch(r"a token for api, good for \d+ s\n", out)
    code, out, _ = run("token", "--show-claims")
    claims = json.loads(out.partition("\n")[2])
    assert (claims["client_id"], claims["license_id"]) == (mock.client_id, "000000300")
    values = json.loads(run("token", "--show-claims", "--json")[1])
    assert set(values) == {"good", "expires_in", "scope", "claims"}
    assert json.loads(run("token", "--json", CAPSS_CLIENT_SECRET="wrong")[1])["error"]["kind"] == "Refused"


def findings(out: str) -> list[tuple[str, str]]:
    return [(line[:4].strip(), line[6:18].strip()) for line in out.splitlines() if not line.startswith(" ")]


def test_the_doctor_finds_all_well(run: Run) -> None:
    code, out, _ = run("doctor")
    assert code == 0
    assert findings(out) == [("ok", name) for name in ("settings", "connection", "clock", "credentials", "scope")]
    values = json.loads(run("doctor", "--json")[1])
    assert values["good"]
    assert all(each["good"] for each in values["findings"])


@pytest.mark.parametrize(
    ("mock", "environment", "finding", "says", "code"),
    [
        ("happy", {"CAPSS_BASE_URL": "x"}, "settings", "the base URL is no URL", 2),
        (
            "happy",
            {"CAPSS_TOKEN_URL": "http://127.0.0.1:1/x"},
            "connection",
            "check the base URL, the network and the",
            4,
        ),
        ("happy", {"CAPSS_CLIENT_SECRET": "x"}, "credentials", "401 invalid_client", 1),
        ("token-invalid-scope", {}, "scope", "no right to api", 1),
        ("token-html", {}, "credentials", "200, but the answer is", 1),
        ("token-503-first", {}, "credentials", "the token endpoint answered 503", 1),
        ("untrusted-certificate", {}, "certificate", "give the right CA file", 4),
        ("expired-certificate", {}, "certificate", "certificate has expired", 4),
    ],
    indirect=["mock"],
)
def test_the_doctor_says_what_is_wrong_and_what_to_do(
    run: Run, environment: dict[str, str], finding: str, says: str, code: int
) -> None:
    found, out, _ = run("doctor", **environment)
    assert found == code
    assert ("FAIL", finding) in findings(out)
    assert says in out
    assert "next: " in out


def test_the_doctor_sees_a_clock_that_is_wrong(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capss_client.cli.doctor._now", lambda: time.time() + 300)
    code, out, _ = run("doctor")
    assert code == 1
    assert re.search(r"FAIL  clock        this machine is (299|300|301) s ahead\n +next: set its clock", out)


def test_insecure_is_warned_of_every_time(run: Run) -> None:
    for _ in range(2):
        assert "capss: warning: certificates of 127.0.0.1 are not checked\n" in run("token", "--insecure")[2]


def test_documents_are_checked_by_the_mocks_checker(mock: MockServer) -> None:
    command = [sys.executable, "-m", "capss_client", "validate"]
    done = subprocess.run(
        [*command, "--set", "report-dates=off", THREE], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 errors" in done.stdout
    assert subprocess.run([*command, "nope.xml"], capture_output=True, check=False, timeout=60).returncode == 2


def test_where_the_checker_is_not_installed_it_says_how(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capss_client.cli.validate.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")
    code, _, err = run("validate", THREE)
    assert code == 2
    assert "pip install 'capss-kit[mock]'" in err


@pytest.mark.parametrize("command", ["upload", "update", "status", "token", "doctor"])
def test_every_command_has_a_help_with_examples(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"  capss {command}" in out.partition("Examples:")[2]


def on_a_terminal(*arguments: object) -> tuple[int, str]:
    """Run it on a pseudo-terminal."""
    here, there = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "capss_client", *map(str, arguments)], stdout=there, stderr=there)
    os.close(there)
    seen = io.BytesIO()
    try:
        while data := os.read(here, 65536):
            seen.write(data)
    except OSError:  # the other end is closed
        pass
    os.close(here)
    return process.wait(60), seen.getvalue().decode()


def test_progress_is_one_line_on_a_terminal_and_gone_at_the_end(mock: MockServer) -> None:
    code, seen = on_a_terminal("upload", THREE)
    assert code == 0
    frames = seen.split("\r\x1b[K")
    assert any(re.fullmatch(r"accepted, 2 polls, \d s …", each) for each in frames)
    assert frames[-1] == "three-transactions.xml: saved 3 of 3\r\n"
    assert "\n" not in "".join(frames[:-1])


def test_the_entry_point_is_there() -> None:
    from importlib.metadata import entry_points

    (found,) = entry_points(group="console_scripts", name="capss")
    assert found.load() is main


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    code, _, err = run()
    assert code == 2
    assert "capss upload day.xml" in err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ZeroDivisionError("with a secret"), 3, "capss: a fault of ours: ZeroDivisionError at "),
        (click.Abort(), 130, "capss: stopped\n"),
    ],
)
def test_what_should_not_happen_is_one_line_without_what_it_quotes(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, says: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("capss_client.cli.cli.main", fail)
    found, out, err = run("doctor")
    assert (found, out) == (code, "")
    assert err.startswith(says)
    assert "secret" not in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("mock", ["immediate"], indirect=True)
def test_output_that_nobody_reads_or_can_be_written_is_no_traceback(mock: MockServer) -> None:
    program = f"{sys.executable} -m capss_client"
    upload = f"{program} upload {THREE}"
    cases = {
        f"{program} --help | true": 0, f"{program} token --show-claims > /dev/full": 0, f"{upload} > /dev/full": 0,
        f"{upload} > /dev/full 2>&1": 1, f"set -o pipefail; {upload} | true": 1, f"{upload} >&- 2>&-": 1,
        f"{program} upload nope.xml 2>&-": 2, f"{program} --help > /dev/full": 2,
    }  # fmt: skip
    for shell, code in cases.items():  # the first upload is saved, the others are duplicates
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == code, (shell, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("mock", ["never-completes"], indirect=True)
def test_a_status_that_is_pending_is_told_as_that(run: Run, mock: MockServer) -> None:
    url = json.loads(run("upload", THREE, "--no-wait", "--json")[1])["status_url"]
    assert run("status", url) == (3, "three-transactions.xml: not final: processing\n", "")
    values = json.loads(run("status", url, "--json")[1])
    assert (values["confirmed"], values["exit_code"], values["url"]) == (None, 3, url)


def test_a_status_of_nothing_is_undetermined_and_says_so(run: Run) -> None:
    code, _, err = run("status", "/api/bulkimport/status/1")
    assert code == 3
    assert "the status request was answered 404" in err


def test_an_outcome_file_that_cannot_be_written_is_noticed_before_anything_is_sent(run: Run, mock: MockServer) -> None:
    code, out, err = run("upload", THREE, "--outcome-file", "/nowhere/x")
    assert (code, out) == (2, "")
    assert err == "capss: cannot write /nowhere/x: No such file or directory\n"
    assert mock.journal == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
@pytest.mark.parametrize("mock", ["never-completes"], indirect=True)
def test_a_signal_while_it_waits_says_that_it_was_taken_and_leaves_no_old_outcome(
    mock: MockServer, name: str, tmp_path: Path
) -> None:
    outcome = tmp_path / "o.json"
    outcome.write_text('{"confirmed": true}')
    asked = threading.Event()
    mock.run.witness = lambda environ: asked.set() if "/status/" in environ["PATH_INFO"] else None
    process = subprocess.Popen(
        [sys.executable, "-m", "capss_client", "upload", THREE, "--outcome-file", outcome], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert asked.wait(60)
    assert json.loads(outcome.read_text())["confirmed"] == "unknown"
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (3, "")
    assert "It was taken: ask later what became of it, capss status http://127.0.0.1:" in err
    assert json.loads(outcome.read_text())["status_url"].startswith("http://127.0.0.1:")


def test_stopped_before_anything_was_sent_it_is_told_as_that_and_can_be_sent_again(
    run: Run, mock: MockServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stopped(_: float) -> None:
        raise KeyboardInterrupt

    mock.fault("token", status=503, times=1)
    with monkeypatch.context() as patch:
        patch.setattr("capss_client._client._sleep", stopped)
        code, _, err = run("upload", THREE, "--ledger", tmp_path / "l.sqlite")
    assert (code, err.splitlines()[0]) == (4, "capss: not sent: it was stopped")
    assert run("upload", THREE, "--ledger", tmp_path / "l.sqlite")[0] == 0


def test_again_needs_a_ledger(run: Run) -> None:
    code, _, err = run("upload", THREE, "--again")
    assert (code, "there is none (--ledger FILE)" in err) == (2, True)


def test_the_number_of_an_upload_is_enough_and_another_address_claims_nothing(run: Run) -> None:
    run("upload", THREE)
    assert run("status", "512627")[0] == 0
    code, _, err = run("status", "999999")
    assert (code, "Check the URL" in err, "The document was taken" in err) == (3, True, False)
    assert run("status", "")[0] == 2


def test_what_the_server_says_does_not_steer_the_terminal(run: Run, mock: MockServer) -> None:
    mock.set(progress="immediate")
    mock.fault("status", "change", members={"errorMessages": ["\x1b[2Jbad\nrecord"], "hasErrors": True}, times=None)
    code, out, _ = run("upload", THREE)
    assert code == 1
    assert out.endswith("  \ufffd[2Jbad\ufffdrecord\n")
