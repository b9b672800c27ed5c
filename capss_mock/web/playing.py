"""Faults as they are played: what happens on the wire to a request that meets one.

A fault before the work is decided when the request arrives, one after it when the work has been done (a request that
was refused is none). What needs a socket (a reset) is done on the connection's own; in process, where there is none, it
is raised as the error that a client would see.
"""

import errno
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from flask import Flask, Request, Response, g, request

from capss_mock.contract.faults import ELSEWHERE, Do, Fault
from capss_mock.contract.operations import OPERATIONS
from capss_mock.web.context import here
from capss_mock.web.problems import raw_path
from capss_mock.web.wire import dumps

PATIENCE = "capss.patience"  # in the WSGI environment: the seconds that a client in this process waits for an answer
_DRIPS = 20  # pieces into which a dripping answer is cut


def install(app: Flask) -> None:
    """Let requests of an application meet faults. Call it after what makes the real answers is installed."""

    @app.before_request
    def before() -> Response | None:
        kind = _kind()
        faults = here().faults
        met = faults.meet(kind, after=False) if kind else None
        return _done(met, None, faults.stopping) if met else None

    @app.after_request
    def after(response: Response) -> Response:
        kind = _kind()
        if not kind or g.get("fault") or response.status_code >= 400:
            return response
        faults = here().faults
        met = faults.meet(kind, after=True)
        if met is None:
            return response
        try:
            return _done(met, response, faults.stopping)
        except Exception as error:  # noqa: BLE001 - Flask would print it with what it quotes
            g.fault = f"{met[1]}: could not be played ({type(error).__name__})"
            return response


def operation_of(asked: Request) -> str:
    """The id of the operation that a request matched; empty for none."""
    endpoint = asked.endpoint or ""
    name = endpoint.removeprefix("api.")
    return name if endpoint.startswith("api.") and name in OPERATIONS else ""


def _kind() -> str:
    name = "" if request.method == "HEAD" else operation_of(request)
    return OPERATIONS[name].kind if name else ""


def _done(met: tuple[Fault, str], real: Response | None, stopping: threading.Event) -> Response:
    fault, source = met
    g.fault = f"{source}: {_words(fault, real)}"
    match fault.do:
        case Do.RESET:
            g.reset = True
            return Response(_reset(request.environ.get("capss.reset")), direct_passthrough=True)
        case Do.DELAY:
            patience = request.environ.get(PATIENCE)
            if patience is not None and patience < fault.seconds:
                stopping.wait(patience)  # over a socket, the client sees to that itself
                return Response(_Failing(TimeoutError()), direct_passthrough=True)
            stopping.wait(fault.seconds)
        case Do.ANSWER:
            g.answer = None
            return _answer(fault)
        case Do.CHANGE if real is not None:
            _change(fault, real)
        case Do.TRUNCATE if real is not None:
            _piecewise(real, lambda body: iter([body[: len(body) // 2]]))
            real.headers["Connection"] = "close"
        case Do.DRIP if real is not None:
            release = request.environ.get("capss.release")
            patience = request.environ.get(PATIENCE)
            if patience is not None and patience < fault.seconds / _DRIPS:
                return Response(_Failing(TimeoutError()), direct_passthrough=True)
            _piecewise(real, lambda body: _drip(body, fault.seconds, release, stopping))
    if real is None:
        raise ValueError(f"a fault {fault.do} needs a real answer: it can only come after the work")
    return real


def _words(fault: Fault, real: Response | None) -> str:
    """What was done, for the console and the journal."""
    work = f"after the work was done ({real.status_code})" if real is not None else "before anything was done"
    words = {
        Do.ANSWER: f"answered {fault.status}",
        Do.RESET: "reset the connection",
        Do.DELAY: f"answered {fault.seconds:g} s later",
        Do.DRIP: f"answered in {_DRIPS} pieces over {fault.seconds:g} s",
        Do.TRUNCATE: "sent half of the answer",
        Do.CHANGE: "changed the answer",
    }
    return f"{words[fault.do]} {work}"


def _places() -> dict[str, str]:
    query = request.query_string.decode("latin-1")
    path = raw_path() + (f"?{query}" if query else "")
    return {
        "base": f"{request.scheme}://{request.host}",
        "http": f"http://{request.host}",
        "path": path,
        "elsewhere": ELSEWHERE,
        **here().capss.settings.places,
    }


def _filled(template: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        template = template.replace("{" + name + "}", value)
    return template


def _answer(fault: Fault) -> Response:
    places = _places()
    response = Response(_filled(fault.body, places).encode("utf-8", "replace"), fault.status)
    response.headers.remove("Content-Type")
    for name, value in fault.headers:
        response.headers[name] = _filled(value, places)
    response.autocorrect_location_header = False
    return response


def _change(fault: Fault, real: Response) -> None:
    """Change members of a JSON answer; one that is none stays as it is."""
    values = deepcopy(g.get("answer"))
    if not isinstance(values, dict):
        return
    places = _places()
    if isinstance(values.get("links"), dict) and isinstance(values["links"].get("href"), str):
        places["path"] = "/" + values["links"]["href"].split("/", 3)[-1]
    for name, value in fault.members.items():
        *outer, last = name.split(".")
        target = values
        for step in outer:
            if not isinstance(target.get(step), dict):
                target[step] = {}
            target = target[step]
        target[last] = _filled(value, places) if isinstance(value, str) else value
    for name in fault.removed:
        values.pop(name, None)
    if fault.reverse:
        values = dict(reversed(values.items()))
    real.set_data(dumps(values))
    g.answer = values


def _piecewise(real: Response, cut: Any) -> None:
    """Send the body as ``cut`` gives it, under the length of the whole."""
    body = real.get_data()
    length = str(len(body))
    real.response = cut(body)
    real.headers["Content-Length"] = length


def _drip(body: bytes, seconds: float, release: Any, stopping: threading.Event) -> Iterator[bytes]:
    if release is not None:
        release()  # what is written goes out at once
    size = max(1, -(-len(body) // _DRIPS))
    for start in range(0, len(body), size):
        yield body[start : start + size]
        stopping.wait(seconds / _DRIPS)


def _reset(reset: Callable[[], None] | None) -> Iterator[bytes]:
    if reset is not None:
        reset()
    yield from _Failing(ConnectionResetError(errno.ECONNRESET, "the connection was reset (a fault that was asked for)"))


class _Failing:
    """An answer that breaks off before its first byte."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        raise self._error
