"""Whether a transaction is reported in time: by the end of the next business day.

Business and Professions Code 21630 leaves out weekends and holidays. Which days are holidays is looked up in the
calendar of California of the package ``holidays``.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache

_SETTLED = 14  # days after which no run of holidays can excuse a report


def next_business_day(day: date, is_holiday: Callable[[date], bool] | None = None) -> date:
    """The first day after ``day`` that is neither on a weekend nor a holiday (by default in California)."""
    is_holiday = is_holiday or _is_holiday
    following = day + timedelta(days=1)
    while following.weekday() >= 5 or is_holiday(following):
        following += timedelta(days=1)
    return following


@cache
def _is_holiday(day: date) -> bool:
    from holidays import country_holidays  # 0.1 s and 15 MB: only a report that seems late needs it

    return day in country_holidays("US", subdiv="CA", years=day.year)


class Deadlines:
    """Judges the transactionTimes of a document that is reported at ``now`` (Pacific wall-clock time)."""

    def __init__(self, now: datetime) -> None:
        self._now = now.strftime("%Y-%m-%dT%H:%M:%S")
        self._today = now.date()
        self._late: dict[str, bool] = {}

    def judge(self, time: str) -> str:
        """The rule that a well-formed transactionTime breaks; empty when it breaks none."""
        if time > self._now:
            return "DOC-FUTURE"
        day = time[:10]
        if day not in self._late:
            self._late[day] = self._is_late(date.fromisoformat(day))
        return "DOC-LATE" if self._late[day] else ""

    def _is_late(self, day: date) -> bool:
        age = (self._today - day).days
        if age > _SETTLED:
            return True
        # holidays only give more time: they matter when it is late without them
        return self._today > next_business_day(day, lambda _: False) and self._today > next_business_day(day)
