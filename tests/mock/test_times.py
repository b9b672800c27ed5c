"""Pacific time, Java's and Jackson's ways to write it. Expected values are typed by hand."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.domain.times import SECOND, jackson_date, java_instant, java_local_time, pacific, pacific_midnight

NOON = int(datetime(2025, 12, 15, 20, 0, 0, tzinfo=UTC).timestamp()) * SECOND  # 12:00 Pacific


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        (date(2025, 12, 20), "2025-12-20T08:00:00Z"),  # the sheet's token
        (date(2025, 7, 1), "2025-07-01T07:00:00Z"),
        (date(2025, 3, 9), "2025-03-09T08:00:00Z"),  # daylight saving begins at 2 that day
        (date(2025, 3, 10), "2025-03-10T07:00:00Z"),
        (date(2025, 11, 2), "2025-11-02T07:00:00Z"),  # it ends at 2 that day
        (date(2025, 11, 3), "2025-11-03T08:00:00Z"),
    ],
)
def test_midnight_pacific_is_8_in_winter_and_7_in_summer(day: date, instant: str) -> None:
    assert java_instant(pacific_midnight(day)) == instant


def test_the_sheets_expiry() -> None:
    assert pacific_midnight(date(2025, 12, 20)) == 1766217600


@pytest.mark.parametrize(
    ("offset_ns", "text"),
    [
        (0, "2025-12-15T12:00"),
        (5 * SECOND, "2025-12-15T12:00:05"),
        (500_000_000, "2025-12-15T12:00:00.500"),
        (1_000, "2025-12-15T12:00:00.000001"),
        (304_179_991, "2025-12-15T12:00:00.304179991"),
        (SECOND + 120_000_000, "2025-12-15T12:00:01.120"),
    ],
)
def test_java_writes_no_more_of_a_local_time_than_needed(offset_ns: int, text: str) -> None:
    assert java_local_time(NOON + offset_ns) == text


@pytest.mark.parametrize(
    ("offset_ns", "parts"),
    [
        (0, [2025, 12, 15, 12, 0]),
        (10 * SECOND, [2025, 12, 15, 12, 0, 10]),
        (10 * SECOND + 848_995_000, [2025, 12, 15, 12, 0, 10, 848995000]),
        (848_995_123, [2025, 12, 15, 12, 0, 0, 848995000]),
        (999, [2025, 12, 15, 12, 0]),
    ],
)
def test_jackson_drops_trailing_zero_parts_but_never_the_minute(offset_ns: int, parts: list[int]) -> None:
    assert jackson_date(NOON + offset_ns) == parts


@given(st.integers(0, 4 * 10**18))
def test_a_jackson_date_can_be_read_back_to_the_microsecond(at_ns: int) -> None:
    parts = jackson_date(at_ns)
    assert 5 <= len(parts) <= 7
    full = [*parts, 0, 0][:7]
    local = pacific(at_ns)
    assert full[:6] == [local.year, local.month, local.day, local.hour, local.minute, local.second]
    assert full[6] == at_ns % SECOND // 1000 * 1000
    assert len(parts) == 5 or parts[-1] != 0
