"""What the client does, each thing written once: get a token, send a document, wait for what becomes of it."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from capss_client._errors import CapssError, NotSent, Refused, Undetermined
from capss_client._models import Receipt, Result, Token, Unreadable
from capss_client._steps import Bearer, Call, Clock, Document, Flow, Lost, Pause, Reply, Unreachable

LOOK_FIRST = (
    "Do not send it again: look in CAPSS whether it is there, or ask whoever runs CAPSS; then send it again, or not."
)
_TLS = (
    "Nothing was sent, and trying again will not help: does this port speak TLS (https), and is its certificate to be "
    "trusted (--ca-file)?"
)
_TRIES = 4  # for what may be tried again
_TROUBLES = 6  # answers in a row that say nothing of a status
_FIRST_PAUSE_S = 0.6
_GROWTH = 1.5
_LONGEST_PAUSE_S = 30.0
_JITTER = 0.1
_BUSY = (429, 503)
_NOT_TAKEN = (400, 401, 403, 404, 405, 413)  # those that are given before anything is done
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_ADDRESS = re.compile(r"[\x21-\x7e]{1,2000}")
_TAKEN = (200, 201, 202)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is: ``stage`` is ``token``, ``sending``, ``accepted``, ``pending``, ``trouble`` or ``final``.

    ``polls`` counts the status requests; ``seconds`` runs from the beginning of the stage's flow; ``note`` is for
    people.
    """

    stage: str
    polls: int = 0
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """What flows need to know. ``base`` has no slash at the end; ``basic`` is the value of Basic credentials."""

    base: str
    token_url: str
    basic: str = field(repr=False)
    tell: Callable[[Progress], None] = lambda _progress: None
    clock: Clock = time.monotonic
    wall_clock: Clock = time.time
    chance: Callable[[], float] = random.random

    def pauses(self) -> Iterator[float]:
        """Seconds between tries: growing, with jitter, never under half a second."""
        pause = _FIRST_PAUSE_S
        while True:
            yield pause * (1 + _JITTER * (2 * self.chance() - 1))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE_S)


def get_token(setup: Setup, deadline: float) -> Flow[Token]:
    """A new access token.

    Raises:
        Refused: the credentials, or the scope, are not good.
        NotSent: the token endpoint cannot be reached, or does not answer as one.
    """
    setup.tell(Progress("token"))
    form = {"scope": "api", "grant_type": "client_credentials"}
    call = Call("POST", setup.token_url, form=form, basic=setup.basic, deadline=deadline)
    pauses = setup.pauses()
    for left in reversed(range(_TRIES)):
        wait = 0.0
        try:
            reply: Reply = yield call
        except (Unreachable, Lost) as error:
            problem = _no_token(f"no answer from {_host(setup.token_url)} ({error})")
            if isinstance(error, Unreachable) and error.lasting:
                raise NotSent(problem.found, expected=problem.expected, next_step=_TLS) from None
        else:
            if reply.status == 200:
                return _token(reply)
            if reply.status in (400, 401, 403):
                raise _token_refused(reply)
            problem = _no_token(f"the token endpoint answered {reply.status}")
            if reply.status not in _BUSY and reply.status < 500:
                raise problem
            wait = reply.retry_after(setup.wall_clock())
        wait = max(wait, next(pauses))
        if not left or setup.clock() + wait > deadline:
            raise problem
        yield Pause(wait)
    raise AssertionError("unreachable")  # pragma: no cover - the last try returns or raises


def _no_token(found: str) -> NotSent:
    return NotSent(
        found,
        expected="an access token",
        next_step="Nothing was sent: check the address (capss doctor), and try again later.",
    )


def _token(reply: Reply) -> Token:
    try:
        token = Token.parse(reply.json())
    except Unreadable as error:
        raise _no_token(f"the token endpoint answered 200, but {error}") from None
    if "api" not in token.scope.split():
        raise Refused(
            "the token has no scope api",
            expected="a token for api",
            next_step="Nothing was sent: let whoever runs CAPSS look at this API client's rights.",
            status=200,
            code="invalid_scope",
        )
    return token


