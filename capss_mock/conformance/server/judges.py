"""What a server's answers are held against, by the id of the rule."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from capss_mock.conformance.results import Finding
from capss_mock.conformance.server.asking import FILE, RECORDS, Server, bearer, href_of, values_of
from capss_mock.contract import responses
from capss_mock.contract.checks.servers import ASKED, PREFIX
from capss_mock.contract.model import Answer
from capss_mock.contract.operations import OPERATIONS
from capss_mock.contract.rules import RULES

Said = Finding | bool | None
Judge = Callable[[Server], Said]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PACIFIC = ZoneInfo("America/Los_Angeles")
_SHOWN = 160


def _shown(value: object) -> str:
    """A value of an answer, short; without what looks like a token."""
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    text = re.sub(r"eyJ[\w.-]+", "…", text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def _is(expected: object, actual: object, what: str = "") -> Said:
    if expected == actual:
        return True
    lead = f"{what}: " if what else ""
    return Finding(f"{lead}{_shown(expected)}", f"{lead}{_shown(actual)}")


def _members(shape: responses.Shape, values: dict[str, Any]) -> Said:
    return _is(", ".join(shape.members), ", ".join(values) or "no JSON object", "members, in order")


def _all(*said: Said) -> Said:
    """The first that is not met; None if nothing could be told."""
    return next((each for each in said if isinstance(each, Finding)), True if any(said) else None)


# -- refusals: their answers stand in the rules


def _refused(rule: str) -> Judge:
    def judge(server: Server) -> Said:
        wanted = RULES[rule].answer
        assert wanted is not None, rule  # noqa: S101 - a refusal's rule has an answer
        reply = server.refusal(rule)
        differs = _difference(wanted, reply)
        if not differs:
            return True
        for option, other in RULES[rule].otherwise:
            answer = RULES[other].answer
            if answer is not None and not _difference(answer, reply):
                differs += f" (this is {other}: switch {RULES[rule].switch}={option})"
        return Finding(_described(wanted), differs)

    return judge


def _described(answer: Answer) -> str:
    body = f" {answer.body}" if answer.body else " with an empty body" if answer.body == "" else ""
    headers = "".join(f", {name}: {value}" for name, value in answer.headers)
    return f"{answer.status}{body}{headers}"


def _difference(wanted: Answer, reply: httpx.Response) -> str:
    challenge = reply.headers.get("www-authenticate")
    seen = f"{reply.status_code} {_shown(reply.text)}" + (f", WWW-Authenticate: {challenge}" if challenge else "")
    if reply.status_code != wanted.status:
        return seen
    if wanted.body is not None and reply.text != wanted.body:
        return seen
    for name, value in wanted.headers:
        given = reply.headers.get(name)
        if given is None or ("{" not in value and given != value):
            return f"{seen}, {name}: {given or 'none'}"
    if not any(name == "WWW-Authenticate" for name, _ in wanted.headers) and challenge:
        return seen
    return ""


# -- tokens


def _token_reply(server: Server) -> Said:
    reply, values = server.token_reply, values_of(server.token_reply)
    return _all(
        _is(200, reply.status_code, "status"),
        _members(responses.TOKEN, values),
        _is("Bearer", values.get("token_type"), "token_type"),
        _is("api", values.get("scope"), "scope"),
        _is("int", type(values.get("expires_in")).__name__, "type of expires_in"),
    )


def _header(server: Server) -> Said:
    header = server.header
    if not header:
        return Finding("a JWT", "an access_token that is none")
    return _all(
        _members(responses.JWT_HEADER, header),
        _is(responses.ALGORITHM, header.get("alg"), "alg"),
        bool(_UUID.fullmatch(str(header.get("kid")))) or Finding("kid: a UUID", _shown(str(header.get("kid")))),
    )


def _claims(server: Server) -> Said:
    claims = server.claims
    return _all(
        _members(responses.JWT_CLAIMS, claims),
        _is(claims.get("sub"), claims.get("aud"), "aud, a plain string, as sub"),
        _is(claims.get("sub"), claims.get("client_id"), "client_id, as sub"),
        _is(claims.get("iat"), claims.get("nbf"), "nbf, as iat"),
        _is("str", type(claims.get("token_version")).__name__, "type of token_version"),
        _is(["api"], claims.get("scope"), "scope"),
        _is(1, claims.get("disabled"), "disabled"),
    )


def _key_size(server: Server) -> Said:
    signature = server.access_token.rpartition(".")[2]
    try:
        size = len(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    except binascii.Error:
        size = 0
    return _is(responses.KEY_BITS // 8, size, "bytes of the signature")


def _midnight(server: Server) -> Said:
    exp = server.claims.get("exp")
    if not isinstance(exp, int):
        return None
    moment = datetime.fromtimestamp(exp, UTC).astimezone(_PACIFIC)
    return _is("00:00:00", f"{moment:%H:%M:%S}", "exp, in Pacific time")


def _expires_in(server: Server) -> Said:
    claims, values = server.claims, values_of(server.token_reply)
    if not isinstance(claims.get("exp"), int) or not isinstance(claims.get("iat"), int):
        return None
    wanted = claims["exp"] - claims["iat"] - responses.EXPIRES_IN_SHORTFALL
    return _is(wanted, values.get("expires_in"), "expires_in (exp - iat - 2)")


def _no_scope(server: Server) -> Said:
    reply = server.scopeless
    return _all(_is(200, reply.status_code, "status"), _members(responses.TOKEN_WITHOUT_SCOPE, values_of(reply)))


def _jwks(server: Server) -> Said:
    reply = server.ask("GET", OPERATIONS["jwks"].path)
    keys = values_of(reply).get("keys")
    if not isinstance(keys, list) or not keys or not all(isinstance(each, dict) for each in keys):
        return Finding('{"keys":[{"kty":"RSA",…}]}', f"{reply.status_code} {_shown(reply.text)}")
    try:
        jws.deserialize_compact(server.access_token, KeySet.import_key_set({"keys": keys}), [responses.ALGORITHM])
    except (JoseError, ValueError, KeyError, TypeError) as error:
        return Finding("keys that the token was signed with", f"{type(error).__name__} with them")
    return _is(", ".join(sorted(responses.JWK.members)), ", ".join(sorted(keys[0])), "members of a key")


def _no_store(server: Server) -> Said:
    control = server.token_reply.headers.get("cache-control", "")
    return "no-store" in control or Finding("Cache-Control: no-store", f"Cache-Control: {control or 'none'}")


def _challenge(server: Server) -> Said:
    reply = server.ask("GET", OPERATIONS["save-status"].path.format(id=2))
    if reply.status_code != 401:
        return None
    challenge = reply.headers.get("www-authenticate", "")
    return challenge.lower().startswith("bearer") or Finding("WWW-Authenticate: Bearer …", challenge or "no header")


def _scheme_case(server: Server) -> Said:
    headers = {"Authorization": f"bearer {server.access_token}"}
    reply = server.ask("GET", OPERATIONS["save-status"].path.format(id=3), headers=headers)
    return reply.status_code != 401 or Finding("bearer is taken as Bearer is", f"{reply.status_code}")


# -- upload


def _upload_reply(server: Server) -> Said:
    return _accepted(server.upload_reply, "upload", OPERATIONS["save-status"].path)


def _accepted(reply: httpx.Response, kind: str, path: str) -> Said:
    values = values_of(reply)
    submission, links = values.get("submission"), values.get("links")
    stem = path.removesuffix("{id}")
    href = urlsplit(href_of(reply))
    return _all(
        _members(responses.ACCEPTED, values),
        _is(responses.ACCEPTED_WORD[kind], values.get("status"), "status"),
        _members(responses.SUBMISSION, submission if isinstance(submission, dict) else {}),
        _members(responses.LINKS, links if isinstance(links, dict) else {}),
        _is("rel", links.get("rel") if isinstance(links, dict) else None, "links.rel"),
        bool(href.netloc and href.path.startswith(stem))
        or Finding(f"links.href: https://…{stem}…", f"links.href: {href_of(reply)}"),
    )


def _licence(server: Server) -> Said:
    return _is(server.claims.get("license_id"), values_of(server.upload_reply).get("licenseNumber"), "licenseNumber")


def _status_id(server: Server) -> Said:
    number = href_of(server.upload_reply).rpartition("/")[2]
    return bool(re.fullmatch(r"\d+", number)) or Finding("a whole number at the end of links.href", _shown(number))


def _part_type(server: Server) -> Said:
    reply = server.bare_upload_reply
    return reply.status_code in (200, 202) or Finding("it is taken", f"{reply.status_code} {_shown(reply.text)}")


# -- status


def _final(server: Server) -> httpx.Response | None:
    last = server.statuses[-1] if server.statuses else None
    return last if last is not None and values_of(last).get("statusMessage") == responses.FINAL_WORD else None


def _pending(server: Server) -> list[httpx.Response]:
    return [each for each in server.statuses if values_of(each).get("statusMessage") != responses.FINAL_WORD]


def _status_reply(server: Server) -> Said:
    if not server.statuses:
        return Finding("a status", "links.href leads to none")
    final = _final(server)
    if final is None:
        last = server.statuses[-1]
        return Finding("a final status (statusMessage complete)", f"{last.status_code} {_shown(last.text)}")
    values = values_of(final)
    return _all(_members(responses.STATUS, values), _is(responses.FINAL_STATUS, values.get("status"), "status"))


def _final_code(server: Server) -> Said:
    final = _final(server)
    return None if final is None else _is(200, final.status_code, "status code")


def _pending_code(server: Server) -> Said:
    pending = _pending(server)
    return _is(202, pending[0].status_code, "status code") if pending else None


def _pending_body(server: Server) -> Said:
    pending = _pending(server)
    if not pending:
        return None
    values = values_of(pending[0])
    return _all(
        _members(responses.STATUS, values),
        _is(responses.PENDING_WORD, values.get("statusMessage"), "statusMessage"),
        _is(False, values.get("isUploaded"), "isUploaded"),
        _is(None, values.get("completedAt"), "completedAt"),
    )


def _of_final(look: Callable[[dict[str, Any]], Said]) -> Judge:
    def judge(server: Server) -> Said:
        final = _final(server)
        return None if final is None else look(values_of(final))

    return judge


def _completed_at(values: dict[str, Any]) -> Said:
    parts = values.get("completedAt")
    good = isinstance(parts, list) and 5 <= len(parts) <= 7 and all(isinstance(each, int) for each in parts)
    return good or Finding("completedAt: five to seven whole numbers", _shown(parts))


def _message(values: dict[str, Any]) -> Said:
    messages = values.get("successMessages")
    wanted = responses.SAVED_MESSAGE["upload"].split("{date}")[0].format(file=FILE, count=RECORDS)
    first = messages[0] if isinstance(messages, list) and messages else ""
    good = isinstance(first, str) and re.fullmatch(re.escape(wanted) + r"\d{4}-\d\d-\d\d\.", first)
    return bool(good) or Finding(f"{wanted}YYYY-MM-DD.", _shown(first))


def _statistics(values: dict[str, Any]) -> Said:
    lines = values.get("jobStatisticsMessageList")
    found = [str(each).partition(":")[0] for each in lines] if isinstance(lines, list) else []
    return _is([name for name, _ in responses.STATISTICS], found, "jobStatisticsMessageList")


def _saved(values: dict[str, Any]) -> Said:
    wanted = {
        "isUploaded": True, "hasErrors": False, "hasDuplicates": False, "savedCount": RECORDS, "errorMessages": [],
    }  # fmt: skip
    return _is(wanted, {name: values.get(name) for name in wanted})


# -- item update


def _update_reply(server: Server) -> Said:
    return _accepted(server.update_reply, "update", OPERATIONS["update-status"].path)


def _update_status(server: Server) -> Said:
    final = server.update_statuses[-1] if server.update_statuses else None
    values = values_of(final) if final is not None else {}
    if values.get("statusMessage") != responses.FINAL_WORD:
        return Finding("a final status of the update", _shown(final.text if final is not None else "none"))
    return _all(
        _members(responses.STATUS, values),
        _is(None, values.get("completedAt"), "completedAt"),
        _is([], values.get("jobStatisticsMessageList"), "jobStatisticsMessageList"),
    )


# -- the web layer


def _headers(server: Server) -> Said:
    headers = server.token_reply.headers
    wanted = dict(responses.EVERY_HEADER)
    return _is(wanted, {name: headers.get(name) for name in wanted})


def _json(server: Server) -> Said:
    return _is(responses.JSON, server.upload_reply.headers.get("content-type"), "Content-Type")


def _error_body(server: Server) -> Said:
    values = values_of(server.ask("GET", "/api/capss-kit", headers=bearer(server.access_token)))
    return _all(
        _members(responses.ERROR, values), _is("int", type(values.get("timestamp")).__name__, "type of timestamp")
    )


_OWN: dict[str, Judge] = {
    "TOK-REPLY": _token_reply,
    "TOK-JWT-HEADER": _header,
    "TOK-JWT-CLAIMS": _claims,
    "TOK-KEY-SIZE": _key_size,
    "TOK-EXP-MIDNIGHT": _midnight,
    "TOK-EXPIRES-IN": _expires_in,
    "TOK-SCOPE-NONE": _no_scope,
    "TOK-JWKS": _jwks,
    "BEA-SCHEME-CASE": _scheme_case,
    "UPL-REPLY": _upload_reply,
    "UPL-CODE": lambda server: _is(202, server.upload_reply.status_code, "status code"),
    "UPL-LICENCE": _licence,
    "UPL-STATUS-ID": _status_id,
    "UPL-PART-TYPE": _part_type,
    "STA-REPLY": _status_reply,
    "STA-FINAL-CODE": _final_code,
    "STA-PENDING-CODE": _pending_code,
    "STA-PENDING-BODY": _pending_body,
    "STA-COMPLETED-AT": _of_final(_completed_at),
    "STA-FILENAME": _of_final(lambda values: _is(FILE, values.get("fileName"), "fileName")),
    "STA-MESSAGE": _of_final(_message),
    "STA-STATISTICS": _of_final(_statistics),
    "STA-FINAL-SAVED": _of_final(_saved),
    "UPD-REPLY": _update_reply,
    "UPD-CODE": lambda server: _is(202, server.update_reply.status_code, "status code"),
    "UPD-STATUS": _update_status,
    "WEB-HEADERS": _headers,
    "WEB-JSON": _json,
    "WEB-ERROR-BODY": _error_body,
}

JUDGES: dict[str, Judge] = {
    **{PREFIX + rule: _OWN.get(rule) or _refused(rule) for rule in ASKED},
    "SRV-NO-STORE": _no_store,
    "SRV-CHALLENGE": _challenge,
}
