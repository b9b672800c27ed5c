"""What ``judge`` and ``verify`` share: progress, the baseline, writing the reports."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from capss_mock.contract.checks import PROGRAM_CHECKS, SERVER_CHECKS
from capss_mock.settings import no_such

if TYPE_CHECKING:
    from capss_mock.conformance.baseline import Known
    from capss_mock.conformance.results import Play, Report

_FEW = 8
_USER = ("-u", "--user", "-p")
_AUTHORIZATION = re.compile(r"\b(Bearer|Basic)\s+[^{\s]\S*", re.IGNORECASE)
_USERINFO = re.compile(r"(https?://)[^/@\s]+@")
_SECRETIVE = re.compile(r"(secret|passw|token|api-?key)", re.IGNORECASE)


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them; ``all`` for all of them."""

    def __init__(self, what: str, known: Iterable[str], *, capitals: bool = False) -> None:
        self.name = what
        self._what, self._known, self._capitals = what, tuple(known), capitals

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Read the option."""
        if isinstance(value, tuple):
            return value
        names = [each.strip() for each in str(value).split(",") if each.strip()]
        names = [each.upper() for each in names] if self._capitals else names
        if names == ["all"]:
            return self._known
        if not names:
            self.fail(f"no {self._what} is named", param, ctx)
        for each in names:
            if each not in self._known:
                otherwise = None if len(self._known) <= _FEW else "capss-mock judge --list names them"
                self.fail(no_such(self._what, each, self._known, otherwise) + self._more(each), param, ctx)
        return tuple(names)

    def _more(self, name: str) -> str:
        """What else it could be."""
        other = {"program": PROGRAM_CHECKS, "server": SERVER_CHECKS}
        for kind, checks in other.items():
            if self._what == "check" and name in checks:
                return f" ({name} is a check of {kind}s: capss-mock {'judge' if kind == 'program' else 'verify'})"
        return ""


def flat(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """All names of an option that was given several times, each once."""
    return tuple(dict.fromkeys(name for group in groups for name in group))


def shown(command: Sequence[str]) -> str:
    """A command as a report may show it: without what sounds like a secret."""
    words, hide = [], False
    for word in command:
        name, equals, _ = word.partition("=")
        if hide and not word.startswith("{"):
            word = "…"
        elif equals and _SECRETIVE.search(name):
            word = f"{name}=…"
        word = _USERINFO.sub(r"\1…@", _AUTHORIZATION.sub(r"\1 …", word))
        hide = word in _USER or (
            word.startswith("-") and not equals and bool(_SECRETIVE.search(word)) and "file" not in word
        )
        words.append(f'"{word}"' if " " in word else word)
    return " ".join(words)


def known(file: Path | None) -> "tuple[Known, ...]":
    """The entries of a baseline; a usage error if it cannot be read."""
    if file is None:
        return ()
    from capss_mock.conformance.baseline import BaselineError, read

    try:
        return read(file)
    except BaselineError as error:
        raise click.BadParameter(str(error), param_hint="--baseline") from None


def progress(*, quiet: bool) -> "Callable[[Play, int, int], None]":
    """Tells of each play on a terminal; nothing elsewhere."""
    on = not quiet and sys.stderr is not None and sys.stderr.isatty()

    def tell(play: "Play", done: int, all_: int) -> None:
        if on:
            bad = [each for each in play.results if each.verdict.is_finding]
            words = ", ".join(f"{each.verdict} {each.check.id}" for each in bad) or "ok"
            told = f"  {play.said}" if play.said else ""
            click.echo(f"[{done:>{len(str(all_))}}/{all_}] {play.name}{told}  {words}", err=True)

    return tell


def finish(
    report: "Report", entries: "tuple[Known, ...]", report_dir: Path | None, *, as_json: bool, quiet: bool
) -> int:
    """Apply the baseline, print the report, write the files; gives the exit code."""
    from capss_mock.conformance import report as reports
    from capss_mock.conformance.baseline import applied
    from capss_mock.conformance.report import words

    report = applied(report, entries, datetime.now(UTC).date())
    as_values = json.dumps(reports.as_json(report), indent=2) + "\n"
    text = reports.as_text(report)
    if as_json:
        click.echo(as_values, nl=False)
    elif quiet:
        click.echo(words.headline(report))
    else:
        click.echo(text, nl=False)
    if report_dir is not None:
        _write(
            report_dir,
            {
                "report.txt": text.encode("utf-8", "replace"),
                "report.json": as_values.encode("utf-8", "replace"),
                "report.xml": reports.as_junit(report),
                "report.html": reports.as_html(report).encode("utf-8", "replace"),
                "report.md": reports.as_markdown(report).encode("utf-8", "replace"),
            },
        )
        if not as_json and not quiet:
            click.echo(f"reports: {report_dir}")
    return report.exit_code


def made_ready(directory: Path | None) -> Path | None:
    """Where reports will be written, before anything is judged; a usage error if they cannot be."""
    if directory is not None:
        _write(directory, {"report.txt": b"not finished\n"})
    return directory


def _write(directory: Path, files: dict[str, bytes]) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (directory / name).write_bytes(data)
    except OSError as error:
        is_file = isinstance(error, FileExistsError | NotADirectoryError)
        why = "it is no directory" if is_file else error.strerror
        raise click.BadParameter(f"cannot write {error.filename}: {why}", param_hint="--report-dir") from None
