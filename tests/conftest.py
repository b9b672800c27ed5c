"""What every test may use: one signing key per session, mocks in process and on a socket."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

import pytest

from capss_mock.clock import Entropy, ManualClock
from capss_mock.domain.tokens import SigningKey
from capss_mock.run import Run
from capss_mock.server import MockServer
from capss_mock.settings import read_settings
from capss_mock.usecases.start import Preparation
from capss_mock.web.requestlog import Line
from tests.helpers import FIXTURES, InProcess, Live

SHEET_DAY = datetime(2025, 12, 15, 22, 3, 52, tzinfo=UTC)


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """One RSA key for all mocks of a session: making one takes up to 0.4 s."""
    return SigningKey.generate(Entropy().uuid())


@pytest.fixture
def one_key(monkeypatch: pytest.MonkeyPatch, signing_key: SigningKey) -> None:
    """Let each run of the judge begin with the session's key."""

    def server(**more: object) -> MockServer:
        return MockServer(prepared=Preparation(Entropy(), signing_key), **more)  # type: ignore[arg-type]  # as it is called

    monkeypatch.setattr("capss_mock.conformance.client.campaign.MockServer", server)


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The directory of documents and replies."""
    return FIXTURES


@pytest.fixture
def make_mock(signing_key: SigningKey) -> Iterator[Callable[..., InProcess]]:
    """Makes mocks in process on the day of the sheet; switches by keyword (``save_code="200"``)."""
    with ExitStack() as stack:

        def make(dialect: str = "sheet", scenario: str = "happy", **switches: str) -> InProcess:
            changes = {name.replace("_", "-"): value for name, value in switches.items()}
            clock = ManualClock(SHEET_DAY)
            lines: list[Line] = []
            settings = read_settings(scenario, dialect, changes)
            run = Run(settings, Preparation(Entropy(), signing_key), clock, lines.append)
            stack.callback(run.close)
            return InProcess(run, clock, lines)

        yield make


@pytest.fixture
def mock(make_mock: Callable[..., InProcess]) -> InProcess:
    """A mock in process with every switch at its default but ``progress=immediate``."""
    return make_mock(progress="immediate")


@pytest.fixture
def make_live(signing_key: SigningKey) -> Iterator[Callable[..., Live]]:
    """Makes mocks on a free port of the loopback interface; switches by keyword."""
    with ExitStack() as stack:

        def make(*, tls: bool = False, store: Path | None = None, scenario: str = "happy", **switches: str) -> Live:
            changes = {name.replace("_", "-"): value for name, value in switches.items()}
            settings = read_settings(scenario, changes=changes, store=store)
            lines: list[Line] = []
            reports: SimpleQueue[str] = SimpleQueue()
            prepared = Preparation(Entropy(), signing_key)
            server = MockServer(settings, tls=tls, prepared=prepared, sink=lines.append, report=reports.put)
            stack.callback(server.stop)
            return stack.enter_context(Live(server, lines, reports))

        yield make


@pytest.fixture
def path_with_the_command(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``capss-mock`` is a command."""
    directory = tmp_path / "bin"
    directory.mkdir()
    command = directory / "capss-mock"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m capss_mock "$@"\n')
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}
