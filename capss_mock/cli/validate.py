"""``capss-mock validate``: what is wrong or doubtful in documents, before any server sees them."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from datetime import time as clock_time
from pathlib import Path
from typing import IO

import click
from lxml import etree

from capss_mock.cli import reports
from capss_mock.cli.options import SwitchSetting
from capss_mock.cli.reports import Checked
from capss_mock.clock import SystemClock
from capss_mock.contract.fields import DEFAULT_PROFILE, PROFILES, profile_on
from capss_mock.contract.model import Choice, Grade
from capss_mock.contract.switches import SWITCHES
from capss_mock.domain.brief import DOCUMENT_SWITCHES, brief_of
from capss_mock.domain.checking import Strictness, check_document
from capss_mock.domain.schema import SchemaError, load_schema
from capss_mock.domain.times import pacific
from capss_mock.settings import SettingsError, read_switches

_CHUNK = 256 * 1024
_LONG = 32 * 2**20  # bytes of a file that takes more than a second
_LETTERS = {grade.letter: grade for grade in Grade}


def _named(paths: Iterable[str]) -> Iterator[str]:
    """The documents meant: files as they are, directories by the ``*.xml`` below them."""
    for name in paths:
        if not name:
            raise click.UsageError("a FILE is empty: is a variable not set?")
        if name != "-" and Path(name).is_dir():
            found = sorted(_below(name))
            if not found:
                raise click.UsageError(f"there is no *.xml below {name}")
            yield from found
        else:
            yield name


def _below(directory: str) -> Iterator[str]:
    def cannot(error: OSError) -> None:
        raise click.UsageError(f"cannot read {error.filename}: {error.strerror}")

    for place, _, names in os.walk(directory, onerror=cannot):
        yield from (str(Path(place, name)) for name in names if name.lower().endswith(".xml"))


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """A file that can be read twice; a pipe goes through a temporary file that has no name."""
    if name == "-" and sys.stdin is None:
        raise click.UsageError("cannot read standard input: it is closed")
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


def _chunks(file: IO[bytes], seen: Callable[[int], object]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        seen(len(chunk))
        yield chunk


@contextmanager
def _progress(name: str, file: IO[bytes]) -> Iterator[Callable[[int], object]]:
    """Something to tell the bytes read to: a bar on a terminal for a long file, which takes more than a second."""
    size = file.seek(0, os.SEEK_END)
    if size < _LONG or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=size, label=f"reading {Path(name).name}", file=sys.stderr) as bar:

        def seen(count: int) -> None:
            if bar.pos + count > size:  # read to its end: the second pass looks for the places of what was found
                bar.label, bar.pos = "finding the places", 0
            bar.update(count)

        yield seen


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), help=f"Which form to ask for (default: {DEFAULT_PROFILE})."
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Check as on this day: what is late and, without --profile, the form in force.",
)
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
@click.option(
    "--set",
    "settings",
    type=SwitchSetting(),
    multiple=True,
    metavar="SWITCH=VALUE",
    help=f"Answer an open question ({', '.join(DOCUMENT_SWITCHES)}; see capss-mock switches). Repeatable.",
)
@click.option("--xsd", type=click.Path(path_type=Path), help="An XML Schema to validate against as well: the DOJ's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Also write JUnit XML, for CI.")
def validate(
    files: tuple[str, ...],
    profile: str | None,
    as_of: datetime | None,
    license_id: str | None,
    update: bool,
    strict: bool,
    errors_from: str,
    max_findings: int,
    settings: tuple[tuple[str, str], ...],
    xsd: Path | None,
    as_json: bool,
    junit: Path | None,
) -> int:
    """Say everything that is wrong or doubtful in upload documents, and where; nothing is sent anywhere.

    An error is what no server could take, a warning is what is doubtful; each shows how well it is known. A value is
    shown only where the kit can say what was meant, and never one that identifies a person. FILE may be a directory
    (all *.xml below it) or - (standard input). Exit code 0: no error, 1: errors, 2: usage.

    \b
    Examples:
      capss-mock validate day.xml
      capss-mock validate --profile sb1317 --json exports/
      capss-mock validate --license 000000300 --strict --junit report.xml day.xml
      capss-mock validate --set report-dates=off old/
      export-day | capss-mock validate -
    """
    if license_id is not None and not (license_id.isascii() and license_id.isdigit()):
        raise click.UsageError(f"--license {license_id!r} is not digits only")
    chosen = profile_on(as_of.date()) if as_of and not profile else PROFILES[profile or DEFAULT_PROFILE]
    brief = brief_of("update" if update else "upload", _switches(settings, update=update), chosen, _moment(as_of))
    if xsd and brief.wellformed:
        raise click.UsageError("--xsd needs the names of the document: set update-root …, not update-document")
    schema = _schema(xsd) if xsd else None
    strictness = Strictness(_LETTERS[errors_from.upper()], strict)
    checked: list[Checked] = []
    for name in _named(files):
        begun = time.perf_counter()
        with _opened(name) as file, _progress(name, file) as seen:
            report = check_document(
                lambda file=file, seen=seen: _chunks(file, seen),  # type: ignore[misc]  # bound now, used in the block
                brief,
                strictness,
                max_findings,
                license_id,
                schema,
            )
        checked.append(Checked(name, report, time.perf_counter() - begun))
        if not as_json:
            for line in reports.text(checked[-1]):
                click.echo(line)
    if junit:
        if any(each.name != "-" and junit.exists() and junit.samefile(each.name) for each in checked):
            raise click.UsageError(f"--junit {junit} would write over a document")
        _write(junit, reports.as_junit(checked))
    if as_json:
        click.echo(json.dumps(reports.as_json(checked, chosen), indent=2, ensure_ascii=False))
    else:
        click.echo(reports.summary(checked, uploads=not update))
    return int(any(each.report.errors for each in checked))


def _switches(settings: tuple[tuple[str, str], ...], *, update: bool) -> Mapping[str, Choice]:
    changes = dict(settings)
    for name in changes:
        if name.startswith("update-") and not update:
            raise click.UsageError(f"the switch {name} is about item updates: --update says that the files are some")
    for name in changes.keys() - set(DOCUMENT_SWITCHES):
        if name in SWITCHES:
            raise click.UsageError(f"the switch {name} does not concern documents: {', '.join(DOCUMENT_SWITCHES)} do")
    try:
        return read_switches(changes=changes)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def _moment(as_of: datetime | None) -> datetime:
    """The Pacific time by which dates are judged: now, or the end of the day that was given."""
    return datetime.combine(as_of, clock_time(23, 59, 59)) if as_of else pacific(SystemClock().now_ns())


def _schema(path: Path) -> etree.XMLSchema:
    try:
        return load_schema(path)
    except SchemaError as error:
        raise click.UsageError(str(error)) from None


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from None
