"""Token and upload: what the server saw of them."""

from collections.abc import Callable

from capss_mock.conformance.client.evidence import Evidence, on_wire
from capss_mock.conformance.results import Finding
from capss_mock.contract.faults import Outcome
from capss_mock.contract.operations import OPERATIONS
from capss_mock.contract.rules import RULES
from capss_mock.steering import Entry

Said = Finding | bool | None
_MOST_TOKENS = 5
_SOON_S = 120


def _untouched(entries: list[Entry]) -> list[Entry]:
    """Those whose answer no fault has made, or only changed: it tells what CAPSS thought of the request."""
    return [each for each in entries if each.fault is None or "changed the answer" in each.fault]


def _refused(entries: list[Entry], expected: str, *rules: str) -> Said:
    """A finding for the first one that was refused by one of these rules."""
    told = _untouched(entries)
    for entry in told:
        if entry.rule and entry.rule.startswith(rules):
            return Finding(expected, _refusal(entry), on_wire(entry))
    return bool(told) or None


def _refusal(entry: Entry) -> str:
    """Why a request was refused, in words."""
    rule = RULES[entry.rule or ""]
    told = entry.note.partition("] ")[2] or entry.note  # after the rule's id and grade, if they are there
    detail = told.partition("fix: ")[0].strip().rstrip(";")
    return f"answered {entry.status}: {detail or rule.sentence} ({rule.id})"


# -- token


def asked(seen: Evidence) -> Said:
    """TOKEN-ASKED."""
    if seen.tokens:
        return True
    if seen.scenario.outcome is not Outcome.CONFIRM or seen.old_only:
        return None
    others = [each for each in seen.requests if "token" in each.path]
    found = f"{others[0].method} {others[0].path}" if others else _instead(seen)
    return Finding("POST to the token URL", found, on_wire(others[0]) if others else "")


def _instead(seen: Evidence) -> str:
    if seen.requests:
        return f"{len(seen.requests)} requests, none for a token"
    said = f": {seen.program.words}" if seen.program else ""
    return f"no request at all{said}" + (f"; it printed: {seen.printed[-1]}" if seen.printed else "")


def basic(seen: Evidence) -> Said:
    """TOKEN-BASIC."""
    for entry in seen.tokens:
        scheme = entry.headers.get("authorization", "").partition(" ")[0]
        if scheme.lower() != "basic":
            return Finding("Authorization: Basic …", _scheme(scheme), on_wire(entry))
    refused = _refused(
        seen.tokens,
        "the client id and secret that it was given, base64 of id:secret",
        "TOK-WRONG-SECRET",
        "TOK-BASIC-MALFORMED",
        "TOK-CLIENT-SECRET-POST",
        "TOK-NO-CREDENTIALS",
    )
    return refused or bool(seen.tokens) or None


def _scheme(scheme: str) -> str:
    return f"Authorization: {scheme} …" if scheme and scheme != "…" else "no Authorization header that could be read"


def form(seen: Evidence) -> Said:
    """TOKEN-FORM."""
    for entry in seen.tokens:
        kind = entry.headers.get("content-type", "no Content-Type")
        if kind.strip().lower() != "application/x-www-form-urlencoded":
            return Finding("Content-Type: application/x-www-form-urlencoded", kind, on_wire(entry))
    return bool(seen.tokens) or None


def grant(seen: Evidence) -> Said:
    """TOKEN-GRANT."""
    rules = ("TOK-GRANT-", "TOK-REFRESH-PARAMETER", "TOK-CODE-PARAMETER")
    return _refused(seen.tokens, "grant_type=client_credentials in the body, once", *rules)


def scope(seen: Evidence) -> Said:
    """TOKEN-SCOPE."""
    expected = "scope=api in the body, once"
    refused = _refused(seen.tokens, expected, "TOK-SCOPE-")
    if isinstance(refused, Finding):
        return refused
    for entry in _untouched(seen.tokens):
        if entry.status == 200 and isinstance(entry.answer, dict) and "scope" not in entry.answer:
            return Finding(expected, "no scope: the token is good for nothing under /api", on_wire(entry))
    return refused


