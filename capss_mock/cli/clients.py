"""``capss-mock clients``: the API clients of a lasting store."""

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from capss_mock.domain.clients import ApiClient
    from capss_mock.usecases.clients import Clients

_STORE = click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    envvar="CAPSS_MOCK_STORE",
    show_envvar=True,
    help="The SQLite file that capss-mock serve --store uses.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_STDIN = click.option(
    "--secret-stdin",
    is_flag=True,
    help="Read the secret from standard input (one line) instead of minting one.",
)


@click.group()
def clients() -> None:
    """Add, list, change and disable API clients of a store.

    A running mock on the same store sees a change at its next token request.

    \b
    Examples:
      capss-mock clients add shop-7 --license 33131099 --store shop.sqlite
      capss-mock clients list --store shop.sqlite
      echo "a new secret" | capss-mock clients set-secret shop-7 --secret-stdin --store shop.sqlite
    """


@contextlib.contextmanager
def _opened(path: Path, *, create: bool = False) -> "Iterator[Clients]":
    from capss_mock.clock import Entropy, SystemClock
    from capss_mock.store import Store, StoreError
    from capss_mock.usecases.clients import ClientError, Clients

    if not create and not path.is_file():
        raise click.ClickException(f"there is no store {path}: capss-mock serve --store {path} makes one")
    try:
        store = Store(path, now_ns=SystemClock().now_ns())
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    try:
        yield Clients(store, Entropy())
    except ClientError as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()


def _chosen(secret_stdin: bool) -> str | None:
    if not secret_stdin:
        return None
    return sys.stdin.readline().rstrip("\r\n")


def _values(client: "ApiClient") -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "license_id": client.license_id,
        "token_version": client.token_version,
        "expires_on": client.expires_on.isoformat() if client.expires_on else None,
        "enabled": client.enabled,
        "granted": client.granted,
    }


def _show(client: "ApiClient", secret: str | None, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**_values(client), **({"client_secret": secret} if secret else {})}))
        return
    click.echo(f"client id      {client.client_id}")
    if secret:
        click.echo(f"client secret  {secret}   (shown once: it cannot be read again)")
    click.echo(f"licence        {client.license_id}")


@clients.command()
@click.argument("client_id")
@click.option("--license", "license_id", required=True, help="The store's licence: digits, leading zeros count.")
@click.option(
    "--expires-on", type=click.DateTime(["%Y-%m-%d"]), help="The client's date (default: rolls with the day)."
)
@click.option("--no-grant", is_flag=True, help="It may not ask for tokens: 400 unauthorized_client.")
@_STDIN
@_STORE
@_JSON
def add(
    client_id: str,
    license_id: str,
    expires_on: datetime | None,
    no_grant: bool,
    secret_stdin: bool,
    store: Path,
    as_json: bool,
) -> None:
    """Add a client and print its secret, which is minted unless you give one."""
    with _opened(store, create=True) as known:
        day = expires_on.date() if expires_on else None
        client, secret = known.add(client_id, license_id, _chosen(secret_stdin), day, granted=not no_grant)
    _show(client, None if secret_stdin else secret, as_json)


@clients.command("list")
@_STORE
@_JSON
def list_(store: Path, as_json: bool) -> None:
    """List the clients; secrets are hashed and cannot be shown."""
    with _opened(store) as known:
        found = known.list()
    if as_json:
        click.echo(json.dumps([_values(client) for client in found]))
        return
    click.echo(f"{'CLIENT ID':<24} {'LICENCE':<12} {'DATE':<12} {'VERSION':<8} STATE")
    for client in found:
        day = client.expires_on.isoformat() if client.expires_on else "rolling"
        state = ("enabled" if client.enabled else "disabled") + ("" if client.granted else ", no grant")
        click.echo(f"{client.client_id:<24} {client.license_id:<12} {day:<12} {client.token_version:<8} {state}")


@clients.command("set-secret")
@click.argument("client_id")
@_STDIN
@_STORE
@_JSON
def set_secret(client_id: str, secret_stdin: bool, store: Path, as_json: bool) -> None:
    """Give a client another secret; its token_version rises by one."""
    with _opened(store) as known:
        client, secret = known.set_secret(client_id, _chosen(secret_stdin))
    _show(client, None if secret_stdin else secret, as_json)


@clients.command()
@click.argument("client_id")
@_STORE
@_JSON
def disable(client_id: str, store: Path, as_json: bool) -> None:
    """Refuse tokens to a client from now on; tokens it has stay valid until they expire."""
    with _opened(store) as known:
        client = known.disable(client_id)
    if as_json:
        click.echo(json.dumps(_values(client)))
    else:
        click.echo(f"{client.client_id} is disabled")
