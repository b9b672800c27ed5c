"""Replies as CAPSS writes them: member order, literal wordings, dates."""

import json
from typing import Any

from capss_mock.contract import responses
from capss_mock.contract.model import Choice
from capss_mock.domain.submissions import Submission, Verdict
from capss_mock.domain.times import jackson_date, java_local_time, pacific


def dumps(value: Any) -> bytes:
    """Compact JSON as UTF-8, the way Jackson writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def accepted(submission: Submission, href: str) -> dict[str, Any]:
    """The reply to an accepted upload or update."""
    return responses.ACCEPTED.fill(
        {
            "licenseNumber": submission.license_id,
            "status": responses.ACCEPTED_WORD[submission.kind],
            "submission": responses.SUBMISSION.fill({"submissionId": submission.submission_id}),
            "links": responses.LINKS.fill({"href": href, "rel": responses.REL}),
        }
    )


def pending(submission: Submission) -> dict[str, Any]:
    """A status while the file is being worked on: nothing of the verdict shows (assumed)."""
    return responses.STATUS.fill(
        {
            "fileName": submission.file_name,
            "status": responses.FINAL_STATUS,
            "successMessages": [],
            "errorMessages": [],
            "savedCount": 0,
            "hasDuplicates": False,
            "isUploaded": False,
            "hasErrors": False,
            "completedAt": None,
            "statusMessage": responses.PENDING_WORD,
            "notifyDupsOrErrors": False,
            "jobStatisticsMessageList": [],
        }
    )


def final(submission: Submission, form: Choice) -> dict[str, Any]:
    """A final status; ``form`` is the switch completed-at."""
    verdict, completed = submission.verdict, submission.completed_ns
    assert completed is not None  # noqa: S101 - only asked for once it is
    return responses.STATUS.fill(
        {
            "fileName": submission.file_name,
            "status": responses.FINAL_STATUS,
            "successMessages": [_success(submission, completed)] if verdict.is_uploaded else [],
            "errorMessages": list(verdict.error_messages),
            "savedCount": verdict.saved,
            "hasDuplicates": verdict.has_duplicates,
            "isUploaded": verdict.is_uploaded,
            "hasErrors": verdict.has_errors,
            "completedAt": _completed_at(completed, form) if submission.kind == "upload" else None,
            "statusMessage": responses.FINAL_WORD,
            "notifyDupsOrErrors": verdict.has_errors or verdict.has_duplicates,
            "jobStatisticsMessageList": _statistics(verdict) if submission.kind == "upload" else [],
        }
    )


def _success(submission: Submission, completed_ns: int) -> str:
    return responses.SAVED_MESSAGE[submission.kind].format(
        file=submission.file_name,
        count=submission.verdict.saved,
        date=pacific(completed_ns).date().isoformat(),
        time=java_local_time(completed_ns),
    )


def _statistics(verdict: Verdict) -> list[str]:
    values = {
        "uploads": 1,
        "transactions": verdict.total,
        "saved_transactions": verdict.saved,
        "items": verdict.items,
        "saved_items": verdict.saved_items,
        "error_items": verdict.error_items,
    }
    return [f"{label}: {values[name]}" for label, name in responses.STATISTICS]


def _completed_at(completed_ns: int, form: Choice) -> list[int] | None:
    match form.value:
        case "null":
            return None
        case "trimmed-6":
            return jackson_date(completed_ns // 10**9 * 10**9)
        case "trimmed-5":
            return jackson_date(completed_ns // (60 * 10**9) * 60 * 10**9)
        case _:
            return jackson_date(completed_ns)
