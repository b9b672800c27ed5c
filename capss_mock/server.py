"""A running mock: ``with MockServer() as mock: … mock.url …``"""

import shutil
import ssl
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from werkzeug.test import Client

from capss_mock.clock import Clock, Entropy
from capss_mock.contract import defaults
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.domain.tokens import SigningKey
from capss_mock.run import Run
from capss_mock.serving.certificates import Tls, throw_away
from capss_mock.serving.threaded import IDLE_S, ThreadedServer
from capss_mock.settings import LOOPBACK, Settings, SettingsError, TooManyError, read_settings
from capss_mock.steering import STOPPED, CapssMock, SteeringError, control_path, read_reply
from capss_mock.store import Databases
from capss_mock.usecases import Capss
from capss_mock.usecases.clients import minted_client
from capss_mock.usecases.start import Preparation
from capss_mock.web.control import TOKEN_HEADER
from capss_mock.web.requestlog import Sink

_MOST_RUNS = 64  # open at a time
_REPORTS = 50  # sentences about connections that are kept


class MockServer(CapssMock):
    """Starts a mock on a free port of the loopback interface and stops it at the end of the ``with`` block.

    Args:
        settings: scenario, switches, store, clock start, seed.
        host, port: where to listen; port 0 takes a free one, None does so when ``url`` is first asked for.
        tls: True for a throw-away authority, or a ``Tls``.
        clock: instead of the machine's or ``settings.now``.
        prepared: keys that are being made already.
        sink: gets one ``Line`` per request.
        report: gets a sentence for each connection that failed below HTTP.
        idle_s: seconds that a silent client is waited for.
        minted: make credentials of its own instead of the well-known ones.
        beside: the runs that it is one of; it has none itself then.

    Raises:
        StoreError, PortError, CertificateError, SettingsError: it cannot start; nothing is left running.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        host: str = LOOPBACK,
        port: int | None = 0,
        tls: Tls | bool = False,
        clock: Clock | None = None,
        prepared: Preparation | None = None,
        sink: Sink | None = None,
        report: Callable[[str], None] = lambda _message: None,
        idle_s: float = IDLE_S,
        minted: bool = False,
        beside: "Runs | None" = None,
    ) -> None:
        settings = settings or Settings()
        scenario = SCENARIOS[settings.scenario]
        if scenario.tls and not tls:
            raise SettingsError(f"the scenario {scenario.id} needs https (--tls)")
        if isinstance(tls, Tls) and scenario.certificate != tls.fault:
            raise SettingsError(f"the scenario {scenario.id} needs another certificate than the one that was given")
        self.id = settings.run_id
        self._address = (host, port or 0)
        self._directory: Path | None = None
        self._run: Run | None = None
        self._server: ThreadedServer | None = None
        self._listening = threading.Lock()
        self._stopped = False
        self._report, self._idle_s = report, idle_s
        self.refused_in_process: list[str] = []  # what a program asked for that needs a socket
        self.reports: deque[str] = deque(maxlen=_REPORTS)  # of connections that failed below HTTP
        self.client_id, self.client_secret = defaults.CLIENT_ID, defaults.CLIENT_SECRET
        client = None
        if minted:
            client, self.client_secret = minted_client()
            self.client_id = client.client_id
        try:
            if scenario.certificate or tls is True:
                self._directory = Path(tempfile.mkdtemp(prefix="capss-mock-ca-"))
                if not isinstance(tls, Tls):
                    tls = throw_away(self._directory / "ca.pem", fault=scenario.certificate)
            self.ca_file = tls.ca_file if isinstance(tls, Tls) else None
            self._context: ssl.SSLContext | None = tls.context if isinstance(tls, Tls) else None
            self.runs = None if beside else Runs(host, bool(tls), settings.control_token)
            databases = beside.databases if beside else None
            self._run = Run(settings, prepared, clock, sink, self.runs, client, databases, secure=bool(tls))
            if self.runs is not None:
                self.runs.key = self._run.capss.key
            if port is not None:
                self._listen()
        except BaseException:
            self._close()
            raise

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end.

        Raises:
            PortError: the address cannot be listened on (if it was not to be until now).
            SteeringError: it was stopped.
        """
        host = self._address[0]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self._context else 'http'}://{shown}:{self._listen().port}"

    def _listen(self) -> ThreadedServer:
        with self._listening:
            if self._server is None:
                if self._stopped:
                    raise SteeringError(STOPPED)
                self._server = ThreadedServer(self.run, *self._address, self._context, self._heard, self._idle_s)
            return self._server

    def _heard(self, sentence: str) -> None:
        self.reports.append(sentence)
        self._report(sentence)

    def __repr__(self) -> str:
        return f"<MockServer {self.id}: scenario {self.run.settings.scenario}, {self.run.journal.total} requests>"

    @property
    def is_listening(self) -> bool:
        """Whether it has a port by now."""
        return self._server is not None

    @property
    def connections(self) -> int:
        """How many connections were taken, whatever came of them."""
        return self._server.connections if self._server else 0

    @property
    def run(self) -> Run:
        """What can be steered."""
        assert self._run is not None  # noqa: S101 - it is there once __init__ is through
        return self._run

    @property
    def capss(self) -> Capss:
        """What the mock does, below HTTP."""
        return self.run.capss

    def call(self, method: str, path: str, values: object = None) -> Any:
        """Call the control API in this process; gives the answer's JSON.

        Raises:
            SteeringError: it was refused, or the mock was stopped.
        """
        if self.run.closed:
            raise SteeringError(STOPPED)
        token = self.run.settings.control_token
        headers = {TOKEN_HEADER: token} if token else {}
        path = control_path(path)
        reply = Client(self.run).open(path, method=method, json=values, headers=headers)
        return read_reply(reply.status_code, reply.get_data(), f"{method} {path}")

    @property
    def unmatched(self) -> int:
        """How many requests matched no operation of CAPSS; asked after each test, so without a request."""
        return self.run.journal.unmatched_total

    @contextmanager
    def open_run(self, settings: Settings | None = None) -> Iterator["MockServer"]:
        """A run beside this one; it listens when its ``url`` is first asked for.

        Raises:
            SteeringError: the settings cannot be used for a run, there are too many, or this is one itself.
        """
        if self.runs is None:
            raise SteeringError("this is one of another mock's runs: it has none itself")
        try:
            run = self.runs.start(settings or Settings(), port=None)
        except TooManyError as error:
            raise SteeringError(str(error)) from None
        try:
            yield run
        finally:
            self.runs.close(run.id)

    def stop(self) -> None:
        """Stop answering, close other runs, write the request log, close the store, remove what was temporary."""
        self.run.interrupt()
        with self._listening:
            self._stopped = True
            server, self._server = self._server, None
        if server is not None:
            server.stop()
        self._close()

    def _close(self) -> None:
        if self._run is not None:
            if self.runs is not None:
                self.runs.close_all()
            self._run.close()
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Runs:
    """Other runs beside a mock's own, each a mock on a port of its own; steered by ``/__capss/runs``."""

    def __init__(self, host: str, tls: bool, control_token: str | None) -> None:
        self._host, self._tls, self._control_token = host, tls, control_token
        self._lock = threading.Lock()
        self._open: dict[str, MockServer] = {}
        self._opening = 0
        self._count = 0
        self.key: Future[SigningKey] | None = None
        self.databases = Databases()

    def open(
        self, *, scenario: str, dialect: str, changes: Mapping[str, str], now: datetime | None = None
    ) -> dict[str, Any]:
        """Start a run; gives its id, address, credentials.

        Raises:
            SettingsError: there is no such scenario, dialect, switch or option.
            TooManyError: there are as many runs as there may be.
        """
        return _described(self.start(read_settings(scenario, dialect, changes, now=now)))

    def start(self, settings: Settings, port: int | None = 0) -> "MockServer":
        """Start a run with a name, credentials and a temporary store of its own.

        Raises:
            SteeringError: the settings name a store.
            TooManyError: there are as many runs as there may be.
        """
        if settings.store is not None:
            raise SteeringError("a run has a temporary store of its own: leave store out of its settings")
        with self._lock:
            if len(self._open) + self._opening >= _MOST_RUNS:
                raise TooManyError(f"there are {_MOST_RUNS} runs already: close some")
            self._count += 1
            self._opening += 1
            name = f"run-{self._count}"
        try:
            settings = replace(settings, run_id=name, control_token=self._control_token, journal_rows=0)
            tls = self._tls or SCENARIOS[settings.scenario].tls
            prepared = self._prepared(settings.seed)
            run = MockServer(settings, host=self._host, port=port, tls=tls, prepared=prepared, minted=True, beside=self)
            with self._lock:
                self._open[name] = run
        finally:
            with self._lock:
                self._opening -= 1
        return run

    def _prepared(self, seed: int | None) -> Preparation:
        """The parent's key under an id of its own: making one takes up to 0.4 s, and no run takes another's tokens."""
        key = self.key.result().known_as(Entropy().uuid()) if self.key else None  # whatever the seed
        return Preparation(Entropy(seed), key)

    def get(self, name: str) -> dict[str, Any] | None:
        """A run that is open."""
        server = self._open.get(name)
        return _described(server) if server else None

    def listed(self) -> list[dict[str, Any]]:
        """The runs that are open."""
        with self._lock:
            return [_described(server) for server in self._open.values()]

    def close(self, name: str) -> bool:
        """Stop a run; False when there is none of that name."""
        with self._lock:
            server = self._open.pop(name, None)
        if server is not None:
            server.stop()
        return server is not None

    def close_all(self) -> None:
        """Stop all of them."""
        for name in list(self._open):
            self.close(name)
        self.databases.close()


def _described(server: MockServer) -> dict[str, Any]:
    return {
        "id": server.id,
        "url": server.url if server.is_listening else None,
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "ca_file": str(server.ca_file) if server.ca_file else None,
        "scenario": server.run.settings.scenario,
    }
