"""What an integrator knows and lives with: a file in their repository, with a reason for each entry.

.. code-block:: toml

    [[known]]
    check = "STATUS-GROWTH"
    reason = "our vendor's library polls every second; ticket 4711"
    expires = 2027-03-31        # optional

An entry whose check is met, or whose day has passed, is *stale* and fails the run.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from capss_mock.conformance.results import Report, Tally, Verdict
from capss_mock.contract.checks import CHECKS
from capss_mock.settings import no_such

_MEMBERS = {"check", "reason", "expires"}


class BaselineError(ValueError):
    """The file cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Known:
    """One entry."""

    check: str
    reason: str
    expires: date | None = None


def read(file: Path) -> tuple[Known, ...]:
    """The entries of a baseline file.

    Raises:
        BaselineError: it cannot be read, or an entry is wrong.
    """
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise BaselineError(f"cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"{file} is not TOML: {error}") from None
    rows = values.get("known", [])
    if set(values) - {"known"} or not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise BaselineError(f"{file}: expected tables [[known]] and nothing else")
    return tuple(_known(f"{file}, entry {number}", row) for number, row in enumerate(rows, 1))


def _known(place: str, row: dict[str, Any]) -> Known:
    if more := set(row) - _MEMBERS:
        raise BaselineError(f"{place}: {no_such('member', min(more), _MEMBERS)}")
    check, reason, expires = row.get("check"), row.get("reason"), row.get("expires")
    if check not in CHECKS:
        raise BaselineError(f"{place}: {no_such('check', str(check), CHECKS, 'capss-mock judge --list names them')}")
    if isinstance(reason, str) and reason.startswith("TODO"):
        raise BaselineError(f"{place}: {check} needs a reason: write it instead of the TODO")
    if not isinstance(reason, str) or not reason.strip():
        raise BaselineError(f"{place}: {check} needs a reason")
    if isinstance(expires, datetime):
        expires = expires.date()
    if expires is not None and not isinstance(expires, date):
        raise BaselineError(f"{place}: expires must be a day, such as 2027-03-31 (without quotes)")
    return Known(str(check), reason.strip(), expires)


def applied(report: Report, known: Sequence[Known], today: date) -> Report:
    """The report with what is known excused, and stale entries named."""
    by_check = {each.check: each for each in known}
    seen = {each.check.id: each for each in report.tallies}
    stale = []
    for entry in known:
        tally = seen.get(entry.check)
        if entry.expires is not None and entry.expires < today:
            stale.append(f"{entry.check}: its day has passed ({entry.expires})")
        elif tally is not None and tally.verdict is Verdict.PASS and not report.partial:
            stale.append(f"{entry.check}: it is met now ({tally.verdict}): take it out")

    def excused(tally: Tally) -> Tally:
        entry = by_check.get(tally.check.id)
        over = entry is not None and entry.expires is not None and entry.expires < today
        return replace(tally, excused=entry.reason) if entry and not over and tally.verdict.is_finding else tally

    tallies = tuple(map(excused, report.tallies))
    known_ids = {each.check.id for each in tallies if each.excused}
    hidden = [
        each.check.id
        for each in tallies
        if each.verdict is Verdict.BLOCKED
        and known_ids & {id_ for _, result in each.plays for id_ in result.blocked_by}
    ]
    partial = report.partial
    if hidden:  # whatever is excused, what it hides was not judged
        more = f"{', '.join(hidden)} cannot be told because of what is excused"
        partial = f"{partial}; {more}" if partial else more
    return replace(report, tallies=tallies, stale=tuple(stale), partial=partial)


def to_paste(report: Report) -> str:
    """The entries for what is not met."""
    verdicts = (Verdict.FAIL, Verdict.WARN) if report.strict else (Verdict.FAIL,)
    rows = [
        f'[[known]]\ncheck = "{each.check.id}"\nreason = "TODO: why"\n# expires = {datetime.now(UTC).year + 1}-12-31'
        for each in report.with_verdict(*verdicts)
    ]
    return "\n\n".join(rows)
