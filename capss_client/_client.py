"""The clients: they drive the flows with httpx, one in threads, one in tasks."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack
from urllib.parse import urlsplit

import anyio
import httpx

from capss_client import _paths
from capss_client._auth import Keeper
from capss_client._config import configure
from capss_client._errors import CapssError, ConfigError
from capss_client._flows import Progress, Setup, get_token, look, origin, send, wait_for
from capss_client._ledger import Ledger, recorded
from capss_client._models import OnDup, OnError, Receipt, Result, Token
from capss_client._steps import Bearer, Call, Document, Flow, Lost, Pause, Reply, Step, T, Unreachable

_LONGEST_ANSWER = 4 * 2**20  # bytes
_NO_CONNECTION = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol,
)  # fmt: skip
_sleep, _sleep_async = time.sleep, anyio.sleep  # so that tests need not wait
_LEAST_PATIENCE_S = 0.5
DEADLINE_S = 300.0
TIMEOUT_S = 30.0


class Options(TypedDict, total=False):
    """What both clients can be told.

    Args:
        token_url: if it is not ``base_url`` + ``/oauth2/token``.
        ca_file: certificates to trust instead of the system's.
        insecure: do not check certificates; warns every time.
        production: ``base_url`` may be the DOJ's production host.
        timeout: seconds without a sign of life after which an answer counts as lost.
        token_cache: a file in which tokens are kept between programs, for its owner only.
        ledger: a file in which is noted what was sent, so that nothing is sent twice by mistake.
        on_progress: is told how far things are.
    """

    token_url: str | None
    ca_file: str | Path | None
    insecure: bool
    production: bool
    timeout: float
    token_cache: str | Path | None
    ledger: str | Path | None
    on_progress: Callable[[Progress], None]


class _Base:
    """What both clients are made of."""

    def __init__(self, base_url: str, client_id: str, client_secret: str, options: Options) -> None:
        config = self._config = configure(
            base_url,
            client_id,
            client_secret,
            token_url=options.get("token_url"),
            ca_file=options.get("ca_file"),
            insecure=options.get("insecure", False),
            production=options.get("production", False),
        )
        self._timeout = options.get("timeout", TIMEOUT_S)
        tell = options.get("on_progress", lambda _progress: None)
        self._setup = Setup(config.base, config.token_url, config.basic, tell)
        cache, ledger = options.get("token_cache"), options.get("ledger")
        self._keeper = Keeper(time.time, Path(cache) if cache else None, f"{config.token_url} {client_id}")
        self._ledger = Ledger(Path(ledger)) if ledger else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._config.base!r}, {self._config.client_id!r})"

    def _deadline(self, seconds: float) -> float:
        return self._setup.clock() + seconds

    def _token_flow(self, deadline: float = float("inf")) -> Flow[Token]:
        asked_at = time.time()
        token = yield from get_token(self._setup, min(deadline, self._deadline(DEADLINE_S)))
        self._keeper.put(token, asked_at)
        return token

    def _sending(
        self, kind: str, path: str | Path, query: dict[str, str], deadline: float, *, again: bool
    ) -> Flow[Receipt]:
        file = Path(path)
        part, place = {
            "upload": (_paths.UPLOAD_PART, _paths.UPLOAD),
            "update": (_paths.UPDATE_PART, _paths.UPDATE),
        }[kind]
        flow = send(self._setup, place, _document(file, part), query, self._deadline(deadline))
        if self._ledger is not None:
            scheme, host, port = origin(self._config.base)
            address = f"{scheme}://{host}:{port}{urlsplit(self._config.base).path}{place}"
            flow = recorded(self._ledger, address, file, flow, again=again)
        return self._told(flow)

    def _told(self, flow: Flow[Receipt]) -> Flow[Receipt]:
        receipt = yield from flow
        self._setup.tell(Progress("accepted"))  # when it is noted: who is told may fail
        return receipt

    def _upload_flow(
        self, path: str | Path, on_dup: OnDup | None, on_error: OnError | None, deadline: float, *, again: bool
    ) -> Flow[Receipt]:
        query = {"onDup": str(on_dup)} if on_dup else {}
        query |= {"onError": str(on_error)} if on_error else {}
        return self._sending("upload", path, query, deadline, again=again)

    def _waiting(self, receipt: Receipt | str, deadline: float) -> Flow[Result]:
        receipt = self._own(receipt)
        result = yield from wait_for(self._setup, receipt, self._deadline(deadline))
        if self._ledger is not None:
            self._ledger.finished(receipt.href, result)
        return result

    def _looking(self, receipt: Receipt | str) -> Flow[Result | None]:
        receipt = self._own(receipt)
        result = yield from look(receipt, self._deadline(self._timeout))
        if self._ledger is not None and result is not None and result.final:
            self._ledger.finished(receipt.href, result)
        return result

    def _patience(self, call: Call) -> float:
        """How long to wait for a sign of life: no longer than there is time."""
        return max(_LEAST_PATIENCE_S, min(self._timeout, call.deadline - self._setup.clock()))

    def _check(self, body: bytes, call: Call) -> None:
        """Read no longer, and no more, than makes sense.

        Raises:
            Lost: that is the end of it.
        """
        if len(body) > _LONGEST_ANSWER:
            raise Lost(f"the answer is longer than {_LONGEST_ANSWER} bytes")
        if self._setup.clock() > call.deadline:
            raise Lost("the answer comes too slowly, and the time is up")

    def _own(self, receipt: Receipt | str) -> Receipt:
        """A receipt whose URL may get the token.

        Raises:
            ConfigError: it is on another host.
        """
        if isinstance(receipt, str):
            if receipt.isascii() and receipt.isdigit():
                receipt = f"{_paths.UPLOAD.rpartition('/')[0]}/status/{receipt}"
            href = receipt if "://" in receipt else self._config.base + "/" + receipt.lstrip("/")
            receipt = Receipt("", "", href)
        try:
            same = origin(receipt.href) == origin(self._config.base)
        except ValueError:
            same = False
        if not same or receipt.href.rstrip("/") == self._config.base:
            raise ConfigError(
                "the status URL is none, or on another host",
                expected=f"one on {self._config.base}, as upload gave it",
                next_step="The token is sent to no other host: set the base URL to that of the upload.",
            )
        return receipt


def _document(file: Path, part: str) -> Document:
    try:
        file.name.encode()
        found = file.stat() if file.is_file() else None
        if found is not None and found.st_size:
            with file.open("rb"):
                return Document(file, part, found.st_size, _stamp(found))
    except UnicodeEncodeError:
        raise _no_file(file, "has a name that is not UTF-8, as it would have to be sent") from None
    except (OSError, ValueError) as error:
        raise _no_file(file, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    raise _no_file(file, "is not there" if not file.exists() else "is no file" if found is None else "is empty")


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _no_file(file: Path, found: str) -> ConfigError:
    shown = str(file).encode("utf-8", "replace").decode()
    return ConfigError(f"{shown} {found}", expected="an XML document", next_step="Nothing was sent: name another file.")


def _request(call: Call, stack: ExitStack) -> dict[str, Any]:
    """The arguments of httpx's ``stream``; files are open as long as ``stack`` is."""
    request: dict[str, Any] = {"method": call.method, "url": call.url, "headers": call.headers}
    if call.query:
        request["params"] = dict(call.query)
    if call.form is not None:
        request["data"] = dict(call.form)
    if call.document is not None:
        document = call.document
        try:
            file = stack.enter_context(document.path.open("rb"))
        except OSError as error:
            raise _no_file(document.path, f"cannot be read ({error.strerror})") from None
        if document.stamp and _stamp(os.fstat(file.fileno())) != document.stamp:
            raise _no_file(document.path, "was changed while it was about to be sent")
        request["files"] = {document.part: (document.path.name, file, "application/xml")}
    return request


