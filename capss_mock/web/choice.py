"""Which scenario a single request asks for, for use by hand: nothing needs to be configured for that.

By its credentials, ``apitest--slow`` with the usual secret, and then by the token that it got; or by the name of the
file that it sends, ``day--slow.xml``, or by a loanBuyNumber ``scenario:slow`` near the document's beginning, and then
by asking for the status of that. Nothing of it shows in an answer.
"""

import base64
import binascii
import io
import json
import re
import threading
from collections import OrderedDict
from typing import IO, Any

from capss_mock.contract.operations import OPERATIONS
from capss_mock.contract.scenarios import SCENARIO_MARK, SCENARIOS

_KEPT = 10_000  # status ids whose scenario is remembered
_PEEK = 16 * 1024  # bytes of a body that are looked at
_FILE = re.compile(rb'filename="[^"\r\n]{0,200}--([a-z0-9-]{1,40})\.[A-Za-z0-9]{1,8}"')
_LOAN = re.compile(rb"<loanBuyNumber>scenario:([a-z0-9-]{1,40})<")
_STATUS_PATHS = [each.path.removesuffix("{id}") for each in OPERATIONS.values() if each.path.endswith("{id}")]
_STATUS = re.compile(f"(?:{'|'.join(map(re.escape, _STATUS_PATHS))})([0-9]{{1,18}})")


class Choice:
    """Reads what a request asks for, and remembers it for the status of what was sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_status: OrderedDict[int, str] = OrderedDict()

    def clear(self) -> None:
        """Forget which status belongs to which scenario."""
        with self._lock:
            self._by_status.clear()

    def of(self, environ: dict[str, Any], limit: int) -> str:
        """The scenario that a request asks for; empty for none. A body over the ``limit`` is not looked at."""
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith("/__capss/"):
            return ""
        chosen = _by_credentials(environ) or self._by_path(path)
        if chosen:
            # with credentials it begins with the token
            environ["capss.first"] = str(environ.get("HTTP_AUTHORIZATION", "")).lower().startswith("basic ")
        else:
            chosen = _by_body(environ, limit)
            environ["capss.first"] = True
        if chosen:
            environ["capss.submitted"] = lambda status_id: self._remember(status_id, chosen)
        return chosen

    def _remember(self, status_id: int, scenario: str) -> None:
        with self._lock:
            self._by_status[status_id] = scenario
            while len(self._by_status) > _KEPT:
                self._by_status.popitem(last=False)

    def _by_path(self, path: str) -> str:
        found = _STATUS.fullmatch(path)
        return self._by_status.get(int(found[1]), "") if found else ""


def _by_credentials(environ: dict[str, Any]) -> str:
    kind, _, value = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    try:
        if kind.lower() == "basic":
            client = base64.b64decode(value, validate=True).decode().partition(":")[0]
        elif kind.lower() == "bearer" and value.count(".") == 2:
            payload = value.split(".")[1]
            claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
            if SCENARIO_MARK.encode() not in claims:  # the common case, and cheap
                return ""
            client = str(json.loads(claims)["sub"])
        else:
            return ""
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
        return ""
    return _known(client.rpartition(SCENARIO_MARK)[2]) if SCENARIO_MARK in client else ""


def _by_body(environ: dict[str, Any], limit: int) -> str:
    if environ.get("REQUEST_METHOD") != "POST" or "multipart" not in str(environ.get("CONTENT_TYPE", "")):
        return ""
    body: IO[bytes] = environ["wsgi.input"]
    length = str(environ.get("CONTENT_LENGTH") or "")
    if length.isdigit() and int(length) > limit:
        return ""
    wanted = min(_PEEK, int(length)) if length.isdigit() else _PEEK if environ.get("wsgi.input_terminated") else 0
    try:
        head = body.read(wanted)
    except (OSError, ValueError) as error:
        environ["wsgi.input"] = _Again(b"", body, error)
        return ""
    environ["wsgi.input"] = _Again(head, body)
    names = [found[1].decode() for found in (_FILE.search(head), _LOAN.search(head)) if found]
    return next(filter(None, map(_known, names)), "")


def _known(name: str) -> str:
    return name if name in SCENARIOS else ""


class _Again(io.RawIOBase):
    """A body whose first bytes have been read already, or could not be read."""

    def __init__(self, head: bytes, rest: IO[bytes], error: Exception | None = None) -> None:
        self._head, self._rest, self._error = head, rest, error

    def readinto(self, buffer: Any) -> int:
        """Read what has been read already, then the rest."""
        if self._error is not None:
            raise self._error
        data = self._head[: len(buffer)] if self._head else self._rest.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        """It is."""
        return True
