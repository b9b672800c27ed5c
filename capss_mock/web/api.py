"""The CAPSS endpoints, for the API generations that the switch names."""

import re
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotFound

from capss_mock.contract import responses
from capss_mock.contract.model import Operation
from capss_mock.contract.operations import OPERATIONS, STATUS_OF, served
from capss_mock.contract.rules import RULES
from capss_mock.domain.errors import Refusal
from capss_mock.domain.reading import Reading
from capss_mock.domain.submissions import Submission
from capss_mock.domain.times import java_instant
from capss_mock.usecases import Capss
from capss_mock.web import problems, wire
from capss_mock.web.context import here
from capss_mock.web.multipart import receive

_STATUS_ID = re.compile(r"\d{1,18}", re.ASCII)
_FIREWALLED = re.compile(r"//|/\.{1,2}(/|\Z)|[;\\]|%(00|25|2e|2f|3b|5c)|[^\x21-\x7e]", re.IGNORECASE)


def _json(value: Any, status: int, content_type: str = responses.JSON) -> Response:
    g.answer = value
    return Response(wire.dumps(value), status, content_type=content_type)


def _empty() -> Response:
    response = Response(status=200)
    response.headers.remove("Content-Type")
    return response


def _lists(values: Any) -> dict[str, list[str]]:
    return dict(values.lists())


def api(generation: str) -> Blueprint:
    """A blueprint with one route per operation; every route but the public ones needs a bearer.

    Args:
        generation: the setting of the switch ``api-generation``.
    """
    blueprint = Blueprint("api", __name__)
    views = {
        "token": _token,
        "jwks": _jwks,
        "introspect": _introspect,
        "revoke": _revoke,
        "metadata": _metadata,
        "upload": _upload,
        "update": _update,
        "upload-status": _status,
        "update-status": _status,
    }
    public, public_paths = set(), set()
    operations = served(generation)
    token_paths = [f"{each.method} {each.path}" for each in operations if each.kind == "token"]
    for operation in operations:
        blueprint.add_url_rule(
            operation.path.replace("{id}", "<number>"),
            endpoint=operation.id,
            view_func=_bound(views[operation.kind], operation),
            methods=[operation.method],
            provide_automatic_options=False,
        )
        if operation.public:
            public.add(f"api.{operation.id}")
            public_paths.add(operation.path)

    @blueprint.before_app_request
    def authenticate() -> None:
        if request.method == "TRACE":
            raise Refusal("WEB-TRACE")
        # before routing, as in the stack: an unknown path without a token is 401, not 404
        if _FIREWALLED.search(problems.raw_path()):
            raise Refusal("WEB-PATH")
        if request.endpoint in public or request.path.startswith("/__capss/"):
            return
        try:
            g.caller = here().capss.tokens.authenticate(request.headers.get("Authorization"))
        except Refusal as refusal:
            if refusal.rule == "BEA-NONE" and request.method == "GET" and request.path in public_paths:
                raise Refusal("TOK-GET", f"{request.path} takes POST") from None
            if refusal.rule == "BEA-NONE" and not request.path.startswith("/api/"):
                raise Refusal("BEA-NONE", f"no such path; tokens are given by {' and '.join(token_paths)}") from None
            raise
        if request.path in public_paths:
            raise NotFound  # behind the token, the stack has nothing here for another method

    return blueprint


def _takes_json() -> bool:
    return not request.accept_mimetypes or request.accept_mimetypes[responses.JSON] > 0


def _bound(view: Any, operation: Operation) -> Any:
    def answer(**values: Any) -> Response:
        response: Response = view(here().capss, operation, **values)
        if not operation.public and not _takes_json():
            raise Refusal("WEB-NOT-ACCEPTABLE", f"done all the same: {g.note}")
        return response

    return answer


def _token(capss: Capss, _: Operation) -> Response:
    issued = capss.tokens.issue(request.headers.get("Authorization"), _lists(request.form), _lists(request.args))
    g.note = (
        f"token for {issued.client.client_id}, licence {issued.client.license_id}, until {java_instant(issued.exp)}"
    )
    if "scope" not in issued.reply:
        g.note += "; without scope=api it will get 403 on /api"
    return _json(issued.reply, 200, responses.OAUTH_JSON)


def _jwks(capss: Capss, _: Operation) -> Response:
    g.note = "public keys"
    return _json(capss.tokens.jwks(), 200)


