"""WEB: the web layer under every endpoint, and the API generations."""

from capss_mock.contract.model import Answer, Citation, Grade, Level, Rule

_SPRING = (Citation("spring", "Spring Boot's error controller, Spring MVC, Spring Security headers, Tomcat"),)


def _says(id_: str, sentence: str, switch: str | None = None) -> Rule:
    return Rule(id_, Level.BEHAVIOUR, Grade.INFERRED, sentence, _SPRING, switch=switch)


def _refuses(id_: str, sentence: str, answer: Answer, hint: str) -> Rule:
    return Rule(id_, Level.REFUSAL, Grade.INFERRED, sentence, _SPRING, answer, hint)


RULES = (
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
        "no such path; the paths are listed by: capss-mock rules WEB-GENERATIONS",
    ),
    _refuses(
        "WEB-METHOD",
        "A wrong method gets 405 with Allow.",
        Answer(405, None, headers=(("Allow", "{allow}"),)),
        "use the method in Allow",
    ),
    _refuses(
        "WEB-NO-PART",
        "A missing part, a part of another name, or a part without a filename gets 400.",
        Answer(400, None, close=True),
        "send the file itself as a file part of the documented name; did you forget the @ before its path?",
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
)
