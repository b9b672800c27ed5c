"""All judges of programs, by the id of their check."""

from collections.abc import Callable, Iterable

from capss_mock.conformance.client import care, polling, truth, wire
from capss_mock.conformance.client.evidence import Evidence
from capss_mock.conformance.results import Finding, Result, concluded
from capss_mock.contract.checks import PROGRAM_CHECKS, Check

JUDGES: dict[str, Callable[[Evidence], Finding | bool | None]] = {
    **truth.JUDGES,
    **wire.JUDGES,
    **polling.JUDGES,
    **care.JUDGES,
}


def judged(seen: Evidence, checks: Iterable[Check] = PROGRAM_CHECKS.values()) -> tuple[Result, ...]:
    """The results of one play. All checks are judged, since some need others; those that were asked for are given."""
    wanted = {check.id for check in checks}
    found = {id_: judge(seen) for id_, judge in JUDGES.items()}
    return tuple(each for each in concluded(found, PROGRAM_CHECKS.values()) if each.check.id in wanted)
