"""One lie for each check of a server: what it changes in the mock's answers, so that just that is found out.

Hand-written: a lie is a path that it is about, and what becomes of the answer there.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx

Lie = Callable[[httpx.Request, httpx.Response], httpx.Response | None]
TOKEN, SAVE, STATUS = "/oauth2/token", "/api/bulkimport/save", "/api/bulkimport/status/"
UPDATE, UPDATE_STATUS = "/api/itemupdate/updateItem", "/api/itemupdate/status/"


def _new(reply: httpx.Response, status: int | None = None, text: str | None = None, **headers: str) -> httpx.Response:
    kept = {name: value for name, value in reply.headers.items() if name != "content-length"}
    kept |= {name.replace("_", "-"): value for name, value in headers.items()}
    content = reply.content if text is None else text.encode()
    return httpx.Response(status or reply.status_code, headers=kept, content=content, request=reply.request)


def _without(name: str) -> Callable[[httpx.Response], httpx.Response]:
    def change(reply: httpx.Response) -> httpx.Response:
        kept = {each: value for each, value in reply.headers.items() if each.lower() not in (name, "content-length")}
        return httpx.Response(reply.status_code, headers=kept, content=reply.content, request=reply.request)

    return change


def when(path: str, good: bool, change: Callable[[httpx.Response], httpx.Response]) -> Lie:
    """A lie about answers on a path: good ones (2xx), or refusals."""

    def lie(request: httpx.Request, reply: httpx.Response) -> httpx.Response | None:
        about = request.url.path == path or (path.endswith("/") and request.url.path.startswith(path))
        return change(reply) if about and reply.is_success is good else None

    return lie


def json_of(path: str, change: Callable[[dict[str, Any]], Any]) -> Lie:
    """A lie in the JSON of good answers on a path."""

    def changed(reply: httpx.Response) -> httpx.Response:
        values = json.loads(reply.content)
        after = change(values)
        return _new(reply, text=json.dumps(values if after is None else after, separators=(",", ":")))

    return when(path, True, changed)


def _set(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda values: values.update(members)


def final(change: Callable[[dict[str, Any]], Any], path: str = STATUS, word: str = "complete") -> Lie:
    """A lie in final (or pending) statuses."""

    def only(values: dict[str, Any]) -> Any:
        return change(values) if values.get("statusMessage") == word else None

    return json_of(path, only)


def jwt(part: int, change: Callable[[dict[str, Any]], Any]) -> Lie:
    """A lie in the header (0) or the claims (1) of tokens; the signature stays as it is."""

    def changed(values: dict[str, Any]) -> None:
        parts = values["access_token"].split(".")
        inner = json.loads(base64.urlsafe_b64decode(parts[part] + "=="))
        after = change(inner)
        parts[part] = (
            base64.urlsafe_b64encode(json.dumps(inner if after is None else after).encode()).decode().rstrip("=")
        )
        values["access_token"] = ".".join(parts)

    return json_of(TOKEN, changed)


def refusal(asks: Callable[[httpx.Request], bool], status: int = 418, text: str | None = None) -> Lie:
    """Another status for requests of a kind."""

    def lie(request: httpx.Request, reply: httpx.Response) -> httpx.Response | None:
        return _new(reply, status, text) if asks(request) else None

    return lie


def _body(request: httpx.Request) -> str:
    return request.content.decode("latin-1") if hasattr(request, "_content") else ""


def token_with(text: str) -> Callable[[httpx.Request], bool]:
    """Token requests with this in their form."""
    return lambda request: request.url.path == TOKEN and text in _body(request)


def _header(name: str, start: str) -> Callable[[httpx.Request], bool]:
    return lambda request: request.headers.get(name, "").startswith(start)


def _nobody(request: httpx.Request) -> bool:
    wanted = base64.b64encode(b"capss-kit-nobody:not-a-secret").decode()
    return request.headers.get("authorization") == f"Basic {wanted}"


def _bare_token(request: httpx.Request) -> bool:
    return request.url.path == TOKEN and request.method == "POST" and "authorization" not in request.headers


def _status_with(bearer: Callable[[str], bool]) -> Callable[[httpx.Request], bool]:
    def asks(request: httpx.Request) -> bool:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        return request.url.path.startswith(STATUS) and kind == "Bearer" and bearer(value)

    return asks


def _claims(token: str) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    except (ValueError, IndexError):
        return {}
    return values


def _signature_cut(values: dict[str, Any]) -> None:
    values["access_token"] = values["access_token"][:-100]


def _links(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda values: values["links"].update(members)


def _last_step(values: dict[str, Any]) -> None:
    values["links"]["href"] += "-a"


LIES: dict[str, Lie] = {
    "SRV-TOK-REPLY": json_of(TOKEN, lambda values: dict(reversed(values.items())) if "scope" in values else values),
    "SRV-TOK-JWT-HEADER": jwt(0, _set(typ="JWT")),
    "SRV-TOK-JWT-CLAIMS": jwt(1, _set(disabled=0)),
    "SRV-TOK-KEY-SIZE": json_of(TOKEN, _signature_cut),
    "SRV-TOK-EXP-MIDNIGHT": jwt(1, lambda values: values.update(exp=values["exp"] + 60, iat=values["iat"] + 60, nbf=values["nbf"] + 60)),
    "SRV-TOK-EXPIRES-IN": json_of(TOKEN, lambda values: values.update(expires_in=values["expires_in"] + 2)),
    "SRV-TOK-WRONG-SECRET": refusal(_nobody),
    "SRV-TOK-NO-CREDENTIALS": refusal(lambda request: _bare_token(request) and "client_id" not in _body(request)),
    "SRV-TOK-BASIC-MALFORMED": refusal(_header("authorization", "Basic !!!"), 401),
    "SRV-TOK-CLIENT-SECRET-POST": refusal(lambda request: _bare_token(request) and "client_id" in _body(request), 200),
    "SRV-TOK-GET": refusal(lambda request: request.url.path == TOKEN and request.method == "GET", 405),
    "SRV-TOK-GRANT-MISSING": refusal(lambda request: token_with("scope=api")(request) and "grant_type" not in _body(request)),
    "SRV-TOK-GRANT-UNSUPPORTED": refusal(token_with("grant_type=password"), text='{"error":"invalid_request"}', status=400),
    "SRV-TOK-REFRESH-PARAMETER": refusal(token_with("grant_type=refresh_token")),
    "SRV-TOK-CODE-PARAMETER": refusal(token_with("grant_type=authorization_code")),
    "SRV-TOK-SCOPE-REFUSED": refusal(token_with("capss-kit-nothing"), 403),
    "SRV-TOK-SCOPE-TWICE": refusal(token_with("scope=api&scope=api")),
    "SRV-TOK-SCOPE-NONE": lambda request, reply: (
        _new(reply, text=reply.text[:-1] + ',"scope":""}') if _body(request) == "grant_type=client_credentials" and request.url.path == TOKEN else None
    ),
    "SRV-TOK-JWKS": json_of("/oauth2/jwks", lambda values: {"keys": [each | {"use": "sig"} for each in values["keys"]]}),
    "SRV-BEA-NONE": lambda request, reply: (
        _new(reply, text='{"error":"no"}') if request.url.path == f"{STATUS}1" and "authorization" not in request.headers else None
    ),
    "SRV-BEA-MALFORMED": refusal(_header("authorization", "Bearer not a token"), 400),
    "SRV-BEA-NOT-JWT": refusal(_header("authorization", "Bearer nothing"), 400),
    "SRV-BEA-ALG-NONE": refusal(_status_with(lambda token: token.endswith(".")), 404),
    "SRV-BEA-SIGNATURE": refusal(_status_with(lambda token: token.endswith("A" * 500)), 404),
    "SRV-BEA-SCOPE": refusal(_status_with(lambda token: bool(_claims(token)) and "scope" not in _claims(token) and not token.endswith((".", "AAA"))), 401),
    "SRV-BEA-SCHEME-CASE": refusal(_header("authorization", "bearer "), 401),
    "SRV-UPL-REPLY": json_of(SAVE, _links(rel="self")),
    "SRV-UPL-CODE": when(SAVE, True, lambda reply: _new(reply, 200)),
    "SRV-UPL-LICENCE": json_of(SAVE, _set(licenseNumber="000000301")),
    "SRV-UPL-STATUS-ID": json_of(SAVE, _last_step),
    "SRV-UPL-PART-TYPE": lambda request, reply: (
        _new(reply, 415) if request.url.path == SAVE and b"boundary=capss" in request.headers.get("content-type", "").encode() and reply.is_success else None
    ),
    "SRV-STA-REPLY": final(_set(status="200")),
    "SRV-STA-FINAL-CODE": lambda request, reply: (
        _new(reply, 202) if request.url.path.startswith(STATUS) and b'"complete"' in reply.content else None
    ),
    "SRV-STA-PENDING-CODE": lambda request, reply: (
        _new(reply, 200) if request.url.path.startswith(STATUS) and b'"processing"' in reply.content else None
    ),
    "SRV-STA-PENDING-BODY": final(_set(isUploaded=True), word="processing"),
    "SRV-STA-COMPLETED-AT": final(_set(completedAt="2025-12-15T14:08:10")),
    "SRV-STA-FILENAME": final(_set(fileName="C:/day.xml")),
    "SRV-STA-MESSAGE": final(_set(successMessages=["Saved."])),
    "SRV-STA-STATISTICS": final(lambda values: values.update(jobStatisticsMessageList=[each.replace("Transations", "Transactions") for each in values["jobStatisticsMessageList"]])),
    "SRV-STA-FINAL-SAVED": final(_set(savedCount=1)),
    "SRV-STA-UNKNOWN": refusal(lambda request: request.url.path == f"{STATUS}{10**14}", 403),
    "SRV-STA-BAD-ID": refusal(lambda request: request.url.path == f"{STATUS}abc", 404),
    "SRV-UPD-REPLY": json_of(UPDATE, _set(status="new")),
    "SRV-UPD-CODE": when(UPDATE, True, lambda reply: _new(reply, 200)),
    "SRV-UPD-STATUS": final(_set(jobStatisticsMessageList=["Total Items: 1"]), UPDATE_STATUS),
    "SRV-WEB-HEADERS": when(TOKEN, True, lambda reply: _new(reply, x_frame_options="SAMEORIGIN")),
    "SRV-WEB-JSON": when(SAVE, True, lambda reply: _new(reply, content_type="application/json;charset=UTF-8")),
    "SRV-WEB-ERROR-BODY": lambda request, reply: (
        _new(reply, text='{"status":404,"error":"Not Found","message":"no"}') if request.url.path == "/api/capss-kit" else None
    ),
    "SRV-WEB-NOT-FOUND": refusal(lambda request: request.url.path == "/api/capss-kit", 400),
    "SRV-WEB-METHOD": when(SAVE, False, _without("allow")),
    "SRV-WEB-NO-PART": refusal(lambda request: request.url.path == SAVE and b"C:/" in request.content, 200),
    "SRV-WEB-NOT-MULTIPART": refusal(lambda request: request.url.path == SAVE and request.content == b"a=b", 415),
    "SRV-WEB-BROKEN-MULTIPART": refusal(lambda request: request.url.path == SAVE and request.content.endswith(b"Content-Disp"), 400),
    "SRV-NO-STORE": when(TOKEN, True, lambda reply: _new(reply, cache_control="private")),
    "SRV-CHALLENGE": lambda request, reply: _without("www-authenticate")(reply) if request.url.path == f"{STATUS}2" else None,
}  # fmt: skip
