"""httpx transports that hand requests to a mock in this process: no socket, nothing leaves.

httpx's own ``WSGITransport`` loses a chunked body and holds every body in memory; and what has no meaning without a
socket (a reset, a certificate) should be said, not be answered in some way or other.
"""

import io
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

import anyio.from_thread
import anyio.to_thread
import h11
import httpx

from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.run import Run
from capss_mock.serving.http1 import LISTS
from capss_mock.steering import STOPPED
from capss_mock.web.playing import PATIENCE

_CHUNK = 64 * 1024
_LISTS = {name.decode().upper().replace("-", "_") for name in LISTS}


class InProcessError(Exception):
    """Something that is not possible without a socket; the message says what to do instead.

    It is none of httpx's errors, so that a program that handles those does not take it for an answer.
    """


class _Served(Protocol):
    """A mock in this process."""

    refused_in_process: list[str]

    @property
    def run(self) -> Run: ...


class _Body(io.RawIOBase):
    """A request's body, read chunk by chunk while it is asked for."""

    def __init__(
        self, chunks: Iterator[bytes], length: int | None = None, aborted: threading.Event | None = None
    ) -> None:
        self._chunks = chunks
        self._left = b""
        self._length, self._seen = length, 0
        self._aborted = aborted or threading.Event()
        self.error: Exception | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes.

        Raises:
            ConnectionAbortedError: whoever sends the body failed; ``error`` says how.
        """
        while not self._left:
            try:
                chunk = None if self._aborted.is_set() else next(self._chunks, None)
                self._check(chunk)
            except Exception as error:
                self.error = error
                raise ConnectionAbortedError from error
            if chunk is None:
                return 0
            self._left = chunk
        data, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def _check(self, chunk: bytes | None) -> None:
        if self._aborted.is_set():  # also while the chunk was waited for
            raise ConnectionAbortedError("the request was cancelled")
        self._seen += len(chunk or b"")
        if self._length is not None and (self._seen > self._length or (chunk is None and self._seen < self._length)):
            many = "much" if self._seen > self._length else "little"
            # the error that httpx lets through when it writes to a socket
            raise h11.LocalProtocolError(f"Too {many} data for declared Content-Length")


class _Answer:
    """What the application says: status, headers, and the body, which breaks off as it would on the wire."""

    def __init__(
        self, run: Run, request: httpx.Request, chunks: Iterator[bytes], aborted: threading.Event | None = None
    ) -> None:
        self._run = run
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        length = request.headers.get("content-length", "")
        body = _Body(chunks, int(length) if length.isdigit() else None, aborted)
        self._body = run(_environ(request, body), self._start)
        if body.error is not None:  # the sender's own, not an answer
            self.close()
            raise body.error
        bare = request.method == "HEAD" or self.status in (204, 304)
        length = next((value for name, value in self.headers if name.lower() == b"content-length"), b"0")
        self._left = 0 if bare else int(length)
        self._pieces = iter(self._body)
        self._first = self._next()  # a reset comes before the first byte

    def _start(self, status: str, headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], None]:
        self.status = int(status.split()[0])
        self.headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return lambda _data: None

    def _next(self) -> bytes | None:
        try:
            piece = next(self._pieces, None)
        except TimeoutError:
            self.close()
            raise httpx.ReadTimeout("the mock answers later than the client waits") from None
        except ConnectionResetError:
            self.close()
            played = [each.fault for each in self._run.journal.entries(status=0)]
            raise InProcessError(
                f"{played[-1] if played else 'a fault'}; in process there is no connection to reset: let the program "
                "talk to capss_mock.url"
            ) from None
        self._left -= len(piece or b"")
        return piece

    def pieces(self) -> Iterator[bytes]:
        """The body."""
        while (piece := self.take()) is not None:
            yield piece

    def take(self) -> bytes | None:
        """The next piece of the body.

        Raises:
            httpx.RemoteProtocolError: the body is shorter than its Content-Length, as a broken connection leaves it.
        """
        piece, self._first = self._first, None
        if piece is None:
            piece = self._next()
        if piece is None and self._left > 0:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        return piece

    def close(self) -> None:
        """Let the application go."""
        getattr(self._body, "close", lambda: None)()


class _SyncStream(httpx.SyncByteStream):
    def __init__(self, answer: _Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.pieces()

    def close(self) -> None:
        self._answer.close()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, answer: _Answer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await anyio.to_thread.run_sync(self._answer.take)) is not None:
            yield piece

    async def aclose(self) -> None:
        await anyio.to_thread.run_sync(self._answer.close)


class CapssTransport(httpx.BaseTransport):
    """``httpx.Client(transport=CapssTransport(mock))``: whatever the host, the mock answers.

    Args:
        mock: a ``MockServer``, or the fixture ``capss_mock``.
    """

    def __init__(self, mock: _Served) -> None:
        self._mock = mock
        self.refused = mock.refused_in_process  # what was not possible

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request.

        Raises:
            InProcessError: the answer needs a socket.
        """
        assert isinstance(request.stream, httpx.SyncByteStream)  # noqa: S101 - httpx.Client sends no other
        with _noting(self.refused):
            answer = _Answer(_usable(self._mock), request, iter(request.stream))
        return httpx.Response(answer.status, headers=answer.headers, stream=_SyncStream(answer))


