"""Truth: what a program tells its user."""

from capss_mock.contract.checks.words import PROGRAM, Check, Obligation
from capss_mock.contract.model import Grade

A = Grade.ASSUMED
_KIT = Obligation.KIT

CHECKS = (
    Check(
        "TRUTH-SAVED",
        "truth",
        "It says that everything is saved (exit 0) only when the server has said so, and it is so.",
        _KIT,
        PROGRAM,
        A,
        "exit 0 only after a final status (200) with isUploaded true, hasErrors false and savedCount for every record",
    ),
    Check(
        "TRUTH-CONFIRM",
        "truth",
        "When everything is saved, and the server says so, it says so, too (exit 0).",
        _KIT,
        PROGRAM,
        A,
        "follow the status to its end, whatever else the answer holds: other members, another order, null dates",
        ("UPLOAD-SENT", "STATUS-HREF", "ENDS-IN-TIME"),
    ),
    Check(
        "TRUTH-OUTCOME",
        "truth",
        "If it writes CAPSS_OUTCOME_FILE, that is JSON, and confirms what the exit code confirms.",
        _KIT,
        PROGRAM,
        A,
        'write {"confirmed": true|false|"unknown", "saved": n, "duplicates": n, "errors": n}; true just when exit 0',
    ),
    Check(
        "TRUTH-COUNTS",
        "truth",
        "The numbers in its outcome file are those of the server: saved, duplicates, errors.",
        _KIT,
        PROGRAM,
        A,
        "take them from the final status; leave out (or null) what the answer does not say",
        ("TRUTH-OUTCOME", "UPLOAD-ONCE"),
    ),
    Check(
        "ENDS-IN-TIME",
        "truth",
        "It ends within CAPSS_TIMEOUT_S, whatever the server does.",
        _KIT,
        PROGRAM,
        A,
        "give every request a timeout, and the whole a deadline (CAPSS_TIMEOUT_S); then say that it is not confirmed",
    ),
)
