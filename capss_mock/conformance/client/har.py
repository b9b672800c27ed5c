"""Judges a recording (HTTP Archive 1.2) of a program, made by a proxy or a browser: what it did, not what it said."""

import base64
import binascii
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from multipart import MultipartError, MultipartParser, parse_options_header  # type: ignore[import-untyped]  # it has no types

from capss_mock.conformance.client.evidence import Evidence
from capss_mock.conformance.client.judges import judged
from capss_mock.conformance.client.play import timeline
from capss_mock.conformance.results import Play
from capss_mock.contract.checks import Check
from capss_mock.contract.faults import Outcome, Scenario
from capss_mock.contract.model import Citation, Grade
from capss_mock.contract.operations import OPERATIONS
from capss_mock.steering import Entry, Part

RECORDED = (  # what a recording can tell
    "TOKEN-ASKED", "TOKEN-BASIC", "TOKEN-FORM", "TOKEN-GRANT", "TOKEN-SCOPE", "TOKEN-URL-SECRET", "TOKEN-REUSE",
    "TOKEN-HAMMER", "TOKEN-RETRY-AFTER", "UPLOAD-SENT", "UPLOAD-MULTIPART", "UPLOAD-PART", "UPLOAD-FILE",
    "UPLOAD-OLD-PATHS", "UPLOAD-RETRY-AFTER", "STATUS-INTERVAL", "STATUS-GROWTH", "STATUS-RETRY-AFTER", "STATUS-STOPS",
)  # fmt: skip
_SECRETS = {"client_secret": "secret", "password": "secret", "access_token": "token", "token": "token"}
_NOT_RECORDED = "its body is not recorded"
_SIZE_LIMIT = 256 * 2**20
_HEADERS = ("host", "content-type", "content-length", "accept", "user-agent")


class HarError(ValueError):
    """The file is no HTTP Archive; the message says why."""


def read(file: Path) -> list[dict[str, Any]]:
    """The entries of an archive.

    Raises:
        HarError: it cannot be read, or is none.
    """
    try:
        if file.stat().st_size > _SIZE_LIMIT:
            raise HarError(f"{file} has more than {_SIZE_LIMIT // 2**20} MB")
        values = json.loads(file.read_bytes())
        entries = values["log"]["entries"]
        assert isinstance(entries, list)  # noqa: S101 - told below
        if not entries:
            raise HarError(f"{file} has no requests in it: nothing was recorded")
        for each in entries:
            urlsplit(each["request"]["url"]), each["response"]["status"] + 0, each["request"]["method"].upper()
    except OSError as error:
        raise HarError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        if isinstance(error, HarError):
            raise
        raise HarError(
            f"{file} is no HTTP Archive: expected JSON with log.entries, each a request and a response"
        ) from None
    return entries


def recorded(file: Path, checks: tuple[Check, ...]) -> Play:
    """Judge a recording.

    Raises:
        HarError: the file is no HTTP Archive.
    """
    raw = read(file)
    entries = tuple(_read(file, number, each) for number, each in enumerate(raw, 1))
    scenario = Scenario(
        "recording", Outcome.CONFIRM, "What was recorded.", "", (Citation("kit", "a recording"),), grade=Grade.OBSERVED
    )
    kinds = {OPERATIONS[each.operation].kind for each in entries if each.operation}
    seen = Evidence(
        scenario=scenario,
        operation="update" if "update" in kinds and "upload" not in kinds else "upload",
        requests=entries,
        in_urls=tuple(_in_urls(raw)),
        persons_known=False,
    )
    wanted = tuple(each for each in checks if each.id in RECORDED)
    begun = entries[0].at_ns / 1e9 if entries else 0
    return Play(
        name=file.name,
        sentence=f"{len(entries)} requests were recorded.",
        outcome="",
        grade=Grade.OBSERVED,
        results=judged(seen, wanted),
        timeline=tuple(timeline(seen, begun)),
        operation=seen.operation,
    )


def _read(file: Path, number: int, har: dict[str, Any]) -> Entry:
    try:
        return _entry(number, har)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
        raise HarError(f"{file} is no HTTP Archive: its entry {number} is not a request and a response") from None