class AsyncCapssTransport(httpx.AsyncBaseTransport):
    """The same for ``httpx.AsyncClient``, under asyncio or trio; the mock works in a thread."""

    def __init__(self, mock: _Served) -> None:
        self._mock = mock
        self.refused = mock.refused_in_process  # what was not possible

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request.

        Raises:
            InProcessError: the answer needs a socket.
        """
        assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101 - httpx.AsyncClient sends no other
        chunks = _from_thread(aiter(request.stream))
        aborted = threading.Event()
        with _noting(self.refused):
            run = _usable(self._mock)
            try:
                answer = await anyio.to_thread.run_sync(_Answer, run, request, chunks, aborted)
            except BaseException:  # cancelled: over a socket, the rest of the body would not be sent
                aborted.set()
                raise
        return httpx.Response(answer.status, headers=answer.headers, stream=_AsyncStream(answer))


@contextmanager
def _noting(refused: list[str]) -> Iterator[None]:
    try:
        yield
    except InProcessError as error:
        refused.append(str(error))
        raise


def _from_thread(chunks: AsyncIterator[bytes]) -> Iterator[bytes]:
    async def following() -> bytes | None:
        return await anext(chunks, None)

    while (chunk := anyio.from_thread.run(following)) is not None:
        yield chunk


def _usable(mock: _Served) -> Run:
    run = mock.run
    if run.closed:
        raise InProcessError(STOPPED)
    scenario = SCENARIOS[run.settings.scenario]
    if scenario.needs_tls:
        raise InProcessError(
            f"the scenario {scenario.id} is about TLS, and in process there is none: let the program talk to "
            "capss_mock.url, trusting capss_mock.ca_file"
        )
    return run


def _environ(request: httpx.Request, body: _Body) -> dict[str, Any]:
    """The request as a WSGI environment (PEP 3333)."""
    url = request.url
    if url.scheme not in ("http", "https"):
        raise httpx.UnsupportedProtocol(f"Request URL has an unsupported protocol '{url.scheme}://'.")
    patience = request.extensions.get("timeout", {}).get("read")
    target = url.raw_path.decode("ascii")
    environ: dict[str, Any] = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BufferedReader(body, _CHUNK),
        "wsgi.input_terminated": True,  # the body ends where it ends, whatever its headers say
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "REQUEST_METHOD": request.method,
        "REQUEST_URI": target,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(target.partition("?")[0]).decode("latin-1"),
        "QUERY_STRING": url.query.decode("ascii"),
        "SERVER_NAME": url.host,
        "SERVER_PORT": str(url.port or {"http": 80, "https": 443}[url.scheme]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        PATIENCE: patience,
    }
    for name, value in request.headers.raw:
        key = name.decode("latin-1").upper().replace("-", "_")
        variable = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1")
        if key in _LISTS and variable in environ:
            environ[variable] += f", {text}"
        environ.setdefault(variable, text)  # of two, the first counts
    return environ
