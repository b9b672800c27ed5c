"""A server that is not CAPSS: links and redirects lead here, and it notes who follows them with what."""

import secrets
import threading
from collections.abc import Callable, Iterable
from typing import Any

from capss_mock.conformance.client.evidence import Stray
from capss_mock.serving.threaded import ThreadedServer
from capss_mock.settings import LOOPBACK


class Decoy:
    """Listens on a free port of the loopback interface; each play gets addresses of its own there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._strays: dict[str, list[Stray]] = {}
        self._server = ThreadedServer(self._answer, LOOPBACK, 0)

    def places(self) -> tuple[str, dict[str, str]]:
        """A key, and what the placeholders of faults become: another host, and CAPSS's own without TLS."""
        key = secrets.token_hex(8)
        with self._lock:
            self._strays[key] = []
        port = self._server.port
        return key, {"elsewhere": f"http://localhost:{port}/{key}", "http": f"http://{LOOPBACK}:{port}/{key}-plain"}

    def strays(self, key: str) -> tuple[Stray, ...]:
        """Who came to the addresses of a key."""
        with self._lock:
            return tuple(self._strays.get(key, ()))

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        key, _, rest = str(environ.get("PATH_INFO", "")).lstrip("/").partition("/")
        name, _, plain = key.partition("-")
        bearer = str(environ.get("HTTP_AUTHORIZATION", "")).lower().startswith("bearer ")
        line = f"{environ.get('REQUEST_METHOD')} /{rest[:80]}"
        with self._lock:
            if name in self._strays:
                host = "another host (localhost stands for it)" if not plain else "CAPSS without TLS"
                self._strays[name].append(Stray(host, tls=False, bearer=bearer, line=line, downgrade=bool(plain)))
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return [b""]

    def close(self) -> None:
        """Stop listening."""
        self._server.stop()
