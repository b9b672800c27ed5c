"""The other ways to judge: what is listed, what would be run, a self-test."""

import json
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from capss_mock.cli.judging import progress
from capss_mock.contract.checks import PROGRAM_CHECKS, SERVER_CHECKS, Check, Severity
from capss_mock.contract.scenarios import DEFAULT_SCENARIO, SCENARIOS
from capss_mock.contract.switches import DIALECTS

if TYPE_CHECKING:
    from capss_mock.conformance.client.campaign import Plan

_WRONG = "TRUTH-SAVED"
_TRIED = ("happy", "immediate", "complete-with-errors", "commit-then-504")


def listing(*, as_json: bool) -> int:
    """Print the checks and scenarios."""
    from capss_mock.conformance.report.json import described

    if as_json:
        groups = {"program": PROGRAM_CHECKS, "server": SERVER_CHECKS}
        values = {name: [described(each) for each in checks.values()] for name, checks in groups.items()}
        scenarios = [
            {"id": each.id, "outcome": each.outcome.value, "sentence": each.sentence} for each in SCENARIOS.values()
        ]
        click.echo(json.dumps({"version": 1, "checks": values, "scenarios": scenarios}, indent=2))
        return 0
    click.echo("What a program is held to (fail; warn: with --strict a failure):")
    _print(PROGRAM_CHECKS.values())
    click.echo("\nWhat a server is held to (capss-mock verify):")
    _print(SERVER_CHECKS.values())
    click.echo(
        "\nScenarios (C: a good program confirms, N: it does not, E: it depends; more: capss-mock scenarios ID):"
    )
    for each in SCENARIOS.values():
        click.echo(f"  {each.outcome}  {each.id:<22} {each.sentence}")
    click.echo(f"\nDialects: {', '.join(DIALECTS)}. Operations: upload, update.")
    return 0


def _print(checks: Iterable[Check]) -> None:
    for check in checks:
        level = "" if check.severity is Severity.FAIL else f" ({check.severity})"
        click.echo(f"  {check.id:<22} [{check.stimulus}] {check.sentence}{level}")


def dry_run(plan: "Plan") -> int:
    """Print the environment and the exact command of the first play; run nothing."""
    import tempfile

    from capss_mock.conformance.client import campaign
    from capss_mock.conformance.client.play import opened, told_to
    from capss_mock.conformance.client.program import Place, ProgramError

    assert plan.command is not None  # noqa: S101 - this is about one
    parts, skipped = plan.parts()
    if not parts:
        raise ProgramError(f"there is nothing to play: {'; '.join(skipped)}")
    part = next((each for each in parts if each.scenario == DEFAULT_SCENARIO), parts[0])
    with campaign.staged(plan) as stage, tempfile.TemporaryDirectory(prefix="capss-judge-") as root:
        place = Place(Path(root), plan.command.inside)
        with opened(stage, part, place, plan.command.timeout_s) as run:
            environ = told_to(stage, run)
            click.echo(f"# the scenario {part.name}; {len(parts)} would be played, each with other values")
            for name in sorted(environ):
                if os.environ.get(name) != environ[name]:
                    click.echo(f"{name}={shlex.quote(environ[name])}")
            where = plan.command.inside or "a fresh directory"
            click.echo(f"# in {where}, with nothing on its standard input, for {plan.command.timeout_s:g} s at most")
            if plan.command.setup:
                click.echo(shlex.join(plan.command.filled(environ, plan.command.setup)))
            click.echo(shlex.join(plan.command.filled(environ)))
    for each in skipped:
        click.echo(f"# left out: {each}")
    return 0


def self_test(*, quiet: bool) -> int:
    """See it pass a good program and fail a broken one; 3 if it does not."""
    from capss_mock.conformance.client import campaign
    from capss_mock.conformance.client.program import Command
    from capss_mock.conformance.programs import reference_command
    from capss_mock.conformance.report import words
    from capss_mock.conformance.results import Verdict

    found = {}
    for wrong in ("", _WRONG):
        command = Command(reference_command(wrong), timeout_s=15)
        report = campaign.carry_out(campaign.Plan(command, scenarios=_TRIED), progress(quiet=quiet))
        found[wrong] = {each.check.id for each in report.with_verdict(Verdict.FAIL, Verdict.WARN)}
        if not quiet:
            passed = len(report.with_verdict(Verdict.PASS))
            kind = f"a broken program ({wrong})" if wrong else "a good program"
            click.echo(f"{kind}, {len(_TRIED)} scenarios: {passed} checks passed, {len(found[wrong])} failed")
            for tally in report.with_verdict(Verdict.FAIL, Verdict.WARN):
                _, result = words.first(tally)
                actual = result.finding.actual if result.finding else ""
                click.echo(f"  {tally.verdict.upper()} {tally.check.id} in {words.where(tally)}: {actual}")
    good = found[""] == set() and found[_WRONG] == {_WRONG}
    click.echo(
        "self-test: the judge passes a good program, and fails one that says saved too often"
        if good
        else f"self-test: a fault of ours: found {found}; please report it"
    )
    return 0 if good else 3
