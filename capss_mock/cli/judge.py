"""``capss-mock judge``: does a program do what it should?"""

import shlex
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from capss_mock.cli import judge_ways
from capss_mock.cli.judging import Names, finish, flat, known, made_ready, progress, shown
from capss_mock.contract.checks import PROGRAM_CHECKS
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.switches import DIALECTS

_FILE = click.Path(path_type=Path)
_OPERATIONS = ("upload", "update")


@click.command()
@click.argument("command", nargs=-1, metavar="[-- COMMAND [ARGUMENT]...]")
@click.option(
    "--scenario",
    "scenarios",
    type=Names("scenario", SCENARIOS),
    multiple=True,
    metavar="ID[,ID]",
    help="Only these (a partial run: exit code 4 instead of 0).",
)
@click.option(
    "--check",
    "checks",
    type=Names("check", PROGRAM_CHECKS, capitals=True),
    multiple=True,
    metavar="ID[,ID]",
    help="Only these checks (a partial run).",
)
@click.option(
    "--operations",
    type=Names("operation", _OPERATIONS),
    default="upload",
    show_default=True,
    help="upload, update, or both.",
)
@click.option(
    "--dialect",
    "dialects",
    type=Names("dialect", DIALECTS),
    default="sheet",
    show_default=True,
    help=f"{', '.join(DIALECTS)}, or all.",
)
@click.option(
    "--own-data",
    is_flag=True,
    help="The program sends its own documents: bytes are not compared, records are counted as they arrive.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(1, 3600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="CAPSS_TIMEOUT_S: the program has so long; 10 s later it is killed.",
)
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="How many at a time.  [default: by the cores]")
@click.option(
    "--chdir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Run the program in this directory, one at a time (else in a fresh one each).",
)
@click.option("--setup", metavar="COMMAND", help="Run this before each scenario, where the program will run.")
@click.option(
    "--intercept",
    is_flag=False,
    flag_value="namespaces",
    type=click.Choice(["namespaces", "proxy-only"]),
    help="For programs with the DOJ's hosts built in: answer for these hosts, and let nothing out.",
)
@click.option(
    "--attach", is_flag=True, help="For programs that no command can start: says what to set, and waits for you."
)
@click.option(
    "--har",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge a recording (HTTP Archive) instead.",
)
@click.option("--strict", is_flag=True, help="Warnings are failures.")
@click.option(
    "--baseline", type=_FILE, metavar="FILE", help="TOML with what is known, and why; what is stale in it fails."
)
@click.option(
    "--report-dir", type=_FILE, metavar="DIR", help="Write report.txt, .json, .xml (JUnit), .html, .md there."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print the last line only.")
@click.option("--list", "listing", is_flag=True, help="Print the checks and scenarios.")
@click.option("--dry-run", is_flag=True, help="Print the environment and the exact command; run nothing.")
@click.option(
    "--self-test", is_flag=True, help="See it pass a good program and fail a broken one; both come with the kit."
)
def judge(command: tuple[str, ...], **options: Any) -> int:
    """Run your program, unchanged, through what can happen to it, and say what would go wrong in production.

    It gets CAPSS_BASE_URL, CAPSS_TOKEN_URL, CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET, CAPSS_FILE, CAPSS_OPERATION,
    CAPSS_CA_FILE, CAPSS_TIMEOUT_S, CAPSS_OUTCOME_FILE and CAPSS_SCENARIO (to read, not to obey) in its environment, and
    {file}, {base_url}, {client_id} and so on in its command. Exit code 0 of the program means: it tells its user that
    everything in the file is confirmed saved. Anything else means that it does not.

    Exit codes: 0 pass, 1 fail, 2 usage, 3 a fault of ours, 4 a part only was judged.

    \b
    Examples:
      capss-mock judge -- ./upload.sh {file}
      capss-mock judge -- python send_day.py {file}
      capss-mock judge --report-dir out --baseline capss.toml -- java -jar pos-export.jar
      capss-mock judge --scenario commit-then-504 -- ./upload.sh {file}
      capss-mock judge --intercept -- java -jar pos-export.jar       capss-sb.doj.ca.gov is built in
      capss-mock judge --attach                                      a Windows POS, started by hand
      capss-mock judge --dialect all --operations upload,update -- capss {operation} {file}
    """
    return _judge(command, **options)


def _judge(
    command: tuple[str, ...],
    *,
    scenarios: tuple[tuple[str, ...], ...],
    checks: tuple[tuple[str, ...], ...],
    operations: tuple[str, ...],
    dialects: tuple[str, ...],
    own_data: bool,
    timeout: float,
    jobs: int | None,
    chdir: Path | None,
    setup: str | None,
    intercept: str | None,
    attach: bool,
    har: Path | None,
    strict: bool,
    baseline: Path | None,
    report_dir: Path | None,
    as_json: bool,
    quiet: bool,
    listing: bool,
    dry_run: bool,
    self_test: bool,
) -> int:
    if listing:
        return judge_ways.listing(as_json=as_json)
    from capss_mock.conformance.client import campaign
    from capss_mock.conformance.client.har import HarError, recorded
    from capss_mock.conformance.client.intercept import PROXY_WARNING
    from capss_mock.conformance.client.play import PROXY_ONLY
    from capss_mock.conformance.client.program import Command, ProgramError

    ways = [bool(command), attach, har is not None, self_test]
    if sum(ways) != 1:
        raise click.UsageError(
            "name the program after --: capss-mock judge -- ./upload.sh {file}"
            if not any(ways)
            else "a command, --attach, --har and --self-test exclude each other"
        )
    _exclude(attach or har is not None or self_test, command)
    entries, report_dir = known(baseline), None if dry_run or self_test else made_ready(report_dir)
    silent = quiet or as_json
    setting = {"dialect": ", ".join(dialects), "operations": ", ".join(operations)}
    if intercept:
        setting["intercept"] = intercept
    plan = campaign.Plan(
        command=None,
        scenarios=flat(scenarios),
        operations=operations,
        dialects=dialects,
        checks=flat(checks),
        own_data=own_data,
        jobs=1 if chdir or attach else jobs or campaign.JOBS,
        strict=strict,
        setting=setting,
        intercept=intercept or "",
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the programs that run end with us
    try:
        if self_test:
            return judge_ways.self_test(quiet=silent)
        if har is not None:
            plan = replace(plan, what=f"{har.name} (a recording)", recording=True, setting={})
            report = replace(campaign.report_of(plan, [recorded(har, plan.chosen_checks)]), assumed=())
        elif attach:
            plan = replace(plan, attend=(_say, _ask), what="a program that is started by hand")
            report = campaign.carry_out(plan)
        else:
            words = Command(command, chdir.resolve() if chdir else None, _split(setup or ""), timeout)
            plan = replace(plan, command=words, what=shown(command))
            if dry_run:
                return judge_ways.dry_run(plan)
            if intercept == PROXY_ONLY:
                click.echo(f"capss-mock judge: warning: {PROXY_WARNING}", err=True)
            report = campaign.carry_out(plan, progress(quiet=silent))
    except (ProgramError, HarError) as error:
        raise click.UsageError(str(error)) from None
    return finish(report, entries, report_dir, as_json=as_json, quiet=quiet)


_OF_COMMANDS = ("intercept", "setup", "chdir", "dry_run", "timeout", "jobs")  # how a command is run


def _exclude(other_way: bool, command: tuple[str, ...]) -> None:
    """A usage error where an option is given that would change nothing."""
    context = click.get_current_context()
    given = [
        name for name in _OF_COMMANDS if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if other_way and given and not command:
        option = f"--{given[0].replace('_', '-')}"
        raise click.UsageError(f"{option} is about how a command is run: there is none (-- COMMAND)")


def _split(setup: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(setup))
    except ValueError as error:
        raise click.BadParameter(f"{setup!r} is no command: {str(error).lower()}", param_hint="--setup") from None


def _say(line: str) -> None:
    click.echo(line, err=True)


def _ask(question: str) -> str:
    from capss_mock.conformance.client.program import ProgramError

    click.echo(f"{question} ", err=True, nl=False)
    line = sys.stdin.readline()
    if not line:
        raise ProgramError("there is no answer: standard input is at its end")
    return line
