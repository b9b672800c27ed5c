"""The one way from a refusal to status, body and headers: what the contract says of its rule."""

import re
from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from capss_mock.contract import responses
from capss_mock.contract.model import Rule
from capss_mock.contract.rules import RULES
from capss_mock.domain.errors import Refusal
from capss_mock.domain.times import SECOND
from capss_mock.settings import Settings
from capss_mock.web.wire import dumps

_BY_CODE = {404: "WEB-NOT-FOUND", 405: "WEB-METHOD", 413: "WEB-TOO-LARGE"}


def raw_path() -> str:
    """The path as it was sent, without the scheme and host of an absolute form."""
    target = str(request.environ.get("REQUEST_URI") or request.path)
    return re.sub(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?]*", "", target).partition("?")[0]


def from_http(error: HTTPException) -> Refusal:
    """The refusal behind an error that Flask or Werkzeug raised."""
    if isinstance(error.__context__, TimeoutError):
        return Refusal("WEB-TIMEOUT")
    code = error.code or 500
    allow = ""
    if isinstance(error, MethodNotAllowed):
        allow = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
    return Refusal(_BY_CODE.get(code, "WEB-FAULT" if code >= 500 else "WEB-BAD-REQUEST"), allow=allow)


def rule_for(refusal: Refusal, settings: Settings) -> Rule:
    """The rule that answers under these switches."""
    rule = RULES[refusal.rule]
    if rule.id == "BEA-NONE" and request.method == "POST" and settings.is_set("post-without-token", "403"):
        rule = RULES["BEA-NONE-CSRF"]
    for option, other in rule.otherwise:
        if rule.switch and settings.is_set(rule.switch, option):
            rule = RULES[other]
    return rule


def timestamp(now_ns: int, settings: Settings) -> int | str:
    """The timestamp of an error reply."""
    if settings.is_set("error-timestamp", "number"):
        return now_ns // 10**6
    moment = datetime.fromtimestamp(now_ns // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{now_ns // 10**6 % 1000:03d}+00:00"


def respond(refusal: Refusal, settings: Settings, now_ns: int) -> Response:
    """The reply to a refused request."""
    answer = rule_for(refusal, settings).answer
    assert answer is not None, refusal.rule  # noqa: S101 - a refusal's rule has an answer; a test holds it
    if answer.body is None:
        values = {
            "timestamp": timestamp(now_ns, settings),
            "status": answer.status,
            "error": HTTPStatus(answer.status).phrase,
            "path": raw_path(),
        }
        g.answer = responses.ERROR.fill(values)
        response = Response(dumps(g.answer), answer.status, content_type=responses.JSON)
    else:
        response = Response(answer.body.encode(), answer.status)
        response.headers.remove("Content-Type")
        if answer.content_type:
            response.headers["Content-Type"] = answer.content_type
    base = f"{request.scheme}://{request.host}"
    for name, template in answer.headers:
        response.headers[name] = template.format(base=base, **refusal.values)
    response.autocorrect_location_header = False
    if answer.close:
        response.headers["Connection"] = "close"
    return response