_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError)  # of an exchange


def _failure(error: Exception) -> Unreachable | Lost:
    """What an error of httpx, or of reading the file, means: that nothing was sent, or that it cannot be known."""
    words = "".join(char for char in str(error) if char.isprintable())[:200] or type(error).__name__
    if isinstance(error, _NO_CONNECTION):
        return Unreachable(words, lasting="CERTIFICATE" in words or "SSL" in words)
    return Lost(words)


def _reply(response: httpx.Response, body: bytes) -> Reply:
    return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


class Client(_Base):
    """A client for CAPSS; safe to use from several threads.

        with Client(base_url, client_id, client_secret) as capss:
            result = capss.wait(capss.upload("day.xml"))
            print(result.confirmed, result.saved)

    Args:
        base_url: where CAPSS is, such as ``https://capss-sb.doj.ca.gov``; there is no default.
        client_id, client_secret: those of an API client.
        transport: an httpx transport instead of the network, for tests.
        options: see ``Options``.

    Raises:
        ConfigError: it cannot be set up like that.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        transport: httpx.BaseTransport | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(base_url, client_id, client_secret, options)
        with _proxies_explained():
            self._http = httpx.Client(
                verify=self._config.context(), trust_env=not self._config.is_plain, transport=transport
            )
        self._lock = threading.RLock()  # who is told of progress may use the client

    def upload(
        self,
        path: str | Path,
        *,
        on_dup: OnDup | None = None,
        on_error: OnError | None = None,
        again: bool = False,
        deadline: float = DEADLINE_S,
    ) -> Receipt:
        """Send an upload document; it is read from the disk while it is sent.

        Args:
            on_dup, on_error: what to do with duplicates and errors; None: as CAPSS does by itself.
            again: send it although the ledger has it.
            deadline: seconds after which no further try is made.

        Raises:
            ConfigError, NotSent, Refused, Undetermined.
        """
        return self._drive(self._upload_flow(path, on_dup, on_error, deadline, again=again))

    def update(self, path: str | Path, *, again: bool = False, deadline: float = DEADLINE_S) -> Receipt:
        """Send an item update; see ``upload``."""
        return self._drive(self._sending("update", path, {}, deadline, again=again))

    def wait(self, receipt: Receipt | str, *, deadline: float = DEADLINE_S) -> Result:
        """Ask, at growing intervals, until CAPSS has said its last word of a document.

        Args:
            receipt: what ``upload`` or ``update`` gave, or its ``href``.
            deadline: seconds after which it is not asked again.

        Raises:
            ConfigError: the URL is on another host.
            Undetermined: there was no last word in time, or it cannot be read.
        """
        return self._drive(self._waiting(receipt, deadline))

    def status(self, receipt: Receipt | str) -> Result | None:
        """Ask once; None: it is being worked on, and nothing more is said.

        Raises:
            ConfigError: the URL is on another host.
            Undetermined: what is said cannot be read.
        """
        return self._drive(self._looking(receipt))

    def token(self) -> Token:
        """A new token, whatever is kept.

        Raises:
            NotSent, Refused.
        """
        with self._lock:
            return self._drive(self._token_flow())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drive(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    answer = self._answer(step)
                except (Unreachable, Lost, CapssError) as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            flow.close()  # also when it is stopped from outside

    def _answer(self, step: Step) -> Any:
        match step:
            case Call():
                return self._call(step)
            case Bearer():
                return self._bearer(step)
            case Pause():
                return _sleep(step.seconds)

    def _bearer(self, step: Bearer) -> str:
        with self._lock:  # one of them asks, the others take what it got
            kept = self._keeper.get(step.refused)
            return kept or self._drive(self._token_flow(step.deadline)).value

    def _call(self, call: Call) -> Reply:
        try:
            with ExitStack() as stack:
                request = _request(call, stack) | {"timeout": self._patience(call)}
                with self._http.stream(**request) as response:
                    body = b""
                    for chunk in response.iter_bytes():
                        body += chunk
                        self._check(body, call)
                    return _reply(response, body)
        except _ERRORS as error:
            failure = _failure(error)
        raise failure  # not from there: the error of httpx holds the request, and so the token


class AsyncClient(_Base):
    """The same for asyncio and trio: ``async with AsyncClient(…) as capss: await capss.wait(await capss.upload(…))``.

    A document is read from the disk in pieces, in between other tasks' turns.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(base_url, client_id, client_secret, options)
        with _proxies_explained():
            self._http = httpx.AsyncClient(
                verify=self._config.context(), trust_env=not self._config.is_plain, transport=transport
            )
        self._lock = anyio.Lock()

    async def upload(
        self,
        path: str | Path,
        *,
        on_dup: OnDup | None = None,
        on_error: OnError | None = None,
        again: bool = False,
        deadline: float = DEADLINE_S,
    ) -> Receipt:
        """As ``Client.upload``."""
        return await self._drive(self._upload_flow(path, on_dup, on_error, deadline, again=again))

    async def update(self, path: str | Path, *, again: bool = False, deadline: float = DEADLINE_S) -> Receipt:
        """As ``Client.update``."""
        return await self._drive(self._sending("update", path, {}, deadline, again=again))

    async def wait(self, receipt: Receipt | str, *, deadline: float = DEADLINE_S) -> Result:
        """As ``Client.wait``."""
        return await self._drive(self._waiting(receipt, deadline))

    async def status(self, receipt: Receipt | str) -> Result | None:
        """As ``Client.status``."""
        return await self._drive(self._looking(receipt))

    async def token(self) -> Token:
        """As ``Client.token``."""
        async with self._lock:
            return await self._drive(self._token_flow())

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _drive(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    answer = await self._answer(step)
                except (Unreachable, Lost, CapssError) as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            flow.close()  # also when it is stopped from outside

    async def _answer(self, step: Step) -> Any:
        match step:
            case Call():
                return await self._call(step)
            case Bearer():
                return await self._bearer(step)
            case Pause():
                return await _sleep_async(step.seconds)

    async def _bearer(self, step: Bearer) -> str:
        async with self._lock:
            kept = self._keeper.get(step.refused)
            return kept or (await self._drive(self._token_flow(step.deadline))).value

    async def _call(self, call: Call) -> Reply:
        try:
            with ExitStack() as stack:
                request = _request(call, stack) | {"timeout": self._patience(call)}
                async with self._http.stream(**request) as response:
                    body = b""
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        self._check(body, call)
                    return _reply(response, body)
        except _ERRORS as error:
            failure = _failure(error)
        raise failure  # not from there: the error of httpx holds the request, and so the token


@contextmanager
def _proxies_explained() -> Iterator[None]:
    try:
        yield
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"the proxy that the environment names cannot be used ({error})",
            expected="HTTPS_PROXY with an http or https URL, or none",
            next_step="Nothing was sent: set it right, or unset it.",
        ) from None
