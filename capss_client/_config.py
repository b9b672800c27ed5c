"""How a client is set up: read once, refused with a reason."""

import ssl
import warnings
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from capss_client import _paths
from capss_client._auth import basic
from capss_client._errors import ConfigError
from capss_client._flows import origin


class InsecureWarning(UserWarning):
    """Certificates are not checked: whoever is between here and there can read and change everything."""


@dataclass(frozen=True, slots=True, repr=False)
class Config:
    """Where to, as whom, and how carefully. ``base`` has no slash at the end."""

    base: str
    token_url: str
    client_id: str
    basic: str
    ca_file: Path | None
    insecure: bool

    def __repr__(self) -> str:
        return f"Config({self.base}, {self.client_id})"

    @property
    def is_plain(self) -> bool:
        """Whether there is no TLS at all: then nothing goes through a proxy of the environment, either."""
        return self.base.startswith("http://") and self.token_url.startswith("http://")

    def context(self) -> ssl.SSLContext | bool:
        """What httpx verifies with; nothing where there is no TLS."""
        if self.insecure or self.is_plain:
            return False
        return ssl.create_default_context(cafile=self.ca_file)


def configure(
    base_url: str,
    client_id: str,
    client_secret: str,
    *,
    token_url: str | None = None,
    ca_file: str | Path | None = None,
    insecure: bool = False,
    production: bool = False,
) -> Config:
    """Check how a client is to be set up.

    Raises:
        ConfigError: it cannot be, or should not be.
    """
    base = base_url.strip().rstrip("/")
    scheme, host, _ = _origin(base, "base URL")
    parts = urlsplit(base)
    if parts.query or parts.fragment:
        raise ConfigError(
            "the base URL has a query or a fragment",
            expected=f"a URL such as https://{_paths.SANDBOX}",
            next_step="Leave out what follows ? or #.",
        )
    base = urlunsplit(parts._replace(netloc=parts.netloc.lower()))  # the ledger takes it for the address
    token = (token_url or base + _paths.TOKEN).strip()
    token_scheme, token_host, _ = _origin(token, "token URL")
    if _paths.PRODUCTION in (host, token_host) and not production:
        raise ConfigError(
            f"{_paths.PRODUCTION} is the DOJ's production host",
            expected="to be told that this is meant",
            next_step="Say so, production=True or --production; to try things, name the sandbox or a mock.",
        )
    for each, name in ((scheme, host), (token_scheme, token_host)):
        if each == "http" and not _is_here(name) and not insecure:
            raise ConfigError(
                f"http to {name} sends the secret in the clear",
                expected="https, or http on this machine",
                next_step="Write https; if that cannot be: insecure=True or --insecure.",
            )
    if not client_id or not client_secret:
        missing = "client secret" if client_id else "client id"
        raise ConfigError(
            f"the {missing} is empty",
            expected="the id and the secret of an API client",
            next_step="Both are made on the API Client page of CAPSS: CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET.",
        )
    try:
        credentials = basic(client_id, client_secret)
    except UnicodeEncodeError:
        raise ConfigError(
            "the client id or the secret is no text in UTF-8",
            expected="the id and the secret of an API client",
            next_step="Look at how they are set.",
        ) from None
    file = Path(ca_file) if ca_file else None
    if file is not None:
        _check_ca(file)
    if insecure:
        warnings.warn(f"certificates of {host} are not checked", InsecureWarning, stacklevel=4)
    return Config(base, token, client_id, credentials, file, insecure)


def _origin(url: str, name: str) -> tuple[str, str, int]:
    try:
        return origin(url)
    except ValueError:
        raise ConfigError(
            f"the {name} is {'empty' if not url else 'no URL'}",
            expected=f"a URL such as https://{_paths.SANDBOX}, without credentials in it",
            next_step="Name the server: CAPSS_BASE_URL, or --base-url. There is no default.",
        ) from None


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_ca(file: Path) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"the CA file {file} cannot be used ({error.strerror or 'no certificates in it'})",
            expected="certificates in PEM form",
            next_step="Name another file, or none: CAPSS_CA_FILE, --ca-file.",
        ) from None
