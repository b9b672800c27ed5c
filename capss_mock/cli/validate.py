"""``capss-mock validate``: what is wrong or doubtful in documents, before any server sees them."""

import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click

from capss_mock.contract.fields import DEFAULT_PROFILE, PROFILES, Profile, profile_on
from capss_mock.contract.model import Grade
from capss_mock.contract.rules import RULES
from capss_mock.domain.checking import Placed, Report, Strictness, check_document
from capss_mock.domain.validation import Checks

_CHUNK = 256 * 1024
_LETTERS = {grade.letter: grade for grade in Grade}


@dataclass(frozen=True, slots=True)
class Checked:
    """One document: its name as given, what was found, and how long it took in seconds."""

    name: str
    report: Report
    seconds: float


def _named(paths: Iterable[str]) -> Iterator[str]:
    """The documents meant: files as they are, directories by the ``*.xml`` below them."""
    for name in paths:
        path = Path(name)
        if name != "-" and path.is_dir():
            found = sorted(str(each) for each in path.rglob("*") if each.suffix.lower() == ".xml" and each.is_file())
            if not found:
                raise click.UsageError(f"there is no *.xml below {name}")
            yield from found
        else:
            yield name


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """A file that can be read twice; a pipe goes through a temporary file that has no name."""
    try:
        source = sys.stdin.buffer if name == "-" else Path(name).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise click.UsageError(f"cannot read {name}: {error.strerror}") from None
    with source if name != "-" else nullcontext(source):
        if name != "-" and source.seekable():
            yield source
            return
        with tempfile.TemporaryFile() as spool:
            while chunk := source.read(_CHUNK):
                spool.write(chunk)
            yield spool


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk


def _words(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _line(name: str, placed: Placed) -> list[str]:
    finding = placed.finding
    rule = RULES[finding.rule]
    level = "error" if finding.is_error else "warning"
    place = f"{name}:{placed.line}:{placed.column}" if placed.line else name
    loan = f" (loanBuyNumber {''.join(filter(str.isprintable, placed.loan))})" if placed.loan else ""
    return [
        f"{place}  {level}  {rule.id}  [{rule.grade}]  {finding.message}",
        f"    {finding.where}{loan}   fix: {rule.hint}   more: capss-mock rules {rule.id}",
    ]


def _summary(checked: list[Checked]) -> str:
    def total(name: str) -> int:
        return sum(getattr(each.report, name) for each in checked)

    found = f"{_words(total('errors'), 'error')}, {_words(total('warnings'), 'warning')}"
    size = f"{_words(total('transactions'), 'transaction')}, {_words(total('items'), 'item')}"
    files = f" of {len(checked)} files" if len(checked) > 1 else ""
    return f"{found} in {size}{files} ({sum(each.seconds for each in checked):.2f} s)"


def _json(checked: list[Checked], profile: Profile) -> dict[str, Any]:
    return {
        "version": 1,
        "profile": profile.id,
        "files": [
            {
                "file": each.name,
                "errors": each.report.errors,
                "warnings": each.report.warnings,
                "transactions": each.report.transactions,
                "items": each.report.items,
                "not_shown": each.report.more,
                "findings": [_finding_json(placed) for placed in each.report.findings],
            }
            for each in checked
        ],
    }


def _finding_json(placed: Placed) -> dict[str, Any]:
    finding = placed.finding
    rule = RULES[finding.rule]
    return {
        "rule": rule.id,
        "level": "error" if finding.is_error else "warning",
        "grade": rule.grade.value,
        "message": finding.message,
        "line": placed.line or None,
        "column": placed.column or None,
        "transaction": finding.record or None,
        "item": finding.item or None,
        "element": "/".join(finding.path) or None,
        "loanBuyNumber": placed.loan or None,
        "fix": rule.hint,
    }


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), help=f"Which form to ask for (default: {DEFAULT_PROFILE})."
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Ask for the form that was in force on this day.")
@click.option("--license", "license_id", help="The licence that licenseNumber must be: that of your API client.")
@click.option("--update", is_flag=True, help="The files are item updates (in our assumed form), not uploads.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--errors-from",
    type=click.Choice(list(_LETTERS), case_sensitive=False),
    default="A",
    show_default=True,
    help="Errors known less well than this (D O I A) count as warnings.",
)
@click.option(
    "--max-findings",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Show so many per file; count the rest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def validate(
    files: tuple[str, ...],
    profile: str | None,
    as_of: datetime | None,
    license_id: str | None,
    update: bool,
    strict: bool,
    errors_from: str,
    max_findings: int,
    as_json: bool,
) -> int:
    """Say everything that is wrong or doubtful in upload documents, and where; nothing is sent anywhere.

    An error is what no server could take, a warning is what is doubtful; each shows how well it is known. Values that
    may name a person are never shown. FILE may be a directory (all *.xml below it) or - (standard input). Exit code 0:
    no error, 1: errors, 2: usage.

    \b
    Examples:
      capss-mock validate day.xml
      capss-mock validate --profile sb1317 --json exports/
      capss-mock validate --license 000000300 --strict day.xml
      export-day | capss-mock validate -
    """
    if profile and as_of:
        raise click.UsageError("--profile names a form, --as-of picks one by its day: give one of them")
    chosen = profile_on(as_of.date()) if as_of else PROFILES[profile or DEFAULT_PROFILE]
    strictness = Strictness(_LETTERS[errors_from.upper()], strict)
    checked: list[Checked] = []
    for name in _named(files):
        begun = time.perf_counter()
        with _opened(name) as file:
            report = check_document(
                lambda file=file: _chunks(file),  # type: ignore[misc]  # bound now, used within the block
                "update" if update else "upload",
                Checks(chosen),
                strictness,
                max_findings,
                license_id,
            )
        checked.append(Checked(name, report, time.perf_counter() - begun))
        if not as_json:
            _show(checked[-1])
    if as_json:
        click.echo(json.dumps(_json(checked, chosen), indent=2, ensure_ascii=False))
    else:
        click.echo(_summary(checked))
    return int(any(each.report.errors for each in checked))


def _show(checked: Checked) -> None:
    for placed in checked.report.findings:
        for line in _line(checked.name, placed):
            click.echo(line)
    if checked.report.more:
        click.echo(f"{checked.name}: {checked.report.more} more are not shown (--max-findings)")