def in_url(seen: Evidence) -> Said:
    """TOKEN-URL-SECRET."""
    if seen.in_urls:
        return Finding("no secret and no token in a URL", f"in a URL: {', '.join(sorted(set(seen.in_urls)))}")
    return bool(seen.requests) or None


def reuse(seen: Evidence) -> Said:
    """TOKEN-REUSE."""
    given = [each for each in _untouched(seen.tokens) if each.status == 200]
    calls = seen.submits + seen.statuses
    refused = any(each.status in (401, 403) for each in calls) or seen.strays  # also by somebody else
    if len(calls) < 2 or refused or len(given) < len(seen.tokens) or any(map(_is_over, given)):
        return None
    if len(given) > 1:
        return Finding(f"one token for {len(calls)} calls", f"{len(given)} token requests", on_wire(given[1]))
    return True


def _is_over(entry: Entry) -> bool:
    """Whether a token is over, or nearly, as soon as it is given."""
    left = entry.answer.get("expires_in") if isinstance(entry.answer, dict) else None
    return isinstance(left, int) and left < _SOON_S


def refresh(seen: Evidence) -> Said:
    """TOKEN-REFRESH."""
    refused = [each for each in seen.statuses if each.status == 401 and each.fault]
    if not refused:
        return None
    first = refused[0]
    again = [each for each in seen.tokens if each.number > first.number]
    after = [each for each in seen.statuses if again and each.number > again[0].number]
    if after:
        return True
    found = "a new token, and no status request with it" if again else "no new token"
    return Finding("a new token, and the status asked for again", found, on_wire(first))


def hammer(seen: Evidence) -> Said:
    """TOKEN-HAMMER."""
    refused = [each for each in seen.tokens if each.status in (400, 401)]
    if not refused:
        return None
    if len(refused) > _MOST_TOKENS:
        return Finding(f"at most {_MOST_TOKENS} token requests", f"{len(refused)}", on_wire(refused[_MOST_TOKENS]))
    return True


# -- upload


def sent(seen: Evidence) -> Said:
    """UPLOAD-SENT."""
    if seen.scenario.outcome is not Outcome.CONFIRM or seen.old_only:
        return None
    if seen.submissions or any(each.status in (200, 202) for each in seen.submits):
        return True
    if seen.submits:
        last = seen.submits[-1]
        return Finding("a document that the server takes", f"{last.status}: {last.note[:200]}", on_wire(last))
    others = [each for each in seen.requests if not each.operation]
    where = f"; instead {others[0].method} {others[0].path}" if others else ""
    return Finding("a document that the server takes", f"no document was sent{where}")


def bearer(seen: Evidence) -> Said:
    """UPLOAD-BEARER."""
    calls = _untouched(seen.submits + seen.statuses)
    given = [each.number for each in seen.tokens if each.status == 200 and isinstance(each.answer, dict)]
    for call in calls:
        refused = [each for each in seen.tokens if each.number < call.number]
        if call.rule and refused and not any(number < call.number for number in given):
            found = f"it got no token ({refused[-1].status or 'no answer'}), and called all the same"
            return Finding("a token; without one, no call", found, on_wire(call))
    rules = ("BEA-NONE", "BEA-MALFORMED", "BEA-NOT-JWT", "BEA-SIGNATURE", "BEA-KEY", "BEA-ALG-NONE")
    return _refused(calls, "Authorization: Bearer TOKEN", *rules)


def multipart(seen: Evidence) -> Said:
    """UPLOAD-MULTIPART."""
    for entry in seen.submits:
        kind = entry.headers.get("content-type", "no Content-Type")
        if kind.strip().lower() != "multipart/form-data":
            return Finding("Content-Type: multipart/form-data; boundary=…", kind, on_wire(entry))
    refused = _refused(
        seen.submits,
        "a multipart body that can be read",
        "WEB-NOT-MULTIPART",
        "WEB-BROKEN-MULTIPART",
        "WEB-PARTS-LIMIT",
    )
    return refused or bool(seen.submits) or None


