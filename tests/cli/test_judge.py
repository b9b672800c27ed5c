"""``capss-mock judge`` and ``capss-mock verify``, run as a user runs them."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from capss_mock.conformance.programs import REFERENCE
from capss_mock.server import MockServer
from tests.cli.test_commands import Run, run

__all__ = ["run"]  # a fixture

pytestmark = pytest.mark.usefixtures("one_key")

GOOD = (sys.executable, str(REFERENCE), "{file}")
LIAR = (sys.executable, str(REFERENCE), "--wrong", "TRUTH-SAVED", "{file}")
QUICK = "immediate,complete-with-errors"


def test_a_good_program_passes_what_was_judged_and_a_part_is_no_pass(run: Run) -> None:
    code, out, err = run("judge", "--scenario", QUICK, "--", *GOOD)
    assert (code, err) == (4, "")
    first = out.splitlines()[0]
    assert first == "capss-mock judge. Unofficial: no affiliation with the California DOJ. Passing is no certification."
    assert "played    2 scenarios, dialect sheet, operations upload; " in out
    assert (
        "rests on  what only the DOJ can answer (assumed or inferred; capss-mock switches): api-generation=both [A]"
        in out
    )
    assert out.splitlines()[-1].startswith("PARTIAL: of 40 checks 0 failed, 0 warnings, ")


def test_a_lie_is_told_first_with_evidence(run: Run) -> None:
    code, out, _ = run("judge", "--scenario", "complete-with-errors", "--", *LIAR)
    assert code == 1
    words = out[out.index("TRUTH\n") :]
    assert "actual    your program said saved; the server saved 0 of 3" in words
    assert "fix       exit 0 only after a final status (200)" in words
    assert "POST /api/bulkimport/save  202  0 of 3 records saved, 3 with errors" in words
    assert 'check = "TRUTH-SAVED"' in words


def test_json_is_for_programs_and_quiet_is_a_line(run: Run) -> None:
    code, out, _ = run("judge", "--json", "--scenario", "complete-with-errors", "--", *LIAR)
    values = json.loads(out)
    assert (code, values["exit_code"], values["verdict"], values["partial"]) == (
        1,
        1,
        "fail",
        "only a part was judged (--scenario)",
    )
    (play,) = values["plays"]
    assert (play["said"], play["held"]) == ("exit code 0: saved", "0 of 3 records saved, 1 submission")
    code, out, _ = run("judge", "-q", "--scenario", "complete-with-errors", "--", *LIAR)
    assert (code, out.count("\n")) == (1, 1)


def test_all_reports_are_written(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "new" / "reports"
    code, out, _ = run("judge", "--report-dir", str(directory), "--scenario", QUICK, "--", *LIAR)
    assert (code, out.splitlines()[-1]) == (1, f"reports: {directory}")
    assert sorted(each.name for each in directory.iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
        "report.txt",
        "report.xml",
    ]
    assert json.loads((directory / "report.json").read_text())["kind"] == "judge"
    assert etree.parse(str(directory / "report.xml")).getroot().get("failures") == "1"
    code, _, err = run("judge", "--report-dir", str(directory / "report.md"), "--scenario", "immediate", "--", *GOOD)
    assert (code, "cannot write" in err) == (2, True)


def test_warnings_count_with_strict_and_checks_can_be_chosen(run: Run) -> None:
    command = (sys.executable, str(REFERENCE), "--wrong", "STATUS-STOPS", "{file}")
    assert run("judge", "-q", "--scenario", "immediate", "--check", "status-stops", "--", *command)[0] == 4
    code, out, _ = run(
        "judge", "--strict", "--scenario", "immediate", "--check", "status-stops,TOKEN-BASIC", "--", *command
    )
    assert code == 1
    assert out.splitlines()[-1].startswith("FAIL (--strict: warnings count): of 2 checks 0 failed, 1 warning, 1 passed")


def test_a_baseline_excuses_what_it_names_until_it_is_stale(run: Run, tmp_path: Path) -> None:
    baseline = tmp_path / "capss.toml"
    baseline.write_text('[[known]]\ncheck = "TRUTH-SAVED"\nreason = "ticket 4711"\nexpires = 2099-12-31\n')
    code, out, _ = run("judge", "--baseline", str(baseline), "--scenario", "complete-with-errors", "--", *LIAR)
    assert (code, "excused   TRUTH-SAVED (ticket 4711)" in out) == (4, True)
    baseline.write_text('[[known]]\ncheck = "TRUTH-SAVED"\nreason = "ticket 4711"\nexpires = 2020-01-01\n')
    code, out, _ = run("judge", "--baseline", str(baseline), "--scenario", "complete-with-errors", "--", *LIAR)
    assert (code, "stale     TRUTH-SAVED: its day has passed (2020-01-01)" in out) == (1, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "is not TOML"),
        ("[[known]]\ncheck = 'NOPE'\nreason = 'x'", "entry 1: there is no check 'NOPE'"),
        ("[[known]]\ncheck = 'EGRESS'", "EGRESS needs a reason"),
        ("[[known]]\ncheck = 'EGRESS'\nreason = 'TODO: why'", "EGRESS needs a reason"),
        ("[[known]]\ncheck = 'EGRESS'\nreason = 'x'\nexpires = 'soon'", "expires must be a day"),
        ("[[known]]\ncheck = 'EGRESS'\nreason = 'x'\nuntil = 2027-01-01", "there is no member 'until'"),
        ("known = 1", "expected tables [[known]]"),
        ("[known]\ncheck = 'EGRESS'", "expected tables [[known]]"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_one_line(run: Run, tmp_path: Path, text: str, words: str) -> None:
    baseline = tmp_path / "capss.toml"
    baseline.write_text(text)
    code, out, err = run("judge", "--baseline", str(baseline), "--", *GOOD)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name the program after --: capss-mock judge -- ./upload.sh {file}"),
        (("--attach", "--", "x"), "exclude each other"),
        (
            ("--scenario", "comit-then-504", "--", "x"),
            "there is no scenario 'comit-then-504': did you mean commit-then-504?",
        ),
        (("--check", "TRUTH", "--", "x"), "there is no check 'TRUTH'"),
        (("--dialect", "x", "--", "x"), "there is no dialect 'x'"),
        (("--", "./no-such-program", "{file}"), "cannot start ./no-such-program: not found"),
        (("--", "cat", "{fiel}"), "the command has {fiel} in it: known are {base_url}"),
        (("--har", "no.har"), "does not exist"),
        (("--setup", "echo 'x", "--", "x"), "is no command: no closing quotation"),
        (("--report-dir", "/dev/null/x", "--", "sleep", "60"), "cannot write /dev/null/x: it is no directory"),
        (("--baseline", "no.toml", "--", "x"), "cannot read no.toml"),
        (
            ("--setup", "false", "--scenario", "immediate", "--", *GOOD),
            "the setup command ended with exit code 1: it printed nothing",
        ),
    ],
)
def test_mistakes_are_one_line(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = run("judge", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_file_that_may_not_be_executed_is_told_apart(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "upload.sh"
    script.write_text("#!/bin/sh\n")
    code, _, err = run("judge", "--", str(script), "{file}")
    assert (code, "it may not be executed: chmod +x" in err) == (2, True)


def test_the_list_names_all_checks(run: Run) -> None:
    code, out, _ = run("judge", "--list")
    assert code == 0
    assert "  TRUTH-SAVED            [assumed] It says that everything is saved" in out
    assert (
        "  STATUS-GROWTH          [observed] The longer it takes, the rarer it asks (or no more than every 5 s). (warn)"
        in out
    )
    assert "  SRV-TOK-EXPIRES-IN     [inferred] expires_in is exp - iat - 2. (info)" in out
    values = json.loads(run("judge", "--list", "--json")[1])
    assert len(values["checks"]["program"]) == 40
    assert len(values["scenarios"]) == 61


def test_a_dry_run_prints_what_would_be_run_and_runs_nothing(run: Run, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    code, out, _ = run("judge", "--dry-run", "--setup", "true now", "--", "touch", str(marker), "{file}", "{operation}")
    assert code == 0
    assert not marker.exists()
    lines = out.splitlines()
    assert "61 would be played" in lines[0]
    named = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert {
        "CAPSS_BASE_URL", "CAPSS_TOKEN_URL", "CAPSS_CLIENT_ID", "CAPSS_CLIENT_SECRET", "CAPSS_FILE", "CAPSS_OPERATION",
        "CAPSS_CA_FILE", "CAPSS_TIMEOUT_S", "CAPSS_OUTCOME_FILE", "CAPSS_SCENARIO", "SSL_CERT_FILE",
        "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "JAVA_TOOL_OPTIONS", "NO_PROXY",
    } <= set(named)  # fmt: skip
    assert re.fullmatch(r"[A-Za-z0-9]+", named["CAPSS_CLIENT_ID"] + named["CAPSS_CLIENT_SECRET"])
    assert named["CAPSS_TIMEOUT_S"] == "30"
    assert lines[-2] == "true now"
    assert lines[-1] == f"touch {marker} {named['CAPSS_FILE']} upload"


def test_the_self_test_shows_the_judge_fail_once(run: Run) -> None:
    code, out, err = run("judge", "--self-test")
    assert err == ""
    assert code == 0
    assert re.search(r"^a good program, 4 scenarios: \d+ checks passed, 0 failed$", out, re.MULTILINE)
    assert re.search(
        r"  FAIL TRUTH-SAVED in (complete-with-errors|commit-then-504) and 1 more: .*: your program said saved", out
    )
    assert out.splitlines()[-1] == "self-test: the judge passes a good program, and fails one that says saved too often"


def test_a_judge_that_finds_nothing_fails_its_self_test(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capss_mock.conformance.client.judges.JUDGES", {})
    code, out, _ = run("judge", "--self-test", "--quiet")
    assert (code, "a fault of ours" in out) == (3, True)


def test_a_program_runs_where_it_lives_with_chdir_and_after_setup(run: Run, tmp_path: Path) -> None:
    shutil.copy(REFERENCE, tmp_path / "program.py")
    (tmp_path / "go.sh").write_text(f'#!/bin/sh\ntest -f ready && rm ready && exec {sys.executable} program.py "$1"\n')
    (tmp_path / "go.sh").chmod(0o755)
    code, out, err = run(
        "judge", "--chdir", str(tmp_path), "--setup", "touch ready", "--scenario", QUICK, "--", "./go.sh", "{file}"
    )
    assert (code, err) == (4, ""), out


def test_arguments_that_name_files_are_found_from_a_fresh_directory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(REFERENCE, tmp_path / "program.py")
    monkeypatch.chdir(tmp_path)
    assert run("judge", "--scenario", QUICK, "--", sys.executable, "program.py", "{file}")[0] == 4


def test_what_looks_like_a_secret_in_the_command_is_not_shown(run: Run) -> None:
    _, out, _ = run(
        "judge",
        "--scenario",
        "immediate",
        "--",
        *GOOD,
        "--api-token",
        "hidden1",
        "--password=hidden2",
        "--client-secret-file",
        "s.txt",
    )
    assert "hidden" not in out
    assert "--api-token … --password=… --client-secret-file s.txt" in " ".join(out.split())


def test_nothing_of_a_run_is_in_its_reports(run: Run, tmp_path: Path) -> None:
    for wrong in ("PRIVACY-SECRET", "PRIVACY-TOKEN", "PRIVACY-PERSON"):
        run(
            "judge",
            "-q",
            "--report-dir",
            str(tmp_path),
            "--scenario",
            "immediate",
            "--",
            *GOOD[:2],
            "--wrong",
            wrong,
            "{file}",
        )
        for file in tmp_path.iterdir():
            text = file.read_text("utf-8")
            assert wrong in text
            assert not re.search(r"eyJ|Invented-[0-9a-f]{12}|CAPSS_CLIENT_SECRET=", text)


@pytest.mark.skipif(os.name == "nt", reason="it takes signals")
def test_stopping_the_judge_stops_the_program(tmp_path: Path) -> None:
    script = tmp_path / "slow.sh"
    os.mkfifo(tmp_path / "begun")
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/begun; exec sleep 600\n")
    script.chmod(0o755)
    command = [sys.executable, "-m", "capss_mock", "judge", "--scenario", "immediate", "--", str(script)]
    judge = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pid = int((tmp_path / "begun").read_text())  # waits for it
    judge.send_signal(signal.SIGTERM)
    _, err = judge.communicate(timeout=30)
    assert (judge.returncode, err) == (130, "\ncapss-mock: stopped\n")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_person_can_start_the_program(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def ask(_question: str) -> str:
        """Who is asked sets up the program as it was told, runs it, and says what it said."""
        values = dict(re.findall(r"^  (.{10}) (.*)$", "\n".join(told), re.MULTILINE))
        names = {
            "address": "CAPSS_BASE_URL",
            "token at": "CAPSS_TOKEN_URL",
            "client id": "CAPSS_CLIENT_ID",
            "secret": "CAPSS_CLIENT_SECRET",
        }
        environ = {name: values[f"{label:<10}"] for label, name in names.items()}
        command = [*LIAR[:-1], values[f"{'send':<10}"]]
        done = subprocess.run(command, env={**os.environ, **environ}, check=False, capture_output=True)
        return "saved" if done.returncode == 0 else "n"

    from capss_mock.conformance.client import campaign
    from capss_mock.conformance.results import Verdict

    plan = campaign.Plan(None, ("complete-with-errors", "immediate"), attend=(told.append, ask), jobs=1)
    report = campaign.carry_out(plan)
    assert {each.check.id for each in report.with_verdict(Verdict.FAIL, Verdict.WARN)} == {"TRUTH-SAVED"}
    monkeypatch.setattr("sys.stdin", io.StringIO("what?\nn\n"))
    code, out, err = run("judge", "--attach", "--json", "--scenario", "status-empty")
    assert (code, "1 of 1: scenario status-empty. Every status is 200 with nothing in it." in err) == (4, True)
    assert "please answer s or n" in err
    values = json.loads(out)
    assert values["plays"][0]["said"] == "it told: not saved, or not known"
    passed = {each["id"] for each in values["checks"] if each["verdict"] == "pass"}
    assert passed == {"TRUTH-SAVED"}  # nothing else could be seen
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, out, err = run("judge", "--attach", "--scenario", "status-empty")
    assert (
        code,
        out,
        err.endswith("there is no answer: standard input is at its end (see capss-mock judge --help)\n"),
    ) == (2, "", True)


def test_verify_passes_the_mock_and_says_what_it_is_not(run: Run, tmp_path: Path) -> None:
    with MockServer() as mock:
        code, out, err = run("verify", mock.url, "--report-dir", str(tmp_path))
    assert (code, err) == (0, "")
    assert (
        out.splitlines()[0]
        == "capss-mock verify. Unofficial: no affiliation with the California DOJ. Passing is no certification."
    )
    assert "PASS: of 55 checks 0 failed, 0 warnings, 55 passed" in out
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://capss.doj.ca.gov", "is production: nothing invented is sent there"),
        ("https://capss-sb.doj.ca.gov", "is not this machine: with --i-own-this-account"),
        ("http://127.0.0.1:1", "cannot be asked: POST /oauth2/token: nobody listens there"),
        ("nonsense", "is not an address such as"),
    ],
)
def test_what_verify_does_not_ask_is_one_line(run: Run, url: str, words: str) -> None:
    code, out, err = run("verify", url)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--operations", "", "--", "true"), "no operation is named"),
        (("--dialect", ",", "--", "true"), "no dialect is named"),
        (("--dialect", "old-2025", "--operations", "update", "--scenario", "happy", "--", "true"), "there is nothing to play: happy (update, old-2025)"),
        (("--attach", "--intercept"), "--intercept is about how a command is run"),
        (("--har", "README.md", "--setup", "x"), "--setup is about how a command is run"),
        (("--self-test", "--dry-run"), "--dry-run is about how a command is run"),
        (("--", f"{sys.executable} program.py {{file}}"), "this is one word: take the quotes off"),
        (("--setup", "no-such-command", "--scenario", "immediate", "--", "true"), "--setup: cannot start no-such-command: not found"),
        (("--check", "SRV-NO-STORE", "--", "true"), "SRV-NO-STORE is a check of servers: capss-mock verify"),
    ],
)  # fmt: skip
def test_what_would_judge_nothing_is_a_mistake(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = run("judge", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_a_pipe_in_its_directory_holds_nobody_up(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "pipes.sh"
    script.write_text('#!/bin/sh\nmkfifo here "$TMPDIR/there" "$CAPSS_OUTCOME_FILE"\nln -s /dev/zero zero\nexit 1\n')
    script.chmod(0o755)
    code, out, _ = run("judge", "--scenario", "never-completes", "--", str(script))
    assert code == 1  # what it calls its outcome is no file
    assert "it is no file" in out


def test_one_that_never_asks_for_anything_is_not_waited_for_61_times(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capss_mock.conformance.client.program.GRACE_S", 0)
    code, out, _ = run("judge", "--timeout", "1", "--jobs", "2", "--", "sleep", "60")
    assert code == 1
    assert "FAIL  ENDS-IN-TIME" in out
    assert "your program was killed 4 times, and had not asked for anything" in out
    assert "played    5 scenarios" in out or "played    4 scenarios" in out or "played    6 scenarios" in out


def test_what_is_excused_does_not_hide_what_needs_it(run: Run, tmp_path: Path) -> None:
    baseline = tmp_path / "capss.toml"
    baseline.write_text('[[known]]\ncheck = "TOKEN-ASKED"\nreason = "later"\n')
    code, out, _ = run("judge", "--baseline", str(baseline), "--", "false")
    assert code == 4
    assert "UPLOAD-SENT cannot be told because of what is excused" in " ".join(out.split())
    assert out.splitlines()[-1].startswith("PARTIAL: of 40 checks 0 failed")


def test_a_recording_is_no_pass(run: Run, tmp_path: Path) -> None:
    from tests.conformance.test_har import good

    file = tmp_path / "a.har"
    file.write_text(json.dumps({"log": {"entries": good()}}))
    code, out, _ = run("judge", "--har", str(file))
    assert code == 4
    assert "a recording cannot tell what the program said" in " ".join(out.split())
    file.write_text('{"log": {"entries": []}}')
    assert "has no requests in it: nothing was recorded" in run("judge", "--har", str(file))[2]


def test_its_own_documents_people_are_not_in_the_report(run: Run, tmp_path: Path) -> None:
    command = ("sh", "-c", "echo '<custLastName>Invented-Realname</custLastName>' >&2; exit 1")
    _, out, _ = run("judge", "--own-data", "--scenario", "happy", "--", *command)
    assert "FAIL  TOKEN-ASKED" in out
    assert "Realname" not in out.replace("<custLastName>Invented-Realname</custLastName>' >&2", "")


def test_verify_says_when_the_credentials_are_refused(run: Run) -> None:
    with MockServer() as mock:
        code, out, err = run("verify", mock.url, "--client-secret", "wrong")
    assert (code, out) == (2, "")
    assert "it refuses these credentials (401 invalid_client)" in err


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["curl", "-u", "id:hunter2", "{file}"], "curl -u … {file}"),
        (["curl", "-H", "Authorization: Bearer abc.def"], 'curl -H "Authorization: Bearer …"'),
        (["a", "https://user:hunter2@host/x"], "a https://…@host/x"),
        (["a", "--client-secret", "{client_secret}"], "a --client-secret {client_secret}"),
    ],
)
def test_secrets_in_a_command_are_not_shown(words: list[str], seen: str) -> None:
    from capss_mock.cli.judging import shown

    assert shown(words) == seen
