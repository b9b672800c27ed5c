"""The suite as pytest tests: one for each scenario, or for each check of a server.

.. code-block:: sh

    pytest --pyargs capss_mock.conformance --capss-command "./upload.sh {file}" [-n 4] [-k commit]
    pytest --pyargs capss_mock.conformance --capss-target http://127.0.0.1:8080
"""

import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from capss_mock.conformance.report import words
from capss_mock.contract.checks import SERVER_CHECKS
from capss_mock.contract.scenarios import SCENARIOS

if TYPE_CHECKING:
    from capss_mock.conformance.client.play import Stage
    from capss_mock.conformance.results import Play, Report, Result

_USAGE = 2  # the exit code


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The scenarios for a program, the checks for a server."""
    config = metafunc.config
    command, target = config.getoption("--capss-command"), config.getoption("--capss-target")
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", list(SCENARIOS) if command else [])
    if "check" in metafunc.fixturenames:
        metafunc.parametrize("check", list(SERVER_CHECKS) if target else [])


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> "Iterator[Stage]":
    """What all plays share."""
    from capss_mock.conformance.client.campaign import Plan, staged
    from capss_mock.conformance.client.program import Command, ProgramError

    option = request.config.getoption
    try:
        command = Command(tuple(shlex.split(option("--capss-command"))), timeout_s=option("--capss-timeout"))
        with staged(Plan(command)) as shared:
            yield shared
    except (ProgramError, ValueError) as error:  # the latter of a quote without its end
        pytest.exit(str(error), _USAGE)


def test_program(stage: "Stage", scenario: str, request: pytest.FixtureRequest) -> None:
    """It does what a good program does."""
    from capss_mock.conformance.client.play import Part, play
    from capss_mock.conformance.client.program import ProgramError

    try:
        played = play(stage, Part(scenario, dialect=request.config.getoption("--capss-dialect")))
    except ProgramError as error:
        pytest.exit(str(error), _USAGE)
    _tell(request, played, played.results)


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> "Report":
    """The server, asked once."""
    from capss_mock.conformance.server.asking import Unreachable
    from capss_mock.conformance.server.campaign import carry_out
    from capss_mock.conformance.server.target import Target, TargetError

    option = request.config.getoption
    url, owned = option("--capss-target"), option("--i-own-this-account")
    client = os.environ.get("CAPSS_CLIENT_ID", ""), os.environ.get("CAPSS_CLIENT_SECRET", "")
    try:
        target = Target(url, *client, owned=owned)
        with target.client() as http:
            return carry_out(target.server(http), url)
    except (TargetError, Unreachable) as error:
        pytest.exit(str(error), _USAGE)


def test_server(report: "Report", check: str, request: pytest.FixtureRequest) -> None:
    """It answers as is known of CAPSS."""
    for play in report.plays:
        if results := tuple(each for each in play.results if each.check.id == check):
            _tell(request, replace(play, timeline=()), results)


def _tell(request: pytest.FixtureRequest, play: "Play", results: "tuple[Result, ...]") -> None:
    from capss_mock.conformance.results import Verdict

    bad = (Verdict.FAIL, Verdict.WARN) if request.config.getoption("--capss-strict") else (Verdict.FAIL,)
    found = [each for each in results if each.verdict.is_finding]
    told = "\n".join(words.in_full(each, play.grade) for each in found)
    if any(each.verdict in bad for each in found):
        pytest.fail("\n".join([told, "", play.sentence, *play.timeline, "", words.UNOFFICIAL]), pytrace=False)
    if found:
        request.node.add_report_section("call", "capss", told)
    if all(each.verdict in (Verdict.BLOCKED, Verdict.UNSEEN) for each in results):
        pytest.skip(f"nothing could be told: {', '.join(str(each.verdict) for each in results)}")  # it is their result
