"""Secrets, tokens and people: never in what is printed, logged, raised, shown or kept (but for the token's cache)."""

import base64
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from capss_client import CapssError, Client
from capss_client._auth import basic
from capss_mock.server import MockServer
from capss_mock.settings import read_settings
from tests.client.helpers import Time

PEOPLE = ("Canaryfirst", "Canarylast", "Canary Street 7", "X9999999")
DOCUMENT = f"""<capssUpload><bulkUploadData licenseNumber="000000300"><propertyTransaction>
<customer><firstName>{PEOPLE[0]}</firstName><lastName>{PEOPLE[1]}</lastName><address>{PEOPLE[2]}</address>
<id><number>{PEOPLE[3]}</number></id></customer></propertyTransaction></bulkUploadData></capssUpload>"""
SCENARIOS = [
    "happy", "partial", "commit-then-504", "commit-then-drop", "commit-then-garbage", "token-invalid-client", "token-html",
    "foreign-href", "status-html", "redirect-elsewhere", "token-expires", "save-503-first", "expired-certificate", "never-completes",
]  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(port=None) as server:
        yield server


@dataclass
class Tokens:
    """The tokens that went over the wire."""

    seen: set[str] = field(default_factory=set)

    def note(self, response: httpx.Response) -> None:
        if "/oauth2/token" in str(response.request.url):
            response.read()
            if b"access_token" in response.content:
                self.seen.add(str(response.json()["access_token"]))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "day.xml"
    path.write_text(DOCUMENT)
    return path


def canaries(mock: MockServer, tokens: set[str]) -> list[str]:
    basics = [basic(mock.client_id, mock.client_secret), base64.b64encode(mock.client_secret.encode()).decode()]
    parts = [part for token in tokens for part in token.split(".")]
    return [mock.client_secret, *basics, *tokens, *parts, *PEOPLE]


def assert_clean(text: str, words: list[str]) -> None:
    assert [word for word in words if word in text] == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_leaks_from_the_library(
    server: MockServer, scenario: str, file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    tokens, time = Tokens(), Time()
    shown: list[Any] = []
    kept = tmp_path / "kept"
    kept.mkdir()
    with server.open_run(read_settings(scenario)) as mock:
        client = Client(
            mock.url, mock.client_id, mock.client_secret, ca_file=mock.ca_file, ledger=kept / "l.sqlite",
            token_cache=kept / "t.json", on_progress=shown.append,
        )  # fmt: skip
        time.rule(client, monkeypatch)
        client._http.event_hooks = {"response": [tokens.note]}
        shown += [client, client._config, client._keeper, client._ledger, client._setup.tell]
        with client:
            try:
                receipt = client.upload(file)
                shown += [receipt, client.wait(receipt, deadline=20)]
            except CapssError as error:
                shown += [error, error.__dict__, error.__cause__, error.__context__]
                shown.append("".join(traceback.format_exception(error)))
        words = canaries(mock, tokens.seen)
        assert scenario.startswith(("token-invalid", "token-html", "expired")) or tokens.seen
    out, err = capsys.readouterr()
    assert_clean("\n".join([out, err, caplog.text, *map(repr, shown), *map(str, shown)]), words)
    assert logging.DEBUG in {record.levelno for record in caplog.records}
    for path in kept.iterdir():
        allowed = tokens.seen if path.name == "t.json" else set()
        mine = [word for word in words if not any(word in token for token in allowed)]
        assert_clean(path.read_bytes().decode("utf-8", "replace"), mine)
        if os.name == "posix" and path.name in ("t.json", "l.sqlite"):
            assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("scenario", ["happy", "commit-then-504", "token-invalid-client", "partial"])
@pytest.mark.parametrize(
    "arguments", [["upload"], ["upload", "--json"], ["doctor"], ["token", "--show-claims"]], ids=" ".join
)
def test_nothing_leaks_from_the_command(
    server: MockServer, scenario: str, arguments: list[str], file: Path, tmp_path: Path
) -> None:
    with server.open_run(
        read_settings(scenario, changes={"progress": "immediate"} if scenario == "happy" else {})
    ) as mock:
        command = [sys.executable, "-m", "capss_client", *arguments, *([str(file)] if arguments[0] == "upload" else [])]
        environment = {**os.environ, **mock.environ, "CAPSS_TOKEN_CACHE": str(tmp_path / "t.json")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
        cache = (tmp_path / "t.json").read_text() if (tmp_path / "t.json").exists() else '"token": ""'
        token = cache.partition('"token": "')[2].partition('"')[0]
        words = canaries(mock, {token} if token else set())
    assert done.stdout or done.stderr
    assert "Traceback" not in done.stderr
    claims = token.split(".")[1:2] if "--show-claims" in arguments else []
    assert_clean(done.stdout + done.stderr, [word for word in words if word and word not in claims])


def test_the_canaries_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        assert_clean(f"a note about {PEOPLE[0]}", list(PEOPLE))
