"""What happened, in detail: request, answer, the rule or fault behind it; bounded, and clean before it is kept.

Never kept: credentials, tokens, bodies of requests, names in documents. Of a request there are its line, some headers
and its parts with their sizes and digests; of an answer its headers and, without tokens, its JSON.
"""

import json
import re
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from capss_mock import __version__
from capss_mock.contract.rules import RULES
from capss_mock.web.requestlog import Line, plain_name, plain_path

KEPT = 1000  # requests
KEPT_UNMATCHED = 20
_HEADERS = {
    "host": "HTTP_HOST",
    "content-length": "CONTENT_LENGTH",
    "transfer-encoding": "HTTP_TRANSFER_ENCODING",
    "accept": "HTTP_ACCEPT",
    "user-agent": "HTTP_USER_AGENT",
    "content-type": "CONTENT_TYPE",
    "expect": "HTTP_EXPECT",
}
_ANSWER_HEADERS = {
    "Content-Type",
    "Content-Length",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "Connection",
    "Allow",
}
_PLAIN = re.compile(r"[\x20-\x7e]{0,200}")
_SECRET_MEMBERS = ("access_token", "refresh_token", "client_secret", "token")
_BODY_LIMIT = 8192


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body: ``filename`` None for a field; ``digest`` is SHA-256 in hex."""

    name: str
    filename: str | None
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and its answer."""

    number: int
    at_ns: int
    ms: float
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    parts: tuple[Part, ...]
    status: int
    answer_headers: dict[str, str]
    answer: Any
    rule: str | None
    note: str
    fix: str
    scenario: str
    fault: str | None
    operation: str = ""  # that it matched; empty: none
    finding: str = ""  # the rule that the document broke, of a request that was answered well
    instead: str = ""  # the curl line that would have worked

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON values."""
        return asdict(self) | {"at": moment(self.at_ns)}


@dataclass(slots=True)
class Journal:
    """The newest entries of a run, and the first ones that matched no operation."""

    kept: int = KEPT
    total: int = 0
    unmatched_total: int = 0
    _number: int = 0
    _entries: deque[Entry] = field(default_factory=deque)
    _unmatched: list[Entry] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, **values: Any) -> None:
        """Note a request; what is given is clean already."""
        with self._lock:
            self.total += 1
            self._number += 1
            entry = Entry(number=self._number, **values)
            self._entries.append(entry)
            if not entry.operation:
                self.unmatched_total += 1
                self._unmatched += [entry][: KEPT_UNMATCHED - len(self._unmatched)]
            while len(self._entries) > self.kept:
                self._entries.popleft()

    def clear(self) -> None:
        """Forget everything, the count too; numbers go on, so that who asks for what is new misses nothing."""
        with self._lock:
            self._entries.clear()
            self._unmatched.clear()
            self.total = self.unmatched_total = 0

    def unmatched(self) -> list[Entry]:
        """The first entries that matched no operation."""
        with self._lock:
            return list(self._unmatched)

    def entries(self, **wanted: Any) -> list[Entry]:
        """Entries with these values (``method``, ``path``, ``status``, ``rule``, ``scenario``), ``after`` a number."""
        after = wanted.pop("after", 0)
        with self._lock:
            entries = list(self._entries)
        return [
            entry
            for entry in entries
            if entry.number > after
            and all(value is None or getattr(entry, name) == value for name, value in wanted.items())
        ]


def shown(entry: Entry | Line) -> str:
    """A request and its answer on one line."""
    moment = datetime.fromtimestamp(entry.at_ns // 10**9, UTC)
    return f"{moment:%H:%M:%S}Z {entry.method} {entry.path} {entry.status} {entry.ms:.1f} ms  {entry.note}"


def clean_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a request that are kept, from its WSGI environment; of Authorization only the scheme."""
    kept = {}
    for name, variable in _HEADERS.items():
        value = environ.get(variable)
        if value:
            value = value.partition(";")[0] if name == "content-type" else value
            kept[name] = value if _PLAIN.fullmatch(value) else "…"
    scheme = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[0]
    if scheme:
        kept["authorization"] = f"{scheme} …" if scheme.lower() in ("basic", "bearer") else "…"
    return kept


def clean_answer_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers of an answer that are kept."""
    kept = {name.lower(): value for name, value in headers if name in _ANSWER_HEADERS}
    if "location" in kept:  # it may hold what was asked for
        parts = urlsplit(kept["location"])
        kept["location"] = f"{parts.scheme}://{parts.netloc}{plain_path(parts.path)}" if parts.netloc else "…"
    return kept


def clean_query(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The known parameters as they are, of others only that they are there."""
    return {plain_name(name): plain_name(value) if name in ("onDup", "onError") else "…" for name, value in pairs}


def clean_answer(values: Any, size: int) -> Any:
    """An answer's JSON values without tokens; of anything else (None) its size."""
    if values is None or size > _BODY_LIMIT:
        return f"{size} bytes" if size else None
    if not isinstance(values, dict):
        return values
    values = dict(values)
    name = values.get("fileName")
    for member in _SECRET_MEMBERS:
        if member in values:
            values[member] = "…"
    if isinstance(values.get("path"), str):
        values["path"] = plain_path(values["path"])
    if isinstance(name, str) and plain_name(name) != name:
        values["fileName"] = "…"
        values["successMessages"] = ["…" for _ in values.get("successMessages") or ()]
    return values


def feedback(entries: list[Entry]) -> list[dict[str, Any]]:
    """What was wrong with requests, newest first: the finding, its fix, and a command that would have worked."""
    return [
        {
            "number": entry.number,
            "request": f"{entry.method} {entry.path}",
            "status": entry.status,
            "rule": entry.rule or entry.finding or None,
            "grade": RULES[rule].grade.value if (rule := entry.rule or entry.finding) in RULES else None,
            "found": entry.note,
            "fix": entry.fix,
            "instead": entry.instead,
            "fault": entry.fault,
        }
        for entry in reversed(entries)
        if entry.rule or entry.finding or entry.fault
    ]


def har(entries: list[Entry], base: str) -> dict[str, Any]:
    """The entries as an HTTP Archive 1.2."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "capss-mock", "version": __version__},
            "entries": [_har_entry(entry, base) for entry in entries],
        }
    }


def _har_entry(entry: Entry, base: str) -> dict[str, Any]:
    def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in values.items()]

    length = entry.headers.get("content-length", "")
    text = json.dumps(entry.answer, ensure_ascii=False) if entry.answer is not None else ""
    request: dict[str, Any] = {
        "method": entry.method,
        "url": base + entry.path,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": pairs(entry.headers),
        "queryString": pairs(entry.query),
        "headersSize": -1,
        "bodySize": int(length) if length.isdigit() else -1,
    }
    if entry.parts:
        request["postData"] = {
            "mimeType": "multipart/form-data",
            "params": [
                {"name": part.name, **({"fileName": part.filename} if part.filename is not None else {})}
                for part in entry.parts
            ],
        }
    return {
        "startedDateTime": moment(entry.at_ns),
        "time": entry.ms,
        "request": request,
        "response": {
            "status": entry.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": pairs(entry.answer_headers),
            "content": {"size": len(text), "mimeType": entry.answer_headers.get("content-type", ""), "text": text},
            "redirectURL": entry.answer_headers.get("location", ""),
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": entry.ms, "receive": 0},
        "_rule": entry.rule,
        "_scenario": entry.scenario,
        "_fault": entry.fault,
    }


def moment(at_ns: int) -> str:
    """A time as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at_ns / 10**9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
