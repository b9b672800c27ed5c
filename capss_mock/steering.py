"""Steers a running mock from Python, in this process or another: ``mock.scenario("commit-then-504")``.

Everything goes through the control API (``contract/controls.py``), so that a mock in this process and one elsewhere
behave alike, and refuse the same things with the same words.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, overload

from capss_mock.contract.operations import served
from capss_mock.settings import Settings
from capss_mock.web.journal import Entry, Part

__all__ = [
    "STOPPED", "CapssMock", "Entry", "Part", "SteeringError", "Submission", "Submissions", "control_path", "entry_of",
    "read_reply",
]  # fmt: skip

STOPPED = "this mock was stopped: its test, or its with block, is over"


class SteeringError(ValueError):
    """The mock cannot do what was asked of it; the message says what it can."""


def control_path(path: str) -> str:
    """Where something of the control API is: ``/journal`` and ``journal`` are ``/__capss/journal``."""
    return f"/__capss/{path.removeprefix('/__capss').lstrip('/')}"


def read_reply(status: int, body: bytes, asked: str = "") -> Any:
    """The JSON of an answer of the control API; ``asked`` is the request, for the message.

    Raises:
        SteeringError: it is a refusal.
    """
    try:
        values = json.loads(body)
    except ValueError:
        values = None
    if status < 400 and isinstance(values, dict):
        return values
    # CAPSS's own refusals have more members than that
    error = values["error"] if isinstance(values, dict) and set(values) == {"error"} else None
    raise SteeringError(str(error or f"{asked} was answered {status}, not by the control API of a capss-mock"))


@dataclass(frozen=True, slots=True)
class Submission:
    """A document that the mock accepted (it answered 2xx, or would have, had the answer not been lost).

    ``records``, ``saved``, ``duplicates`` and ``errors`` are counts; ``visible`` is whether a poll has shown the
    verdict; ``digest`` is the SHA-256 of the document in hex; ``rules`` are the ids of what was found.
    """

    status: int
    submissionId: str  # noqa: N815 - as the control API writes it
    kind: str
    licence: str
    size: int
    digest: str
    visible: bool
    polls: int
    acceptedAt: str  # noqa: N815 - as the control API writes it
    records: int
    saved: int
    duplicates: int
    errors: int
    uploaded: bool
    rules: tuple[str, ...]


class Submissions(Sequence[Submission]):
    """What was accepted, in the order of arrival, and its sums."""

    def __init__(self, submissions: Sequence[Submission]) -> None:
        self._all = tuple(submissions)

    @overload
    def __getitem__(self, index: int) -> Submission: ...
    @overload
    def __getitem__(self, index: slice) -> "Submissions": ...
    def __getitem__(self, index: int | slice) -> "Submission | Submissions":
        """One of them, or a part of them."""
        return Submissions(self._all[index]) if isinstance(index, slice) else self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return f"<Submissions: accepted {self.accepted}, saved {self.saved} of {self.records} records>"

    @property
    def accepted(self) -> int:
        """How many documents were accepted."""
        return len(self._all)

    @property
    def records(self) -> int:
        """How many records these had."""
        return sum(each.records for each in self._all)

    @property
    def saved(self) -> int:
        """How many records were saved."""
        return sum(each.saved for each in self._all)

    @property
    def duplicates(self) -> int:
        """How many records were duplicates."""
        return sum(each.duplicates for each in self._all)

    @property
    def errors(self) -> int:
        """How many records had errors."""
        return sum(each.errors for each in self._all)


class CapssMock(ABC):
    """A mock that runs, seen from a test.

    ``id`` is the run's; ``client_id`` and ``client_secret`` get a token; ``ca_file`` is the
    authority to trust if ``url`` is https, else None.
    """

    id: str
    client_id: str
    client_secret: str
    ca_file: Path | None

    # what the pytest plugin then says nothing of: requests that match no operation of CAPSS
    allow_unmatched: bool = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    @property
    def unmatched(self) -> int:
        """How many requests matched no operation of CAPSS; ``call("GET", "/unmatched")`` tells more."""
        return int(self.call("GET", "/unmatched")["total"])

    @property
    @abstractmethod
    def url(self) -> str:
        """The base URL, without a slash at the end."""

    @abstractmethod
    def call(self, method: str, path: str, values: object = None) -> Any:
        """Call the control API: ``call("POST", "/release", {"status": 512627})``; gives the answer's JSON.

        Raises:
            SteeringError: it was refused, or the mock was stopped.
        """

    @abstractmethod
    def open_run(self, settings: Settings | None = None) -> AbstractContextManager["CapssMock"]:
        """A run beside this one, with its own port, credentials, clock, state, scenario and journal.

        Raises:
            SteeringError: the settings cannot be used for a run.
        """

    @property
    def environ(self) -> dict[str, str]:
        """What a program needs to know, as environment variables (``CAPSS_BASE_URL``, …)."""
        generation = self.call("GET", "/switches")["api-generation"]
        token = next(each.path for each in served(generation) if each.kind == "token")
        values = {
            "CAPSS_BASE_URL": self.url,
            "CAPSS_TOKEN_URL": self.url + token,
            "CAPSS_CLIENT_ID": self.client_id,
            "CAPSS_CLIENT_SECRET": self.client_secret,
        }
        return {**values, "CAPSS_CA_FILE": str(self.ca_file)} if self.ca_file else values

    # -- what it does

    def scenario(self, name: str) -> None:
        """Behave as a scenario says (``capss-mock scenarios``).

        Raises:
            SteeringError: there is none of that name, or it must be there from the start.
        """
        self.call("PUT", "/scenario", {"scenario": name})

    def set(self, switches: Mapping[str, str | None] | None = None, /, **more: str | None) -> None:
        """Set switches (``capss-mock switches``): ``set(on_dup_default="submitWithoutDups")``; None: as if never set.

        Raises:
            SteeringError: there is no such switch or option.
        """
        self.call("PATCH", "/switches", {**(switches or {}), **{_dashed(name): text for name, text in more.items()}})

    def fault(self, on: str, do: str = "answer", **members: Any) -> None:
        """Let the next request of a kind (``token``, ``submit``, ``upload``, ``update``, ``status``) meet a fault.

        Args:
            do: ``answer``, ``reset``, ``delay``, ``drip``, ``truncate``, ``change``.
            members: as in ``POST /__capss/faults``: ``status``, ``headers``, ``body``, ``times``, ``after``, …

        Raises:
            SteeringError: there is no such fault.
        """
        self.call("POST", "/faults", {"on": on, "do": do, **members})

    def release(self, status: int | None = None) -> int:
        """Let the verdict on a submission, or on all, be seen at the next poll; gives how many were pending."""
        return int(self.call("POST", "/release", {} if status is None else {"status": status})["released"])

    def reset(self) -> None:
        """Forget what was sent, the journal, and how often faults were met; settings, faults and clock stay."""
        self.call("POST", "/reset")

    # -- its clock

    @property
    def now(self) -> datetime:
        """The time on its clock."""
        return datetime.fromisoformat(self.call("GET", "/clock")["now"])

    def freeze(self, at: datetime | str | None = None) -> None:
        """Stop its clock: now, or at a moment that has a zone (as text: ``2025-12-15T22:03:52Z``).

        Raises:
            SteeringError: the moment has no zone, or is none.
        """
        if isinstance(at, datetime) and at.tzinfo is None:
            raise SteeringError(f"{at!r} has no time zone: datetime(…, tzinfo=UTC), say")
        moment = at.isoformat() if isinstance(at, datetime) else at
        self.call("POST", "/clock", {"freeze": True if moment is None else moment})

    def unfreeze(self) -> None:
        """Let its clock go on from where it stands."""
        self.call("POST", "/clock", {"run": True})

    def advance(self, seconds: float | timedelta) -> None:
        """Move its clock forward."""
        by = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self.call("POST", "/clock", {"advance": by})

    # -- what it knows

    @property
    def submissions(self) -> Submissions:
        """What it has accepted, whatever it answered."""
        rows = self._paged("/submissions", "submissions")
        return Submissions([Submission(**{**each, "rules": tuple(each["rules"])}) for each in rows])

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items that it has saved: ``number``, ``licence``, ``status``, ``record``, ``updatedBy``, ``fields``."""
        return list(self._paged("/items", "items"))

    @property
    def journal(self) -> list[Entry]:
        """The newest requests and their answers, without secrets, tokens or people.

        Each has ``method``, ``path``, ``query``, ``headers``, ``parts``, ``status`` (0: there was no answer),
        ``answer``, ``answer_headers``, ``operation``, ``rule``, ``finding``, ``fix``, ``note``, ``fault``, ``ms``.
        """
        return [entry_of(each) for each in self.call("GET", "/journal")["entries"]]

    @property
    def feedback(self) -> list[dict[str, Any]]:
        """What was wrong with requests and documents, newest first, and how to mend it.

        Each has ``request``, ``status``, ``rule``, ``grade``, ``found``, ``fix``, ``instead`` (a command), ``fault``.
        """
        found: list[dict[str, Any]] = self.call("GET", "/feedback")["feedback"]
        return found

    def _paged(self, path: str, name: str) -> Iterator[dict[str, Any]]:
        after: int | None = 0
        while after is not None:
            page = self.call("GET", f"{path}?after={after}")
            yield from page[name]
            after = page["next"]


def _dashed(name: str) -> str:
    return name.replace("_", "-")


_ENTRY_FIELDS = {each.name for each in fields(Entry)}


def entry_of(values: Mapping[str, Any]) -> Entry:
    """An entry of the journal from what the control API tells of it."""
    known = {name: value for name, value in values.items() if name in _ENTRY_FIELDS}
    return Entry(**{**known, "parts": tuple(Part(**each) for each in values["parts"])})
