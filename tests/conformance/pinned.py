"""A report with one of everything, made by hand; ``python -m tests.conformance.pinned`` writes the pinned files anew."""

import json
from pathlib import Path

from capss_mock.conformance import report as reports
from capss_mock.conformance.results import Assumption, Finding, Play, Report, Result, Tally, Verdict, tallied
from capss_mock.contract.checks import PROGRAM_CHECKS
from capss_mock.contract.model import Grade

HERE = Path(__file__).parent / "golden"
_CHECKS = [
    PROGRAM_CHECKS[each]
    for each in ("TRUTH-SAVED", "TRUTH-CONFIRM", "UPLOAD-SENT", "STATUS-GROWTH", "PRIVACY-KEPT", "TOKEN-BASIC", "EGRESS", "TLS-NAME")
]  # fmt: skip


def _result(check: str, verdict: Verdict, finding: Finding | None = None, blocked_by: tuple[str, ...] = ()) -> Result:
    return Result(PROGRAM_CHECKS[check], verdict, finding, blocked_by)


_LIE = Finding("exit 0 only when everything is confirmed saved", "your program said saved; the server saved 0 of 3")
_GROWTH = Finding(
    "pauses that grow", "1.00 s at first, 1.00 s in the end (30 polls)", "GET /api/bulkimport/status/1 at 10:00:00.000Z"
)
PLAYS = (
    Play(
        name="duplicates-refused",
        sentence="Every record is a duplicate; the file is refused.",
        outcome="N",
        grade=Grade.ASSUMED,
        results=(
            _result("TRUTH-SAVED", Verdict.FAIL, _LIE),
            _result("TRUTH-CONFIRM", Verdict.UNSEEN),
            _result("TOKEN-BASIC", Verdict.PASS),
            _result("PRIVACY-KEPT", Verdict.INFO, Finding("no secret or token in files", "a token in work/cache <b>")),
        ),
        timeline=("  +0.10 s  POST /oauth2/token  200  token for x", "  +0.30 s  exit code 0: saved"),
        said="exit code 0: saved",
        held="0 of 3 records saved, 1 submission",
        seconds=0.3,
        dialect="sheet",
        operation="upload",
    ),
    Play(
        name="happy",
        sentence="Everything works: two pending answers, then all is saved.",
        outcome="C",
        grade=Grade.OBSERVED,
        results=(
            _result("TRUTH-CONFIRM", Verdict.BLOCKED, blocked_by=("UPLOAD-SENT",)),
            _result("UPLOAD-SENT", Verdict.FAIL, Finding("a document that the server takes", "no document was sent; instead POST /api/bulk|import`")),
            _result("STATUS-GROWTH", Verdict.WARN, _GROWTH),
            _result("TLS-NAME", Verdict.WARN, Finding("no request over that connection", "POST /oauth2/token")),
            _result("TOKEN-BASIC", Verdict.PASS),
        ),
        timeline=("  +0.10 s  POST /oauth2/token  200  token for x & <y>",),
        said="exit code 1: not confirmed",
        held="nothing",
        seconds=1.25,
        dialect="sheet",
        operation="upload",
    ),
)  # fmt: skip


def made(*, strict: bool = False) -> Report:
    """The report."""
    tallies = tuple(
        Tally(each.check, each.verdict, each.plays, "ticket 4711" if each.check.id == "TLS-NAME" else "")
        for each in tallied(PLAYS, _CHECKS)
    )
    return Report(
        kind="judge",
        what="./upload.sh {file}",
        plays=PLAYS,
        tallies=tallies,
        seconds=12.3,
        strict=strict,
        partial="",
        stale=("TOKEN-REUSE: it is met now (pass): take it out",),
        skipped=("large-file (update): it is the same for updates as for uploads",),
        faults=("slow: RuntimeError: ours",),
        assumed=(
            Assumption("progress", "When does the verdict become visible?", "polls:2", Grade.ASSUMED),
            Assumption("save-code", "Which HTTP status answers an accepted upload?", "202", Grade.OBSERVED),
        ),
        setting={"dialect": "sheet", "operations": "upload"},
    )


def written() -> dict[str, bytes]:
    """All formats of it."""
    report = made()
    return {
        "report.txt": reports.as_text(report).encode(),
        "report.json": (json.dumps(reports.as_json(report), indent=2) + "\n").encode(),
        "report.xml": reports.as_junit(report),
        "report.html": reports.as_html(report).encode(),
        "report.md": reports.as_markdown(report).encode(),
    }


if __name__ == "__main__":
    for name, data in written().items():
        (HERE / name).write_bytes(data)