def _token_refused(reply: Reply) -> Refused:
    try:
        values = reply.json()
        code = values.get("error", "") if isinstance(values, dict) else ""
        code = code if isinstance(code, str) and _CODE.fullmatch(code) else ""
    except Unreadable:
        code = ""
    hints = {
        "invalid_client": "check the client id and the secret; the API Client page sets a new one",
        "invalid_scope": "this API client has no right to api",
    }
    return Refused(
        f"the token endpoint answered {reply.status} {code or 'without saying why'}",
        expected="an access token",
        next_step=f"Nothing was sent: {hints.get(code, 'check the client id, the secret and the address')}.",
        status=reply.status,
        code=code,
    )


def send(setup: Setup, path: str, document: Document, query: Mapping[str, str], deadline: float) -> Flow[Receipt]:
    """Send a document. It is sent again only where nothing of it can have been kept: never after a lost answer.

    Raises:
        NotSent, Refused: it was not taken.
        Undetermined: it cannot be known.
    """
    url = setup.base + path
    pauses = setup.pauses()
    refused = ""
    tries = _TRIES
    while True:
        bearer: str = yield Bearer(refused, deadline)
        setup.tell(Progress("sending", note=document.path.name))
        wait = 0.0
        try:
            reply: Reply = yield Call("POST", url, query=query, document=document, bearer=bearer, deadline=deadline)
        except Unreachable as error:
            problem = NotSent(
                f"no connection to {_host(url)} ({error})",
                expected="an answer to the upload",
                next_step="Nothing was sent: check the address (capss doctor), and try again later.",
            )
            if error.lasting:
                raise NotSent(problem.found, expected=problem.expected, next_step=_TLS) from None
        except Lost as error:
            raise Undetermined(
                f"the answer to the upload was lost ({error})", expected="202 and where to ask", next_step=LOOK_FIRST
            ) from None
        else:
            if reply.status in _TAKEN:
                return _receipt(setup, url, reply)
            if reply.status == 401 and not refused:
                refused = bearer
                continue
            if reply.status not in _BUSY:
                raise _not_taken(reply)
            problem = NotSent(
                f"the server is busy ({reply.status})",
                expected="202 and where to ask",
                next_step="Nothing was taken: try again later.",
            )
            wait = reply.retry_after(setup.wall_clock())
        wait = max(wait, next(pauses))
        tries -= 1
        if not tries or setup.clock() + wait > deadline:
            raise problem
        setup.tell(Progress("trouble", note=problem.found))
        yield Pause(wait)


def _receipt(setup: Setup, url: str, reply: Reply) -> Receipt:
    try:
        receipt = Receipt.parse(reply.json())
    except Unreadable as error:
        raise Undetermined(
            f"the upload was answered {reply.status}, but {error}",
            expected="where to ask what becomes of it",
            next_step=LOOK_FIRST,
        ) from None
    return Receipt(receipt.license_number, receipt.submission_id, own(setup, url, receipt), receipt.status)


