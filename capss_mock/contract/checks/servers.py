"""What a server is held to: rules of the contract that can be asked of any server with one API client.

A server check has the id of its rule with ``SRV-`` before it, its sentence and its grade. What is documented must be
so; what was observed should be; what is inferred or assumed is only told: nobody outside the DOJ knows it.
"""

from capss_mock.contract.checks.words import Check, Obligation, at
from capss_mock.contract.model import Grade, by_id
from capss_mock.contract.rules import RULES

PREFIX = "SRV-"
_BY_GRADE = {
    Grade.DOCUMENTED: Obligation.SHEET,
    Grade.OBSERVED: Obligation.OBSERVED,
    Grade.INFERRED: Obligation.NOTE,
    Grade.ASSUMED: Obligation.NOTE,
}
_AREAS = {"TOK": "token", "BEA": "bearer", "UPL": "upload", "STA": "status", "UPD": "update", "WEB": "web"}
_TOKEN, _SENT = (f"{PREFIX}TOK-REPLY",), (f"{PREFIX}UPL-REPLY",)
_FINAL = (f"{PREFIX}STA-REPLY",)

# rules that can be asked of a server, and the checks without which they cannot be told
ASKED: dict[str, tuple[str, ...]] = {
    "TOK-REPLY": (),
    "TOK-JWT-HEADER": _TOKEN,
    "TOK-JWT-CLAIMS": _TOKEN,
    "TOK-KEY-SIZE": _TOKEN,
    "TOK-EXP-MIDNIGHT": _TOKEN,
    "TOK-EXPIRES-IN": _TOKEN,
    "TOK-WRONG-SECRET": (),
    "TOK-NO-CREDENTIALS": (),
    "TOK-BASIC-MALFORMED": (),
    "TOK-CLIENT-SECRET-POST": (),
    "TOK-GET": (),
    "TOK-GRANT-MISSING": (),
    "TOK-GRANT-UNSUPPORTED": (),
    "TOK-REFRESH-PARAMETER": (),
    "TOK-CODE-PARAMETER": (),
    "TOK-SCOPE-REFUSED": (),
    "TOK-SCOPE-TWICE": (),
    "TOK-SCOPE-NONE": (),
    "TOK-JWKS": _TOKEN,
    "BEA-NONE": (),
    "BEA-MALFORMED": (),
    "BEA-NOT-JWT": (),
    "BEA-ALG-NONE": _TOKEN,
    "BEA-SIGNATURE": _TOKEN,
    "BEA-SCOPE": (f"{PREFIX}TOK-SCOPE-NONE",),
    "BEA-SCHEME-CASE": _TOKEN,
    "UPL-REPLY": _TOKEN,
    "UPL-CODE": _TOKEN,
    "UPL-LICENCE": (*_TOKEN, *_SENT),
    "UPL-STATUS-ID": _SENT,
    "UPL-PART-TYPE": _TOKEN,
    "STA-REPLY": _SENT,
    "STA-FINAL-CODE": _SENT,
    "STA-PENDING-CODE": _SENT,
    "STA-PENDING-BODY": _SENT,
    "STA-COMPLETED-AT": _FINAL,
    "STA-FILENAME": _FINAL,
    "STA-MESSAGE": _FINAL,
    "STA-STATISTICS": _FINAL,
    "STA-FINAL-SAVED": _FINAL,
    "STA-UNKNOWN": _TOKEN,
    "STA-BAD-ID": _TOKEN,
    "UPD-REPLY": _FINAL,
    "UPD-CODE": _FINAL,
    "UPD-STATUS": (f"{PREFIX}UPD-REPLY",),
    "WEB-HEADERS": (),
    "WEB-JSON": _SENT,
    "WEB-ERROR-BODY": _TOKEN,
    "WEB-NOT-FOUND": _TOKEN,
    "WEB-METHOD": _TOKEN,
    "WEB-NO-PART": _TOKEN,
    "WEB-NOT-MULTIPART": _TOKEN,
    "WEB-BROKEN-MULTIPART": _TOKEN,
}


def _of(rule_id: str, needs: tuple[str, ...]) -> Check:
    rule = RULES[rule_id]
    return Check(
        PREFIX + rule.id,
        _AREAS[rule.id.partition("-")[0]],
        rule.sentence,
        _BY_GRADE[rule.grade],
        rule.citations,
        rule.grade,
        "nothing, if it is the DOJ's server: then the kit is wrong, please tell us",
        needs,
    )


_STANDARDS = (
    Check(
        "SRV-NO-STORE",
        "token",
        "The answer with a token is not to be stored: Cache-Control has no-store.",
        Obligation.MUST,
        at("rfc6749", "5.1"),
        Grade.DOCUMENTED,
        "send Cache-Control: no-store with tokens",
        _TOKEN,
    ),
    Check(
        "SRV-CHALLENGE",
        "bearer",
        "A 401 of the API says by WWW-Authenticate that it wants a bearer.",
        Obligation.MUST,
        at("rfc6750", "3"),
        Grade.DOCUMENTED,
        "send WWW-Authenticate: Bearer with it",
    ),
)

SERVER_CHECKS = by_id((*(_of(rule, needs) for rule, needs in ASKED.items()), *_STANDARDS))
