"""How a program asks what became of a document, and how it waits."""

from collections.abc import Callable

from capss_mock.conformance.client.evidence import Evidence, answered, arrived, final, on_wire, pairs
from capss_mock.conformance.results import Finding
from capss_mock.contract.faults import Do, Outcome
from capss_mock.steering import Entry

Said = Finding | bool | None
_EARLY_S = 0.05  # a program's clock, and ours, may differ by so much
_PAUSE_S = 0.5
_JITTER_S = 0.05
_RARE_S = 5.0
_FEW_POLLS = 5


def href(seen: Evidence) -> Said:
    """STATUS-HREF."""
    if any(fault.on == "submit" and fault.do is not Do.CHANGE for fault in seen.scenario.faults):
        return None
    if not seen.submissions or seen.scenario.outcome is not Outcome.CONFIRM:
        return None
    number = str(seen.submissions[0].status)
    if any(each.path.endswith(f"/{number}") for each in seen.statuses):
        return True
    others = [each for each in seen.requests if each.method == "GET"]
    if not others and seen.out_of_time:
        return None
    found = f"GET {others[0].path}" if others else "no status request"
    return Finding(f"GET …/status/{number}, as links.href says", found, on_wire(others[0]) if others else "")


def interval(seen: Evidence) -> Said:
    """STATUS-INTERVAL: half of the pauses, so that one late request is no verdict."""
    gaps = _gaps(seen)
    if len(gaps) < 2:
        return None
    middle = sorted(gaps)[len(gaps) // 2]
    if middle < _PAUSE_S - _JITTER_S:
        return Finding(f"{_PAUSE_S} s or more between polls", f"{middle:.2f} s (the middle one of {len(gaps)} pauses)")
    return True


def growth(seen: Evidence) -> Said:
    """STATUS-GROWTH: the last third of the pauses against the first."""
    gaps = _gaps(seen)
    if len(gaps) < _FEW_POLLS or not all(each.status == 202 or _is_pending(each) for each in seen.statuses):
        return None
    third = len(gaps) // 3
    before, after = sum(gaps[:third]) / third, sum(gaps[-third:]) / third
    if after < before * 1.2 and after < _RARE_S - _JITTER_S:
        return Finding("pauses that grow", f"{before:.2f} s at first, {after:.2f} s in the end ({len(gaps) + 1} polls)")
    return True


def _is_pending(entry: Entry) -> bool:
    return entry.status == 200 and isinstance(entry.answer, dict) and entry.answer.get("statusMessage") == "processing"


def _gaps(seen: Evidence) -> list[float]:
    return [arrived(after) - arrived(before) for before, after in pairs(seen.statuses) if before.path == after.path]


def stops(seen: Evidence) -> Said:
    """STATUS-STOPS."""
    ends = [each for each in seen.statuses if final(each)]
    if not ends:
        return None
    after = [each for end in ends for each in seen.statuses if each.path == end.path and each.number > end.number]
    if after:
        return Finding("no status request after the final one", f"{len(after)} more", on_wire(after[0]))
    return True


# -- Retry-After


def _patient(entries: Callable[[Evidence], list[Entry]]) -> Callable[[Evidence], Said]:
    def judge(seen: Evidence) -> Said:
        told = None
        for before, after in pairs(entries(seen)):
            wanted = before.answer_headers.get("retry-after", "")
            if before.status in (429, 503) and wanted.isdigit():
                told = True
                waited = arrived(after) - answered(before)
                if waited < int(wanted) - _EARLY_S:
                    return Finding(f"{wanted} s, as Retry-After says", f"{waited:.1f} s", on_wire(after))
        return told

    return judge


JUDGES: dict[str, Callable[[Evidence], Said]] = {
    "TOKEN-RETRY-AFTER": _patient(lambda seen: seen.tokens),
    "UPLOAD-RETRY-AFTER": _patient(lambda seen: seen.submits),
    "STATUS-HREF": href,
    "STATUS-INTERVAL": interval,
    "STATUS-GROWTH": growth,
    "STATUS-RETRY-AFTER": _patient(lambda seen: seen.statuses),
    "STATUS-STOPS": stops,
}
