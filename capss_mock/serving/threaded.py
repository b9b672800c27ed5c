"""The threaded HTTP server: cheroot, with a few of its seams used.

It streams request bodies, so that a document is read while it arrives, runs on Windows, and hands the connection's own
ends to the application (``capss.reset``, ``capss.release``), for faults on the wire. Connections wait for their first
byte in the selector, not in a worker; a TLS handshake is done by a worker, so that a silent client stalls nobody.
"""

import contextlib
import logging
import os
import select
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

from cheroot import server, wsgi
from cheroot.ssl import Adapter
from cheroot.workers import threadpool

from capss_mock.serving.http1 import Request
from capss_mock.serving.socketfiles import make_file

_MOST_THREADS = 512
_TICK_S = 0.02
_CALM_TICKS = 250
_QUIET_TICKS = 100
_QUIET_S = 0.2
IDLE_S = 30
_POLL_S = 0.05
_STOP_S = 0.1
_LINGER_S = 0.005
_MAX_HEADER = 64 * 1024
_NAME = "capss-mock"


class _LazyTls(Adapter):
    """Wraps sockets without shaking hands: ``_Connection`` does that in its worker."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__("", "")
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        return sock

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = -1) -> Any:
        return make_file(sock, mode, bufsize)


class _Connection(server.HTTPConnection):
    RequestHandlerClass = Request
    _shaken = False
    _to_reset = False

    def __init__(self, owner: Any, sock: socket.socket, _makefile: object = None) -> None:
        super().__init__(owner, sock, make_file)
        owner.taken += 1

    def communicate(self) -> bool:
        if isinstance(self.socket, ssl.SSLSocket) and not self._shaken:
            try:
                self.socket.do_handshake()
            except (OSError, ValueError) as error:
                self.server.tls_failed(error)
                return False
            self._shaken = True
        while super().communicate():  # type: ignore[no-untyped-call]  # cheroot has no types
            if self._to_reset:
                return False
            if not self._has_next():
                return bool(self.server.ready)
        return False

    def reset(self) -> None:
        """Close the connection with RST as soon as this request is over."""
        self._to_reset = True
        self.wfile.drop()
        # with nothing to linger for, closing sends RST at once
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _close_kernel_socket(self) -> None:
        if not self._to_reset:  # a shutdown would say good-bye first
            super()._close_kernel_socket()  # type: ignore[misc]  # the stubs do not know it

    def _has_next(self) -> bool:
        """Wait a moment for the next request: handing a busy connection back to the selector costs more."""
        if not self.server.ready or self.server.requests.qsize:
            return False
        if self.rfile.has_data() or (isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()):
            return True
        return _readable(self.socket, _LINGER_S)


def _readable(sock: socket.socket, seconds: float) -> bool:
    if hasattr(select, "poll"):  # select() cannot watch descriptors above 1023
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    return bool(select.select([sock], [], [], seconds)[0])


class _Pool(threadpool.ThreadPool):
    """As many workers as cores; more while they are blocked (slow senders), up to a limit.

    More threads than cores fight for the interpreter's lock: with 16 connections and 24 threads a token request took
    twice as long as with 2. So the pool grows only when nobody took from the queue for a whole tick.
    """

    def __init__(self, owner: "_Server") -> None:
        super().__init__(owner, min=max(2, min(os.cpu_count() or 2, 8)), max=_MOST_THREADS)
        self._pending = self.get
        self.get = self._take
        self._taken = self._seen = self._calm = 0

    def _take(self) -> Any:
        connection = self._pending()
        self._taken += 1
        return connection

    def grow(self, amount: int) -> None:
        """Add workers, up to the limit.

        cheroot's own waits until each is ready, without end for one that takes a shutdown which an earlier shrinking
        left in the queue: nothing grew any more then, and the server could not be stopped.
        """
        workers: list[Any] = self._threads  # type: ignore[attr-defined]  # cheroot's stubs leave it out
        budget = max(self.max - len(workers), 0)
        workers.extend([self._spawn_worker() for _ in range(min(amount, budget))])  # type: ignore[attr-defined]  # this, too

    def watch(self, stopping: threading.Event) -> None:
        """Grow and shrink until stopped."""
        quiet = 0
        # where nothing has happened for a while, there are fewer looks: many runs may be open and idle
        while not stopping.wait(_TICK_S if quiet < _QUIET_TICKS else _QUIET_S):
            quiet = quiet + 1 if self._taken == self._seen and not self.qsize else 0
            blocked = self.qsize > 0 and self._taken == self._seen
            self._seen = self._taken
            self._calm = 0 if blocked else self._calm + 1
            if blocked:
                self.grow(min(self.qsize + 1, 32))
            elif self._calm > _CALM_TICKS and self.idle > self.min:
                self.shrink(1)


class _Gateway(wsgi.Gateway_10):
    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]  # its stub says None
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]  # cheroot has no types
        environ["SERVER_NAME"] = str(self.req.server.bind_addr[0])
        environ["wsgi.input_terminated"] = True  # both of cheroot's body readers end where the body ends
        environ["wsgi.url_scheme"] = "https" if self.req.server.ssl_adapter else "http"  # not what the target says
        environ["capss.reset"] = self.req.conn.reset
        environ["capss.release"] = self.req.conn.wfile.release
        return environ

    def respond(self) -> None:
        self.req.conn.wfile.hold()
        try:
            super().respond()
        finally:
            self.req.conn.wfile.release()


class _Server(wsgi.Server):
    ConnectionClass = _Connection
    max_request_header_size = _MAX_HEADER
    expiration_interval = _POLL_S
    keep_alive_conn_limit = 1_000_000  # the default, 10, closes the eleventh connection after each request

    def __init__(self, app: Any, address: tuple[str, int], report: Callable[[str], None], idle_s: float) -> None:
        super().__init__(
            address,
            app,
            server_name=_NAME,
            request_queue_size=256,
        )
        self.timeout = idle_s
        self.shutdown_timeout = _STOP_S
        self.gateway = _Gateway
        self.requests = _Pool(self)
        self._report = report
        self.taken = 0

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()  # cheroot leaves that to the garbage collector
            raise
        return socket_

    def process_conn(self, conn: Any) -> None:
        if conn.last_used is None:  # new: wait for its first byte like an idle one
            self.put_conn(conn)
        else:
            super().process_conn(conn)

    def wake_to_stop(self) -> None:
        """Let the selector look up at once: cheroot's ``stop`` waits for its next tick, and a test waits with it."""
        self._connections._stop_requested = True  # type: ignore[attr-defined]  # cheroot has no types
        host, port = self.socket.getsockname()[:2]
        if host in ("127.0.0.1", "::1"):
            with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
                pass

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        if level >= logging.WARNING or traceback:
            kind = sys.exc_info()[0]
            name = kind.__name__ if kind else "error"
            self._report(f"connection dropped: {name}")

    def refused(self, message: str) -> None:
        """Report an answer that was given before there was a request to serve."""
        self._report(message)

    def tls_failed(self, error: Exception) -> None:
        reason = getattr(error, "reason", None) or type(error).__name__
        hints = {
            "HTTP_REQUEST": "plain http was sent to this https port: use https://",
            "TLSV1_ALERT_UNKNOWN_CA": "the client does not trust the CA: give it the CA file, or curl -k",
            "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the client does not trust the CA: give it the CA file",
        }
        self._report(f"TLS handshake failed: {hints.get(reason, reason)}")


