"""The clients: they drive the flows with httpx, one in threads, one in tasks."""

import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import anyio
import httpx

from capss_client._base import DEADLINE_S, Base, Options
from capss_client._errors import CapssError
from capss_client._exchange import ERRORS, failure_of, proxies_explained, reply_of, request_of
from capss_client._models import OnDup, OnError, Receipt, Result, Token
from capss_client._steps import Bearer, Call, Flow, Lost, Pause, Reply, Step, T, Unreachable

_sleep, _sleep_async = time.sleep, anyio.sleep  # so that tests need not wait


class Client(Base):
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
        with proxies_explained():
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
                request = request_of(call, stack) | {"timeout": self._patience(call)}
                with self._http.stream(**request) as response:
                    body = b""
                    for chunk in response.iter_bytes():
                        body += chunk
                        self._check(body, call)
                    return reply_of(response, body)
        except ERRORS as error:
            failure = failure_of(error)
        raise failure  # not from there: the error of httpx holds the request, and so the token


class AsyncClient(Base):
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
        with proxies_explained():
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
                request = request_of(call, stack) | {"timeout": self._patience(call)}
                async with self._http.stream(**request) as response:
                    body = b""
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        self._check(body, call)
                    return reply_of(response, body)
        except ERRORS as error:
            failure = failure_of(error)
        raise failure  # not from there: the error of httpx holds the request, and so the token
