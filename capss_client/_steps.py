"""What a flow asks of whoever drives it: send this, wait so long, give me a token. Nothing here knows httpx.

A flow is a generator: it yields one of these steps, gets the answer back, and returns what came of it. So each flow is
written once for both clients, and can be tested without any HTTP.
"""

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from capss_client._models import Hidden, Unreadable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Document:
    """A file to send. ``size`` is in bytes, ``part`` the name of the multipart part."""

    path: Path
    part: str
    size: int
    stamp: tuple[int, ...] = ()  # of the file that was meant: another one in its place is not sent


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """An HTTP request: ``form`` fields or a ``document``, a ``bearer`` or Basic credentials (``basic``)."""

    method: str
    url: str
    form: Mapping[str, str] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    document: Document | None = None
    bearer: str = ""
    basic: str = ""
    deadline: float = float("inf")  # on the flow's clock

    def __repr__(self) -> str:
        return f"Call({self.method} {self.url})"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request, without those of its body."""
        authorization = f"Bearer {self.bearer}" if self.bearer else f"Basic {self.basic}"
        return {"Accept": "application/json", "Authorization": Hidden(authorization)}


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Unreadable: it is none.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "").partition(";")[0] or "no content type"
            what = f"{len(self.body)} bytes of {kind}" if self.body else "nothing"
            raise Unreadable(f"the answer is {what}, not JSON") from None

    def retry_after(self, now: float) -> float:
        """The seconds that Retry-After asks for (RFC 9110, 10.2.3), 0 if it does not; ``now`` is the time of day."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit() and len(text) < 9:
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - now)
        except (ValueError, TypeError, OverflowError):
            return 0.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, repr=False)
class Bearer:
    """Give me an access token; not this one, which was refused."""

    refused: str = ""
    deadline: float = float("inf")


class Unreachable(Exception):
    """The connection was not made, so that nothing was sent; ``lasting``: another try will not help (TLS)."""

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting


class Lost(Exception):
    """Something may have been sent, and no whole answer came."""


Step: TypeAlias = Call | Pause | Bearer
Flow: TypeAlias = Generator[Step, Any, T]
Clock: TypeAlias = Callable[[], float]
