"""``capss-mock serve``."""

import contextlib
import gc
import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from capss_mock.cli.options import Moment, SwitchSetting, read_config
from capss_mock.contract import defaults
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.switches import DIALECTS
from capss_mock.settings import LOOPBACK, SettingsError, read_settings

if TYPE_CHECKING:
    from capss_mock.serving.certificates import Tls

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(epilog="Every switch, its options and who says what: capss-mock switches")
@click.option(
    "--host",
    default=LOOPBACK,
    show_default=True,
    help="Where to listen; the default is reachable from this machine only.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free port.")
@click.option("--tls", is_flag=True, help="https with a throw-away CA; it prints where the CA's certificate is.")
@click.option("--ca-file", type=_FILE, help="With --tls: write the CA's certificate here (default: a temporary file).")
@click.option("--tls-cert", type=_FILE, help="https with your own certificate chain (PEM).")
@click.option("--tls-key", type=_FILE, help="Its key, if it is not in the same file.")
@click.option(
    "--ready-file",
    type=_FILE,
    help='Write {"url","client_id","client_secret","ca_file"} here once requests are answered; removed at exit.',
)
@click.option("--store", type=_FILE, help="Keep clients, submissions and the signing key in this SQLite file.")
@click.option(
    "--scenario",
    default="happy",
    show_default=True,
    help="What the mock lives through: see capss-mock scenarios.",
)
@click.option(
    "--control-token",
    metavar="TOKEN",
    envvar="CAPSS_CONTROL_TOKEN",
    help="Let whoever sends it as X-Capss-Token steer the mock (/__capss/…), from anywhere; without it, this machine.",
)
@click.option("--dialect", default="sheet", show_default=True, help=f"A named set of switches: {', '.join(DIALECTS)}.")
@click.option(
    "--set",
    "changes",
    type=SwitchSetting(),
    multiple=True,
    help="Change a switch, e.g. progress=immediate. Repeatable.",
)
@click.option("--now", type=Moment(), help="Start of the mock's clock, which then runs, e.g. 2025-12-15T22:03:52Z.")
@click.option("--seed", type=int, help="Make the ids repeatable (never keys or secrets).")
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How request lines are written.",
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option(
    "--config",
    "config_switches",
    type=_FILE,
    callback=read_config,
    is_eager=True,
    help="TOML with these options by name, and a table [switches].",
)
def serve(**options: Any) -> int:
    """Start the mock and print commands to paste; then one line per request.

    \b
    Examples:
      capss-mock serve
      capss-mock serve --tls --ca-file ca.pem
      capss-mock serve --port 0 --ready-file ready.json --quiet &
      capss-mock serve --set progress=immediate --set on-dup-default=submitWithoutDups
      capss-mock serve --scenario commit-then-504
      capss-mock serve --store shop.sqlite --config mock.toml
    """
    return _serve(**options)


def _serve(
    *,
    host: str,
    port: int,
    ready_file: Path | None,
    store: Path | None,
    scenario: str,
    control_token: str | None,
    dialect: str,
    changes: tuple[tuple[str, str], ...],
    now: datetime | None,
    seed: int | None,
    log: str,
    quiet: bool,
    config_switches: Mapping[str, str],
    **tls_options: Any,
) -> int:
    gc.disable()  # until all is imported: looking for garbage there costs a sixth of the start
    from capss_mock.clock import Entropy

    try:
        settings = read_settings(
            scenario,
            dialect,
            {**config_switches, **dict(changes)},
            store=store,
            seed=seed,
            now=now,
            control_token=control_token or None,
        )
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    stopping = _on_signals()

    from capss_mock.usecases.start import Preparation  # the costly imports follow, while the key is made

    prepared = Preparation(Entropy(seed))
    prepared.hash_default_secret()

    from capss_mock.cli.console import Console
    from capss_mock.server import MockServer
    from capss_mock.serving.certificates import CertificateError
    from capss_mock.serving.threaded import PortError
    from capss_mock.store import StoreError

    console = Console(log, quiet)
    with contextlib.ExitStack() as cleanup:
        try:
            tls = _tls(cleanup, host, SCENARIOS[scenario].certificate, **tls_options)
            mock = cleanup.enter_context(
                MockServer(
                    settings,
                    host=host,
                    port=port,
                    tls=tls or False,
                    prepared=prepared,
                    sink=console.request,
                    report=console.report,
                )
            )
            if ready_file:
                cleanup.enter_context(_ready(ready_file, mock.url, mock.ca_file))
        except SettingsError as error:
            raise click.UsageError(str(error)) from None
        except (CertificateError, StoreError, PortError, OSError) as error:
            raise click.ClickException(str(error)) from None
        gc.freeze()
        gc.enable()
        console.ready(mock.url, mock.ca_file, store, settings)
        while not stopping.wait(0.2):  # a wait without an end would not see Ctrl-C on Windows
            pass
    return 0


def _on_signals() -> threading.Event:
    stopping = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stopping.set())
    return stopping


def _tls(
    cleanup: contextlib.ExitStack,
    host: str,
    fault: str,
    *,
    tls: bool,
    ca_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> "Tls | None":
    from capss_mock.serving import certificates

    if tls_cert:
        if tls or ca_file:
            raise click.UsageError("--tls-cert is your own certificate; --tls and --ca-file make a throw-away one")
        if fault:
            raise click.UsageError("the scenario needs a throw-away certificate: --tls, without --tls-cert")
        return certificates.own(tls_cert, tls_key)
    if tls_key:
        raise click.UsageError("--tls-key needs --tls-cert")
    if not (tls or ca_file or fault):
        return None
    if ca_file is None:
        directory = Path(tempfile.mkdtemp(prefix="capss-mock-ca-"))
        cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        ca_file = directory / "ca.pem"
    return certificates.throw_away(ca_file, host, fault)


@contextlib.contextmanager
def _ready(path: Path, url: str, ca_file: Path | None) -> Iterator[None]:
    values = {
        "url": url,
        "client_id": defaults.CLIENT_ID,
        "client_secret": defaults.CLIENT_SECRET,
        "ca_file": str(ca_file) if ca_file else None,
    }
    partial = path.with_name(path.name + ".part")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise click.ClickException(f"cannot write the ready file {path}: {error.strerror}") from None
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, for its mode
        json.dump(values, file)
        file.write("\n")
    partial.replace(path)  # whoever waits for the file finds it whole
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
