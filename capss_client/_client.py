"""The clients: they drive the flows with httpx, one in threads, one in tasks."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

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

    def _token_flow(self) -> Flow[Token]:
        asked_at = time.time()
        token = yield from get_token(self._setup, self._deadline(self._timeout))
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
        flow = send(self._setup, place, Document(file, part, _size(file)), query, self._deadline(deadline))
        if self._ledger is None:
            return flow
        return recorded(self._ledger, self._config.base + place, file, flow, again=again)

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
        result = yield from look(receipt)
        if self._ledger is not None and result is not None and result.final:
            self._ledger.finished(receipt.href, result)
        return result

    def _own(self, receipt: Receipt | str) -> Receipt:
        """A receipt whose URL may get the token.

        Raises:
            ConfigError: it is on another host.
        """
        if isinstance(receipt, str):
            href = receipt if "://" in receipt else self._config.base + "/" + receipt.lstrip("/")
            receipt = Receipt("", "", href)
        try:
            same = origin(receipt.href) == origin(self._config.base)
        except ValueError:
            same = False
        if not same:
            raise ConfigError(
                "the status URL is on another host",
                expected=f"one on {self._config.base}",
                next_step="The token is sent to no other host: set the base URL to that of the upload.",
            )
        return receipt


def _size(file: Path) -> int:
    try:
        size = file.stat().st_size if file.is_file() else None
        if size:
            with file.open("rb"):
                return size
    except OSError as error:
        raise _no_file(file, f"cannot be read ({error.strerror})") from None
    raise _no_file(file, "is empty" if size == 0 else "is not there" if not file.exists() else "is no file")


def _no_file(file: Path, found: str) -> ConfigError:
    return ConfigError(f"{file} {found}", expected="an XML document", next_step="Nothing was sent: name another file.")


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
        request["files"] = {document.part: (document.path.name, file, "application/xml")}
    return request


def _failure(error: httpx.HTTPError) -> Unreachable | Lost:
    """What an error of httpx means: that nothing was sent, or that it cannot be known."""
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
        self._http = httpx.Client(verify=self._config.context(), timeout=self._timeout, transport=transport)
        self._lock = threading.Lock()

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

    def _answer(self, step: Step) -> Any:
        match step:
            case Call():
                return self._call(step)
            case Bearer():
                return self._bearer(step.refused)
            case Pause():
                return _sleep(step.seconds)

    def _bearer(self, refused: str) -> str:
        with self._lock:  # one of them asks, the others take what it got
            kept = self._keeper.get(refused)
            return kept or self._drive(self._token_flow()).value

    def _call(self, call: Call) -> Reply:
        try:
            with ExitStack() as stack, self._http.stream(**_request(call, stack)) as response:
                body = b""
                for chunk in response.iter_bytes():
                    body += chunk
                    _check_length(body)
                return _reply(response, body)
        except httpx.HTTPError as error:
            raise _failure(error) from None


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
        self._http = httpx.AsyncClient(verify=self._config.context(), timeout=self._timeout, transport=transport)
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

    async def _answer(self, step: Step) -> Any:
        match step:
            case Call():
                return await self._call(step)
            case Bearer():
                return await self._bearer(step.refused)
            case Pause():
                return await _sleep_async(step.seconds)

    async def _bearer(self, refused: str) -> str:
        async with self._lock:
            kept = self._keeper.get(refused)
            return kept or (await self._drive(self._token_flow())).value

    async def _call(self, call: Call) -> Reply:
        try:
            with ExitStack() as stack:
                async with self._http.stream(**_request(call, stack)) as response:
                    body = b""
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        _check_length(body)
                    return _reply(response, body)
        except httpx.HTTPError as error:
            raise _failure(error) from None


def _check_length(body: bytes) -> None:
    if len(body) > _LONGEST_ANSWER:
        raise Lost(f"the answer is longer than {_LONGEST_ANSWER} bytes")
