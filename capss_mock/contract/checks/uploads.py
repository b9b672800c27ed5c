"""How a program sends a document."""

from capss_mock.contract.checks.words import PROGRAM, Check, Obligation, at
from capss_mock.contract.model import Citation, Grade

D, O, A = Grade.DOCUMENTED, Grade.OBSERVED, Grade.ASSUMED  # noqa: E741 - the grades' own letters
_SHEET, _MUST, _KIT, _SHOULD = Obligation.SHEET, Obligation.MUST, Obligation.KIT, Obligation.SHOULD

_STEP8 = at("sheet", "step 8")
_WAITING = at("rfc9110", "10.2.3: Retry-After")
_ASKS = ("TOKEN-ASKED", "TOKEN-BASIC", "TOKEN-FORM", "TOKEN-GRANT", "TOKEN-SCOPE")
_SENDS = (*_ASKS, "UPLOAD-BEARER", "UPLOAD-MULTIPART", "UPLOAD-PART", "UPLOAD-FILE")

CHECKS = (
    Check(
        "UPLOAD-SENT",
        "upload",
        "It sends the document, and the server takes it.",
        _SHEET,
        _STEP8,
        D,
        "POST to /api/bulkimport/save (updates: /api/itemupdate/updateItem)",
        _SENDS,
    ),
    Check(
        "UPLOAD-BEARER",
        "upload",
        "Its calls carry the token: Authorization: Bearer, one space, the token, nothing else.",
        _SHEET,
        (*_STEP8, Citation("rfc6750", "2.1")),
        D,
        "Authorization: Bearer TOKEN, without line breaks or quotes; stop when there is no token",
        _ASKS,
    ),
    Check(
        "UPLOAD-MULTIPART",
        "upload",
        "The document is sent as multipart/form-data.",
        _SHEET,
        _STEP8,
        D,
        "as curl -F does; with a library, let it make the Content-Type (it has the boundary in it)",
        ("UPLOAD-BEARER",),
    ),
    Check(
        "UPLOAD-PART",
        "upload",
        "The part is called bulkUploadFile (updates: itemUpdateFile).",
        _SHEET,
        _STEP8,
        D,
        "name the part so: -F bulkUploadFile=@day.xml",
        ("UPLOAD-BEARER", "UPLOAD-MULTIPART"),
    ),
    Check(
        "UPLOAD-FILE",
        "upload",
        "The part is a file with a filename, not the path as text.",
        _SHEET,
        at("sheet", "step 8, the example; its template forgets the @"),
        D,
        "curl wants an @ before the path; libraries a file object, or a filename",
        ("UPLOAD-BEARER", "UPLOAD-MULTIPART", "UPLOAD-PART"),
    ),
    Check(
        "UPLOAD-BYTES",
        "upload",
        "The bytes that arrive are those of the file.",
        _KIT,
        PROGRAM,
        D,
        "send the file as it is, read as bytes: no decoding, no change of line ends (curl: -F name=@file)",
        ("UPLOAD-FILE",),
    ),
    Check(
        "UPLOAD-ONCE",
        "upload",
        "The server takes the file at most once.",
        _KIT,
        (*PROGRAM, *at("ksef", "issues 822, 830, 786: duplicates by the thousand")),
        A,
        "after a lost or unreadable answer do not send it again before somebody has looked whether it is there",
    ),
    Check(
        "UPLOAD-OLD-PATHS",
        "upload",
        "It uses the paths of the sheet, not those of before 2026.",
        Obligation.OBSERVED,
        at("client-a", "changed to the new paths on 2026-02-18"),
        O,
        "/oauth2/token, /api/bulkimport/save; not /oauth/token, /api/bulkupload/save",
    ),
    Check(
        "UPLOAD-RETRY-AFTER",
        "upload",
        "It waits as long as Retry-After says before it sends again.",
        _SHOULD,
        _WAITING,
        A,
        "read Retry-After (seconds, or a date) of 429 and 503, and wait at least that long",
        _ASKS,
    ),
    Check(
        "BEARER-HOST",
        "upload",
        "It sends its token to no other host than the one it was told.",
        _MUST,
        at("rfc6750", "5.3: safeguard bearer tokens"),
        A,
        "compare scheme, host and port of links.href, and of a redirect, with CAPSS_BASE_URL before you follow it",
    ),
    Check(
        "BEARER-TLS",
        "upload",
        "What it has sent over TLS it does not send without: no token over plain http.",
        _MUST,
        at("rfc6750", "5.3: always use TLS"),
        A,
        "do not follow a redirect from https to http",
    ),
    Check(
        "EGRESS",
        "upload",
        "It calls no other host at all (seen with --intercept).",
        _KIT,
        PROGRAM,
        A,
        "remove the call, or make its address a setting; telemetry, update checks and licence servers are calls, too",
    ),
)