def part(seen: Evidence) -> Said:
    """UPLOAD-PART."""
    read = [each for each in seen.submits if each.parts]
    for entry in read:
        wanted = OPERATIONS[entry.operation].part
        names = [each.name for each in entry.parts]
        if wanted not in names:
            return Finding(f"a part named {wanted}", f"parts: {', '.join(names)}", on_wire(entry))
    return bool(read) or None


def as_file(seen: Evidence) -> Said:
    """UPLOAD-FILE."""
    read = [each for each in seen.submits if each.parts]
    for entry in read:
        named = [each for each in entry.parts if each.name == OPERATIONS[entry.operation].part]
        if named and named[0].filename is None:
            return Finding("a file part (with a filename)", f"a field of {named[0].size} bytes of text", on_wire(entry))
    return bool(read) or None


def same_bytes(seen: Evidence) -> Said:
    """UPLOAD-BYTES."""
    if seen.sent is None:
        return None
    read = [
        (entry, part) for entry in seen.submits for part in entry.parts if part.filename is not None and part.digest
    ]
    for entry, found in read:
        if found.name == OPERATIONS[entry.operation].part and found.digest != seen.sent.digest:
            return Finding("the file's bytes", f"other ones ({found.size} bytes)", on_wire(entry))
    return bool(read) or None


def once(seen: Evidence) -> Said:
    """UPLOAD-ONCE."""
    if not seen.submits:
        return None
    again = len(seen.submissions) > 1 if seen.sent else any(len(same) > 1 for same in seen.documents)
    if again:
        accepted = [each for each in seen.submits if each.status in (0, 200, 202) or each.fault]
        where = on_wire(accepted[1]) if len(accepted) > 1 else ""
        held = f"{len(seen.submissions)} submissions; {seen.held[0]} records saved of a file with {seen.held[1]}"
        return Finding("at most one accepted submission", held, where)
    return True


def old_paths(seen: Evidence) -> Said:
    """UPLOAD-OLD-PATHS."""
    if seen.old_only or not (seen.tokens or seen.submits):
        return None
    for entry in seen.requests:
        if entry.operation and OPERATIONS[entry.operation].generation == "old":
            return Finding("the paths of the sheet", entry.path, on_wire(entry))
    return True


def bearer_host(seen: Evidence) -> Said:
    """BEARER-HOST."""
    for stray in seen.strays:
        if stray.bearer and not stray.downgrade:
            return Finding("no token to another host", f"a token was sent to {stray.host}", stray.line)
    lured = "{elsewhere}" in repr(seen.scenario.faults)
    return (lured and bool(seen.submissions)) or None


def bearer_tls(seen: Evidence) -> Said:
    """BEARER-TLS."""
    for stray in seen.strays:
        if stray.bearer and stray.downgrade:
            return Finding("no token without TLS", "a token was sent over plain http", stray.line)
    return ("{http}" in repr(seen.scenario.faults) and bool(seen.statuses)) or None


def egress(seen: Evidence) -> Said:
    """EGRESS."""
    if not seen.intercepted and not seen.proxied:
        return None
    others = [each for each in seen.strays if not each.downgrade]
    if others:
        hosts = ", ".join(dict.fromkeys(each.host for each in others))
        return Finding("requests to CAPSS only", f"{len(others)} to {hosts}", others[0].line)
    return seen.intercepted or None


JUDGES: dict[str, Callable[[Evidence], Said]] = {
    "TOKEN-ASKED": asked,
    "TOKEN-BASIC": basic,
    "TOKEN-FORM": form,
    "TOKEN-GRANT": grant,
    "TOKEN-SCOPE": scope,
    "TOKEN-URL-SECRET": in_url,
    "TOKEN-REUSE": reuse,
    "TOKEN-REFRESH": refresh,
    "TOKEN-HAMMER": hammer,
    "UPLOAD-SENT": sent,
    "UPLOAD-BEARER": bearer,
    "UPLOAD-MULTIPART": multipart,
    "UPLOAD-PART": part,
    "UPLOAD-FILE": as_file,
    "UPLOAD-BYTES": same_bytes,
    "UPLOAD-ONCE": once,
    "UPLOAD-OLD-PATHS": old_paths,
    "BEARER-HOST": bearer_host,
    "BEARER-TLS": bearer_tls,
    "EGRESS": egress,
}
