"""``capss-mock explain``: a token or an answer, member by member, offline."""

import base64
import binascii
import json
import re
import sys
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from capss_mock.contract.members import ANSWERS, CLAIMS, HEADER, INTROSPECTION, STATUS, Kind, Member

_JWT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")
_SCHEME = re.compile(r"\s*(authorization:\s*)?bearer\s+", re.IGNORECASE)
_SHOWN = 60
_LIMIT = 16 * 2**20


def _token(text: str) -> re.Match[str] | None:
    """The token that a text is, with or without its scheme, and with the line breaks that pasting adds."""
    scheme = _SCHEME.match(text)
    return _JWT.fullmatch("".join(text[scheme.end() if scheme else 0 :].split()))


def _source(text: str) -> str:
    """The text itself if it is a token, or what is in the file (``-``: standard input)."""
    if text != "-" and not Path(text).is_file() and _token(text):
        return text
    try:
        data = sys.stdin.buffer.read(_LIMIT) if text == "-" else Path(text).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{text[:_SHOWN]!r} is no token, and cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError("that is not UTF-8 text: give a token, or a JSON answer of CAPSS") from None


def _decoded(part: str, what: str) -> dict[str, Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise click.UsageError(f"{what} of the token is not base64url of a JSON object: was it copied whole?")
    return values


def _likeness(kind: Kind, names: Collection[str]) -> tuple[int, int]:
    """How well an object's members fit a kind: those it knows less those it does not; then those that are missing."""
    known = len(set(names) & set(kind.shape))
    # introspection answers with one member, or with all
    missing = 0 if kind is INTROSPECTION and "active" in names else len(kind.shape) - known
    return 2 * known - len(names), -missing


def _body(text: str) -> str:
    """The body of an answer that came with its headers (curl -i)."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    if body.strip():
        return body.strip()
    reason = re.search(r"^www-authenticate: *(.*)$", head, re.IGNORECASE | re.MULTILINE)
    why = f"WWW-Authenticate says: {reason[1]}" if reason else "and no header says why"
    raise click.UsageError(f"{head.splitlines()[0]}: an answer with an empty body; {why}")


def _read(text: str) -> list[tuple[Kind, dict[str, Any]]]:
    if match := _token(text):
        return [(HEADER, _decoded(match[1], "the header")), (CLAIMS, _decoded(match[2], "the middle part"))]
    if text.startswith("HTTP/"):
        text = _body(text)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise click.UsageError(
            "that is neither a token (three parts with dots) nor JSON; of an empty answer, curl -i shows the headers"
        ) from None
    if not isinstance(values, dict):
        raise click.UsageError("a JSON object was expected: an answer of CAPSS begins with {")
    kind = max(ANSWERS, key=lambda each: _likeness(each, values.keys()))
    if not values.keys() & set(kind.shape):
        members = f"only has the members {', '.join(map(repr, list(values)[:5]))}" if values else "is empty"
        raise click.UsageError(f"that is no answer of CAPSS: it {members}")
    found = [(kind, values)]
    token = str(values.get("access_token", ""))
    return found + (_read(token) if _token(token) else [])


def _value(member: Member, value: Any) -> str:
    if member.hidden:
        return f"({len(value)}, not shown)" if isinstance(value, list) else "(not shown)"
    text = json.dumps(value, ensure_ascii=False)
    if member.name in ("exp", "iat", "nbf") and isinstance(value, int) and 0 <= value < 2**33:
        text += f" = {datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"
    if member.name == "timestamp" and isinstance(value, int) and 0 <= value < 2**43:
        text += f" = {datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _conclusion(kind: Kind, values: dict[str, Any]) -> str:
    """What a careful program would conclude."""
    if kind is CLAIMS and isinstance(exp := values.get("exp"), int) and 0 <= exp < 2**33:
        left = exp - int(time.time())
        when = f"its exp is in {left / 3600:.1f} h" if left > 0 else f"it expired {-left / 3600:.1f} h ago"
        return f"{when}; the signature was not checked"
    if kind is STATUS:
        if values.get("statusMessage") != "complete":
            return "not final: ask again"
        if values.get("isUploaded") is True and not values.get("hasErrors") and not values.get("hasDuplicates"):
            return "final: everything in the file is saved"
        return "final, and not everything was saved as sent: see hasErrors, hasDuplicates, errorMessages"
    return ""


def _rows(kind: Kind, values: dict[str, Any]) -> list[dict[str, Any]]:
    known = {member.name: member for member in kind.members}
    rows = []
    for name, value in values.items():
        member = known.get(name)
        if member is None:
            rows.append({"member": name, "grade": None, "meaning": "not known to us", "trap": None, "value": None})
            continue
        rows.append(
            {
                "member": name,
                "value": _value(member, value),
                "grade": member.grade.value,
                "meaning": member.meaning,
                "trap": member.trap or None,
            }
        )
    optional = {"error_description", "error_uri"} | (set(kind.shape) if values.get("active") is False else set())
    missing = [name for name in kind.shape if name not in values and name not in optional]
    rows += [
        {"member": name, "value": None, "grade": known[name].grade.value, "meaning": "missing here", "trap": None}
        for name in missing
    ]
    return rows


@click.command()
@click.argument("what", metavar="TOKEN|FILE|-")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(what: str, as_json: bool) -> None:
    """Say what each member of a token or of a CAPSS answer means, its trap, and how well that is known.

    Works offline. A signature is not checked; tokens and names are not shown. A token on the command line can be seen
    by other users of the machine: rather give it on standard input.

    \b
    Examples:
      capss-mock explain status.json
      curl … | capss-mock explain -
    """
    found = _read(_source(what))
    if as_json:
        parts = [
            {"kind": kind.id, "members": _rows(kind, values), "conclusion": _conclusion(kind, values) or None}
            for kind, values in found
        ]
        click.echo(json.dumps({"version": 1, "parts": parts}, indent=2, ensure_ascii=False))
        return
    for number, (kind, values) in enumerate(found):
        click.echo(("\n" if number else "") + kind.what)
        for row in _rows(kind, values):
            value = f": {row['value']}" if row["value"] is not None else ""
            click.echo(f"  {row['member']}{value}")
            click.echo(f"      {'[' + row['grade'] + '] ' if row['grade'] else ''}{row['meaning']}")
            if row["trap"]:
                click.echo(f"      trap: {row['trap']}")
        if conclusion := _conclusion(kind, values):
            click.echo(f"  => {conclusion}")
