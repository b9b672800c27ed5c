"""Pacific time and the ways in which the stack behind CAPSS writes times.

Times are whole nanoseconds since 1970-01-01T00:00:00Z.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
SECOND = 10**9


def pacific(at_ns: int) -> datetime:
    """Pacific wall-clock time, to the second (``datetime`` has no nanoseconds)."""
    return datetime.fromtimestamp(at_ns // SECOND, PACIFIC)


def pacific_midnight(day: date) -> int:
    """The moment, in whole seconds since 1970, at which ``day`` begins in California."""
    return int(datetime(day.year, day.month, day.day, tzinfo=PACIFIC).timestamp())


def rolling_day(at_ns: int, days: int) -> date:
    """The Pacific day of ``at_ns``, plus ``days``."""
    return pacific(at_ns).date() + timedelta(days=days)


def java_instant(seconds: int) -> str:
    """``2025-12-20T08:00:00Z``, as ``java.time.Instant`` writes whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def java_local_time(at_ns: int) -> str:
    """Pacific time as ``java.time.LocalDateTime.toString`` writes it.

    Seconds are left out when they and the nanoseconds are 0; the fraction has 0, 3, 6 or 9 digits.
    """
    local, nanos = pacific(at_ns), at_ns % SECOND
    text = local.strftime("%Y-%m-%dT%H:%M")
    if local.second or nanos:
        text += local.strftime(":%S")
    if nanos:
        fraction = f"{nanos:09d}"
        while fraction.endswith("000"):
            fraction = fraction[:-3]
        text += "." + fraction
    return text


def jackson_date(at_ns: int) -> list[int]:
    """Pacific time as Jackson writes a ``LocalDateTime``: ``[y, M, d, H, m, s, nanos]``.

    Trailing zero parts are dropped (never the minute), so there are 5, 6 or 7 numbers. Nanoseconds are cut to
    microseconds: the sheet's example is a multiple of 1000.
    """
    local, nanos = pacific(at_ns), at_ns % SECOND // 1000 * 1000
    parts = [local.year, local.month, local.day, local.hour, local.minute, local.second, nanos]
    while len(parts) > 5 and parts[-1] == 0:
        parts.pop()
    return parts
