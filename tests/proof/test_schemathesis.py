"""Schemathesis over both APIs of a running mock, each against its own OpenAPI document."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from capss_mock import __version__, openapi
from capss_mock.contract import controls
from tests.helpers import AUTH, Live

CONFIG = Path(__file__).parents[1] / "schemathesis.toml"
PUBLIC = "/(oauth2|oauth|.well-known)/"
pytestmark = pytest.mark.proof


def schemathesis(live: Live, directory: Path, document: object, *options: str, examples: int = 50) -> str:
    """Run it; gives what it printed, which is in the assertion when it has found something."""
    path = directory / "openapi.json"
    path.write_text(json.dumps(document))
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", str(path), "--url", live.server.url,
            "--max-examples", str(examples), "--phases", "examples,coverage,fuzzing", "--no-color", *options,
        ],
        capture_output=True, text=True, check=False, cwd=directory, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_the_control_api_is_as_its_document_says(make_live: Callable[..., Live], tmp_path: Path) -> None:
    printed = schemathesis(make_live(), tmp_path, controls.document(__version__), examples=25)
    assert "25 selected / 25 total" in printed


def test_the_capss_api_is_as_its_document_says(make_live: Callable[..., Live], tmp_path: Path) -> None:
    live = make_live(progress="immediate")
    bearer = live.bearer()["Authorization"]
    printed = schemathesis(
        live, tmp_path, openapi.document(), "-H", f"Authorization: {bearer}", "--exclude-path-regex", PUBLIC
    )
    assert "6 selected / 12 total" in printed


def test_the_authorization_server_is_as_its_document_says(make_live: Callable[..., Live], tmp_path: Path) -> None:
    live = make_live()
    printed = schemathesis(live, tmp_path, openapi.document(), "--auth", ":".join(AUTH), "--include-path-regex", PUBLIC)
    assert "6 selected / 12 total" in printed


def test_a_document_that_is_not_true_is_noticed(make_live: Callable[..., Live], tmp_path: Path) -> None:
    document = controls.document(__version__)
    document["paths"]["/__capss/clock"]["get"]["responses"]["200"]["content"]["application/json"]["schema"][
        "properties"
    ]["frozen"] = {"type": "string"}
    with pytest.raises(AssertionError, match="Response violates schema"):
        schemathesis(make_live(), tmp_path, document, "--include-path", "/__capss/clock", examples=5)
