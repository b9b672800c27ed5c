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
        self._offset_ns = _nanoseconds(start) - time.monotonic_ns()

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z, on this clock."""
        return self._offset_ns + time.monotonic_ns()


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime) -> None:
        self._now_ns = _nanoseconds(start)

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z, on this clock."""
        return self._now_ns

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``."""
        self._now_ns += round(seconds * 10**9)


class Entropy:
    """Where UUIDs come from: the system, or a seed that makes them repeat (never keys or secrets)."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = None if seed is None else random.Random(seed)  # noqa: S311 - ids that may repeat
        self._lock = threading.Lock()

    def uuid(self) -> str:
        """A random UUID (version 4) as text."""
        if self._random is None:
            return str(uuid.uuid4())
        with self._lock:
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


_LAST_NS = 7_258_118_399 * 10**9  # the end of 2199


class SteerableClock:
    """Another clock that can be stopped, set and moved forward; safe to use from several threads.

    It stays between 1970 and 2199, whatever it is told: later nanoseconds are too large for a store.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ns = 0
        self._frozen_ns: int | None = None
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z, on this clock."""
        frozen = self._frozen_ns
        now_ns = self._clock.now_ns() + self._offset_ns if frozen is None else frozen
        return min(max(now_ns, 0), _LAST_NS)

    def freeze(self, at: datetime | None = None) -> None:
        """Stop, now or at a moment (which has a zone)."""
        with self._lock:
            self._frozen_ns = self.now_ns() if at is None else _nanoseconds(at)

    def run(self) -> None:
        """Go on from where it stands."""
        with self._lock:
            if self._frozen_ns is not None:
                self._offset_ns = self._frozen_ns - self._clock.now_ns()
                self._frozen_ns = None

    def advance(self, seconds: float) -> None:
        """Move forward, also while it is stopped."""
        with self._lock:
            if self._frozen_ns is None:
                self._offset_ns += round(seconds * 10**9)
            else:
                self._frozen_ns += round(seconds * 10**9)

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._frozen_ns is not None


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000
