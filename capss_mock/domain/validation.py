"""A generic interpreter of the contract's fields: no element name stands here."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from capss_mock.contract.fields import Field, Kind
from capss_mock.domain.reading import Finding

_LOCAL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


def trimmed(text: str | None) -> str:
    """An element's text without the white space that XML knows; an empty element has none."""
    return (text or "").strip(" \t\r\n")


def _is_local_time(text: str) -> bool:
    if not _LOCAL_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_CHECKS = {
    Kind.LOCAL_TIME: (_is_local_time, "DOC-TIME-FORMAT", "is not a local time YYYY-MM-DDTHH:MM:SS"),
    Kind.AMOUNT: (lambda text: bool(_AMOUNT.fullmatch(text)), "DOC-AMOUNT-FORMAT", "is not a plain decimal"),
}


def check(fields: Iterable[Field], values: Mapping[str, str | None], where: str) -> list[Finding]:
    """Check the text of one element's children.

    Args:
        fields: what the contract says of the children.
        values: text by element name; None for an empty element, no entry for a missing one.
        where: the place, for the findings.
    """
    found: list[Finding] = []
    for field in fields:
        if not field.required and field.kind is Kind.TEXT:
            continue
        text = trimmed(values.get(field.name))
        if not text:
            if field.required:
                what = "is empty" if field.name in values else "is missing"
                found.append(Finding("DOC-REQUIRED", where, f"{field.name} {what}"))
            continue
        if field.kind in _CHECKS:
            good, rule, message = _CHECKS[field.kind]
            if not good(text):
                found.append(Finding(rule, where, f"{field.name} {message}"))
    return found
