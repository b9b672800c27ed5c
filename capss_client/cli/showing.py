"""What the commands print: a line of progress on a terminal, the outcome for people or for a program."""

import json
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import click

from capss_client._errors import CapssError, ConfigError, NotSent, Refused, Undetermined
from capss_client._flows import Progress
from capss_client._models import Receipt, Result

PENDING = 3  # exit code: it cannot be known yet


class ProgressLine:
    """One line on a terminal that is written again and again; nothing elsewhere."""

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        self._stream = stream
        self._on = not quiet and stream.isatty()
        self._begun = time.monotonic()
        self._shown = False

    def tell(self, progress: Progress) -> None:
        """Show how far things are."""
        if not self._on:
            return
        seconds = time.monotonic() - self._begun
        words = {
            "token": "getting a token",
            "sending": f"sending {progress.note}",
            "accepted": "accepted",
            "pending": f"accepted, {_polls(progress.polls)}",
            "trouble": f"{_polls(progress.polls)}: {progress.note}" if progress.polls else progress.note,
            "final": f"accepted, {_polls(progress.polls)}",
        }[progress.stage]
        self._write(f"{words}, {seconds:.0f} s …")

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            self._write("")
            self._shown = False

    def _write(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text[:200]}")
        self._stream.flush()
        self._shown = True


def _polls(count: int) -> str:
    return f"{count} poll{'' if count == 1 else 's'}"


def summary(name: str, result: Result) -> str:
    """What became of a document, in one line."""
    total = "" if result.total is None else f" of {result.total}"
    if not result.final:
        return f"{name}: not final: {result.status_message}"
    words = f"{name}: saved {result.saved}{total}"
    if result.duplicates:
        words += ", with duplicates"
    if result.has_errors or result.errors:
        words += ", with errors"
    return words if result.confirmed else f"{words}: NOT everything is confirmed saved"


def outcome_of(result: Result | None, receipt: Receipt | None, error: CapssError | None) -> dict[str, Any]:
    """The outcome for a program: ``confirmed`` is true, false or "unknown"."""
    if isinstance(error, Undetermined):
        result, receipt = error.last or result, error.receipt or receipt
    known = result if result is not None and result.final else None
    unknown = known is None and (error is None or isinstance(error, Undetermined))
    values: dict[str, Any] = {
        "confirmed": "unknown" if unknown else known is not None and known.confirmed,
        "saved": known.saved if known else None if unknown else 0,
        "total": known.total if known else None,
        "duplicates": known.duplicates if known else None,
        "errors": list(known.errors) if known else [],
        "completed_at": known.completed_at.isoformat() if known and known.completed_at else None,
        "status_url": receipt.href if receipt else None,
        "submission_id": receipt.submission_id if receipt and receipt.submission_id else None,
        "exit_code": code_of(result, error),
    }
    if error is not None:
        values["error"] = {
            "kind": type(error).__name__,
            "found": error.found,
            "expected": error.expected,
            "next_step": error.next_step,
        }
    return values


def code_of(result: Result | None, error: CapssError | None) -> int:
    """The exit code."""
    if error is not None:
        return error.exit_code
    if result is None or not result.final:
        return PENDING
    return 0 if result.confirmed else 1


def write_outcome(file: Path | None, values: dict[str, Any]) -> None:
    """Write ``confirmed``, ``saved``, ``duplicates`` and ``errors`` where a program looks for them."""
    if file is None:
        return
    duplicates, errors = values["duplicates"], values["errors"]
    few = {"confirmed": values["confirmed"], "saved": values["saved"], "duplicates": duplicates, "errors": len(errors)}
    try:
        file.write_text(json.dumps(few) + "\n", "utf-8")
    except OSError as error:
        click.echo(f"capss: cannot write {file}: {error.strerror}", err=True)


def print_error(error: CapssError) -> None:
    """Say what went wrong, for people."""
    kinds = {
        ConfigError: "nothing was sent",
        NotSent: "not sent",
        Refused: "refused",
        Undetermined: "it is NOT known whether it was saved",
    }
    words = kinds.get(type(error), "failed")
    click.echo(f"capss: {words}: {error.found}\n  expected: {error.expected}\n  next: {error.next_step}", err=True)


def print_result(name: str, result: Result) -> None:
    """Say what became of a document, and why not all of it was saved."""
    click.echo(summary(name, result))
    for line in result.errors:
        click.echo(f"  {line}")


def print_json(values: object) -> None:
    """For a program."""
    click.echo(json.dumps(values, indent=2))


def progress_line(*, quiet: bool) -> ProgressLine:
    """On the terminal that errors go to."""
    return ProgressLine(sys.stderr, quiet=quiet)
