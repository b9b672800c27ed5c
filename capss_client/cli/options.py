"""The options that all commands share, and the client that they make."""

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from capss_client.cli.showing import tell

if TYPE_CHECKING:
    from capss_client import Client, Progress

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(dir_okay=False, path_type=Path)

_OPTIONS = (
    click.option("--base-url", envvar="CAPSS_BASE_URL", metavar="URL", help="Where CAPSS is; there is no default."),
    click.option("--client-id", envvar="CAPSS_CLIENT_ID", metavar="ID", help="Of an API client."),
    click.option(
        "--client-secret", envvar="CAPSS_CLIENT_SECRET", metavar="SECRET",
        help="Better in CAPSS_CLIENT_SECRET or a file: others on this machine can read command lines.",
    ),
    click.option("--client-secret-file", type=_FILE, metavar="FILE", help="A file whose first line is the secret."),
    click.option("--token-url", envvar="CAPSS_TOKEN_URL", metavar="URL", help="If it is not BASE_URL/oauth2/token."),
    click.option("--ca-file", envvar="CAPSS_CA_FILE", type=_FILE, metavar="FILE", help="Certificates to trust."),
    click.option("--insecure", is_flag=True, help="Do not check certificates. Warns every time."),
    click.option("--production", is_flag=True, help="The DOJ's production host is meant."),
    click.option(
        "--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, metavar="SECONDS",
        help="Without a sign of life for so long, an answer counts as lost.",
    ),
    click.option(
        "--token-cache", envvar="CAPSS_TOKEN_CACHE", type=_FILE, metavar="FILE",
        help="Keep tokens there between commands (for its owner only).",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """What the shared options say."""

    base_url: str
    client_id: str
    client_secret: str
    token_url: str | None
    ca_file: Path | None
    insecure: bool
    production: bool
    timeout: float
    token_cache: Path | None

    def client(self, ledger: Path | None = None, on_progress: "Callable[[Progress], None] | None" = None) -> "Client":
        """A client.

        Raises:
            ConfigError: it cannot be set up like that.
        """
        from capss_client import Client, InsecureWarning

        warnings.simplefilter("always", InsecureWarning)
        warnings.simplefilter("always", RuntimeWarning)
        warnings.showwarning = _warn  # type: ignore[assignment]  # it takes what it is given
        return Client(
            self.base_url,
            self.client_id,
            self.client_secret,
            token_url=self.token_url,
            ca_file=self.ca_file,
            insecure=self.insecure,
            production=self.production,
            timeout=self.timeout,
            token_cache=self.token_cache,
            ledger=ledger,
            on_progress=on_progress or (lambda _progress: None),
        )


def _warn(message: Warning | str, *_: object) -> None:
    tell(f"capss: warning: {message}")


def connection(command: F) -> F:
    """Give a command the shared options, as one argument ``connection``."""

    @functools.wraps(command)
    def with_connection(
        base_url: str | None,
        client_id: str | None,
        client_secret: str | None,
        client_secret_file: Path | None,
        token_url: str | None,
        ca_file: Path | None,
        insecure: bool,
        production: bool,
        timeout: float,
        token_cache: Path | None,
        **more: Any,
    ) -> Any:
        if client_secret_file is not None:
            client_secret = _first_line(client_secret_file)
        found = Connection(
            base_url or "", client_id or "", client_secret or "", token_url, ca_file, insecure, production, timeout,
            token_cache,
        )  # fmt: skip
        return command(connection=found, **more)

    for option in reversed(_OPTIONS):
        with_connection = option(with_connection)
    return with_connection  # type: ignore[return-value]  # it takes other arguments


def _first_line(file: Path) -> str:
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise click.BadParameter(f"cannot read {file}: {reason}", param_hint="--client-secret-file") from None
    return lines[0].strip() if lines else ""
