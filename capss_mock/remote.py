"""A mock in another process, steered by its URL: ``RemoteMock("http://127.0.0.1:8080").scenario("slow")``."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from capss_mock.contract import defaults
from capss_mock.settings import Settings
from capss_mock.steering import CapssMock, SteeringError, control_path, read_reply
from capss_mock.web.control import TOKEN_HEADER

_TIMEOUT_S = 30
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what a server listens on when it listens everywhere


class RemoteMock(CapssMock):
    """A running ``capss-mock serve``, or one of its runs.

    It is asked with the standard library's HTTP, which neither respx nor another double of httpx gets hold of.

    Args:
        url: its base URL; not one of the DOJ's.
        control_token: that of ``serve --control-token``, if it has one.

    Raises:
        SteeringError: nothing answers there, or not a mock.
    """

    def __init__(self, url: str, control_token: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._token = control_token
        try:
            parts = urlsplit(self._url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            good = False
        if not good:
            raise SteeringError(f"{url!r} is no URL of a mock: such as http://127.0.0.1:8080")
        if str(parts.hostname).rstrip(".") in defaults.DOJ_HOSTS:
            raise SteeringError(f"{parts.hostname} is the DOJ's, no mock: nothing was sent")
        self._context: ssl.SSLContext | None = ssl.create_default_context() if parts.scheme == "https" else None
        self.client_id, self.client_secret = defaults.CLIENT_ID, defaults.CLIENT_SECRET
        self.ca_file = None
        self.id = str(self.call("GET", "/health")["run"])

    @classmethod
    def _beside(cls, parent: "RemoteMock", run: dict[str, Any]) -> "RemoteMock":
        """One of the mock's runs, as the control API describes it."""
        self = cls.__new__(cls)
        self._token = parent._token
        parts = urlsplit(str(run["url"]))
        if parts.hostname in _EVERYWHERE:  # reachable the way its parent is
            host = urlsplit(parent._url).hostname or ""
            parts = parts._replace(netloc=f"[{host}]:{parts.port}" if ":" in host else f"{host}:{parts.port}")
        self._url = urlunsplit(parts)
        self._context = None
        if parts.scheme == "https":  # its certificate may be bad on purpose; its address comes from its parent
            self._context = ssl.create_default_context()
            self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self.id, self.client_id, self.client_secret = run["id"], run["client_id"], run["client_secret"]
        self.ca_file = Path(run["ca_file"]) if run["ca_file"] else None
        return self

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return self._url

    def call(self, method: str, path: str, values: object = None) -> Any:
        """Call the control API; gives the answer's JSON.

        Raises:
            SteeringError: it was refused, or nothing answers.
        """
        headers = {"Content-Type": "application/json", **({TOKEN_HEADER: self._token} if self._token else {})}
        data = None if values is None else json.dumps(values).encode()
        request = urllib.request.Request(  # noqa: S310 - http or https, as was checked
            f"{self._url}{control_path(path)}", data, headers, method=method
        )
        asked = f"{method} {self._url}{control_path(path)}"
        handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)]
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT_S) as reply:
                return read_reply(reply.status, reply.read(), asked)
        except urllib.error.HTTPError as error:
            return read_reply(error.code, error.read(), asked)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLError):
                how = "its certificate is not trusted: SSL_CERT_FILE must name what serve --ca-file wrote"
            else:
                how = "start one, capss-mock serve"
            raise SteeringError(f"no mock answers at {self._url} ({reason}): {how}") from None

    @contextmanager
    def open_run(self, settings: Settings | None = None) -> Iterator["RemoteMock"]:
        """A run beside this one.

        Raises:
            SteeringError: the settings cannot be used for a run, or nothing answers.
        """
        settings = settings or Settings()
        if settings.store is not None or settings.seed is not None:
            raise SteeringError("a run elsewhere takes scenario, dialect, switches and now: no store, no seed")
        values: dict[str, Any] = {
            "scenario": settings.scenario,
            "dialect": settings.dialect,
            "switches": dict(settings.with_changes().changes),
        }
        if settings.now is not None:
            values["now"] = settings.now.isoformat()
        run = self._beside(self, self.call("POST", "/runs", values))
        try:
            yield run
        finally:
            self.call("DELETE", f"/runs/{run.id}")
