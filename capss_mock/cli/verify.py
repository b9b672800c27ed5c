"""``capss-mock verify``: does a server do what is known of CAPSS?"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from capss_mock.cli.judging import Names, finish, flat, known, progress
from capss_mock.contract import defaults
from capss_mock.contract.checks import SERVER_CHECKS
from capss_mock.contract.operations import OPERATIONS

_FILE = click.Path(dir_okay=False, path_type=Path)
_PRODUCTION = defaults.DOJ_HOSTS[1]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PACE_S, _POLL_S = 1.0, 3.0


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
    here = _checked(url, owned=i_own_this_account)
    if not here and not (client_id and client_secret):
        raise click.UsageError("a server elsewhere needs --client-id and --client-secret: those of your own account")
    client = client_id or defaults.CLIENT_ID, client_secret or defaults.CLIENT_SECRET
    entries = known(baseline)
    import httpx

    from capss_mock.conformance.server.asking import Server, Unreachable
    from capss_mock.conformance.server.campaign import carry_out

    try:
        http = httpx.Client(base_url=url, verify=_trusted(ca_file), timeout=30, trust_env=not here)
    except OSError as error:
        raise click.BadParameter(f"cannot use {ca_file}: {error.strerror or error}", param_hint="--ca-file") from None
    with http:
        pace = (0.0, 0.1) if here else (_PACE_S, _POLL_S)
        server = Server(http, client, OPERATIONS["token"].path, *pace)
        try:
            report = carry_out(server, url, flat(checks), strict=strict, told=progress(quiet=quiet or as_json))
        except Unreachable as error:
            raise click.UsageError(f"{url} cannot be asked: {error}") from None
    return finish(report, entries, report_dir, as_json=as_json, quiet=quiet)


def _checked(url: str, *, owned: bool) -> bool:
    """Whether a URL is of this machine; a usage error if it may not be asked."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.username:
        raise click.BadParameter(f"{url!r} is not an address such as http://127.0.0.1:8080", param_hint="URL")
    if host == _PRODUCTION:
        raise click.UsageError(f"{_PRODUCTION} is production: nothing invented is sent there, whatever is said")
    here = host in _LOOPBACK
    if not here and not owned:
        raise click.UsageError(
            f"{host} is not this machine: with --i-own-this-account, if the account there is yours, invented"
            " documents are uploaded to it"
        )
    if not here and parts.scheme != "https":
        raise click.UsageError(f"{host} is not this machine: credentials go there over https only")
    return here


def _trusted(ca_file: Path | None) -> Any:
    import ssl

    return True if ca_file is None else ssl.create_default_context(cafile=str(ca_file))
