"""Which servers may be asked, and how: never production, elsewhere only with an account of one's own, and slowly."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from capss_mock.conformance.server.asking import Server
from capss_mock.contract import defaults
from capss_mock.contract.operations import OPERATIONS

_PRODUCTION = defaults.DOJ_HOSTS[1]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PACE_S, _POLL_S, _POLL_HERE_S = 1.0, 3.0, 0.1


class TargetError(ValueError):
    """This server may not, or cannot, be asked; the message says why."""


def _has_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Target:
    """A server that may be asked. ``here``: it is on this machine.

    Raises:
        TargetError: it may not be asked.
    """

    url: str
    client_id: str = ""
    client_secret: str = ""
    ca_file: Path | None = None
    owned: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        host = self._host
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.username or not host.isascii():
            raise TargetError(f"{self.url!r} is not an address such as http://127.0.0.1:8080")
        if not _has_port(self.url):
            raise TargetError(f"{self.url!r} has no port between 1 and 65535")
        if parts.path.strip("/"):
            raise TargetError(f"{self.url}: the address of a server has no path; it is asked under /oauth2 and /api")
        if host == _PRODUCTION:
            raise TargetError(f"{_PRODUCTION} is production: nothing invented is sent there, whatever is said")
        if self.here:
            return
        if not self.owned:
            raise TargetError(
                f"{host} is not this machine: with --i-own-this-account, if the account there is yours, invented"
                " documents are uploaded to it"
            )
        if parts.scheme != "https":
            raise TargetError(f"{host} is not this machine: credentials go there over https only")
        if not (self.client_id and self.client_secret):
            raise TargetError("a server elsewhere needs --client-id and --client-secret: those of your own account")

    @property
    def _host(self) -> str:
        try:
            return httpx.URL(self.url).host.rstrip(".").lower()  # as it will be called
        except httpx.InvalidURL:
            return ""

    @property
    def here(self) -> bool:
        """Whether it is on this machine."""
        return self._host in _LOOPBACK

    def client(self) -> httpx.Client:
        """What talks to it.

        Raises:
            TargetError: the certificates cannot be read.
        """
        try:
            trusted = True if self.ca_file is None else ssl.create_default_context(cafile=str(self.ca_file))
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or "it holds no certificate"
            raise TargetError(f"cannot use {self.ca_file}: {reason}") from None
        return httpx.Client(base_url=self.url, verify=trusted, timeout=30, trust_env=not self.here)

    def server(self, http: httpx.Client) -> Server:
        """The server, to be asked."""
        pace, poll = (0.0, _POLL_HERE_S) if self.here else (_PACE_S, _POLL_S)
        client = self.client_id or defaults.CLIENT_ID, self.client_secret or defaults.CLIENT_SECRET
        return Server(http, client, OPERATIONS["token"].path, pace, poll)
