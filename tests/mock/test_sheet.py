"""The DOJ's own commands, run by real curl over https, against the answers in the DOJ's own sheet.

Replaced in the commands: the host (with its port), the bearer, the href and the file's path. The answers must be the
sheet's to the letter, apart from the members in VARYING.
"""

import base64
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import FIXTURES, VALID, Serve

SHEET = FIXTURES / "replies/sheet"

# What may differ from the sheet, and what it must look like all the same.
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
VARYING = {
    "access_token": r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{512}",
    "submissionId": UUID,
    "href": r"https://127\.0\.0\.1:\d+/api/(bulkimport|itemupdate)/status/\d+",
    "fileName": r"one-transaction\.xml|one-item\.xml",
    "completedAt": r"2025,12,15,14,\d+(,\d+){0,2}",
    "successMessages": r"(uploaded file\. File one-transaction\.xml uploaded 1 record\(s\) at 2025-12-15"
    r"|updated Property Transaction Items File one-item\.xml uploaded 1 record\(s\) at 2025-12-15T14:[0-9:.]+)\.",
    # the token's: the sheet's example is of another client than the one its command asks for
    "sub": "apitest",
    "client_id": "apitest",
    "aud": "apitest",
    "created_by": r"[a-z.]+",
    "organization_id": UUID,
    "jti": UUID,
    "kid": UUID,
}
FORMS = {
    "completedAt": r'("completedAt":\[)([0-9,]+)(\])',
    "successMessages": r'("successMessages":\["Successfully )([^"]*)("\])',
}


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    assert shutil.which("curl"), "this test needs curl: apt-get install curl"
    running = Serve(tmp_path_factory.mktemp("sheet"), "--tls", "--now", "2025-12-15T22:03:52Z")
    yield running
    running.close()


def curl(line: str) -> str:
    """Run one of the sheet's lines as it is (with -s, or curl's progress meter comes along)."""
    words = shlex.split(line)
    assert words[:2] == ["curl", "-k"]
    done = subprocess.run(["curl", "-s", *words[1:]], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def same_but_for_varying(found: str, expected: str) -> None:
    """Compare two JSON texts to the letter after blanking the varying members, which must have their own form."""
    for name, form in VARYING.items():
        pattern = FORMS.get(name, rf'("{name}":")([^"]*)(")')
        for match in re.finditer(pattern, found):
            assert re.fullmatch(form, match[2]), f"{name}: {match[2]}"
        found, expected = (re.sub(pattern, r"\1…\3", text) for text in (found, expected))
    assert found == expected


def sheet(name: str) -> str:
    return (SHEET / name).read_text("utf-8")


def decoded(token: str, number: int) -> str:
    part = token.split(".")[number]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def test_the_sheets_lines_get_the_sheets_answers(serve: Serve) -> None:
    host = serve.url.removeprefix("https://")
    upload, update = VALID / "one-transaction.xml", FIXTURES / "updates/one-item.xml"

    token_reply = curl(
        f'curl -k -X POST -u apitest:Password1 -d "scope=api" -d  "grant_type=client_credentials"  https://{host}/oauth2/token'
    )
    same_but_for_varying(token_reply, sheet("token.json"))
    token = json.loads(token_reply)["access_token"]
    same_but_for_varying(decoded(token, 0), sheet("token-header.json"))
    same_but_for_varying(decoded(token, 1), sheet("token-claims.json"))
    assert '"exp":1766217600' in decoded(token, 1)
    assert '"expires_in":381366' in token_reply

    saved = curl(
        f'curl -k -X POST -H "Authorization: Bearer {token}" -F  "bulkUploadFile=@{upload}" https://{host}/api/bulkimport/save'
    )
    same_but_for_varying(saved, sheet("save.json"))
    assert status(token, json.loads(saved)["links"]["href"], sheet("save-status.json")) == 3

    updated = curl(
        f'curl -k -X POST -H "Authorization: Bearer {token}" -F  "itemUpdateFile=@{update}" '
        f"https://{host}/api/itemupdate/updateItem"
    )
    same_but_for_varying(updated, sheet("update.json"))
    assert status(token, json.loads(updated)["links"]["href"], sheet("update-status.json")) == 3


def status(token: str, href: str, expected: str) -> int:
    """Poll as the sheet does until the status is final; returns how often that took."""
    for polls in range(1, 10):
        found = curl(f'curl -k -X GET -H "Authorization: Bearer {token}" {href}')
        if '"statusMessage":"processing"' not in found:
            same_but_for_varying(found, expected)
            return polls
    raise AssertionError(f"still pending: {found}")


def test_the_template_line_that_forgets_the_at_sign_is_400_and_explained(serve: Serve) -> None:
    host = serve.url.removeprefix("https://")
    token = json.loads(
        curl(
            f'curl -k -X POST -u apitest:Password1 -d "scope=api" -d "grant_type=client_credentials" https://{host}/oauth2/token'
        )
    )["access_token"]
    path: Path = VALID / "one-transaction.xml"
    found = curl(
        f'curl -k -X POST -H "Authorization: Bearer {token}" -F "bulkUploadFile={path}" https://{host}/api/bulkimport/save'
    )
    assert json.loads(found)["status"] == 400
    assert "did you forget the @ before its path?" in serve.printed()


@pytest.mark.parametrize("name", sorted(path.name for path in SHEET.glob("*.json")))
def test_the_sheets_replies_are_compact_json_and_hold_no_token(name: str) -> None:
    text = sheet(name)
    assert json.dumps(json.loads(text), separators=(",", ":")) == text
    assert not re.search(r"eyJ[A-Za-z0-9_-]{20}", text)
