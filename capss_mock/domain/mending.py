"""What a value was meant to be, where that can be read out of it.

Only such a value is ever shown: a text that is no amount at all may be anything, a person's name too.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from capss_mock.domain.times import PACIFIC

Mend = Callable[[str], str]
"""From a wrong text to what was meant; empty when that cannot be told."""

_SHOWN = 40  # characters of a text that is looked at
_MONEY = re.compile(
    r"(?:US)?[$]?\s*(?P<sign>[+-]?)[$]?\s*(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<cents>\.\d+)?\s*(?:USD)?", re.ASCII
)
_TIMES = (
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S.%f",
)
_ZONED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})", re.ASCII)


def amount(text: str) -> str:
    """``$1,234.00`` is 1234.00."""
    found = _MONEY.fullmatch(text) if len(text) <= _SHOWN else None
    return found["sign"].removeprefix("+") + found["whole"].replace(",", "") + (found["cents"] or "") if found else ""


def local_time(text: str) -> str:
    """``12/15/2025 2:08 PM`` is 2025-12-15T14:08:00; a time with a zone is told in Pacific time."""
    if len(text) > _SHOWN:
        return ""
    if _ZONED.fullmatch(text):
        try:
            return datetime.fromisoformat(text).astimezone(PACIFIC).replace(tzinfo=None).isoformat(timespec="seconds")
        except (ValueError, OverflowError):
            return ""
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).isoformat(timespec="seconds")  # noqa: DTZ007 - local by definition
        except ValueError:
            continue
    return ""


def among(values: Iterable[str]) -> Mend:
    """One of the values, in another spelling: ``buy`` is BUY."""
    known = {value.lower(): value for value in values}
    return lambda text: known.get(" ".join(text.lower().split()), "")