def _introspect(capss: Capss, _: Operation) -> Response:
    reply = capss.tokens.introspect(request.headers.get("Authorization"), _lists(request.form))
    g.note = "the token is active" if len(reply) > 1 else "the token is not active"
    return _json(reply, 200, responses.OAUTH_JSON)


def _revoke(capss: Capss, _: Operation) -> Response:
    revoked = capss.tokens.revoke(request.headers.get("Authorization"), _lists(request.form))
    still = "; /api takes it until exp (switch old-tokens)" if capss.settings.is_set("old-tokens", "valid") else ""
    g.note = f"revoked{still}" if revoked else "nothing to revoke: not a good token of this client"
    return _empty()


def _metadata(capss: Capss, _: Operation) -> Response:
    g.note = "authorization server metadata"
    return _json(capss.tokens.metadata(f"{request.scheme}://{request.host}"), 200, responses.OAUTH_JSON)


def _upload(capss: Capss, operation: Operation) -> Response:
    query, ignored = capss.submissions.read_query(_lists(request.args))
    reading, file_name = _document(capss, operation)
    submission = capss.submissions.accept_upload(g.caller, reading, file_name, query)
    reply = _accepted(capss, operation, submission, "save-code")
    if ignored:
        g.note += f"; {ignored}"
    return reply


def _update(capss: Capss, operation: Operation) -> Response:
    reading, file_name = _document(capss, operation)
    return _accepted(capss, operation, capss.submissions.accept_update(g.caller, reading, file_name), "update-code")


def _document(capss: Capss, operation: Operation) -> tuple[Reading, str]:
    """Read the request's document while it arrives; gives the reading and the file's name."""
    intake = capss.submissions.open_intake(operation.kind)
    content_type = request.headers.get("Content-Type", "")
    try:
        g.parts = []
        file_name = receive(request.stream, content_type, operation.part or "", intake.write, g.parts)
        reading = intake.finish()
        g.digest = reading.digest
        return reading, file_name
    except BaseException:
        intake.abort()
        raise


def _accepted(capss: Capss, operation: Operation, submission: Submission, switch: str) -> Response:
    path = OPERATIONS[STATUS_OF[operation.id]].path.format(id=submission.status_id)
    href = f"{request.scheme}://{request.host}{path}"
    g.note = f"{_verdict(submission)}; status {submission.status_id}, visible: {submission.progress}"
    request.environ.get("capss.submitted", _ignore)(submission.status_id)
    return _json(wire.accepted(submission, href), int(capss.settings.choice(switch).value))


def _status(capss: Capss, operation: Operation, number: str) -> Response:
    if not _STATUS_ID.fullmatch(number):
        raise Refusal("STA-BAD-ID")
    kind = operation.kind.removesuffix("-status")
    submission, visible = capss.submissions.status(g.caller, kind, int(number))
    if visible:
        g.note = f"final: {_verdict(submission)}"
        return _json(wire.final(submission, capss.settings.choice("completed-at")), 200)
    g.note = f"pending (poll {submission.polls}, visible: {submission.progress})"
    code = 202 if capss.settings.is_set("pending", "202") else 200
    return _json(wire.pending(submission), code)


_RULE_IN_WORDS = re.compile(r"\(([A-Z-]+)\)")


def _ignore(_status_id: int) -> None:
    """Nobody wants to know."""


def _verdict(submission: Submission) -> str:
    verdict = submission.verdict
    unit = "records" if submission.kind == "upload" else "items"
    words = f"{verdict.saved} of {verdict.total} {unit} saved"
    if verdict.duplicates:
        words += f", {verdict.duplicates} duplicates"
    if verdict.errors:
        words += f", {verdict.errors} with errors"
    if verdict.rules:
        words += f" ({', '.join(verdict.rules[:4])}{', …' if len(verdict.rules) > 4 else ''})"
    if verdict.error_messages:
        words += f"; first: {verdict.error_messages[0][:160]}"
    if verdict.rules:
        named = _RULE_IN_WORDS.search(verdict.error_messages[0]) if verdict.error_messages else None
        rule = RULES[named[1] if named and named[1] in RULES else verdict.rules[0]]
        words += f"; fix: {rule.hint}; more: capss-mock rules {rule.id}"
        g.finding = rule.id
    return words
