"""``capss status`` and ``capss token``: what became of a document; what a token says."""

import base64
import json
from pathlib import Path
from typing import Any

import click

from capss_client._errors import CapssError
from capss_client._models import Result
from capss_client.cli.options import Connection, connection
from capss_client.cli.showing import (
    code_of,
    outcome_of,
    print_error,
    print_json,
    print_result,
    progress_line,
    say,
)


@click.command()
@click.argument("url")
@click.option("--wait", is_flag=True, help="Wait for the final status.")
@click.option(
    "--deadline", type=click.FloatRange(0.1, 86_400), default=300.0, show_default=True, metavar="SECONDS",
    help="With --wait: no longer than this.",
)  # fmt: skip
@click.option(
    "--ledger", envvar="CAPSS_LEDGER", type=click.Path(path_type=Path), metavar="FILE", help="Note there what is said."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@connection
def status(url: str, wait: bool, deadline: float, ledger: Path | None, as_json: bool, connection: Connection) -> int:
    """What became of a document that was sent; URL is what upload or update printed, its path, or an upload's number.

    \b
    Examples:
      capss status https://capss-sb.doj.ca.gov/api/bulkimport/status/512679
      capss status /api/bulkimport/status/512679 --wait
    """
    line = progress_line(quiet=as_json)
    result: Result | None = None
    failure: CapssError | None = None
    try:
        with connection.client(ledger, line.tell) as client:
            result = client.wait(url, deadline=deadline) if wait else client.status(url)
    except CapssError as error:
        failure = error
    finally:
        line.end()
    if as_json:
        print_json({"url": url, **outcome_of(result, None, failure)})
    elif failure is not None:
        print_error(failure)
    elif result is None:
        say("it is still being worked on")
    else:
        print_result(result.file_name or "the document", result)
    return code_of(result, failure)


@click.command()
@click.option("--show-claims", is_flag=True, help="Print what is in the token; its signature is not checked.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@connection
def token(show_claims: bool, as_json: bool, connection: Connection) -> int:
    """Get a token, and say how long it is good. The token itself is never printed.

    \b
    Examples:
      capss token
      capss token --show-claims
    """
    try:
        with connection.client() as client:
            found = client.token()
    except CapssError as error:
        if as_json:
            print_json({"good": False, "error": {"kind": type(error).__name__, "found": error.found}})
        else:
            print_error(error)
        return error.exit_code
    claims = _claims(found.value) if show_claims else None
    if as_json:
        values: dict[str, Any] = {"good": True, "expires_in": found.expires_in, "scope": found.scope}
        print_json({**values, "claims": claims} if show_claims else values)
        return 0
    say(f"a token for {found.scope}, good for {found.expires_in} s")
    if show_claims:
        say(json.dumps(claims, indent=2) if claims is not None else "it is no JWT")
    return 0


def _claims(value: str) -> object:
    """What is in a JWT; None for anything else."""
    parts = value.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return claims