def _entry(number: int, har: dict[str, Any]) -> Entry:
    request, response = har["request"], har["response"]
    parts = urlsplit(request["url"])
    headers = {each["name"].lower(): each["value"] for each in request.get("headers", ())}
    operation = _operation(request["method"].upper(), parts.path)
    kept = {
        name: text.partition(";")[0] if name == "content-type" else text
        for name, text in headers.items()
        if name in _HEADERS
    }
    if scheme := headers.get("authorization", "").partition(" ")[0]:
        kept["authorization"] = f"{scheme} …"
    answer = _json(response.get("content", {}))
    ms = float(har.get("time") or 0)
    rule, note = _form_rule(operation, request, answer)
    return Entry(
        number=number,
        at_ns=int((_moment(har) + ms / 1e3) * 1e9),
        ms=ms,
        method=request["method"].upper(),
        path=parts.path[:120],
        query={name: "…" for name, _ in parse_qsl(parts.query)},
        headers=kept,
        parts=tuple(_parts(request)) if operation in ("save", "update", "save-old") else (),
        status=response["status"],
        answer_headers={each["name"].lower(): each["value"] for each in response.get("headers", ())},
        answer=_clean(answer),
        rule=rule,
        note=note,
        fix="",
        scenario="recording",
        fault=note if note == _NOT_RECORDED else None,
        operation=operation,
    )


def _operation(method: str, path: str) -> str:
    for each in OPERATIONS.values():
        stem, place, _ = each.path.partition("{id}")
        if each.method == method and (path.startswith(stem) and path != stem if place else path == each.path):
            return each.id
    return ""


def _moment(har: dict[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(har.get("startedDateTime"))).timestamp()
    except ValueError:
        return 0.0


def _json(content: Any) -> Any:
    text = content.get("text", "") if isinstance(content, dict) else ""
    try:
        if content.get("encoding") == "base64":
            text = base64.b64decode(text).decode()
        return json.loads(text)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        return None


def _clean(answer: Any) -> Any:
    return (
        {name: "…" if "token" in name and name != "token_type" else value for name, value in answer.items()}
        if isinstance(answer, dict)
        else None
    )


def _form_rule(operation: str, request: dict[str, Any], answer: Any) -> tuple[str | None, str]:
    """What a token request asks for: what the mock would have refused it for."""
    if operation not in ("token", "token-old"):
        return None, ""
    posted = request.get("postData")
    if not isinstance(posted, dict) or not (posted.get("text") or posted.get("params")):
        return None, _NOT_RECORDED
    form = [(each["name"], each.get("value", "")) for each in posted.get("params", ())] or parse_qsl(
        posted.get("text", "")
    )
    grants = [value for name, value in form if name == "grant_type"]
    scopes = [value for name, value in form if name == "scope"]
    if grants != ["client_credentials"]:
        return "TOK-GRANT-MISSING" if not grants else "TOK-GRANT-UNSUPPORTED", f"grant_type: {len(grants)} in the body"
    if scopes != ["api"] and not (isinstance(answer, dict) and answer.get("scope") == "api"):
        return "TOK-SCOPE-REFUSED", f"scope: {len(scopes)} in the body, not api once"
    return None, ""


def _parts(request: dict[str, Any]) -> Iterator[Part]:
    posted = request.get("postData") or {}
    if posted.get("params"):
        for each in posted["params"]:
            value = str(each.get("value", "")).encode()
            name = each.get("fileName")
            yield Part(each["name"], name, len(value), hashlib.sha256(value).hexdigest() if value else "")
        return
    kind, options = parse_options_header(posted.get("mimeType", ""))
    text = str(posted.get("text", "")).encode("utf-8", "surrogateescape")
    if kind != "multipart/form-data" or "boundary" not in options or not text:
        return
    try:
        for part in MultipartParser(io.BytesIO(text), options["boundary"], content_length=len(text)):
            yield Part(part.name, part.filename, part.size, hashlib.sha256(part.raw).hexdigest())
            part.close()
    except MultipartError:
        return


def _in_urls(raw: list[dict[str, Any]]) -> Iterator[str]:
    for each in raw:
        for name, value in parse_qsl(urlsplit(each["request"]["url"]).query):
            if name in _SECRETS and value:
                yield _SECRETS[name]
