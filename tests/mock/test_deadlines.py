"""When a transaction is late: by hand, from the calendar."""

from datetime import date, datetime

import pytest

from capss_mock.domain.deadlines import Deadlines, next_business_day


@pytest.mark.parametrize(
    ("day", "following"),
    [
        ("2025-12-15", "2025-12-16"),  # Monday
        ("2025-12-12", "2025-12-15"),  # Friday
        ("2025-12-13", "2025-12-15"),  # Saturday
        ("2025-12-14", "2025-12-15"),  # Sunday
        ("2025-12-24", "2025-12-26"),  # before Christmas
        ("2025-12-31", "2026-01-02"),  # before New Year
        ("2025-11-26", "2025-12-01"),  # before Thanksgiving, the day after it, and a weekend
        ("2025-03-28", "2025-04-01"),  # before a weekend and Cesar Chavez Day, which is California's
        ("2026-07-02", "2026-07-06"),  # the Fourth is a Saturday: observed on the Friday
    ],
)
def test_the_next_business_day_leaves_out_weekends_and_holidays(day: str, following: str) -> None:
    assert next_business_day(date.fromisoformat(day)).isoformat() == following


@pytest.mark.parametrize(
    ("now", "time", "rule"),
    [
        ("2025-12-15T18:00:00", "2025-12-15T10:00:00", ""),
        ("2025-12-16T23:59:59", "2025-12-15T10:00:00", ""),
        ("2025-12-17T00:00:00", "2025-12-15T10:00:00", "DOC-LATE"),
        ("2025-12-15T18:00:00", "2025-12-12T10:00:00", ""),
        ("2025-12-16T00:00:00", "2025-12-12T23:59:59", "DOC-LATE"),
        ("2026-01-02T09:00:00", "2025-12-31T17:00:00", ""),
        ("2026-01-03T09:00:00", "2025-12-31T17:00:00", "DOC-LATE"),
        ("2025-12-15T18:00:00", "2018-02-01T10:00:00", "DOC-LATE"),
        ("2025-12-15T18:00:00", "2025-12-15T18:00:00", ""),
        ("2025-12-15T18:00:00", "2025-12-15T18:00:01", "DOC-FUTURE"),
        ("2025-12-15T18:00:00", "9999-12-31T00:00:00", "DOC-FUTURE"),
        ("2025-12-15T18:00:00", "0001-01-01T00:00:00", "DOC-LATE"),
    ],
)
def test_a_report_is_late_after_the_next_business_day(now: str, time: str, rule: str) -> None:
    assert Deadlines(datetime.fromisoformat(now)).judge(time) == rule
