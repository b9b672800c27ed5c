"""What the pytest plugin's fixtures need once they run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from capss_mock.contract.defaults import DOJ_HOSTS
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.server import MockServer
from capss_mock.settings import Settings, SettingsError, no_such, read_settings
from capss_mock.steering import CapssMock, entry_of
from capss_mock.transports import CapssTransport
from capss_mock.web.journal import Entry, shown
from capss_mock.web.near import Near, nearest

_KNOWN: dict[str, type] = {"scenario": str, "dialect": str, "set": dict, "allow_unmatched": bool}
_SHOWN = 50  # requests in a failing test's section
WAY_OUT = (
    "If the test sends them on purpose: @pytest.mark.capss(allow_unmatched=True), or capss_mock.allow_unmatched = True."
)


def asked_for(markers: Iterable[pytest.Mark], base: Settings) -> tuple[Settings, bool]:
    """The settings that a test's markers ask for, the nearest first, and whether it may send what matches nothing.

    Raises:
        SettingsError: a marker has an argument that there is not, or one that cannot be used.
    """
    found = list(markers)
    if not found:
        return base, False
    values: dict[str, Any] = {}
    switches: dict[str, str] = {}
    for marker in reversed(found):
        if marker.args:
            raise SettingsError(f"@pytest.mark.capss takes keywords only, such as scenario={marker.args[0]!r}")
        for name, value in marker.kwargs.items():
            if name not in _KNOWN:
                raise SettingsError(f"@pytest.mark.capss: {no_such('argument', name, _KNOWN)}")
            if not isinstance(value, _KNOWN[name]):
                raise SettingsError(f"@pytest.mark.capss: {name} must be a {_KNOWN[name].__name__}, not {value!r}")
            if name == "set":
                switches.update(_texts(value))
            else:
                values[name] = value
    asked = base.with_changes()
    asked = read_settings(
        values.get("scenario", asked.scenario), values.get("dialect", asked.dialect), {**asked.changes, **switches}
    )
    settings = replace(
        base, switches=asked.switches, scenario=asked.scenario, dialect=asked.dialect, changes=asked.changes
    )
    return settings, values.get("allow_unmatched", False)


def _texts(values: Any) -> dict[str, str]:
    if all(isinstance(each, str) for pair in values.items() for each in pair):
        return dict(values)
    raise SettingsError(f"@pytest.mark.capss: set must be switches and their settings as texts, not {values!r}")


def in_process(mock: CapssMock, fixture: str) -> MockServer:
    """The mock, if it is in this process; otherwise the test cannot be set up."""
    if not isinstance(mock, MockServer):
        pytest.fail(
            f"{fixture} answers in this process, but CAPSS_MOCK_URL names a mock in another: let the program talk to "
            "capss_mock.url, or unset CAPSS_MOCK_URL",
            pytrace=False,
        )
    return mock


def router(transport: CapssTransport) -> Any:
    """A respx router that answers for the DOJ's hosts and sends nothing anywhere."""
    try:
        import respx
    except ImportError:
        raise pytest.fail.Exception("capss_respx needs respx: pip install respx", pytrace=False) from None

    def answer(request: httpx.Request) -> httpx.Response:
        response = transport.handle_request(request)
        try:
            # respx hands one answer to clients of both kinds, and only a stream of bytes suits both
            stream = httpx.ByteStream(b"".join(iter(response.stream)))  # type: ignore[arg-type]  # it is a sync one
        finally:
            response.stream.close()  # type: ignore[union-attr]  # the same
        return httpx.Response(response.status_code, headers=response.headers.raw, stream=stream)

    routes = respx.mock(assert_all_called=False)
    routes.route(host__in=DOJ_HOSTS).mock(side_effect=answer)
    return routes


def story_of(mock: CapssMock) -> str:
    """What the mock was asked, for a failing test; in this process also when it was stopped."""
    try:
        return "\n".join(_told(mock) if isinstance(mock, MockServer) else _asked(mock))
    except Exception as error:  # noqa: BLE001 - a report must not end the session, whatever became of the mock
        return f"the mock does not tell: {error}"


def _told(mock: MockServer) -> list[str]:
    run = mock.run
    settings = run.settings
    lines = _lines(settings.scenario, settings.overridden, run.journal.entries())
    generation = settings.choice("api-generation").value
    misses = [(each, nearest(each.method, each.path, generation)) for each in run.journal.unmatched()]
    return [*lines, *_misses(run.journal.unmatched_total, misses), *mock.reports]


def _asked(mock: CapssMock) -> list[str]:
    scenario = mock.call("GET", "/scenario")
    return [*_lines(scenario["id"], scenario["overridden"], mock.journal), *_misses_of(mock)]


def _lines(scenario: str, overridden: Mapping[str, str], entries: list[Entry]) -> list[str]:
    count = len(entries)
    last = f", the last {_SHOWN} of them" if count > _SHOWN else ""
    but = "".join(f", but {name} was set and the scenario wants {text}" for name, text in overridden.items())
    return [f"scenario {scenario}{but}, {_requests(count)}{last}:", *map(shown, entries[-_SHOWN:])]


def problems_of(mock: CapssMock) -> str:
    """What a test must not pass with, whatever the program made of it; empty for nothing."""
    lines = mock.refused_in_process[:1] if isinstance(mock, MockServer) else []
    if not mock.allow_unmatched and mock.unmatched and not _is_about_paths(mock):
        lines = [*lines, *_misses_of(mock), WAY_OUT]
    return "\n".join(lines)


def _is_about_paths(mock: CapssMock) -> bool:
    """Whether the scenario is that some paths are not served."""
    return "api-generation" in SCENARIOS[mock.call("GET", "/scenario")["id"]].switches


def _misses_of(mock: CapssMock) -> list[str]:
    found = mock.call("GET", "/unmatched")
    misses = [(entry_of(each), [Near(**one) for one in each["nearest"]]) for each in found["entries"]]
    return _misses(found["total"], misses)


def _misses(total: int, misses: list[tuple[Entry, list[Near]]]) -> list[str]:
    """The requests that matched no operation."""
    if not total:
        return []
    lines = [f"{_requests(total)} matched no operation of CAPSS:"]
    for entry, nearby in misses:
        lines.append(f"  {entry.method} {entry.path} -> {entry.status} {entry.rule or ''}".rstrip())
        lines += [f"      nearest: {one.request} ({one.differs})" for one in nearby]
    if total > len(misses):
        lines.append(f"  and {total - len(misses)} more")
    return lines


def _requests(count: int) -> str:
    return f"{count} request{'' if count == 1 else 's'}"
