"""``capss upload`` and ``capss update``: send a document and wait for what becomes of it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from capss_client._errors import CapssError, NotSent, Undetermined
from capss_client._models import OnDup, OnError, Receipt, Result
from capss_client.cli.options import Connection, connection
from capss_client.cli.showing import (
    code_of,
    outcome_of,
    print_error,
    print_json,
    print_result,
    progress_line,
    say,
    write_outcome,
)

if TYPE_CHECKING:
    from capss_client import Client

_FILE = click.Path(path_type=Path)
_SHARED = (
    click.option("--no-wait", is_flag=True, help="Do not wait; exit code 3, since it is not known yet."),
    click.option(
        "--deadline", type=click.FloatRange(0.1, 86_400), default=300.0, show_default=True, envvar="CAPSS_TIMEOUT_S",
        metavar="SECONDS", help="Wait no longer than this, all in all.",
    ),
    click.option(
        "--ledger", envvar="CAPSS_LEDGER", type=_FILE, metavar="FILE",
        help="Note there what was sent, and refuse to send the same content twice.",
    ),
    click.option("--again", is_flag=True, help="Send it although the ledger has it."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    click.option("--quiet", "-q", is_flag=True, help="Print nothing; the exit code tells."),
    click.option(
        "--outcome-file", envvar="CAPSS_OUTCOME_FILE", type=_FILE, metavar="FILE",
        help="Write the outcome there, too: {\"confirmed\": true|false|\"unknown\", \"saved\": …}.",
    ),
)  # fmt: skip


def _sending(command: Any) -> Any:
    for option in reversed(_SHARED):
        command = option(command)
    return connection(command)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--on-dup", type=click.Choice([each.value for each in OnDup]), help="What to do with duplicates.")
@click.option("--on-error", type=click.Choice([each.value for each in OnError]), help="What to do with errors.")
@_sending
def upload(file: Path, on_dup: str | None, on_error: str | None, **options: Any) -> int:
    """Send an upload document and wait for what becomes of it.

    It is never sent a second time when the answer was lost: then it is not known whether it was saved (exit code 3).

    \b
    Examples:
      capss upload day.xml
      capss upload day.xml --on-dup submitWithoutDups --on-error submit
      capss upload day.xml --no-wait --json       then: capss status URL
      capss upload day.xml --ledger sent.sqlite   never the same content twice
    """

    def send(client: "Client", deadline: float, again: bool) -> Receipt:
        chosen = OnDup(on_dup) if on_dup else None, OnError(on_error) if on_error else None
        return client.upload(file, on_dup=chosen[0], on_error=chosen[1], deadline=deadline, again=again)

    return _run(file, send, **options)


@click.command()
@click.argument("file", type=_FILE)
@_sending
def update(file: Path, **options: Any) -> int:
    """Send an item update and wait for what becomes of it.

    \b
    Examples:
      capss update fixes.xml
      capss update fixes.xml --json
    """

    def send(client: "Client", deadline: float, again: bool) -> Receipt:
        return client.update(file, deadline=deadline, again=again)

    return _run(file, send, **options)


def _run(
    file: Path,
    send: Any,
    connection: Connection,
    no_wait: bool,
    deadline: float,
    ledger: Path | None,
    again: bool,
    as_json: bool,
    quiet: bool,
    outcome_file: Path | None,
) -> int:
    if again and ledger is None:
        raise click.UsageError("--again is about the ledger: there is none (--ledger FILE)")
    line = progress_line(quiet=quiet or as_json)
    begun = {"file": str(file), **outcome_of(None, None, None)}
    if not write_outcome(outcome_file, begun, None):
        return 2
    receipt: Receipt | None = None
    result: Result | None = None
    failure: CapssError | None = None
    until = time.monotonic() + deadline
    try:
        with connection.client(ledger, line.tell) as client:
            try:
                receipt = send(client, deadline, again)
                if not no_wait:
                    result = client.wait(receipt, deadline=until - time.monotonic())
            except KeyboardInterrupt:
                failure = _stopped(receipt, line.stage)
    except CapssError as error:
        failure = error
    finally:
        line.end()
    values = {"file": str(file), **outcome_of(result, receipt, failure)}
    write_outcome(outcome_file, values, result)
    if as_json:
        print_json(values)
    elif failure is not None and not quiet:
        print_error(failure)
    elif result is not None and not quiet:
        print_result(file.name, result)
    elif receipt is not None and not quiet:
        say(f"{file.name}: accepted, and not known yet whether it is saved: capss status {receipt.href}")
    return code_of(result, failure)


def _stopped(receipt: Receipt | None, stage: str) -> CapssError:
    if stage in ("", "token"):
        return NotSent("it was stopped", expected="a token", next_step="Nothing was sent: it can be sent again.")
    if receipt is None:
        next_step = "Look in CAPSS whether it is there before you send it again."
    else:
        next_step = f"It was taken: ask later what became of it, capss status {receipt.href}"
    return Undetermined("it was stopped", expected="the final status", next_step=next_step, receipt=receipt)
