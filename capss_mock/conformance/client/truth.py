"""Truth: what the program said, against what the server told it and holds."""

from typing import Any

from capss_mock.conformance.client.evidence import Evidence
from capss_mock.conformance.results import Finding
from capss_mock.contract.faults import Outcome

Said = Finding | bool | None
_NUMBERS = ("saved", "duplicates", "errors")


def saved(seen: Evidence) -> Said:
    """TRUTH-SAVED."""
    if seen.program is None:
        return None
    if not seen.program.confirms:
        return True
    held, total = seen.held
    expected = "exit 0 only when everything is confirmed saved"
    if seen.scenario.outcome is Outcome.EITHER:
        there = seen.told and held + sum(each.duplicates for each in seen.submissions) >= total
    else:
        there = seen.told and held >= total and seen.scenario.outcome is Outcome.CONFIRM
    if there:
        return True
    if seen.scenario.certificate and seen.told and held >= total:
        return None  # it is so, whoever said so: TLS-TRUST and the like tell
    if held < total or not seen.submissions:
        weight = 2 if seen.submissions else 1
        return Finding(expected, f"your program said saved; the server saved {held} of {total}", weight=weight)
    return Finding(
        expected, f"your program said saved; the server holds {held} of {total}, but no answer had confirmed it"
    )


def confirm(seen: Evidence) -> Said:
    """TRUTH-CONFIRM."""
    held, total = seen.held
    if seen.program is None or seen.scenario.outcome is not Outcome.CONFIRM:
        return None
    if seen.program.killed or seen.program.confirms:
        return seen.program.confirms
    if held < total or not total:
        # what the server would have saved had it been asked to is not seen: UPLOAD-SENT tells
        return None
    told = "said so" if seen.told else "would have said so"
    said = f"{seen.program.words}, after {seen.program.seconds:.1f} s"
    late = ""
    if not seen.told and seen.out_of_time:
        late = f"; its time ({seen.timeout_s:g} s) was nearly over: a slow machine can do that, try --timeout"
    return Finding(
        "exit 0: the server saved everything and says so",
        f"your program did not say saved ({said}); the server saved {held} of {total}, and {told}{late}",
    )


def ends(seen: Evidence) -> Said:
    """ENDS-IN-TIME."""
    if seen.program is None or seen.program.by_hand:
        return None
    if seen.program.killed:
        return Finding("an end within CAPSS_TIMEOUT_S", f"{seen.program.words}, 10 s after its time was over")
    return True


def outcome(seen: Evidence) -> Said:
    """TRUTH-OUTCOME."""
    program = seen.program
    if program is None or program.killed or (program.outcome is None and not program.unreadable):
        return None
    expected = '{"confirmed": true|false|"unknown", …}, true if and only if the exit code is 0'
    if program.unreadable:
        return Finding(expected, program.unreadable)
    values = program.outcome
    told = values.get("confirmed") if isinstance(values, dict) else None
    if not isinstance(values, dict) or not (isinstance(told, bool) or told == "unknown"):
        return Finding(expected, "confirmed is missing, or is none of true, false and unknown")
    wrong = [name for name in _NUMBERS if not _is_count(values.get(name))]
    if wrong:
        return Finding(f"{wrong[0]}: a whole number, or null", f"{wrong[0]} is {type(values[wrong[0]]).__name__}")
    if (values["confirmed"] is True) is not program.confirms:
        return Finding(expected, f"confirmed is {values['confirmed']!r}, and the program ended with {program.words}")
    return True


def counts(seen: Evidence) -> Said:
    """TRUTH-COUNTS."""
    values: Any = seen.program.outcome if seen.program else None
    if not isinstance(values, dict) or len(seen.submissions) > 1:
        return None
    given = {name: values[name] for name in _NUMBERS if isinstance(values.get(name), int)}
    if not given or not any(map(_is_final, seen.statuses)):
        return None
    holds = {name: sum(getattr(each, name) for each in seen.submissions) for name in _NUMBERS}
    held, total = seen.held
    left = max(0, total - held - holds["duplicates"])
    if given.get("errors") == left:  # saved + duplicates + errors = records: a file that cannot be read is one error
        holds["errors"] = left
    if seen.scenario.id == "duplicates-submitted" and given.get("duplicates") == 0:
        given.pop("duplicates")  # saved all the same: no answer says how many they are
    wrong = [f"{name} {number} (the server: {holds[name]})" for name, number in given.items() if number != holds[name]]
    return Finding("the server's numbers", ", ".join(wrong)) if wrong else True


def _is_final(entry: Any) -> bool:
    return entry.status == 200 and isinstance(entry.answer, dict) and entry.answer.get("savedCount") is not None


def _is_count(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


JUDGES = {
    "TRUTH-SAVED": saved,
    "TRUTH-CONFIRM": confirm,
    "ENDS-IN-TIME": ends,
    "TRUTH-OUTCOME": outcome,
    "TRUTH-COUNTS": counts,
}
