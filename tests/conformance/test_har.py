"""Recordings: what they can tell is judged, and nothing else."""

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.conformance.client.har import RECORDED, HarError, read, recorded
from capss_mock.conformance.results import Verdict
from capss_mock.contract.checks import PROGRAM_CHECKS
from capss_mock.server import MockServer

CHECKS = tuple(PROGRAM_CHECKS.values())
BASE = "https://capss-sb.doj.ca.gov"


def entry(
    method: str,
    path: str,
    status: int,
    *,
    second: float = 0,
    headers: dict[str, str] | None = None,
    answer: object = None,
    posted: dict[str, Any] | None = None,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": method, "url": BASE + path,
        "headers": [{"name": name, "value": value} for name, value in (headers or {}).items()],
    }  # fmt: skip
    if posted:
        request["postData"] = posted
    return {
        "startedDateTime": f"2026-11-26T10:00:{second:06.3f}Z", "time": 10, "request": request,
        "response": {"status": status, "headers": [], "content": {"text": json.dumps(answer)}},
    }  # fmt: skip


FORM = {"mimeType": "application/x-www-form-urlencoded", "text": "scope=api&grant_type=client_credentials"}
BASIC = {"Authorization": "Basic YTpi", "Content-Type": "application/x-www-form-urlencoded"}
BEARER = {"Authorization": "Bearer a.b.c"}
FILE = {
    "mimeType": "multipart/form-data; boundary=x",
    "params": [{"name": "bulkUploadFile", "fileName": "day.xml", "value": "<a/>"}],
}
PENDING, FINAL = {"statusMessage": "processing"}, {"statusMessage": "complete", "isUploaded": True, "hasErrors": False}


def good() -> list[dict[str, Any]]:
    return [
        entry(
            "POST",
            "/oauth2/token",
            200,
            headers=BASIC,
            posted=FORM,
            answer={"access_token": "a.b.c", "scope": "api", "token_type": "Bearer"},
        ),
        entry(
            "POST",
            "/api/bulkimport/save",
            202,
            second=1,
            headers={**BEARER, "Content-Type": FILE["mimeType"]},
            posted=FILE,
            answer={"links": {}},
        ),
        entry("GET", "/api/bulkimport/status/7", 202, second=2, headers=BEARER, answer=PENDING),
        entry("GET", "/api/bulkimport/status/7", 202, second=3, headers=BEARER, answer=PENDING),
        entry("GET", "/api/bulkimport/status/7", 200, second=5, headers=BEARER, answer=FINAL),
    ]


def judged(tmp_path: Path, entries: list[dict[str, Any]]) -> dict[str, Verdict]:
    file = tmp_path / "a.har"
    file.write_text(json.dumps({"log": {"entries": entries}}))
    return {each.check.id: each.verdict for each in recorded(file, CHECKS).results}


def test_a_good_recording_has_no_finding(tmp_path: Path) -> None:
    seen = judged(tmp_path, good())
    assert tuple(sorted(seen)) == tuple(sorted(RECORDED))
    assert {name for name, verdict in seen.items() if verdict is Verdict.PASS} >= {
        "TOKEN-ASKED", "TOKEN-BASIC", "TOKEN-FORM", "TOKEN-GRANT", "TOKEN-SCOPE", "TOKEN-REUSE", "UPLOAD-SENT",
        "UPLOAD-MULTIPART", "UPLOAD-PART", "UPLOAD-FILE", "UPLOAD-OLD-PATHS", "STATUS-STOPS", "STATUS-INTERVAL",
    }  # fmt: skip
    assert not [name for name, verdict in seen.items() if verdict.is_finding]


def changed(number: int, **members: Any) -> list[dict[str, Any]]:
    entries = good()
    entries[number]["request"] |= members
    return entries


