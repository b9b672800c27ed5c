"""Rules that ``capss-mock verify`` does not ask a server about, each with the reason.

``capss-mock rules --coverage`` fails on a rule that is neither asked about nor here nor about documents (those are what
``capss-mock validate`` checks), and on a reason that is no longer needed.
"""

_STATE = "it takes an API client in another state than the one that is given"
_SWITCH = "it holds under a setting that is not the default; the rule that is asked about names it when it differs"
_PAGE = "it is about a page for people, not about the API"
_SHARED = "it goes without saying: every other check stands on it"
_STORED = "it takes records with errors or duplicates: nobody's account is for trying out what is assumed"
_WIRE = "it is about bytes below HTTP, which a server's front end may answer by itself"
_OPTIONAL = "that it is there is inferred, and no program needs it"

UNCHECKED = {
    "TOK-REQUEST": _SHARED,
    "TOK-DATE-ROLLING": _STATE,
    "TOK-DATE-PAST": _STATE,
    "TOK-SECRET-CHANGE": _STATE,
    "TOK-DISABLED-CLIENT": _STATE,
    "TOK-BASIC-DECODED": "it takes an API client whose secret has a + or a % in it",
    "TOK-BASIC-WINS": "nobody needs both kinds of credentials; what is asked about each alone tells enough",
    "TOK-NO-CREDENTIALS-LOGIN": _SWITCH,
    "TOK-GRANT-INVALID": "it takes a grant that this API client may not have; TOK-REFRESH-PARAMETER asks about it",
    "TOK-GRANT-UNAUTHORIZED": _STATE,
    "TOK-INTROSPECT": _OPTIONAL,
    "TOK-INTROSPECT-PARAMETER": _OPTIONAL,
    "TOK-REVOKE": "a revoked token may trouble whoever uses the account at the same time",
    "TOK-REVOKE-PARAMETER": _OPTIONAL,
    "TOK-METADATA": _OPTIONAL,
    "BEA-NONE-CSRF": _SWITCH,
    "BEA-EXPIRED": "a token would have to be kept until it has expired: days",
    "BEA-NOT-YET": "no server gives a token that is not valid yet",
    "BEA-KEY": "it takes a token that another key has signed; BEA-SIGNATURE asks about a wrong signature",
    "BEA-OLD-SECRET": _STATE,
    "BEA-REVOKED": _STATE,
    "UPL-PART": _SHARED,
    "UPL-PART-TWICE": "no program sends two documents in one request",
    "UPL-QUERY": _STORED,
    "UPL-QUERY-UNKNOWN": _STORED,
    "UPL-UNREADABLE": _STORED,
    "STA-REFUSED": _STORED,
    "STA-PROGRESS": "how long it takes differs from upload to upload",
    "STA-NOTIFY": _STORED,
    "STA-FINAL-PARTIAL": _STORED,
    "STA-FINAL-ERRORS": _STORED,
    "STA-FINAL-DUPS-DROPPED": _STORED,
    "STA-FINAL-DUPS-REFUSED": _STORED,
    "STA-FINAL-DUPS-SAVED": _STORED,
    "STA-FINAL-MIXED": _STORED,
    "STA-UNKNOWN-FORBIDDEN": _SWITCH,
    "UPD-PART": _SHARED,
    "UPD-TIME": "one answer has one form of the time; UPD-STATUS asks for the rest",
    "UPD-DOCUMENT": "the form of the document is ours: an answer to it tells little",
    "UPD-UNKNOWN-ITEM": _STORED,
    "WEB-HOST-SANDBOX": "it names a host; whoever asks has named one",
    "WEB-HOST-PRODUCTION": "production is never asked anything, whatever is said",
    "WEB-INSECURE-TLS": "it is about those who call; there is nothing to ask a server",
    "WEB-CLIENT-PAGE": _PAGE,
    "WEB-CLIENT-SECRET": _PAGE,
    "WEB-CLIENT-FIELDS": _PAGE,
    "WEB-GENERATIONS": "that the old paths are gone, or not, is no fault of a server",
    "WEB-TRACE": _WIRE,
    "WEB-NOT-ACCEPTABLE": "the request is carried out all the same: it would be one more upload",
    "WEB-PATH": _WIRE,
    "WEB-PARTS-LIMIT": "it takes a megabyte of nothing; the limit is assumed",
    "WEB-TOO-LARGE": "it takes a body of 100 MB; the limit is assumed",
    "WEB-FAULT": "a server cannot be asked to fail",
    "WEB-BAD-REQUEST": _WIRE,
    "WEB-UNREADABLE": _WIRE,
    "WEB-HEADERS-TOO-LARGE": _WIRE,
    "WEB-TIMEOUT": _WIRE,
    "WEB-VERSION": _WIRE,
    "WEB-TRANSFER": _WIRE,
}
