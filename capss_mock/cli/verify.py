"""``capss-mock verify``: does a server do what is known of CAPSS?"""

from pathlib import Path
from typing import Any

import click

from capss_mock.cli.judging import Names, finish, flat, known, made_ready, progress
from capss_mock.contract.checks import SERVER_CHECKS

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("url")
@click.option("--client-id", envvar="CAPSS_CLIENT_ID", metavar="ID", help="Default on this machine: apitest.")
@click.option("--client-secret", envvar="CAPSS_CLIENT_SECRET", metavar="SECRET", help="Better in CAPSS_CLIENT_SECRET.")
@click.option("--ca-file", envvar="CAPSS_CA_FILE", type=_FILE, metavar="FILE", help="Certificates to trust.")
@click.option("--i-own-this-account", is_flag=True, help="For a server elsewhere: the account there is mine.")
@click.option(
    "--check",
    "checks",
    type=Names("check", SERVER_CHECKS, capitals=True),
    multiple=True,
    metavar="ID[,ID]",
    help="Only these checks (a partial run: exit code 4 instead of 0).",
)
@click.option("--strict", is_flag=True, help="Warnings are failures.")
@click.option("--baseline", type=_FILE, metavar="FILE", help="TOML with what is known, and why.")
@click.option("--report-dir", type=click.Path(path_type=Path), metavar="DIR", help="Write all reports there.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print the last line only.")
def verify(url: str, **options: Any) -> int:
    """Ask a server what the kit knows of CAPSS: documented answers must be so, inferred and assumed ones are told.

    For this mock, for another implementation, or for the sandbox with an account of your own. It sends invented data
    only, and nothing to the production host, whatever is said. Off this machine it waits a second between requests.

    \b
    Exit codes: as of capss-mock judge.
    Examples:
      capss-mock verify http://127.0.0.1:8080
      capss-mock verify https://capss-sb.doj.ca.gov --i-own-this-account   (CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET)
    """
    return _verify(url, **options)


def _verify(
    url: str,
    *,
    client_id: str | None,
    client_secret: str | None,
    ca_file: Path | None,
    i_own_this_account: bool,
    checks: tuple[tuple[str, ...], ...],
    strict: bool,
    baseline: Path | None,
    report_dir: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    entries = known(baseline)
    made_ready(report_dir)
    from capss_mock.conformance.server.asking import Unreachable
    from capss_mock.conformance.server.campaign import carry_out
    from capss_mock.conformance.server.target import Target, TargetError

    try:
        target = Target(url, client_id or "", client_secret or "", ca_file, i_own_this_account)
        with target.client() as http:
            told = progress(quiet=quiet or as_json)
            report = carry_out(target.server(http), url, flat(checks), strict=strict, told=told)
    except TargetError as error:
        raise click.UsageError(str(error)) from None
    except Unreachable as error:
        raise click.UsageError(f"{url} cannot be asked: {error}") from None
    return finish(report, entries, report_dir, as_json=as_json, quiet=quiet)
