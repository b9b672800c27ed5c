"""Privacy and TLS: what came out, and which certificates were taken."""

from collections.abc import Callable

from capss_mock.conformance.client.evidence import Evidence, Leak
from capss_mock.conformance.results import Finding

Said = Finding | bool | None


def _names(leaks: list[Leak]) -> str:
    return ", ".join(dict.fromkeys(each.where for each in leaks))


def _watched(seen: Evidence) -> bool:
    """Whether its output and its files could be looked at."""
    return seen.program is not None and not seen.program.by_hand


def _kept_quiet(kind: str) -> Callable[[Evidence], Said]:
    def judge(seen: Evidence) -> Said:
        if not _watched(seen):
            return None
        bad = [each for each in seen.leaks if each.kind == kind and not each.private]
        if bad:
            return Finding(f"no {kind} in output, or in files that others can read", f"in {_names(bad)}")
        return True

    return judge


def person(seen: Evidence) -> Said:
    """PRIVACY-PERSON."""
    if not seen.persons_known or not _watched(seen):
        return None
    bad = [each for each in seen.leaks if each.kind == "person" and not each.in_file]
    return Finding("nothing of the document's people in output", f"in {_names(bad)}") if bad else True


def copy(seen: Evidence) -> Said:
    """PRIVACY-COPY."""
    if not seen.persons_known or not _watched(seen):
        return None
    bad = [each for each in seen.leaks if each.kind == "person" and each.in_file]
    return Finding("no copy of the document's people", f"in {_names(bad)}") if bad else True


def kept(seen: Evidence) -> Said:
    """PRIVACY-KEPT."""
    if not _watched(seen):
        return None
    there = [each for each in seen.leaks if each.kind != "person" and each.private]
    return Finding("no secret or token in files", f"a {there[0].kind} in {_names(there)}") if there else True


def _certificate(fault: str) -> Callable[[Evidence], Said]:
    def judge(seen: Evidence) -> Said:
        if seen.scenario.certificate != fault:
            return None
        if seen.requests:
            first = seen.requests[0]
            return Finding("no request over that connection", f"{first.method} {first.path}")
        return seen.connected or None

    return judge


JUDGES: dict[str, Callable[[Evidence], Said]] = {
    "PRIVACY-SECRET": _kept_quiet("secret"),
    "PRIVACY-TOKEN": _kept_quiet("token"),
    "PRIVACY-PERSON": person,
    "PRIVACY-COPY": copy,
    "PRIVACY-KEPT": kept,
    "TLS-TRUST": _certificate("untrusted"),
    "TLS-EXPIRY": _certificate("expired"),
    "TLS-NAME": _certificate("wrong-name"),
}
