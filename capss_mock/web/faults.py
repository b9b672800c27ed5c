"""Faults: what is armed in a run, and which requests meet one."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from capss_mock.contract.faults import Do, Fault

_FAMILY = {"upload": "submit", "update": "submit", "upload-status": "status", "update-status": "status"}
ASKED_FOR = "asked for"
_KEPT = 1000  # faults


@dataclass(slots=True)
class _Armed:
    """A fault, where it comes from, and how many requests it has been asked about."""

    fault: Fault
    source: str
    seen: int = 0
    hits: int = 0


class Faults:
    """The faults of a run.

    Each request is counted by each fault of its kind; by one that comes after the work, when the work was done.
    """

    def __init__(self, stopping: threading.Event | None = None) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self.stopping = stopping or threading.Event()  # nobody waits any longer once this is set

    def arm(self, faults: Iterable[Fault], source: str) -> None:
        """Add faults; ``source`` says where they come from."""
        with self._lock:
            self._armed += [_Armed(fault, source) for fault in faults]
            del self._armed[:-_KEPT]

    def rewind(self) -> None:
        """As if no request had come yet."""
        with self._lock:
            for armed in self._armed:
                armed.seen = armed.hits = 0

    def asked_for(self) -> list[Fault]:
        """The faults that are of no scenario."""
        with self._lock:
            return [armed.fault for armed in self._armed if armed.source == ASKED_FOR]

    def disarm(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._armed.clear()

    def meet(self, kind: str, *, after: bool) -> tuple[Fault, str] | None:
        """The fault that the next request of an operation of this kind meets, and where it comes from."""
        family = _FAMILY.get(kind, kind)
        found = None
        with self._lock:
            for armed in self._armed:
                fault = armed.fault
                if fault.on not in (kind, family) or fault.after is not after:
                    continue
                armed.seen += 1
                due = armed.seen - fault.first
                if found is None and due >= 0 and (fault.times is None or due < fault.times):
                    armed.hits += 1
                    found = fault, armed.source
        return found

    def listed(self) -> list[dict[str, Any]]:
        """What is armed, for the control API."""
        with self._lock:
            return [
                {
                    "on": armed.fault.on,
                    "do": armed.fault.do.value,
                    "after": armed.fault.after,
                    "status": armed.fault.status if armed.fault.do is Do.ANSWER else None,
                    "first": armed.fault.first,
                    "times": armed.fault.times,
                    "source": armed.source,
                    "seen": armed.seen,
                    "hits": armed.hits,
                }
                for armed in self._armed
            ]
