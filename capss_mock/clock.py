"""Time and randomness, injected everywhere so that a run can be repeated."""

import random
import threading
import time
import uuid
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns()


class RunningClock:
    """A clock that starts at a given moment and then runs."""

    def __init__(self, start: datetime) -> None:
        self._offset_ns = int(start.timestamp()) * 10**9 + start.microsecond * 1000 - time.monotonic_ns()

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z, on this clock."""
        return self._offset_ns + time.monotonic_ns()


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime) -> None:
        self._now_ns = int(start.timestamp()) * 10**9 + start.microsecond * 1000

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z, on this clock."""
        return self._now_ns

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``."""
        self._now_ns += round(seconds * 10**9)


class Entropy:
    """Where UUIDs come from: the system, or a seed that makes them repeat (never keys or secrets)."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = None if seed is None else random.Random(seed)  # noqa: S311
        self._lock = threading.Lock()

    def uuid(self) -> str:
        """A random UUID (version 4) as text."""
        if self._random is None:
            return str(uuid.uuid4())
        with self._lock:
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
