"""What a program keeps to itself, and whom it trusts."""

from capss_mock.contract.checks.words import PROGRAM, Check, Obligation, at
from capss_mock.contract.model import Grade

D, A = Grade.DOCUMENTED, Grade.ASSUMED
_KIT = Obligation.KIT

_PRIVACY = (
    Check(
        "PRIVACY-SECRET",
        "privacy",
        "The client secret stands in nothing that it prints, and in no file (its directory, TMPDIR) others can read.",
        _KIT,
        PROGRAM,
        D,
        "do not print requests, headers or settings; files with secrets are for their owner only (mode 0600)",
    ),
    Check(
        "PRIVACY-TOKEN",
        "privacy",
        "A token stands in nothing that it prints, and in no file (in its directory, TMPDIR) that others can read.",
        _KIT,
        PROGRAM,
        D,
        "do not print answers of the token endpoint or Authorization headers; a cache is for its owner only (0600)",
    ),
    Check(
        "PRIVACY-PERSON",
        "privacy",
        "Nothing of the people in the document stands in what it prints.",
        _KIT,
        PROGRAM,
        D,
        "tell of records by their loanBuyNumber; do not print the document or parts of it",
    ),
    Check(
        "PRIVACY-COPY",
        "privacy",
        "It leaves no copy of the people in the document in its directory or TMPDIR.",
        _KIT,
        PROGRAM,
        D,
        "send the file from where it is; remove temporary copies before it ends",
    ),
    Check(
        "PRIVACY-KEPT",
        "privacy",
        "It keeps no secret or token in a file of its own, not even for its owner only.",
        Obligation.NOTE,
        PROGRAM,
        D,
        "a cache of tokens is fine; who has the file, has the token",
    ),
)
_TLS_FIX = "leave certificate checks on; give the CA's file (CAPSS_CA_FILE) instead of -k, verify=False and the like"
_TLS = tuple(
    Check(id_, "tls", sentence, Obligation.CONTESTED, at(*cited), A, _TLS_FIX)
    for id_, sentence, cited in (
        (
            "TLS-TRUST",
            "It does not talk to a server whose certificate nobody trusts.",
            ("rfc6750", "5.3: validate TLS certificate chains"),
        ),
        (
            "TLS-EXPIRY",
            "It does not talk to a server whose certificate has expired.",
            ("rfc6750", "5.3: validate TLS certificate chains"),
        ),
        (
            "TLS-NAME",
            "It does not talk to a server whose certificate is another's.",
            ("rfc6750", "5.3: validate TLS certificate chains"),
        ),
    )
)

CHECKS = (*_PRIVACY, *_TLS)
