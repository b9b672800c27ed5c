"""What the control API is sent: JSON and queries, read with what is allowed instead."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request

from capss_mock.clock import SteerableClock
from capss_mock.contract.faults import Do, Fault

FAULT_MEMBERS = {"on", "do", "after", "first", "times", "status", "headers", "body", "seconds", "members", "removed"}
_KINDS = ("token", "submit", "upload", "update", "status")


class BadRequest(ValueError):
    """A request that cannot be answered; the message says what is allowed."""


def steer_clock(clock: SteerableClock, values: Mapping[str, Any]) -> None:
    freeze, advance = values.get("freeze"), values.get("advance")
    if isinstance(advance, bool) or not isinstance(advance, int | float | None) or not 0 <= (advance or 0) < 10**9:
        raise BadRequest("advance must be a number of seconds, from 0 on")
    at = read_moment(freeze) if isinstance(freeze, str) else None
    if freeze is not None and freeze is not True and at is None:
        raise BadRequest("freeze must be true, or a time such as 2025-12-15T22:03:52Z")
    if freeze is not None:
        clock.freeze(at)
    if values.get("run"):
        clock.run()
    if advance:
        clock.advance(advance)


def read_fault(values: Mapping[str, Any]) -> Fault:
    """A fault from JSON.

    Raises:
        BadRequest: with what is allowed.
    """
    if values.get("on") not in _KINDS:
        raise BadRequest(f"on must be one of {', '.join(_KINDS)}")
    kinds = [each.value for each in Do]
    if values.get("do", "answer") not in kinds:
        raise BadRequest(f"do must be one of {', '.join(kinds)}")
    do = Do(values.get("do", "answer"))
    after = values.get("after", do not in (Do.ANSWER, Do.RESET))
    numbers = {"first": (1, 10**6), "status": (200, 599)}
    for name, (least, most) in numbers.items():
        value = values.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise BadRequest(f"{name} must be a whole number from {least} to {most}")
    times, seconds = values.get("times", 1), values.get("seconds", 0)
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise BadRequest("times must be a whole number from 1 on, or null for always")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 600:
        raise BadRequest("seconds must be a number from 0 to 600")
    headers, members, removed = values.get("headers", {}), values.get("members", {}), values.get("removed", [])
    if not isinstance(headers, dict) or not all(_is_header(*pair) for pair in headers.items()):
        raise BadRequest("headers must be an object of header names and values")
    if not isinstance(members, dict) or not isinstance(removed, list) or not isinstance(values.get("body", ""), str):
        raise BadRequest("members must be an object, removed a list of names, body a text")
    if not isinstance(after, bool) or (not after and do not in (Do.ANSWER, Do.RESET)):
        raise BadRequest(f"after must be true or false, and true for {do.value}: it needs a real answer")
    return Fault(
        on=values["on"],
        do=do,
        after=after,
        first=values.get("first", 1),
        times=times,
        status=values.get("status", 200),
        headers=tuple(headers.items()),
        body=values.get("body", ""),
        seconds=seconds,
        members=members,
        removed=tuple(map(str, removed)),
    )


def _is_header(name: str, value: object) -> bool:
    return name.replace("-", "").isalnum() and name.isascii() and isinstance(value, str) and value.isprintable()


def read_body(*known: str) -> dict[str, Any]:
    """The request's JSON object; with ``known``, its members must be among these."""
    try:
        values = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):
        raise BadRequest("the body must be JSON") from None
    if not isinstance(values, dict):
        raise BadRequest("the body must be a JSON object")
    strange = sorted(values.keys() - set(known)) if known else []
    if strange:
        raise BadRequest(f"there is no member {strange[0][:40]!a}: known are {', '.join(sorted(known))}")
    return values


def read_text(values: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = values.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"{name[:40]!a} must be a text")
    return value


def read_moment(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
        if found.tzinfo is not None:
            found.timestamp()
            return found
    except (ValueError, OverflowError):
        pass
    raise BadRequest("a time must be written such as 2025-12-15T22:03:52Z")


def read_number(name: str, default: int, least: int, most: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise BadRequest(f"{name} must be a whole number from {least} to {most}")
    return int(text)
