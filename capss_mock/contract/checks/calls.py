"""How a program gets its token, and asks what became of a document."""

from capss_mock.contract.checks.words import PROGRAM, Check, Obligation, at
from capss_mock.contract.model import Citation, Grade

D, O, I, A = Grade.DOCUMENTED, Grade.OBSERVED, Grade.INFERRED, Grade.ASSUMED  # noqa: E741 - the grades' own letters
_SHEET, _MUST, _KIT, _SHOULD = Obligation.SHEET, Obligation.MUST, Obligation.KIT, Obligation.SHOULD
_MANNERS = Obligation.MANNERS

_STEP6, _STEP9 = at("sheet", "step 6"), at("sheet", "steps 8c and 9")
_WAITING = at("rfc9110", "10.2.3: Retry-After")

_TOKEN = (
    Check(
        "TOKEN-ASKED",
        "token",
        "It asks for a token: POST to the token URL.",
        _SHEET,
        _STEP6,
        D,
        "POST to CAPSS_TOKEN_URL (…/oauth2/token)",
    ),
    Check(
        "TOKEN-BASIC",
        "token",
        "It sends its client id and secret with HTTP Basic.",
        _SHEET,
        (*_STEP6, Citation("rfc6749", "2.3.1")),
        D,
        "Authorization: Basic base64(CAPSS_CLIENT_ID:CAPSS_CLIENT_SECRET), as curl -u does",
        ("TOKEN-ASKED",),
    ),
    Check(
        "TOKEN-FORM",
        "token",
        "The token request is a form (application/x-www-form-urlencoded).",
        _SHEET,
        (*_STEP6, Citation("rfc6749", "4.4.2")),
        D,
        "send scope=api&grant_type=client_credentials as a form, as curl -d does; not as JSON or multipart",
        ("TOKEN-ASKED",),
    ),
    Check(
        "TOKEN-GRANT",
        "token",
        "The form has grant_type=client_credentials, once.",
        _SHEET,
        (*_STEP6, Citation("rfc6749", "4.4.2")),
        D,
        "add grant_type=client_credentials to the body (not to the URL)",
        ("TOKEN-ASKED", "TOKEN-BASIC", "TOKEN-FORM"),
    ),
    Check(
        "TOKEN-SCOPE",
        "token",
        "The form has scope=api, once.",
        _SHEET,
        _STEP6,
        D,
        "add scope=api to the body: without it the token is refused by /api",
        ("TOKEN-ASKED", "TOKEN-BASIC", "TOKEN-FORM", "TOKEN-GRANT"),
    ),
    Check(
        "TOKEN-URL-SECRET",
        "token",
        "Neither the secret nor a token stands in a URL.",
        _MUST,
        (Citation("rfc6749", "2.3.1: not in the request URI"), Citation("rfc6750", "5.3: not in page URLs")),
        D,
        "send them in the Authorization header: URLs are written to logs",
    ),
    Check(
        "TOKEN-REUSE",
        "token",
        "It uses one token for all its calls.",
        _MANNERS,
        at("kit", "the sheet pastes one token into all its commands"),
        D,
        "keep the token until it is refused, or expires_in is over",
        ("TOKEN-SCOPE",),
    ),
    Check(
        "TOKEN-REFRESH",
        "token",
        "When its token is refused (401), it gets another one, and asks again.",
        _MANNERS,
        at("rfc6750", "3.1: the client may request a new token"),
        I,
        "on 401 of a status get a new token once, and repeat the request",
        ("STATUS-HREF",),
    ),
    Check(
        "TOKEN-HAMMER",
        "token",
        "It does not go on asking for tokens when its credentials are refused: at most 5 requests.",
        _KIT,
        (*PROGRAM, Citation("rfc6749", "5.2")),
        I,
        "stop at invalid_client: another try will not help, and may lock the account",
        ("TOKEN-ASKED",),
    ),
    Check(
        "TOKEN-RETRY-AFTER",
        "token",
        "It waits as long as Retry-After says before it asks for a token again.",
        _SHOULD,
        _WAITING,
        A,
        "read Retry-After (seconds, or a date) of 429 and 503, and wait at least that long",
    ),
)
_STATUS = (
    Check(
        "STATUS-HREF",
        "status",
        "It asks the URL in links.href what became of the document.",
        _SHEET,
        _STEP9,
        D,
        "GET links.href of the answer to the upload, as it is",
        ("UPLOAD-SENT",),
    ),
    Check(
        "STATUS-INTERVAL",
        "status",
        "There is at least half a second between two status requests.",
        _MANNERS,
        at("kit", "no limit is known"),
        O,
        "wait a second or two between polls",
        ("STATUS-HREF",),
    ),
    Check(
        "STATUS-GROWTH",
        "status",
        "The longer it takes, the rarer it asks (or no more than every 5 s).",
        _MANNERS,
        at("kit", "no limit is known"),
        O,
        "let the pause between polls grow, up to half a minute, say",
        ("STATUS-HREF", "STATUS-INTERVAL"),
    ),
    Check(
        "STATUS-RETRY-AFTER",
        "status",
        "It waits as long as Retry-After says before it asks for a status again.",
        _SHOULD,
        _WAITING,
        A,
        "read Retry-After (seconds, or a date) of 429 and 503, and wait at least that long",
        ("STATUS-HREF",),
    ),
    Check(
        "STATUS-STOPS",
        "status",
        "It asks no more once the status is final.",
        _MANNERS,
        at("kit", "a final status does not change"),
        D,
        "stop at 200 with statusMessage complete",
        ("STATUS-HREF",),
    ),
)
CHECKS = (*_TOKEN, *_STATUS)
