"""What the commands print: a line of progress on a terminal, the outcome for people or for a program."""

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from capss_client._errors import AlreadySent, CapssError, ConfigError, NotSent, Refused, Undetermined
from capss_client._flows import Progress
from capss_client._models import Receipt, Result

PENDING = 3  # exit code: it cannot be known yet


class ProgressLine:
    """One line on a terminal that is written again and again; nothing elsewhere."""

    def __init__(self, stream: TextIO | None, *, quiet: bool) -> None:
        self._stream = stream
        self._on = not quiet and stream is not None and stream.isatty()
        self.stage = ""
        self._begun = time.monotonic()
        self._shown = False

    def tell(self, progress: Progress) -> None:
        """Show how far things are."""
        self.stage = progress.stage
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
        with contextlib.suppress(OSError, ValueError):
            print(f"\r\x1b[K{text[:200]}", end="", file=self._stream, flush=True)
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
    """The outcome for a program: ``confirmed`` is true, false, or null where it is not known."""
    if isinstance(error, Undetermined):
        result, receipt = error.last or result, error.receipt or receipt
    known = result if result is not None and result.final else None
    denied = isinstance(error, NotSent | Refused) or (
        isinstance(error, ConfigError) and not isinstance(error, AlreadySent)
    )
    confirmed: bool | None = known.confirmed if known else False if denied else None
    if isinstance(error, AlreadySent):
        confirmed = True if error.saved else None
    href = receipt.href if receipt else error.href if isinstance(error, AlreadySent) else None
    values: dict[str, Any] = {
        "confirmed": confirmed,
        "saved": known.saved if known else 0 if denied else None,
        "total": known.total if known else None,
        "duplicates": known.duplicates if known else None,
        "errors": list(known.errors) if known else [],
        "completed_at": known.completed_at.isoformat() if known and known.completed_at else None,
        "status_url": href,
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


def counts_of(result: Result | None) -> tuple[int | None, int | None]:
    """How many records were duplicates, and how many had errors, as far as CAPSS's answer says; None: it does not."""
    if result is None or not result.final:
        return None, None
    if not result.has_duplicates and not result.has_errors and not result.errors:
        return 0, 0
    if result.total is None or result.saved > result.total or (result.has_duplicates and result.has_errors):
        return None, None
    left = result.total - result.saved
    if result.has_duplicates:
        return left or None, 0  # none is left where they were saved all the same: nobody says how many
    return 0, left


def code_of(result: Result | None, error: CapssError | None) -> int:
    """The exit code."""
    if error is not None:
        return error.exit_code
    if result is None or not result.final:
        return PENDING
    return 0 if result.confirmed else 1


def write_outcome(file: Path | None, values: dict[str, Any], result: Result | None) -> bool:
    """Write the outcome where a program looks for it, all at once; False if that cannot be done.

    ``confirmed`` is true, false or "unknown"; ``saved``, ``duplicates`` and ``errors`` are numbers of records, or null.
    """
    if file is None:
        return True
    duplicates, errors = counts_of(result)
    confirmed = "unknown" if values["confirmed"] is None else values["confirmed"]
    few = {"confirmed": confirmed, "saved": values["saved"], "duplicates": duplicates, "errors": errors}
    few |= {name: values[name] for name in ("file", "status_url", "exit_code")}
    try:
        new = file.with_name(f".{file.name}.{os.getpid()}")
        new.write_text(json.dumps(few) + "\n", "utf-8", errors="replace")
        new.replace(file)
    except OSError as error:
        tell(f"capss: cannot write {file}: {error.strerror}")
        return False
    return True


def tell(text: str) -> None:
    """Say something on stderr, if anybody listens."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(text, file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Print to stdout; where that fails, the outcome, which is known by now, stays what it is."""
    if sys.stdout is None:
        return
    try:
        print(text, flush=True)
    except (OSError, ValueError) as error:
        tell(f"capss: cannot write the output: {getattr(error, 'strerror', None) or error}")
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - what is held would fail at exit


def print_error(error: CapssError) -> None:
    """Say what went wrong, for people."""
    kinds = {
        AlreadySent: "nothing was sent",
        ConfigError: "nothing was sent",
        NotSent: "not sent",
        Refused: "refused",
        Undetermined: "it is NOT known whether it was saved",
    }
    words = kinds.get(type(error), "failed")
    lines = [f"capss: {words}: {error.found}", f"  expected: {error.expected}", f"  next: {error.next_step}"]
    tell("\n".join(map(_plain, lines)))


def print_result(name: str, result: Result) -> None:
    """Say what became of a document, and why not all of it was saved."""
    say("\n".join(map(_plain, [summary(name, result), *(f"  {line}" for line in result.errors)])))


def _plain(text: str) -> str:
    """A text of the server's as a terminal may show it: what would steer the terminal is left out."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def print_json(values: object) -> None:
    """For a program."""
    say(json.dumps(values, indent=2))


def progress_line(*, quiet: bool) -> ProgressLine:
    """On the terminal that errors go to."""
    return ProgressLine(sys.stderr, quiet=quiet)