class PortError(Exception):
    """The address cannot be listened on; the message says why and what to do."""


class ThreadedServer:
    """Serves a WSGI application on ``host``:``port`` (0: a free one) from threads of its own.

    Raises:
        PortError: the address is taken or not ours; nothing is running then.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        context: ssl.SSLContext | None = None,
        report: Callable[[str], None] = lambda _message: None,
        idle_s: float = IDLE_S,
    ) -> None:
        self._server = _Server(app, (host, port), report, idle_s)
        if context is not None:
            self._server.ssl_adapter = _LazyTls(context)
        try:
            self._server.prepare()
        except (OSError, OverflowError, UnicodeError) as error:
            raise PortError(_why(error, host, port)) from None
        self.port: int = self._server.bind_addr[1]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._server.serve, name="capss-server", daemon=True)
        self._thread.start()
        watch = self._server.requests.watch
        self._watcher = threading.Thread(target=watch, args=(self._stopping,), name="capss-pool", daemon=True)
        self._watcher.start()

    @property
    def connections(self) -> int:
        """How many connections were taken."""
        return self._server.taken

    def stop(self) -> None:
        """Stop answering: connections are closed, requests under way are cut off after 0.1 s."""
        self._stopping.set()
        # before the workers are stopped: cheroot counts them, and waits without end for one that is added meanwhile
        self._watcher.join()
        self._server.wake_to_stop()
        self._server.stop()
        self._thread.join()
        # cheroot keeps its statistics, and with them itself, in a dictionary of the logging module for ever
        getattr(logging, "statistics", {}).pop(f"Cheroot HTTPServer {id(self._server)}", None)


def _why(error: Exception, host: str, port: int) -> str:
    text = str(error)
    if "in use" in text or "10048" in text:
        return f"port {port} on {host} is in use: stop the other program, or choose --port N (0: any free port)"
    if "ermission" in text or "10013" in text:
        return f"port {port} on {host} may not be used by this user: choose --port N above 1023"
    if "assign" in text or "10049" in text or "not known" in text or isinstance(error, UnicodeError):
        return f"{host} is not an address of this machine: choose --host 127.0.0.1"
    return f"cannot listen on {host} port {port}: {text}"
