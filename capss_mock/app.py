"""The Flask application: wiring that reads as a list."""

import sys
import time
import traceback
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Flask, Request, Response, g, request
from werkzeug.exceptions import HTTPException

from capss_mock.contract.responses import EVERY_HEADER, HTTPS_HEADER
from capss_mock.contract.rules import RULES
from capss_mock.domain.errors import Refusal
from capss_mock.settings import Settings
from capss_mock.web import near, problems
from capss_mock.web.api import api
from capss_mock.web.context import KEY, Context, here
from capss_mock.web.control import controls, health
from capss_mock.web.journal import (
    Part,
    clean_answer,
    clean_answer_headers,
    clean_headers,
    clean_query,
)
from capss_mock.web.multipart import base_name
from capss_mock.web.playing import install, operation_of
from capss_mock.web.requestlog import Line, plain_method, plain_name, plain_note, plain_path

_DRAIN_CHUNK = 64 * 1024
_STATUS_LINES = {each.value: f"{each.value} {each.phrase}" for each in HTTPStatus}  # not in capitals


@cache
def create_app(generation: str) -> Flask:
    """A WSGI application that serves whatever run a request brings in its environment (``web/context.py``).

    It holds nothing of a run, so that all runs share it: making one takes longer than a test's few requests.

    Args:
        generation: the setting of the switch ``api-generation``, which says which routes there are.
    """
    app = Flask("capss_mock", static_folder=None)
    app.url_map.merge_slashes = False

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        request.max_content_length = _limit()

    app.register_blueprint(api(generation))
    app.register_blueprint(health())
    app.register_blueprint(controls())

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        capss = here().capss
        rule = problems.rule_for(refusal, capss.settings)
        g.rule = rule.id
        detail = f"{refusal.detail}; " if refusal.detail else ""
        g.note = f"{rule.id} [{rule.grade}] {detail}fix: {rule.hint}"
        return problems.respond(refusal, capss.settings, capss.clock.now_ns())

    @app.errorhandler(HTTPException)
    def refused_by_flask(error: HTTPException) -> Response:
        return refused(problems.from_http(error))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        # names and places only: the message of an exception may quote the request
        place = traceback.extract_tb(error.__traceback__)[-1]
        print(f"capss-mock: {type(error).__name__} in {place.filename}:{place.lineno}", file=sys.stderr)
        return refused(Refusal("WEB-FAULT", f"{type(error).__name__} at line {place.lineno} of {place.name}"))

    @app.after_request
    def end(response: Response) -> Response:
        # themselves, not Flask's proxies: each look through one costs, and here are forty
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # Flask's stub says it is no proxy
        seen: Any = g._get_current_object()
        context: Context = asked.environ[KEY]
        settings = context.capss.settings
        if not _drained(asked, settings.choice("size-limit").count):
            response.headers["Connection"] = "close"
        response.status = _STATUS_LINES[response.status_code]
        for name, value in (*EVERY_HEADER, *((HTTPS_HEADER,) if asked.is_secure else ())):
            response.headers[name] = value
        line = _line(asked, seen, response, context.capss.clock.now_ns())
        context.log.add(line)
        if not asked.path.startswith("/__capss/"):
            context.journal.add(**_entry(asked, seen, response, line, settings))
        return response

    install(app)  # its hook runs before the one above, which notes what really goes out
    return app


def _limit() -> int:
    return here().capss.settings.choice("size-limit").count


def _drained(asked: Request, limit: int) -> bool:
    """Read what an early answer left of the request, so that the connection can go on.

    Not what is over the limit: the server then closes, and takes in for a moment what still comes.
    """
    if (asked.content_length or 0) > limit:
        return False
    body = asked.environ["wsgi.input"]
    left = limit
    try:
        while left > 0 and (chunk := body.read(min(_DRAIN_CHUNK, left))):
            left -= len(chunk)
    except (OSError, ValueError):
        return False
    return left > 0


def _line(asked: Request, seen: Any, response: Response, now_ns: int) -> Line:
    note, fault = str(seen.get("note", "")), seen.get("fault")
    return Line(
        at_ns=now_ns,
        method=plain_method(asked.method),
        path=plain_path(problems.raw_path()),
        status=0 if seen.get("reset") else response.status_code,  # 0: there was no answer
        ms=round((time.perf_counter() - seen.started) * 1000, 2),
        rule=seen.get("rule"),
        note=plain_note(f"[{fault}] {note}".rstrip() if fault else note),
    )


def _entry(asked: Request, seen: Any, response: Response, line: Line, settings: Settings) -> dict[str, Any]:
    """A request for the journal."""
    size = response.content_length or 0
    parts = [
        Part(
            plain_name(part.name),
            None if part.filename is None else plain_name(base_name(part.filename)),
            part.size,
            seen.get("digest", "") if part.taken else part.digest.hexdigest(),
        )
        for part in seen.get("parts", ())
    ]
    rule = RULES.get(line.rule or seen.get("finding", ""))
    instead = ""
    if line.rule:
        generation = settings.choice("api-generation").value
        instead = near.instead(asked.method, asked.path, asked.host_url.rstrip("/"), generation)
    return {
        "at_ns": line.at_ns,
        "ms": line.ms,
        "method": line.method,
        "path": line.path,
        "query": clean_query(asked.args.items(multi=True)),
        "headers": clean_headers(asked.environ),
        "parts": tuple(parts),
        "status": line.status,
        "answer_headers": clean_answer_headers(response.headers),
        "answer": clean_answer(seen.get("answer"), size),
        "rule": line.rule,
        "note": line.note,
        "fix": rule.hint if rule else "",
        "scenario": settings.scenario,
        "fault": seen.get("fault"),
        "finding": seen.get("finding", ""),
        "operation": "" if line.rule == "WEB-PATH" else operation_of(asked),
        "instead": instead,
    }
