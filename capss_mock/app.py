"""The Flask application: wiring that reads as a list."""

import sys
import time
import traceback
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from capss_mock.contract.responses import EVERY_HEADER, HTTPS_HEADER
from capss_mock.domain.errors import Refusal
from capss_mock.usecases import Capss
from capss_mock.web import problems
from capss_mock.web.api import api
from capss_mock.web.control import control
from capss_mock.web.requestlog import Line, RequestLog, Sink, plain_method, plain_note, plain_path

_DRAIN_CHUNK = 64 * 1024


def create_app(capss: Capss, sink: Sink | None = None) -> Flask:
    """A WSGI application that serves ``capss``; ``sink`` gets one ``Line`` per request.

    Call ``app.extensions["capss-close"]()`` when done: it writes the journal and closes the store.
    """
    app = Flask("capss_mock", static_folder=None)
    app.url_map.merge_slashes = False
    limit = capss.settings.choice("size-limit").count
    app.config["MAX_CONTENT_LENGTH"] = limit
    log = RequestLog(capss.store, capss.settings.journal_rows, sink)

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()

    app.register_blueprint(api(capss))
    app.register_blueprint(control(capss))

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
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
        if not _drained(request.environ["wsgi.input"], limit):
            response.headers["Connection"] = "close"
        response.status = f"{response.status_code} {HTTPStatus(response.status_code).phrase}"  # not in capitals
        for name, value in (*EVERY_HEADER, *((HTTPS_HEADER,) if request.is_secure else ())):
            response.headers[name] = value
        log.add(_line(response, capss.clock.now_ns()))
        return response

    def close() -> None:
        log.close()
        capss.store.close()

    app.extensions["capss"] = capss
    app.extensions["capss-close"] = close
    return app


def _drained(body: Any, limit: int) -> bool:
    """Read what an early answer left of the request, so that the connection can go on.

    Not what is over the limit: the server then closes, and takes in for a moment what still comes.
    """
    if (request.content_length or 0) > limit:
        return False
    left = limit
    try:
        while left > 0 and (chunk := body.read(min(_DRAIN_CHUNK, left))):
            left -= len(chunk)
    except (OSError, ValueError):
        return False
    return left > 0


def _line(response: Response, now_ns: int) -> Line:
    return Line(
        at_ns=now_ns,
        method=plain_method(request.method),
        path=plain_path(request.path),
        status=response.status_code,
        ms=round((time.perf_counter() - g.started) * 1000, 2),
        rule=g.get("rule"),
        note=plain_note(g.get("note", "")),
    )
