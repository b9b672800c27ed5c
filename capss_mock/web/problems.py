"""The one way from a refusal to status, body and headers: what the contract says of its rule."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from capss_mock.contract import responses
from capss_mock.contract.model import Answer
from capss_mock.contract.rules import RULES
from capss_mock.domain.errors import Refusal
from capss_mock.domain.times import SECOND
from capss_mock.settings import Settings
from capss_mock.web.wire import dumps

_BY_CODE = {404: "WEB-NOT-FOUND", 405: "WEB-METHOD", 413: "WEB-TOO-LARGE"}
_SWITCHED = {
    # rule, switch, setting -> the rule that answers instead
    ("TOK-NO-CREDENTIALS", "missing-credentials", "302"): "TOK-NO-CREDENTIALS-LOGIN",
    ("TOK-DATE-PAST", "past-date", "500"): "WEB-FAULT",
}


def from_http(error: HTTPException) -> Refusal:
    """The refusal behind an error that Flask or Werkzeug raised."""
    code = error.code or 500
    allow = ""
    if isinstance(error, MethodNotAllowed):
        allow = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
    return Refusal(_BY_CODE.get(code, "WEB-FAULT" if code >= 500 else "WEB-BAD-REQUEST"), allow=allow)


def answer_for(refusal: Refusal, settings: Settings) -> Answer:
    """What the contract, under these switches, answers."""
    rule = refusal.rule
    for (name, switch, setting), other in _SWITCHED.items():
        if rule == name and settings.is_set(switch, setting):
            rule = other
    if rule == "BEA-NONE" and request.method == "POST" and settings.is_set("post-without-token", "403"):
        rule = "BEA-NONE-CSRF"
    answer = RULES[rule].answer
    assert answer is not None, rule  # noqa: S101 - a refusal's rule has an answer; a test holds it
    return answer


def timestamp(now_ns: int, settings: Settings) -> int | str:
    """The timestamp of an error reply."""
    if settings.is_set("error-timestamp", "number"):
        return now_ns // 10**6
    moment = datetime.fromtimestamp(now_ns // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{now_ns // 10**6 % 1000:03d}+00:00"


def respond(refusal: Refusal, settings: Settings, now_ns: int) -> Response:
    """The reply to a refused request."""
    answer = answer_for(refusal, settings)
    if answer.body is None:
        values = {
            "timestamp": timestamp(now_ns, settings),
            "status": answer.status,
            "error": HTTPStatus(answer.status).phrase,
            "path": request.path,
        }
        response = Response(dumps(responses.ERROR.fill(values)), answer.status, content_type=responses.JSON)
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
