"""Situations in which everything is saved, and a good program says so."""

from capss_mock.contract.model import Citation, Grade
from capss_mock.contract.scenarios.words import DUPS, KIT, SHEET, STUCK, changed, confirm

SCENARIOS = (
    confirm("happy", "Everything works: two pending answers, then all is saved.", SHEET, grade=Grade.OBSERVED),
    confirm(
        "slow",
        "Six pending answers before the final one.",
        STUCK,
        switches={"progress": "polls:6"},
        grade=Grade.OBSERVED,
    ),
    confirm(
        "immediate",
        "The first status is final already.",
        SHEET,
        switches={"progress": "immediate"},
        grade=Grade.DOCUMENTED,
    ),
    confirm(
        "completed-at-5",
        "completedAt has five numbers: on a full minute.",
        SHEET,
        switches={"completed-at": "trimmed-5"},
        grade=Grade.INFERRED,
    ),
    confirm(
        "completed-at-6",
        "completedAt has six numbers: no fraction.",
        SHEET,
        switches={"completed-at": "trimmed-6"},
        grade=Grade.INFERRED,
    ),
    confirm(
        "completed-at-7",
        "completedAt has seven numbers.",
        SHEET,
        switches={"completed-at": "full"},
        grade=Grade.DOCUMENTED,
    ),
    confirm(
        "completed-at-null",
        "completedAt is null.",
        SHEET,
        switches={"completed-at": "null"},
        grade=Grade.DOCUMENTED,  # of item updates
    ),
    confirm(
        "unknown-members",
        "Answers have members that nobody knows.",
        KIT,
        faults=(
            *changed("submit", members={"traceId": "a1", "warnings": []}),
            *changed("status", members={"newMember": {"a": [1, 2]}, "queuePosition": 0}),
            *changed("token", members={"refresh_expires_in": 0}),
        ),
    ),
    confirm(
        "other-order",
        "Members of answers come in another order.",
        (Citation("kit", "JSON objects have no order"),),
        faults=(
            *changed("submit", reverse=True),
            *changed("status", reverse=True),
            *changed("token", reverse=True),
        ),
    ),
    confirm(
        "relative-href",
        "links.href is a path without a host.",
        KIT,
        "resolves it against the host that it called",
        faults=changed("submit", members={"links.href": "{path}"}),
    ),
    confirm(
        "large-file",
        "A file of 60 MB is taken like any other.",
        KIT,
        "streams it, and waits as long as it takes",
        document="large",
    ),
    confirm(
        "duplicates-submitted",
        "Every record is a duplicate, and is saved all the same.",
        DUPS,
        force="duplicates",
        switches={"on-dup-default": "submitWithDups"},
    ),
)