def own(setup: Setup, url: str, receipt: Receipt) -> str:
    """``links.href`` as an absolute URL.

    Raises:
        Undetermined: it is on another host, which must not get the token.
    """
    try:
        absolute = urljoin(url, receipt.href)
        same = origin(absolute) == origin(setup.base)
        name = _host(absolute)
    except ValueError:
        absolute, same, name = "", False, "no host at all"
    if same and receipt.href and _ADDRESS.fullmatch(absolute):
        return absolute
    raise Undetermined(
        f"links.href names {name}",
        expected=f"an address on {_host(setup.base)}",
        next_step=f"The document was taken, but the token is not sent to another host. {LOOK_FIRST}",
        receipt=receipt,
    )


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL.

    Raises:
        ValueError: it is no http or https URL with a host, or it has credentials in it.
    """
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
        or not _ADDRESS.fullmatch(url)
    ):
        raise ValueError("no http or https URL in plain ASCII")
    return parts.scheme, parts.hostname.rstrip("."), parts.port or {"http": 80, "https": 443}[parts.scheme]


def _host(url: str) -> str:
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def _not_taken(reply: Reply) -> CapssError:
    if reply.status not in _NOT_TAKEN:
        return Undetermined(
            f"the upload was answered {reply.status}", expected="202 and where to ask", next_step=LOOK_FIRST
        )
    hints = {
        400: "the document, or its part of the request, was not understood: capss validate may say why",
        401: "the token was refused, a new one as well: check this API client",
        403: "this API client may not upload",
        404: "nothing is at this address: check the base URL",
        413: "the document is too large: divide it",
    }
    return Refused(
        f"the upload was answered {reply.status}",
        expected="202 and where to ask",
        next_step=f"It was not taken: {hints.get(reply.status, 'check the base URL and the document')}.",
        status=reply.status,
    )


def wait_for(setup: Setup, receipt: Receipt, deadline: float) -> Flow[Result]:
    """Ask until CAPSS has said its last word of a document.

    Raises:
        Undetermined: it did not in time, or what it says cannot be read.
    """
    began = setup.clock()
    pauses = setup.pauses()
    polls = troubles = 0
    wait = 0.0
    last: Result | None = None
    found = "the status was not asked for"
    while troubles < _TROUBLES:
        wait = max(wait, next(pauses))
        if setup.clock() + wait > deadline:
            raise _unknown(f"{found}, and the time is up", receipt, last)
        yield Pause(wait)
        polls += 1
        reply = yield from _ask(receipt.href, deadline)
        wait = reply.retry_after(setup.wall_clock()) if isinstance(reply, Reply) else 0.0
        result = _read(reply)
        stage, seconds = "trouble", setup.clock() - began
        if isinstance(result, Result):
            last, troubles, stage = result, 0, "pending"
            found = f"after {polls} polls the last word is {result.status_message[:40]!r}"
            if result.final:
                setup.tell(Progress("final", polls, seconds))
                return result
        elif result == "":
            troubles, stage, found = 0, "pending", f"after {polls} polls it is still being worked on"
        else:
            troubles += 1
            found = result
        setup.tell(Progress(stage, polls, seconds, note=found if stage == "trouble" else ""))
        hopeless = isinstance(reply, Reply) and (300 <= reply.status < 400 or reply.status in (400, 403, 405, 410))
        if hopeless or isinstance(reply, Refused):
            break  # asking again will not help
    raise _unknown(found, receipt, last)


def look(receipt: Receipt, deadline: float) -> Flow[Result | None]:
    """Ask once what became of a document; None: it is still being worked on, and nothing more is said.

    Raises:
        Undetermined: what CAPSS says cannot be read.
    """
    result = _read((yield from _ask(receipt.href, deadline)))
    if isinstance(result, str) and result:
        raise _unknown(result, receipt, None)
    return result or None if isinstance(result, str) else result


def _ask(url: str, deadline: float) -> Flow[Reply | Exception]:
    """One status request, with a new token if the first is refused; an error is given back, not raised."""
    refused = ""
    while True:
        try:
            bearer: str = yield Bearer(refused, deadline)
            reply: Reply = yield Call("GET", url, bearer=bearer, deadline=deadline)
        except (Unreachable, Lost, NotSent, Refused) as error:
            return error
        if reply.status != 401 or refused:
            return reply
        refused = bearer


def _read(reply: Reply | Exception) -> Result | str:
    """The status in an answer; what is wrong with it; or an empty text for one that is pending and says no more."""
    if isinstance(reply, Exception):
        return f"the status could not be asked for ({reply.args[0] if reply.args else type(reply).__name__})"
    if reply.status not in (200, 202):
        return f"the status request was answered {reply.status}"
    try:
        result = Result.parse(reply.json())
    except Unreadable as error:
        return "" if reply.status == 202 else f"the status request was answered 200, but {error}"
    if reply.status == 202 and result.final:
        return ""  # 202 says that it is being worked on
    return result


def _unknown(found: str, receipt: Receipt, last: Result | None) -> Undetermined:
    if receipt.submission_id:
        next_step = f"The document was taken: ask again later (capss status {receipt.href}), and do not send it again."
    else:
        next_step = "Check the URL: it is the one that was given when the document was taken. Then ask again later."
    return Undetermined(
        found,
        expected="the final status",
        next_step=next_step,
        receipt=receipt,
        last=last,
    )
