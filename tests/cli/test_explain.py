"""``capss-mock explain``: members, traps and grades; nothing secret; no traceback whatever is given."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.cli.explain import explain
from capss_mock.contract.members import ANSWERS, CLAIMS, HEADER
from tests.helpers import FIXTURES, InProcess

SHEET = FIXTURES / "replies/sheet"


def run(*arguments: str, text: str | bytes = "") -> Result:
    return CliRunner().invoke(explain, arguments, input=text, catch_exceptions=True)


def parts(text: str) -> list[dict[str, Any]]:
    result = run("-", "--json", text=text)
    assert result.exit_code == 0, result.output
    values: list[dict[str, Any]] = json.loads(result.output)["parts"]
    return values


def jwt(claims: dict[str, Any]) -> str:
    coded = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({"alg": "x"}, claims)
    ]
    return ".".join([*coded, "c2ln"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("token.json", "token"),
        ("save.json", "accepted"),
        ("update.json", "accepted"),
        ("save-status.json", "status"),
        ("update-status.json", "status"),
    ],
)
def test_the_sheets_replies_are_told_apart_and_every_member_is_known(name: str, kind: str) -> None:
    (part,) = parts((SHEET / name).read_text("utf-8"))
    assert part["kind"] == kind
    assert [row["member"] for row in part["members"] if row["grade"] is None] == []
    assert [row["member"] for row in part["members"]] == list(json.loads((SHEET / name).read_text("utf-8")))


def test_a_status_says_its_trap_and_its_conclusion() -> None:
    result = run(str(SHEET / "save-status.json"))
    assert 'trap: it never is "complete": that word is in statusMessage' in result.output
    assert "[inferred] Pacific wall-clock time" in result.output
    assert result.output.endswith("=> final: everything in the file is saved\n")


@pytest.mark.parametrize(
    ("changes", "conclusion"),
    [
        ({"statusMessage": "processing", "isUploaded": False}, "not final: ask again"),
        (
            {"hasErrors": True},
            "final, and not everything was saved as sent: see hasErrors, hasDuplicates, errorMessages",
        ),
        (
            {"hasDuplicates": True},
            "final, and not everything was saved as sent: see hasErrors, hasDuplicates, errorMessages",
        ),
        (
            {"isUploaded": None},
            "final, and not everything was saved as sent: see hasErrors, hasDuplicates, errorMessages",
        ),
    ],
)
def test_a_status_is_not_called_saved_when_it_is_not(changes: dict[str, Any], conclusion: str) -> None:
    values = {**json.loads((SHEET / "save-status.json").read_text("utf-8")), **changes}
    assert parts(json.dumps(values))[0]["conclusion"] == conclusion


def test_a_real_token_is_decoded_and_never_shown(mock: InProcess) -> None:
    token = mock.token()
    for text in (token, f"Bearer {token}", f"{token[:80]}\n{token[80:]}\n"):
        header, claims = parts(text)
        assert (header["kind"], claims["kind"]) == ("jwt-header", "jwt-claims")
        assert [row["member"] for row in claims["members"]] == list(CLAIMS.shape)
        assert all(row["grade"] for row in claims["members"])
    result = run("-", text=token)
    assert token.split(".")[2][:20] not in result.output
    assert "created_by: (not shown)" in result.output
    assert "2025-12-20T08:00:00Z" in result.output


def test_a_token_reply_holds_a_token_that_is_explained_too(mock: InProcess) -> None:
    reply = json.dumps({"access_token": mock.token(), "scope": "api"})
    assert [part["kind"] for part in parts(reply)] == ["token", "jwt-header", "jwt-claims"]
    assert mock.token().split(".")[2][:20] not in run("-", text=reply).output


def test_what_is_missing_and_what_is_not_known_is_said() -> None:
    _, claims = parts(jwt({"sub": "a", "exp": 1766217600, "extra": "Canary"}))
    rows = {row["member"]: row for row in claims["members"]}
    assert rows["jti"]["meaning"] == "missing here"
    assert rows["extra"] == {
        "member": "extra",
        "grade": None,
        "meaning": "not known to us",
        "trap": None,
        "value": None,
    }
    assert claims["conclusion"].startswith("it expired ")


def test_messages_of_errors_are_counted_not_shown() -> None:
    values = {**json.loads((SHEET / "save-status.json").read_text("utf-8")), "errorMessages": ["Canary", "Canary"]}
    result = run("-", text=json.dumps(values))
    assert "errorMessages: (2, not shown)" in result.output
    assert "Canary" not in result.output


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "neither a token"),
        ("<html>", "neither a token"),
        ("[1]", "a JSON object was expected"),
        ("{}", "that is no answer of CAPSS: it is empty"),
        ('{"a":1}', "that is no answer of CAPSS: it only has the members 'a'"),
        ("a.b.c", "the header of the token is not base64url of a JSON object"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(text: str | bytes, match: str) -> None:
    result = run("-", text=text)
    assert result.exit_code == 2
    assert match in result.output


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = run(str(tmp_path / "nothing.json"))
    assert result.exit_code == 2
    assert "is no token, and cannot be read: No such file" in result.output


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=5,
)
NAMES = sorted({name for kind in (*ANSWERS, CLAIMS, HEADER) for name in kind.shape})


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), VALUES, max_size=6), st.booleans())
def test_any_json_object_is_explained_or_refused_in_one_line(values: dict[str, Any], as_token: bool) -> None:
    result = run("-", text=jwt(values) if as_token else json.dumps(values))
    assert result.exit_code in (0, 2)
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_every_member_of_every_shape_has_a_meaning() -> None:
    for kind in (*ANSWERS, CLAIMS, HEADER):
        assert [member.name for member in kind.members] == list(kind.shape)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"error":"invalid_client"}', "oauth-error"),
        ('{"error_description":"x","error":"invalid_request","error_uri":"y"}', "oauth-error"),
        ('{"timestamp":1,"status":404,"error":"Not Found","path":"/x"}', "error"),
        ('{"active":false}', "introspection"),
        ('{"keys":[]}', "jwks"),
    ],
)
def test_short_answers_are_told_apart(text: str, kind: str) -> None:
    (part,) = parts(text)
    assert part["kind"] == kind
    assert [row["member"] for row in part["members"] if row["meaning"] in ("missing here", "not known to us")] == []


def test_what_the_mock_answers_is_known(mock: InProcess) -> None:
    token = mock.token()
    auth = ("apitest", "Password1")
    answers = {
        "introspection": mock.http.post("/oauth2/introspect", auth=auth, data={"token": token}).text,
        "metadata": mock.http.get("/.well-known/oauth-authorization-server").text,
        "jwks": mock.http.get("/oauth2/jwks").text,
    }
    for kind, text in answers.items():
        assert parts(text)[0]["kind"] == kind


def test_an_answer_with_its_headers_is_read_and_an_empty_one_explained_by_them() -> None:
    whole = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + (SHEET / "save.json").read_text("utf-8")
    assert parts(whole)[0]["kind"] == "accepted"
    result = run("-", text='HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token"\r\n\r\n')
    assert result.exit_code == 2
    assert 'an answer with an empty body; WWW-Authenticate says: Bearer error="invalid_token"' in result.output


def test_a_file_with_dots_in_its_name_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "status.2025-12-15.json"
    path.write_text((SHEET / "save-status.json").read_text("utf-8"))
    assert "final: everything in the file is saved" in run(str(path)).output


@pytest.mark.parametrize(
    "text",
    ['{"fileName":"\\ud800"}', "[" * 200_000, jwt({"exp": 10**400}), jwt({"exp": -1}), '{"timestamp":1e999}'],
    ids=["surrogate", "deep", "far", "negative", "infinite"],
)
def test_odd_values_bring_no_traceback(text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "capss_mock", "explain", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr
    assert "a fault of ours" not in done.stderr
