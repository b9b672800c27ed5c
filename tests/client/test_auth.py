"""Credentials and tokens: how they are written, when they are kept, and for whom to read."""

import base64
import json
import os
import stat
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_client import ConfigError, Token
from capss_client._auth import Keeper, basic

TOKEN = Token("secret-token", 3600, "api")


@given(st.text(), st.text())
def test_id_and_secret_come_back_from_basic_credentials(client_id: str, secret: str) -> None:
    name, _, word = base64.b64decode(basic(client_id, secret)).decode().partition(":")
    assert (unquote_plus(name), unquote_plus(word)) == (client_id, secret)


def test_plain_ones_are_as_curl_writes_them() -> None:
    assert basic("apitest", "Password1") == "YXBpdGVzdDpQYXNzd29yZDE="


def keeper(now: list[float], file: Path | None = None, name: str = "me") -> Keeper:
    return Keeper(lambda: now[0], file, name)


def test_a_token_is_kept_until_a_minute_before_it_expires() -> None:
    now = [1000.0]
    kept = keeper(now)
    assert kept.get() == ""
    kept.put(TOKEN, 1000.0)
    now[0] = 1000 + 3600 - 61
    assert kept.get() == "secret-token"
    now[0] += 1.1
    assert kept.get() == ""


def test_a_token_that_was_refused_is_not_given_again() -> None:
    kept = keeper([0.0])
    kept.put(TOKEN, 0)
    assert kept.get("another") == "secret-token"
    assert kept.get("secret-token") == ""
    assert kept.get() == ""


def test_a_file_keeps_tokens_of_several_clients_between_programs_for_their_owner(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    keeper([0.0], file).put(TOKEN, 0)
    keeper([0.0], file, "other").put(Token("others", 3600, "api"), 0)
    assert keeper([0.0], file).get() == "secret-token"
    assert keeper([0.0], file, "other").get() == "others"
    assert keeper([0.0], file, "third").get() == ""
    assert keeper([3600.0], file).get() == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["tokens.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"me": 1}', '{"me": {"token": 1, "until": 9e9}}', '{"me": {"token": "x", "until": "y"}}']
)
def test_a_file_that_is_none_is_made_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(text)
    file.chmod(0o600)
    kept = keeper([0.0], file)
    assert kept.get() == ""
    kept.put(TOKEN, 0)
    assert keeper([0.0], file).get() == "secret-token"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"me": {"token": "secret-token", "until": 9e9}}))
    file.chmod(mode)
    with pytest.raises(ConfigError, match="others can read the token cache") as error:
        keeper([0.0], file).get()
    assert "secret-token" not in str(error.value)
    assert f"chmod 600 {file}" in error.value.next_step


@pytest.mark.parametrize("where", ["a directory", "no directory"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, where: str) -> None:
    file = tmp_path if where == "a directory" else tmp_path / "x/tokens.json"
    with pytest.raises(ConfigError, match="token cache"):
        keeper([0.0], file)


def test_a_file_that_fails_later_is_left_out_with_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    kept, other = keeper([0.0], file), keeper([0.0], file)
    kept.put(TOKEN, 0)
    file.chmod(0o644)
    with pytest.warns(RuntimeWarning, match="tokens are not kept"):
        assert other.get() == ""
    other.put(TOKEN, 0)
    assert other.get() == "secret-token"
    with pytest.warns(RuntimeWarning, match="tokens are not kept"):
        kept.put(TOKEN, 0)
    assert kept.get() == "secret-token"


def test_nothing_of_a_token_is_shown() -> None:
    kept = keeper([0.0])
    kept.put(TOKEN, 0)
    assert "secret-token" not in repr(kept) + repr(kept._held)
