"""A running mock: ``with MockServer() as mock: … mock.url …``"""

import shutil
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from capss_mock.app import create_app
from capss_mock.clock import Clock
from capss_mock.contract import defaults
from capss_mock.serving.certificates import Tls, throw_away
from capss_mock.serving.threaded import IDLE_S, ThreadedServer
from capss_mock.settings import LOOPBACK, Settings
from capss_mock.usecases import Capss
from capss_mock.usecases.start import Preparation, start
from capss_mock.web.requestlog import Sink


class MockServer:
    """Starts a mock on a free port of the loopback interface and stops it at the end of the ``with`` block.

    Args:
        settings: switches, store, clock start, seed.
        host, port: where to listen; port 0 takes a free one.
        tls: True for a throw-away authority, or a ``Tls``.
        clock: instead of the machine's or ``settings.now``.
        prepared: keys that are being made already.
        sink: gets one ``Line`` per request.
        report: gets a sentence for each connection that failed below HTTP.
        idle_s: seconds that a silent client is waited for.

    Raises:
        StoreError, PortError, CertificateError: it cannot start; nothing is left running.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        tls: Tls | bool = False,
        clock: Clock | None = None,
        prepared: Preparation | None = None,
        sink: Sink | None = None,
        report: Callable[[str], None] = lambda _message: None,
        idle_s: float = IDLE_S,
    ) -> None:
        self._directory: Path | None = None
        if tls is True:
            self._directory = Path(tempfile.mkdtemp(prefix="capss-mock-ca-"))
            tls = throw_away(self._directory / "ca.pem")
        self.ca_file = tls.ca_file if tls else None
        context: ssl.SSLContext | None = tls.context if tls else None
        self.client_id, self.client_secret = defaults.CLIENT_ID, defaults.CLIENT_SECRET
        self.capss: Capss = start(settings or Settings(), prepared, clock)
        self._app = create_app(self.capss, sink)
        try:
            self._server = ThreadedServer(self._app, host, port, context, report, idle_s)
        except BaseException:
            self._close()
            raise
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if context else 'http'}://{shown}:{self._server.port}"

    def stop(self) -> None:
        """Stop answering, write the journal, close the store, remove what was temporary."""
        self._server.stop()
        self._close()

    def _close(self) -> None:
        self._app.extensions["capss-close"]()
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
