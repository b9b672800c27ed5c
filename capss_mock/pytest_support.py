"""What the pytest plugin's fixtures need once they run."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from capss_mock.contract.defaults import DOJ_HOSTS
from capss_mock.server import MockServer
from capss_mock.settings import Settings, SettingsError, no_such, read_settings
from capss_mock.steering import CapssMock, SteeringError
from capss_mock.transports import CapssTransport
from capss_mock.web.journal import shown

_KNOWN: dict[str, type] = {"scenario": str, "dialect": str, "set": dict, "allow_unmatched": bool}
_SHOWN = 50  # requests in a failing test's section


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
    """What the mock was asked, for a failing test."""
    try:
        scenario = mock.call("GET", "/scenario")["id"]
        journal = mock.journal
    except SteeringError as error:
        return f"the mock does not tell: {error}"
    last = f", the last {_SHOWN} of them" if len(journal) > _SHOWN else ""
    lines = [f"scenario {scenario}, {len(journal)} requests{last}:", *map(shown, journal[-_SHOWN:])]
    return "\n".join(lines)


def misses_of(mock: CapssMock) -> str:
    """The requests that matched no operation; empty for none."""
    total = mock.unmatched
    if not total:
        return ""
    found = mock.call("GET", "/unmatched")
    lines = [f"{total} request{'s' if total > 1 else ''} matched no operation of CAPSS:"]
    for each in found["entries"]:
        lines.append(f"  {each['method']} {each['path']} -> {each['status']} {each['rule'] or ''}".rstrip())
        lines += [f"      nearest: {one['request']} ({one['differs']})" for one in each["nearest"]]
    if total > len(found["entries"]):
        lines.append(f"  and {total - len(found['entries'])} more")
    return "\n".join(lines)
