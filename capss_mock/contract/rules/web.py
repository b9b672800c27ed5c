"""WEB: the web layer under every endpoint, and the API generations."""

from capss_mock.contract.model import Answer, Citation, Grade, Level, Rule

_SPRING = (Citation("spring", "Spring Boot's error controller, Spring MVC, Spring Security headers, Tomcat"),)


def _says(id_: str, sentence: str, switch: str | None = None) -> Rule:
    return Rule(id_, Level.BEHAVIOUR, Grade.INFERRED, sentence, _SPRING, switch=switch)


def _refuses(id_: str, sentence: str, answer: Answer, hint: str, grade: Grade = Grade.INFERRED) -> Rule:
    return Rule(id_, Level.REFUSAL, grade, sentence, _SPRING, answer, hint)


_A = Grade.ASSUMED
_SHEET = (Citation("sheet", "every command"),)

RULES = (
    Rule(
        "WEB-HOST-SANDBOX",
        Level.BEHAVIOUR,
        Grade.DOCUMENTED,
        "The sheet's host is capss-sb.doj.ca.gov; that it is a sandbox is our reading (inferred).",
        _SHEET,
    ),
    Rule(
        "WEB-HOST-PRODUCTION",
        Level.BEHAVIOUR,
        Grade.OBSERVED,
        "Production is capss.doj.ca.gov.",
        (Citation("client-a", "its base URL"),),
    ),
    Rule(
        "WEB-INSECURE-TLS",
        Level.BEHAVIOUR,
        Grade.DOCUMENTED,
        "The sheet's commands all switch certificate checks off (-k); client A does too, forces TLS 1.2 or newer and "
        "lowers OpenSSL's security level to 1.",
        (*_SHEET, Citation("client-a", "its TLS context")),
    ),
    Rule(
        "WEB-CLIENT-PAGE",
        Level.BEHAVIOUR,
        Grade.DOCUMENTED,
        "CAPSS main has an API Client page: a list of the store's clients; New Client opens Create Client; a click on "
        "a Client Id lets one enter a new secret and press Update.",
        (Citation("sheet", "steps 1 to 5"),),
    ),
    Rule(
        "WEB-CLIENT-SECRET",
        Level.BEHAVIOUR,
        Grade.DOCUMENTED,
        "A client's secret cannot be shown again, only replaced.",
        (Citation("sheet", "step 4"),),
    ),
    Rule(
        "WEB-CLIENT-FIELDS",
        Level.BEHAVIOUR,
        Grade.INFERRED,
        "A client has, beyond id and secret: a token expiration date, disabled, deleted, and a version that rises with "
        "changes.",
        (Citation("sheet", "step 7: the claims of the example token"),),
    ),
    Rule(
        "WEB-GENERATIONS",
        Level.BEHAVIOUR,
        Grade.OBSERVED,
        "The API has new paths (/oauth2, /api/bulkimport, /api/itemupdate) and, until 2025, had old ones "
        "(/oauth, /api/bulkupload).",
        (Citation("sheet", "steps 6 to 11"), Citation("client-a", "changed on 2026-02-18")),
        switch="api-generation",
    ),
    _says("WEB-HEADERS", "Every answer carries the six security headers of Spring; on https also HSTS."),
    _says("WEB-JSON", "JSON is application/json without a charset, but for the token endpoint's."),
    _says(
        "WEB-ERROR-BODY",
        "An error is JSON with timestamp (epoch milliseconds), status, error, path; there is no message.",
        "error-timestamp",
    ),
    _refuses(
        "WEB-NOT-FOUND",
        "An unknown path gets 404 (without a bearer: 401 first).",
        Answer(404, None),
        "the paths are POST /api/bulkimport/save, POST /api/itemupdate/updateItem, and GET what links.href gives",
    ),
    _refuses(
        "WEB-METHOD",
        "A wrong method gets 405 with Allow.",
        Answer(405, None, headers=(("Allow", "{allow}"),)),
        "save and updateItem take POST, a status takes GET",
    ),
    _refuses(
        "WEB-TRACE",
        "TRACE gets 405 for every path, before anything else: the stack's connector has it switched off.",
        Answer(405, None, headers=(("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),)),
        "there is nothing to trace",
    ),
    _refuses(
        "WEB-NOT-ACCEPTABLE",
        "Where Accept excludes JSON, /api answers 406 with an empty body; the request has been carried out already.",
        Answer(406),
        "leave Accept out, or let it include application/json; what was asked for has been done: do not send it again",
    ),
    _refuses(
        "WEB-PATH",
        "A path with //, /./, /../, a semicolon, a backslash or one of %00 %25 %2e %2f %3b %5c gets 400 before "
        "anything else (the stack's firewall; that the body is the error JSON is assumed).",
        Answer(400, None, close=True),
        "use the path as it is documented, and links.href as it was given",
        _A,
    ),
    _refuses(
        "WEB-NO-PART",
        "A missing part, a part of another name, or a part without a filename gets 400.",
        Answer(400, None, close=True),
        "send the file itself, as a file part named bulkUploadFile (upload) or itemUpdateFile (update): "
        'curl -F "bulkUploadFile=@day.xml"',
    ),
    _refuses(
        "WEB-NOT-MULTIPART",
        "A body that is not multipart at all gets 500.",
        Answer(500, None, close=True),
        "send multipart/form-data with a boundary (curl -F)",
    ),
    _refuses(
        "WEB-BROKEN-MULTIPART",
        "A multipart body that cannot be read to its end gets 500.",
        Answer(500, None, close=True),
        "the multipart body is broken or cut off; let a library build it",
    ),
    _refuses(
        "WEB-PARTS-LIMIT",
        "A multipart body of more than 1,000 parts, or with 1 MB before the first or in one header, gets 500.",
        Answer(500, None, close=True),
        "send one part: the file",
        _A,
    ),
    _refuses(
        "WEB-TOO-LARGE",
        "A body over the size limit gets 413 with an empty body.",
        Answer(413, close=True),
        "the body is larger than the switch size-limit allows",
    ),
    _refuses(
        "WEB-FAULT",
        "A fault of the server itself gets 500.",
        Answer(500, None, close=True),
        "this is a fault of the mock, not of your program: please report it",
    ),
    _refuses(
        "WEB-BAD-REQUEST",
        "A request that the web layer cannot read gets 400.",
        Answer(400, None, close=True),
        "the request's headers or body cannot be read",
    ),
    _refuses(
        "WEB-UNREADABLE",
        "Bytes that are not an HTTP request get 400 with an empty body (Tomcat's HTML page is not imitated).",
        Answer(400, close=True),
        "this is not HTTP/1.1: was https:// sent to this http port, or is a proxy or a hand-made request there?",
        _A,
    ),
    _refuses(
        "WEB-HEADERS-TOO-LARGE",
        "A request line or headers over 64 kB get 400 with an empty body (Tomcat's limit is 8 kB by default; its HTML "
        "page is not imitated).",
        Answer(400, close=True),
        "make the request line and the headers shorter; a token has about 1 kB",
        _A,
    ),
    _refuses(
        "WEB-TIMEOUT",
        "A request that stands still for 30 s before its end gets 408 with an empty body.",
        Answer(408, close=True),
        "send the request without pauses",
        _A,
    ),
    _refuses(
        "WEB-VERSION",
        "An HTTP version other than 1.0 and 1.1 gets 505 with an empty body.",
        Answer(505, close=True),
        "use HTTP/1.1",
        _A,
    ),
    _refuses(
        "WEB-TRANSFER",
        "A Transfer-Encoding other than chunked gets 501 with an empty body.",
        Answer(501, close=True),
        "send Content-Length, or Transfer-Encoding: chunked",
        _A,
    ),
)
