"""Asks a server everything, area by area, and draws the sum."""

import time
from collections.abc import Callable, Iterable

from capss_mock.conformance.results import Finding, Play, Report, concluded, tallied
from capss_mock.conformance.server.asking import Server, Unreachable, values_of
from capss_mock.conformance.server.judges import JUDGES
from capss_mock.contract.checks import SERVER_CHECKS, Check

_SENTENCES = {
    "token": "Tokens are asked for, rightly and wrongly.",
    "bearer": "The API is called with good and bad bearers.",
    "upload": "An invented document is uploaded.",
    "status": "Its status is asked for.",
    "update": "Its items are updated.",
    "web": "What the web layer answers.",
}


def carry_out(
    server: Server,
    what: str,
    checks: Iterable[str] = (),
    *,
    strict: bool = False,
    told: Callable[[Play, int, int], None] = lambda _play, _done, _all: None,
) -> Report:
    """Ask it all that is needed for the checks (empty: all).

    Raises:
        Unreachable: not even a token request was answered, or the credentials are refused.
    """
    begun = time.monotonic()
    wanted = list(checks)
    chosen = tuple(SERVER_CHECKS[each] for each in wanted or SERVER_CHECKS)
    if values_of(server.token_reply).get("error") == "invalid_client":  # nothing of the rest could be told
        raise Unreachable(f"it refuses these credentials ({server.token_reply.status_code} invalid_client)")
    ids = _with_needs(chosen)
    found: dict[str, Finding | bool | None] = {}
    plays: list[Play] = []
    order = dict.fromkeys(check.area for check in SERVER_CHECKS.values())
    for area in order:
        group = [check for check in SERVER_CHECKS.values() if check.area == area and check.id in ids]
        if not group:
            continue
        before = len(server.asked) if plays else 0
        for check in group:
            found[check.id] = _judged(server, check)
        results = [each for each in concluded(found, [SERVER_CHECKS[id_] for id_ in found]) if each.check in chosen]
        play = Play(
            name=area,
            sentence=_SENTENCES[area],
            outcome="",
            grade=min((check.stimulus for check in group), key=lambda each: "DOIA".index(each.letter)),
            results=tuple(each for each in results if each.check.area == area),
            timeline=tuple(f"{each.seconds:+7.2f} s  {each.line}  {each.status}" for each in server.asked[before:]),
        )
        plays.append(play)
        told(play, len(plays), len(order))
    return Report(
        kind="verify",
        what=what,
        plays=tuple(plays),
        tallies=tallied(plays, chosen),
        seconds=time.monotonic() - begun,
        strict=strict,
        partial="only a part was asked (--check)" if wanted else "",
    )


def _with_needs(checks: Iterable[Check]) -> set[str]:
    ids: set[str] = set()
    waiting = list(checks)
    while waiting:
        check = waiting.pop()
        if check.id not in ids:
            ids.add(check.id)
            waiting += [SERVER_CHECKS[each] for each in check.needs]
    return ids


def _judged(server: Server, check: Check) -> Finding | bool | None:
    try:
        return JUDGES[check.id](server)
    except Unreachable as error:
        return Finding("an answer", str(error))