@pytest.mark.parametrize(
    ("entries", "check"),
    [
        (good()[1:], "TOKEN-ASKED"),
        (changed(0, headers=[{"name": "Content-Type", "value": FORM["mimeType"]}]), "TOKEN-BASIC"),
        (
            changed(
                0,
                headers=[
                    {"name": "authorization", "value": "Basic x"},
                    {"name": "content-type", "value": "application/json"},
                ],
            ),
            "TOKEN-FORM",
        ),
        (changed(0, postData={"text": "scope=api"}), "TOKEN-GRANT"),
        (
            changed(
                0, postData={"params": [{"name": "grant_type", "value": "password"}, {"name": "scope", "value": "api"}]}
            ),
            "TOKEN-GRANT",
        ),
        (changed(0, url=f"{BASE}/oauth2/token?client_secret=x"), "TOKEN-URL-SECRET"),
        ([good()[0], *good()], "TOKEN-REUSE"),
        (changed(1, headers=[{"name": "Content-Type", "value": "application/xml"}]), "UPLOAD-MULTIPART"),
        (
            changed(1, postData={"mimeType": FILE["mimeType"], "params": [{"name": "file", "fileName": "a"}]}),
            "UPLOAD-PART",
        ),
        (
            changed(
                1,
                postData={
                    "mimeType": FILE["mimeType"],
                    "text": '--x\r\nContent-Disposition: form-data; name="bulkUploadFile"\r\n\r\nC:/day.xml\r\n--x--\r\n',
                },
            ),
            "UPLOAD-FILE",
        ),
        (changed(1, url=f"{BASE}/api/bulkupload/save"), "UPLOAD-OLD-PATHS"),
        ([*good(), good()[-1]], "STATUS-STOPS"),
    ],
)
def test_what_a_recording_shows(tmp_path: Path, entries: list[dict[str, Any]], check: str) -> None:
    seen = judged(tmp_path, entries)
    assert {name for name, verdict in seen.items() if verdict.is_finding} == {check}


def test_a_body_that_is_not_recorded_tells_nothing(tmp_path: Path) -> None:
    entries = good()
    del entries[0]["request"]["postData"]
    seen = judged(tmp_path, entries)
    assert (seen["TOKEN-GRANT"], seen["TOKEN-SCOPE"]) == (Verdict.UNSEEN, Verdict.UNSEEN)
    assert not [name for name, verdict in seen.items() if verdict.is_finding]


def test_a_scope_that_was_not_granted_is_told(tmp_path: Path) -> None:
    entries = changed(0, postData={"text": "grant_type=client_credentials"})
    entries[0]["response"]["content"] = {
        "text": base64.b64encode(b'{"access_token":"a"}').decode(),
        "encoding": "base64",
    }
    assert judged(tmp_path, entries)["TOKEN-SCOPE"] is Verdict.FAIL


def test_a_recording_of_the_mock_itself_can_be_read(tmp_path: Path) -> None:
    import httpx

    with MockServer() as mock:
        with httpx.Client(base_url=mock.url, trust_env=False) as http:
            http.post(
                "/oauth2/token",
                auth=("apitest", "Password1"),
                data={"scope": "api", "grant_type": "client_credentials"},
            )
        (tmp_path / "mock.har").write_text(json.dumps(mock.call("GET", "/journal.har")))
    assert len(read(tmp_path / "mock.har")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"log":{"entries":1}}',
        '{"log":{"entries":[{}]}}',
        '{"log":{"entries":[{"request":{"url":1},"response":{}}]}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_archive_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.har"
    file.write_text(text)
    with pytest.raises(HarError, match="is no HTTP Archive"):
        recorded(file, CHECKS)
    with pytest.raises(HarError, match="cannot read"):
        recorded(tmp_path / "none.har", CHECKS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["GET", "POST"]),
        "url": st.sampled_from([f"{BASE}/oauth2/token", f"{BASE}/api/bulkimport/save", "x"]),
        "headers": JSON,
        "postData": JSON,
    },
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"request": MEMBERS, "response": JSON, "time": JSON, "startedDateTime": JSON}
        ),
        max_size=4,
    )
)
def test_whatever_is_in_it_there_is_a_verdict_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Any]
) -> None:
    file = tmp_path_factory.mktemp("har") / "a.har"
    file.write_text(json.dumps({"log": {"entries": entries}}))
    with suppress(HarError):
        assert len(recorded(file, CHECKS).results) == len(RECORDED)
