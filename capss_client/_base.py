"""What both clients are made of: what they can be told, and their flows."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from capss_client import _paths
from capss_client._auth import Keeper
from capss_client._config import configure
from capss_client._errors import ConfigError
from capss_client._files import document_of
from capss_client._flows import Progress, Setup, get_token, look, origin, send, wait_for
from capss_client._ledger import Ledger, recorded
from capss_client._models import OnDup, OnError, Receipt, Result, Token
from capss_client._steps import Call, Flow, Lost

_LONGEST_ANSWER = 4 * 2**20  # bytes
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


class Base:
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
        flow = send(self._setup, place, document_of(file, part), query, self._deadline(deadline))
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
                receipt = _paths.UPLOAD_STATUS + receipt
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
