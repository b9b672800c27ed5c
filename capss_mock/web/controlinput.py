"""What the control API is sent: JSON and queries, read with what is allowed instead."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request

from capss_mock.clock import SteerableClock
from capss_mock.contract.faults import STATUSES, Do, Fault

FAULT_MEMBERS = {"on", "do", "after", "first", "times", "status", "headers", "body", "seconds", "members", "removed"}
_KINDS = ("token", "submit", "upload", "update", "status")

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,998}[\x21-\x7e])?|")


class BadRequest(ValueError):
    """A request that cannot be answered; the message says what is allowed."""


def steer_clock(clock: SteerableClock, values: Mapping[str, Any]) -> None:
    freeze, advance = values.get("freeze"), values.get("advance", 0)
    if not isinstance(values.get("run", False), bool):
        raise BadRequest("run must be true or false")
    if isinstance(advance, bool) or not isinstance(advance, int | float) or not 0 <= advance < 10**9:
        raise BadRequest("advance must be a number of seconds, from 0 on")
    at = read_moment(freeze) if isinstance(freeze, str) else None
    if "freeze" in values and freeze is not True and at is None:
        raise BadRequest("freeze must be true, or a time such as 2025-12-15T22:03:52Z")
    if freeze is not None:
        clock.freeze(at)
    if values.get("run") is True:
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
    needs_answer = do not in (Do.ANSWER, Do.RESET)
    after = values.get("after", needs_answer)
    first = read_whole(values.get("first", 1), "first", 1, 10**6)
    status = read_whole(values.get("status", 200), "status", 200, 599)
    if status not in STATUSES:
        raise BadRequest(f"status {status} is none that HTTP knows")
    times = values.get("times", 1)
    if times is not None:
        times = read_whole(times, "times", 1, 10**6, ", or null for always")
    seconds = values.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 600:
        raise BadRequest("seconds must be a number from 0 to 600")
    headers, members, removed = values.get("headers", {}), values.get("members", {}), values.get("removed", [])
    if not isinstance(headers, dict) or not all(_is_header(*pair) for pair in headers.items()):
        raise BadRequest("headers must be an object of names and values in plain ASCII, not those of framing")
    if not isinstance(removed, list) or not all(isinstance(name, str) for name in removed):
        raise BadRequest("removed must be a list of names")
    if not isinstance(members, dict) or not _depth(members) or not isinstance(values.get("body", ""), str):
        raise BadRequest("members must be an object, not nested deeply, body a text")
    if not isinstance(after, bool):
        raise BadRequest("after must be true or false")
    return Fault(
        on=values["on"],
        do=do,
        after=after or needs_answer,  # the others have something to change only when there is a real answer
        first=first,
        times=times,
        status=status,
        headers=tuple(headers.items()),
        body=values.get("body", ""),
        seconds=seconds,
        members=members,
        removed=tuple(removed),
    )


def read_whole(value: object, name: str, least: int, most: int, more: str = "") -> int:
    """A whole number; in JSON, 1.0 is one."""
    if isinstance(value, int | float) and not isinstance(value, bool):  # noqa: SIM102 - neither NaN nor infinity below
        if least <= value <= most and value == int(value):
            return int(value)
    raise BadRequest(f"{name} must be a whole number from {least} to {most}{more}")


def _is_header(name: str, value: object) -> bool:
    if name.lower() in ("content-length", "transfer-encoding", "connection"):  # what a truncation is for
        return False
    return bool(_HEADER_NAME.fullmatch(name) and isinstance(value, str) and _HEADER_VALUE.fullmatch(value))


def _depth(value: object, left: int = 20) -> bool:
    """Whether JSON is nested no deeper than this."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left > 0 and all(_depth(each, left - 1) for each in inside)


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
