"""``capss-mock`` itself, ``rules``, ``switches`` and ``clients``, run as a user runs them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from capss_mock import cli
from capss_mock.contract.rules import RULES
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.switches import SWITCHES

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["capss-mock", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(ended.value.code or 0), printed.out, printed.err

    return call


def test_help_and_version(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert "capss-mock serve" in out
    assert "Unofficial" in out
    assert run("--version")[1].startswith("capss-mock, version ")
    for command in ("serve", "clients", "rules", "switches"):
        code, out, _ = run(command, "--help")
        assert code == 0
        assert "Examples:" in out


def test_without_a_command_help_is_shown_and_the_code_is_2(run: Run) -> None:
    code, _, err = run()
    assert code == 2
    assert "Commands:" in err


def test_an_unknown_command_is_one_line(run: Run) -> None:
    assert run("frob") == (2, "", "capss-mock: No such command 'frob'. (see capss-mock --help)\n")


def test_without_the_extra_one_line_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "flask" else object())
    assert run("serve") == (
        2, "", "capss-mock: the mock is not installed (no flask): pip install 'capss-kit[mock]'\n",
    )  # fmt: skip


def test_the_module_can_be_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "capss_mock", "rules", "TOK-REPLY"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.startswith("TOK-REPLY  [documented]  behaviour\n")


def test_a_closed_pipe_is_no_traceback() -> None:
    command = f"{sys.executable} -m capss_mock rules --json | head -c 10"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (len(done.stdout), done.stderr) == (10, "")


def test_rules_lists_every_rule_with_its_grade(run: Run) -> None:
    code, out, _ = run("rules")
    assert code == 0
    for rule in RULES.values():
        assert f"{rule.id} " in out
        assert rule.sentence in out
    assert f"{len(RULES)} rules: " in out


def test_rules_as_json_can_be_read_by_a_program(run: Run) -> None:
    values = json.loads(run("rules", "--json")[1])
    assert [rule["id"] for rule in values["rules"]] == list(RULES)
    assert {source["id"] for source in values["sources"]} >= {"sheet", "doj-pdf"}
    assert {"grade", "sentence", "citations", "switch", "hint"} <= set(values["rules"][0])


def test_unverified_is_what_only_the_doj_can_answer(run: Run) -> None:
    values = json.loads(run("rules", "--unverified", "--json")[1])
    assert {rule["grade"] for rule in values["rules"]} == {"inferred", "assumed"}
    out = run("rules", "--unverified")[1]
    assert "exists, unread" in out
    assert "TOK-REPLY" not in out


def test_one_rule_in_full(run: Run) -> None:
    out = run("rules", "bea-expired")[1]
    for text in ("BEA-EXPIRED  [inferred]  refusal", "answer: 401", "fix: ask for a new token", "known from: spring"):
        assert text in out
    assert "switch: progress (default polls:2)" in run("rules", "STA-PROGRESS")[1]


def test_an_unknown_rule_or_switch_suggests_one(run: Run) -> None:
    assert "no rule 'TOK-REPLIES': did you mean TOK-REPLY?" in run("rules", "TOK-REPLIES")[2]
    assert "no switch 'progres': did you mean progress?" in run("switches", "progres")[2]
    assert "capss-mock rules lists them" in run("rules", "12345")[2]
    assert "capss-mock switches lists them" in run("switches", "12345")[2]


def test_scenarios_show_the_outcome_and_what_happens(run: Run) -> None:
    code, out, _ = run("scenarios")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [
        [str(each.outcome), each.id] for each in SCENARIOS.values()
    ]
    rows = list(zip(out.splitlines(), SCENARIOS.values(), strict=True))
    assert all(line.endswith(each.sentence) for line, each in rows if not each.document)
    assert [line.partition(f"{each.sentence} ")[2] for line, each in rows if each.document] == [
        "(Send one of 60 MB: capss-mock sample --transactions 20000.)",
        "(Send a file of no bytes.)",
        "(Send one of another licence: capss-mock sample --break DOC-LICENCE-MISMATCH.)",
    ]


def test_one_scenario_in_full(run: Run) -> None:
    lines = run("scenarios", "commit-then-504")[1].splitlines()
    scenario = SCENARIOS["commit-then-504"]
    assert lines[0] == f"N  commit-then-504  {scenario.sentence}"
    assert "   a good program does not say that everything is saved" in lines
    assert f"   a good program: {scenario.good}" in lines
    assert "   fault: submit, answer 504, after the work is done, 1 x" in lines
    assert any(
        line.startswith(f"   that CAPSS does this is assumed; known from: {scenario.citations[0].source}: ")
        for line in lines
    )
    assert "   switches: progress=hold" in run("scenarios", "never-completes")[1].splitlines()


def test_scenarios_as_json(run: Run) -> None:
    values = json.loads(run("scenarios", "--json")[1])
    assert [each["id"] for each in values["scenarios"]] == list(SCENARIOS)
    known = {each["id"] for each in values["scenarios"] if each["grade"] != "assumed"}
    assert known == {
        "happy", "slow", "immediate", "completed-at-5", "completed-at-6", "completed-at-7", "completed-at-null",
    }  # fmt: skip
    assert {each["id"] for each in values["scenarios"] if each["tls"]} == {
        each.id for each in SCENARIOS.values() if each.tls or each.certificate
    }
    (one,) = json.loads(run("scenarios", "--json", "slow")[1])["scenarios"]
    assert one["id"] == "slow"


def test_an_unknown_scenario_suggests_one(run: Run) -> None:
    code, out, error = run("scenarios", "slow", "never-complete")
    assert (code, out) == (2, "")
    assert "no scenario 'never-complete': did you mean never-completes?" in error
    assert "capss-mock scenarios lists them" in run("scenarios", "12345")[2]


def test_switches_show_question_options_default_grade_and_source(run: Run) -> None:
    out = run("switches")[1]
    for switch in SWITCHES.values():
        assert f"{switch.id}: {switch.question}" in out
    assert "  * polls:2            [assumed] after N pending answers" in out
    assert "known from: client-a: treats everything but 202 as failure" in out
    assert "pending-200" in out
    one = run("switches", "progress")[1]
    assert "save-code" not in one


def test_switches_as_json(run: Run) -> None:
    values = json.loads(run("switches", "--json")[1])
    assert [switch["id"] for switch in values["switches"]] == list(SWITCHES)
    assert {dialect["id"] for dialect in values["dialects"]} >= {"sheet", "old-2025"}


def test_a_client_is_added_listed_changed_and_disabled(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = str(tmp_path / "shop.sqlite")
    code, out, _ = run("clients", "add", "shop-7", "--license", "33131099", "--store", store)
    assert code == 0
    assert "shown once" in out
    secret = out.split("client secret  ")[1].split()[0]
    monkeypatch.setenv("CAPSS_MOCK_STORE", store)
    listed = run("clients", "list")[1]
    assert listed.splitlines()[1].split() == ["shop-7", "33131099", "rolling", "1", "enabled"]
    assert secret not in listed
    changed = json.loads(run("clients", "set-secret", "shop-7", "--json")[1])
    assert changed["token_version"] == 2
    assert changed["client_secret"] not in ("", secret)
    assert run("clients", "disable", "shop-7")[1] == "shop-7 is disabled\n"
    assert json.loads(run("clients", "list", "--json")[1])[0]["enabled"] is False


def test_a_chosen_secret_comes_from_stdin_and_is_not_printed(tmp_path: Path) -> None:
    store = tmp_path / "shop.sqlite"
    done = subprocess.run(
        [sys.executable, "-m", "capss_mock", "clients", "add", "shop-7", "--license", "1", "--secret-stdin", "--store", store],
        input="Chosen-Secret\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Chosen-Secret" not in done.stdout + done.stderr
    assert b"Chosen-Secret" not in store.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["list"], "there is no store {store}: capss-mock serve --store {store} makes one"),
        (["add", "x", "--license", "CA1"], "licence 'CA1' cannot be used: 1 to 20 digits"),
        (["disable", "x"], "there is no store"),
    ],
)
def test_clients_errors_are_one_line(run: Run, tmp_path: Path, arguments: list[str], match: str) -> None:
    store = str(tmp_path / "none.sqlite")
    code, out, err = run("clients", *arguments, "--store", store)
    assert (code, out) == (2, "")
    assert match.format(store=store) in err
    assert err.count("\n") == 1


def test_the_store_must_be_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAPSS_MOCK_STORE", raising=False)
    code, _, err = run("clients", "list")
    assert code == 2
    assert "--store" in err
