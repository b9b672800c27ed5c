"""What was meant: only what can be told for sure, and nothing that may be a name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.domain import mending
from capss_mock.domain.values import is_local_time


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("$1,234.00", "1234.00"),
        ("$ 713", "713"),
        ("713.00 USD", "713.00"),
        ("US$5", "5"),
        ("-$5.50", "-5.50"),
        ("1,234,567.89", "1234567.89"),
        ("1,23", ""),
        ("1.234,00", ""),
        ("12,34.00", ""),
        ("Jane Doe", ""),
        ("1980-02-29", ""),
        ("$" + "1" * 50, ""),
        ("७", ""),
    ],
)
def test_an_amount_is_told_where_it_can_be(text: str, meant: str) -> None:
    assert mending.amount(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("12/15/2025 2:08 PM", "2025-12-15T14:08:00"),
        ("12/15/2025 02:08:10 pm", "2025-12-15T14:08:10"),
        ("12/15/2025 14:08", "2025-12-15T14:08:00"),
        ("2025-12-15 14:08:10", "2025-12-15T14:08:10"),
        ("2025-12-15T14:08", "2025-12-15T14:08:00"),
        ("2025-12-15T14:08:10.5", "2025-12-15T14:08:10"),
        ("2025-12-15T22:08:10Z", "2025-12-15T14:08:10"),
        ("2025-07-15T22:08:10+00:00", "2025-07-15T15:08:10"),
        ("0001-01-01T00:00:00Z", ""),
        ("15/12/2025 14:08", ""),
        ("02/29/1980", ""),
        ("2025-12-15", ""),
        ("2025-02-30T10:00:00", ""),
        ("noon", ""),
    ],
)
def test_a_time_is_told_where_it_can_be(text: str, meant: str) -> None:
    assert mending.local_time(text) == meant


def test_a_value_is_told_from_its_spelling() -> None:
    mend = mending.among(("BUY", "Multi Color"))
    assert [mend(text) for text in ("buy", " multi  COLOR ", "BOUGHT", "")] == ["BUY", "Multi Color", "", ""]


@given(st.text(max_size=50))
def test_whatever_is_told_is_good(text: str) -> None:
    assert re.fullmatch(r"(-?[0-9]+(\.[0-9]+)?)?", mending.amount(text))
    time = mending.local_time(text)
    assert not time or is_local_time(time)
