"""The client against every scenario, live: the outcome that each must have, typed by hand."""

from pathlib import Path

import pytest

from capss_client import CapssError, Client
from capss_mock.contract.faults import Outcome
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.server import MockServer
from capss_mock.settings import read_settings
from tests.client.helpers import Time
from tests.helpers import BROKEN, VALID

THREE = VALID / "three-transactions.xml"
# what comes of it, and how many documents the server has then accepted
EXPECTED = {
    "happy": ("confirmed", 1), "slow": ("confirmed", 1), "immediate": ("confirmed", 1), "completed-at-5": ("confirmed", 1),
    "completed-at-6": ("confirmed", 1), "completed-at-7": ("confirmed", 1), "completed-at-null": ("confirmed", 1),
    "unknown-members": ("confirmed", 1), "other-order": ("confirmed", 1), "relative-href": ("confirmed", 1),
    "large-file": ("confirmed", 1), "duplicates-submitted": ("confirmed", 1),
    "never-completes": ("Undetermined", 1), "pending-then-refused": ("not confirmed", 1),
    "complete-with-errors": ("not confirmed", 1), "partial": ("not confirmed", 1), "found-invalid": ("not confirmed", 1),
    "duplicates-refused": ("not confirmed", 1), "commit-then-drop": ("Undetermined", 1), "commit-then-504": ("Undetermined", 1),
    "commit-then-500": ("Undetermined", 1), "commit-then-garbage": ("Undetermined", 1), "commit-then-html": ("Undetermined", 1),
    "commit-then-empty": ("Undetermined", 1), "commit-then-truncate": ("Undetermined", 1), "foreign-href": ("Undetermined", 1),
    "redirect-elsewhere": ("Undetermined", 1), "redirect-to-http": ("Undetermined", 1), "untrusted-certificate": ("NotSent", 0),
    "expired-certificate": ("NotSent", 0), "wrong-name-certificate": ("NotSent", 0), "token-invalid-client": ("Refused", 0),
    "token-invalid-scope": ("Refused", 0), "token-500": ("NotSent", 0), "token-html": ("NotSent", 0), "maintenance": ("NotSent", 0),
    "empty-file": ("ConfigError", 0), "licence-mismatch": ("not confirmed", 1), "status-empty": ("Undetermined", 1),
    "status-null-members": ("Undetermined", 1), "status-html": ("Undetermined", 1), "duplicates-dropped": ("not confirmed", 1),
    "status-404-first": ("confirmed", 1), "save-500-first": ("Undetermined", 0), "save-502-first": ("Undetermined", 0),
    "save-503-first": ("confirmed", 1), "save-503-retry-after": ("confirmed", 1), "save-429-retry-after": ("confirmed", 1),
    "save-429-first": ("confirmed", 1), "save-reset-first": ("Undetermined", 0), "token-503-first": ("confirmed", 1),
    "status-429-retry-after": ("confirmed", 1), "status-503-first": ("confirmed", 1), "status-reset-first": ("confirmed", 1),
    "status-other-number": ("confirmed", 1), "status-truncated-first": ("confirmed", 1), "slow-drip": ("confirmed", 1),
    "delayed": ("confirmed", 1), "token-expires": ("confirmed", 1), "expires-in-over": ("confirmed", 1),
    "old-generation": ("Refused", 0),
}  # fmt: skip
RETRY_AFTER = {"save-503-retry-after": 2, "save-429-retry-after": 2, "token-503-first": 1, "status-429-retry-after": 2}


def to_send(scenario: str, tmp_path: Path) -> Path:
    if scenario == "licence-mismatch":
        return next(BROKEN.glob("DOC-LICENCE-MISMATCH--*.xml"))
    if scenario == "empty-file":
        (tmp_path / "empty.xml").touch()
        return tmp_path / "empty.xml"
    return THREE


def test_every_scenario_has_an_expectation_that_fits_its_letter() -> None:
    assert set(EXPECTED) == set(SCENARIOS)
    for name, (outcome, accepted) in EXPECTED.items():
        letter = SCENARIOS[name].outcome
        assert (outcome == "confirmed") is (letter is Outcome.CONFIRM) or letter is Outcome.EITHER
        assert accepted <= 1


@pytest.fixture(scope="module")
def server() -> MockServer:
    with MockServer(port=None) as server:
        yield server  # type: ignore[misc]  # a fixture


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_comes_of_a_scenario(
    server: MockServer, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, accepted = EXPECTED[name]
    time = Time()
    with server.open_run(read_settings(name)) as mock:
        with Client(mock.url, mock.client_id, mock.client_secret, ca_file=mock.ca_file) as client:
            time.rule(client, monkeypatch)
            try:
                result = client.wait(client.upload(to_send(name, tmp_path), deadline=60), deadline=60)
                found = "confirmed" if result.confirmed else "not confirmed"
            except CapssError as error:
                found = type(error).__name__
        assert (found, mock.submissions.accepted) == (outcome, accepted)
        if found == "confirmed":
            assert mock.submissions.saved == result.saved == 3
        tokens = [each for each in mock.journal if each.operation == "token"]
        assert len(tokens) <= 5
    if name in RETRY_AFTER:
        assert max(time.waited) >= RETRY_AFTER[name]
    assert all(each >= 0.5 for each in time.waited)
    if name.endswith("-certificate"):
        assert time.waited == []  # another try would not help
