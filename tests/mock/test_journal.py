"""The journal: what is kept of requests, what never is, and what it tells."""

import json
from collections.abc import Callable

import httpx
import pytest

from capss_mock.web.journal import Journal
from capss_mock.web.near import instead
from tests.helpers import AUTH, GRANT, VALID, InProcess, Live

ONE = VALID / "one-transaction.xml"


def test_a_request_is_kept_with_its_parts_answer_and_scenario(mock: InProcess) -> None:
    mock.send(ONE, onDup="submitWithDups", customer="Canary")
    (entry,) = mock.http.get("/__capss/journal?path=/api/bulkimport/save").json["entries"]
    assert (entry["method"], entry["status"], entry["scenario"], entry["rule"]) == ("POST", 202, "happy", None)
    assert entry["query"] == {"onDup": "submitWithDups", "customer": "…"}
    (part,) = entry["parts"]
    assert (part["name"], part["filename"], part["size"]) == ("bulkUploadFile", "day.xml", ONE.stat().st_size)
    assert part["digest"] == mock.capss.store.list_submissions(0, 1)[0].digest
    assert entry["answer"]["status"] == "new"
    assert entry["at"] == "2025-12-15T22:03:52.000Z"
    assert entry["headers"]["authorization"] == "Bearer …"
    assert entry["ms"] > 0


def test_a_near_miss_says_what_would_have_worked(mock: InProcess) -> None:
    mock.send(ONE, part="file")
    (entry,) = mock.http.get("/__capss/journal?rule=WEB-NO-PART").json["entries"]
    assert "the file part is named 'file', not bulkUploadFile" in entry["note"]
    assert entry["instead"] == (
        'curl -X POST -H "Authorization: Bearer TOKEN" -F "bulkUploadFile=@day.xml" http://localhost/api/bulkimport/save'
    )
    (feedback,) = mock.http.get("/__capss/feedback").json["feedback"]
    assert (feedback["rule"], feedback["grade"], feedback["status"]) == ("WEB-NO-PART", "inferred", 400)
    assert feedback["fix"].startswith("send the file itself")
    assert feedback["instead"] == entry["instead"]


@pytest.mark.parametrize(
    ("method", "path", "command"),
    [
        ("GET", "/oauth2/token", 'curl -X POST -u CLIENT_ID:SECRET -d "scope=api" -d "grant_type=client_credentials" http://h/oauth2/token'),
        ("POST", "/oauth/token", 'curl -X POST -u CLIENT_ID:SECRET -d "scope=api" -d "grant_type=client_credentials" http://h/oauth/token'),
        ("POST", "/api/bulkimport/SAVE", 'curl -X POST -H "Authorization: Bearer TOKEN" -F "bulkUploadFile=@day.xml" http://h/api/bulkimport/save'),
        ("POST", "/api/bulk", 'curl -X POST -H "Authorization: Bearer TOKEN" -F "bulkUploadFile=@day.xml" http://h/api/bulkimport/save'),
        ("PUT", "/api/itemupdate/updateItem", 'curl -X POST -H "Authorization: Bearer TOKEN" -F "itemUpdateFile=@day.xml" http://h/api/itemupdate/updateItem'),
        ("GET", "/api/itemupdate/status/x", 'curl -X GET -H "Authorization: Bearer TOKEN" http://h/api/itemupdate/status/STATUS_ID'),
        ("GET", "/api/bulkimport/status/", 'curl -X GET -H "Authorization: Bearer TOKEN" http://h/api/bulkimport/status/STATUS_ID'),
        ("GET", "/", ""),
    ],
)  # fmt: skip
def test_a_command_is_told_for_what_was_meant(method: str, path: str, command: str) -> None:
    assert instead(method, path, "http://h") == command


def test_a_fault_is_in_the_journal_and_in_the_feedback(make_mock: Callable[..., InProcess]) -> None:
    mock = make_mock(scenario="commit-then-504")
    mock.send(ONE)
    (entry,) = mock.http.get("/__capss/journal?status=504").json["entries"]
    assert entry["fault"] == "scenario commit-then-504: answered 504 after the work was done (202)"
    assert "1 of 1 records saved" in entry["note"]
    assert mock.http.get("/__capss/feedback").json["feedback"][0]["fault"] == entry["fault"]
    assert entry["note"] in mock.lines[-3].note + mock.lines[-1].note + "".join(line.note for line in mock.lines)


def test_entries_can_be_picked_and_counted(mock: InProcess) -> None:
    mock.bearer()
    for _ in range(3):
        mock.http.get("/nothing")
    assert [len(mock.http.get(f"/__capss/journal?{query}").json["entries"]) for query in (
        "method=POST", "method=GET", "status=401", "path=/oauth2/token", "after=2", "limit=1", "scenario=slow",
    )] == [1, 3, 3, 1, 2, 1, 0]  # fmt: skip
    assert mock.http.get("/__capss/journal").json["total"] == 4  # the control API itself is not in it
    assert mock.http.delete("/__capss/journal").json["total"] == 0
    assert mock.http.get("/__capss/journal").json["entries"] == []
    assert mock.http.get("/__capss/journal?status=x").status_code == 400


