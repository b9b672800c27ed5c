"""The pytest plugin: a real CAPSS beside each test.

A user types::

    def test_a_lost_answer(capss_mock):
        capss_mock.scenario("commit-then-504")
        assert my_upload("day.xml", capss_mock.url, capss_mock.client_id, capss_mock.client_secret) == "unknown"
        assert capss_mock.submissions.accepted == 1

``capss_mock`` is a run of its own for each test: port (taken when ``url`` is first asked for), credentials, clock,
state, journal. In process, without a socket: ``capss_transport`` and ``capss_async_transport`` for httpx, and
``capss_respx`` for code that has the DOJ's host names built in. ``capss_server`` is what the runs stand beside: one for
each session (with pytest-xdist, for each worker), or a running ``capss-mock serve`` named by ``CAPSS_MOCK_URL`` (and
``CAPSS_MOCK_TOKEN``, its ``--control-token``). ``capss_settings`` is what they begin with; override it in conftest.py.

Everything is imported inside the fixtures: pytest starts no slower, and nobody's coverage changes.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import respx

    from capss_mock.settings import Settings
    from capss_mock.steering import CapssMock
    from capss_mock.transports import AsyncCapssTransport, CapssTransport

_MOCK: "pytest.StashKey[CapssMock]" = pytest.StashKey()
_PASSED = pytest.StashKey[bool]()  # whether the test did, so far
_MARKER = "capss(scenario=None, dialect=None, set={}, allow_unmatched=False): how the fixture capss_mock behaves"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``pytest --pyargs capss_mock.conformance``."""
    group = parser.getgroup("capss", "CAPSS conformance: pytest --pyargs capss_mock.conformance …")
    group.addoption("--capss-command", metavar="COMMAND", help='judge this program: "./upload.sh {file}"')
    group.addoption("--capss-target", metavar="URL", help="judge this server (CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET)")
    group.addoption("--capss-timeout", type=float, default=30.0, metavar="SECONDS", help="CAPSS_TIMEOUT_S (30)")
    group.addoption("--capss-dialect", default="sheet", metavar="NAME", help="a named set of switches (sheet)")
    group.addoption("--capss-strict", action="store_true", help="warnings are failures")
    group.addoption("--i-own-this-account", action="store_true", help="for a --capss-target that is not this machine")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def capss_settings() -> "Settings":
    """What runs begin with: ``read_settings(scenario, dialect, changes)``. Override it in conftest.py."""
    _needs_the_mock()
    from capss_mock.settings import read_settings

    return read_settings()


@pytest.fixture(scope="session")
def capss_server(capss_settings: "Settings") -> "Iterator[CapssMock]":
    """What the runs stand beside: a mock of this session (of this worker), or the one that ``CAPSS_MOCK_URL`` names.

    ``MockServer(capss_settings, port=None, tls=True)`` in an override makes all of them https.
    """
    _needs_the_mock()
    from capss_mock.remote import RemoteMock
    from capss_mock.server import MockServer
    from capss_mock.settings import SettingsError
    from capss_mock.steering import SteeringError

    if url := os.environ.get("CAPSS_MOCK_URL"):
        try:
            remote = RemoteMock(url, os.environ.get("CAPSS_MOCK_TOKEN"))
        except SteeringError as error:
            raise pytest.fail.Exception(f"CAPSS_MOCK_URL: {error}", pytrace=False) from None
        yield remote
        return
    try:
        with MockServer(capss_settings, port=None) as server:
            yield server
    except SettingsError as error:
        raise pytest.fail.Exception(f"capss_settings: {error}", pytrace=False) from None


@pytest.fixture
def capss_mock(
    request: pytest.FixtureRequest, capss_server: "CapssMock", capss_settings: "Settings"
) -> "Iterator[CapssMock]":
    """A fresh run for this test; fails it at the end on requests that matched no operation of CAPSS."""
    from capss_mock.pytest_support import asked_for, problems_of
    from capss_mock.settings import SettingsError
    from capss_mock.steering import SteeringError

    stash = request.node.stash
    stash[_PASSED] = False  # an earlier run of the same test may have left another word
    try:
        with ExitStack() as stack:
            settings, allowed = asked_for(request.node.iter_markers("capss"), capss_settings)
            mock = stack.enter_context(capss_server.open_run(settings))
            mock.allow_unmatched = allowed
            stash[_MOCK] = mock
            yield mock
            problems = problems_of(mock) if stash[_PASSED] else ""
            if problems:
                pytest.fail(problems, pytrace=False)
    except (SettingsError, SteeringError) as error:
        raise pytest.fail.Exception(f"capss_mock: {error}", pytrace=False) from None


@pytest.fixture
def capss_transport(capss_mock: "CapssMock") -> "CapssTransport":
    """For ``httpx.Client(transport=capss_transport)``: the test's mock in process, without a socket."""
    from capss_mock.pytest_support import in_process
    from capss_mock.transports import CapssTransport

    return CapssTransport(in_process(capss_mock, "capss_transport"))


@pytest.fixture
def capss_async_transport(capss_mock: "CapssMock") -> "AsyncCapssTransport":
    """For ``httpx.AsyncClient(transport=capss_async_transport)``, under asyncio or trio."""
    from capss_mock.pytest_support import in_process
    from capss_mock.transports import AsyncCapssTransport

    return AsyncCapssTransport(in_process(capss_mock, "capss_async_transport"))


@pytest.fixture
def capss_respx(capss_mock: "CapssMock") -> "Iterator[respx.MockRouter]":
    """A respx router: what httpx sends to the DOJ's host names is answered by the test's mock; nothing else is sent."""
    from capss_mock.pytest_support import in_process, router
    from capss_mock.transports import CapssTransport

    transport = CapssTransport(in_process(capss_mock, "capss_respx"))
    with router(transport) as routes:
        yield routes


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failing test what its mock was asked."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed and not hasattr(report, "wasxfail")
    mock = item.stash.get(_MOCK, None)
    if mock is not None and report.failed:
        from capss_mock.pytest_support import story_of

        report.sections.append(("capss_mock", story_of(mock)))
    if report.when == "teardown" and mock is not None:
        del item.stash[_MOCK]
    return report


def _needs_the_mock() -> None:
    try:
        import flask  # noqa: F401 - is it there?
    except ImportError:
        message = "the fixtures of capss-kit need its extra: pip install 'capss-kit[mock]'"
        raise pytest.fail.Exception(message, pytrace=False) from None