def test_only_the_newest_entries_are_kept(mock: InProcess) -> None:
    mock.run.journal.kept = 5
    for _ in range(8):
        mock.http.get("/nothing")
    values = mock.http.get("/__capss/journal").json
    assert (values["total"], [entry["number"] for entry in values["entries"]]) == (8, [4, 5, 6, 7, 8])


def test_the_journal_can_be_exported_as_har(mock: InProcess) -> None:
    mock.send(ONE)
    log = mock.http.get("/__capss/journal.har").json["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "capss-mock")
    token, save = log["entries"]
    assert (token["request"]["method"], token["request"]["url"]) == ("POST", "http://localhost/oauth2/token")
    assert json.loads(token["response"]["content"]["text"])["access_token"] == "…"
    assert save["request"]["postData"]["params"] == [{"name": "bulkUploadFile", "fileName": "day.xml"}]
    assert (save["response"]["status"], save["_scenario"]) == (202, "happy")
    for entry in log["entries"]:  # what HAR 1.2 requires
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
        assert {
            "method",
            "url",
            "httpVersion",
            "cookies",
            "headers",
            "queryString",
            "headersSize",
            "bodySize",
        } <= entry["request"].keys()
        assert {
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        } <= entry["response"].keys()


def test_names_that_are_not_ordinary_are_not_kept(mock: InProcess) -> None:
    mock.send(ONE, name="Canary Name of 5 May.xml")
    mock.http.get("/Canary Name", headers={"User-Agent": "a\x00b"})
    text = mock.http.get("/__capss/journal").text + mock.http.get("/__capss/journal.har").text
    assert "Canary" not in text
    status = mock.status(mock.send(ONE, name="Canary Name.xml", onDup="submitWithDups"))
    assert status.json["fileName"] == "Canary Name.xml"
    assert "Canary" not in mock.http.get("/__capss/journal").text


def test_many_at_once_are_all_counted(make_live: Callable[..., Live]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    live = make_live()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: live.http.post("/oauth2/token", auth=AUTH, data=GRANT), range(64)))
    entries = live.server.run.journal.entries()
    assert [entry.number for entry in entries] == list(range(1, 65))


def test_the_newest_feedback_comes_first_and_is_what_a_limit_leaves(mock: InProcess) -> None:
    mock.http.get("/nothing")
    mock.send(ONE, part="file")
    mock.bearer()
    (newest,) = mock.http.get("/__capss/feedback?limit=1").json["feedback"]
    assert newest["rule"] == "WEB-NO-PART"


def test_a_query_is_not_kept_in_where_a_redirect_leads(make_mock: Callable[..., InProcess]) -> None:
    mock = make_mock(scenario="redirect-elsewhere")
    reply = mock.http.get("/api/bulkimport/status/1?access_token=Canary%0d%0aX:y", headers=mock.bearer())
    assert (reply.status_code, "Canary%0d%0aX:y" in reply.headers["Location"]) == (302, True)
    assert "Canary" not in mock.http.get("/__capss/journal").text + mock.http.get("/__capss/journal.har").text


def test_a_reset_connection_is_noted_as_no_answer(make_live: Callable[..., Live]) -> None:
    live = make_live(scenario="commit-then-drop")
    headers = live.bearer()
    with pytest.raises(httpx.TransportError):
        live.send(ONE, headers)
    (entry,) = live.http.get("/__capss/journal?status=0").json()["entries"]
    assert entry["path"] == "/api/bulkimport/save"


def test_numbers_go_on_after_the_journal_was_cleared(mock: InProcess) -> None:
    for _ in range(2):
        mock.http.get("/nothing")
        mock.http.delete("/__capss/journal")
    mock.http.get("/nothing")
    values = mock.http.get("/__capss/journal").json
    assert (values["total"], [entry["number"] for entry in values["entries"]]) == (1, [3])


def test_an_empty_journal_has_nothing() -> None:
    assert Journal().entries(status=200) == []


def test_requests_that_matched_nothing_are_kept_apart_with_what_they_came_near_to(mock: InProcess) -> None:
    mock.http.get("/oauth2/jwks")
    mock.http.post("/api/bulkImport/save", headers=mock.bearer())
    found = mock.http.get("/__capss/unmatched").json
    assert found["total"] == 1
    assert (found["entries"][0]["method"], found["entries"][0]["status"]) == ("POST", 404)
    assert found["entries"][0]["operation"] == ""
    assert found["entries"][0]["nearest"] == [
        {"request": "POST /api/bulkimport/save", "differs": "paths are case-sensitive"}
    ]
    mock.http.delete("/__capss/journal")
    assert mock.http.get("/__capss/unmatched").json == {"total": 0, "entries": []}


def test_the_first_of_them_stay_however_many_requests_follow() -> None:
    journal = Journal(kept=5)
    for number in range(50):
        journal.add(**ENTRY, operation="" if number < 30 else "token")
    assert [each.number for each in journal.unmatched()] == list(range(1, 21))
    assert (journal.unmatched_total, journal.total) == (30, 50)
    assert [each.number for each in journal.entries()] == [46, 47, 48, 49, 50]


ENTRY = {
    "at_ns": 0, "ms": 0.1, "method": "GET", "path": "/x", "query": {}, "headers": {}, "parts": (), "status": 404,
    "answer_headers": {}, "answer": None, "rule": None, "note": "", "fix": "", "scenario": "happy", "fault": None,
}  # fmt: skip
