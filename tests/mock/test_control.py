"""The mock's own endpoints."""

import contextlib
import gc
import os
import re
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from werkzeug.test import Client

from capss_mock import server
from capss_mock.clock import Entropy
from capss_mock.domain.tokens import SigningKey
from capss_mock.run import Run
from capss_mock.server import MockServer
from capss_mock.settings import Settings, read_settings, read_switches
from capss_mock.store import StoreError
from capss_mock.usecases.start import Preparation
from tests.helpers import AUTH, GRANT, UPDATES, VALID, InProcess, Live


def test_saved_items_are_listed_with_what_may_be_kept_of_them(mock: InProcess) -> None:
    mock.final(VALID / "three-transactions.xml")
    values = mock.http.get("/__capss/items").json
    assert [each["record"] for each in values["items"]] == [1, 2, 3, 3]
    assert values["next"] is None
    first = values["items"][0]
    assert {key: first[key] for key in ("number", "licence", "updatedBy")} == {
        "number": 1, "licence": "000000300", "updatedBy": None,
    }  # fmt: skip
    assert first["fields"]["referenceId"] == "INV-1001"
    assert "description" not in first["fields"]


def test_an_update_shows_and_touches_nothing_else(mock: InProcess) -> None:
    mock.final(VALID / "three-transactions.xml")
    before = mock.http.get("/__capss/items").json["items"]
    update = mock.update(UPDATES / "one-known-one-unknown.xml")
    after = mock.http.get("/__capss/items").json["items"]
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [each["number"] for each in changed] == [1]
    assert changed[0]["fields"] == before[0]["fields"] | {"serialNumber": "SN-INV-1001-B"}
    assert str(changed[0]["updatedBy"]) == update.json["links"]["href"].rpartition("/")[2]


def test_items_come_in_pages_and_by_licence(mock: InProcess) -> None:
    mock.final(VALID / "three-transactions.xml")
    seen, after = [], 0
    while after is not None:
        page = mock.http.get("/__capss/items", query_string={"limit": 3, "after": after}).json
        seen.append([each["number"] for each in page["items"]])
        after = page["next"]
    assert seen == [[1, 2, 3], [4]]
    assert mock.http.get("/__capss/items?licence=33131099").json == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=-1", "after=", "after=" + "9" * 40])
def test_a_query_that_cannot_be_answered_says_what_can(mock: InProcess, query: str) -> None:
    reply = mock.http.get(f"/__capss/items?{query}")
    assert reply.status_code == 400
    assert "must be a whole number" in reply.json["error"]


def test_the_scenario_can_be_changed_and_is_described(mock: InProcess) -> None:
    reply = mock.http.put("/__capss/scenario", json={"scenario": "commit-then-504"})
    assert (reply.status_code, reply.json["id"], reply.json["outcome"]) == (200, "commit-then-504", "N")
    assert mock.send(VALID / "one-transaction.xml").status_code == 504
    assert mock.send(VALID / "three-transactions.xml").status_code == 202
    assert mock.http.get("/__capss/scenario").json["good"].startswith("says that it does not know")
    assert len(mock.http.get("/__capss/scenarios").json["scenarios"]) >= 40


def test_a_change_of_scenario_keeps_what_was_sent_and_begins_its_faults_anew(mock: InProcess) -> None:
    mock.send(VALID / "one-transaction.xml")
    for _ in range(2):
        mock.http.put("/__capss/scenario", json={"scenario": "save-503-first"})
        assert mock.send(VALID / "three-transactions.xml").status_code == 503
    assert len(mock.http.get("/__capss/submissions").json["submissions"]) == 1


def test_switches_can_be_changed_one_by_one(mock: InProcess) -> None:
    assert mock.http.get("/__capss/switches").json["progress"] == "immediate"
    assert mock.http.patch("/__capss/switches", json={"save-code": "200"}).json["save-code"] == "200"
    assert mock.http.patch("/__capss/switches", json={"api-generation": "old"}).json["save-code"] == "200"
    assert mock.http.get("/__capss/switches").json["progress"] == "immediate"
    token = mock.http.post("/oauth/token", auth=AUTH, data=GRANT).json["access_token"]
    reply = mock.send(
        VALID / "one-transaction.xml", path="/api/bulkupload/save", headers={"Authorization": f"Bearer {token}"}
    )
    assert reply.status_code == 200


def test_the_clock_can_be_stopped_moved_and_let_run(mock: InProcess) -> None:
    frozen = mock.http.post("/__capss/clock", json={"freeze": "2025-12-19T12:00:00Z"}).json
    assert (frozen["now"], frozen["pacific"], frozen["frozen"]) == (
        "2025-12-19T12:00:00.000Z",
        "2025-12-19T04:00:00-08:00",
        True,
    )
    headers = mock.bearer()
    assert mock.http.post("/__capss/clock", json={"advance": 3600 * 24 * 10}).json["now"] == "2025-12-29T12:00:00.000Z"
    expired = mock.send(VALID / "one-transaction.xml", headers=headers)
    assert (expired.status_code, "Jwt expired" in expired.headers["WWW-Authenticate"]) == (401, True)
    mock.clock.advance(5)
    assert mock.http.get("/__capss/clock").json["now"] == "2025-12-29T12:00:00.000Z"
    assert mock.http.post("/__capss/clock", json={"run": True}).json["frozen"] is False
    mock.clock.advance(5)
    assert mock.http.get("/__capss/clock").json["now"] == "2025-12-29T12:00:05.000Z"


def test_a_held_submission_can_be_released_alone_or_with_all(mock: InProcess) -> None:
    mock.http.patch("/__capss/switches", json={"progress": "hold"})
    first, second, third = (
        mock.send(VALID / f"{name}.xml") for name in ("one-transaction", "three-transactions", "shape-of-client-a")
    )
    assert [mock.status(each).status_code for each in (first, second, third)] == [202, 202, 202]
    number = int(second.json["links"]["href"].rpartition("/")[2])
    assert mock.http.post("/__capss/release", json={"status": number}).json == {"released": 1}
    assert [mock.status(each).status_code for each in (first, second, third)] == [202, 200, 202]
    assert mock.http.post("/__capss/release", json={}).json == {"released": 2}
    assert [mock.status(each).status_code for each in (first, second, third)] == [200, 200, 200]
    assert mock.http.post("/__capss/release", json={"status": 1}).json == {"released": 0}


def test_faults_can_be_asked_for_counted_and_taken_back(mock: InProcess) -> None:
    fault = {"on": "token", "status": 503, "times": 2, "headers": {"Retry-After": "7"}, "body": "busy"}
    assert mock.http.post("/__capss/faults", json=fault).status_code == 201
    replies = [mock.http.post("/oauth2/token", auth=AUTH, data=GRANT) for _ in range(3)]
    assert [(each.status_code, each.headers.get("Retry-After")) for each in replies] == [
        (503, "7"),
        (503, "7"),
        (200, None),
    ]
    (listed,) = mock.http.get("/__capss/faults").json["faults"]
    assert (listed["on"], listed["source"], listed["seen"], listed["hits"]) == ("token", "asked for", 3, 2)
    mock.http.post("/__capss/faults", json={**fault, "times": None})
    assert mock.http.delete("/__capss/faults").json == {"faults": []}
    assert mock.http.post("/oauth2/token", auth=AUTH, data=GRANT).status_code == 200


def test_members_of_an_answer_can_be_changed(mock: InProcess) -> None:
    change = {
        "on": "upload",
        "do": "change",
        "members": {"links.href": "{path}", "more.inside": 1},
        "removed": ["status"],
    }
    mock.http.post("/__capss/faults", json=change)
    values = mock.send(VALID / "one-transaction.xml").json
    assert values["links"]["href"].startswith("/api/bulkimport/status/")
    assert (values["more"], "status" in values) == ({"inside": 1}, False)


def test_a_reset_in_process_is_the_error_that_a_client_would_see(mock: InProcess) -> None:
    mock.http.post("/__capss/faults", json={"on": "token", "do": "reset"})
    with pytest.raises(ConnectionResetError, match="a fault that was asked for"):
        mock.http.post("/oauth2/token", auth=AUTH, data=GRANT)


def test_reset_forgets_what_was_sent_and_keeps_the_settings(mock: InProcess) -> None:
    mock.http.patch("/__capss/switches", json={"save-code": "200"})
    mock.send(VALID / "three-transactions.xml")
    assert mock.http.post("/__capss/reset").json == {"reset": True}
    assert mock.http.get("/__capss/items").json["items"] == []
    assert mock.http.get("/__capss/submissions").json["submissions"] == []
    assert mock.http.get("/__capss/journal").json["total"] == 0
    assert mock.send(VALID / "three-transactions.xml").status_code == 200


def test_submissions_tell_what_the_server_holds(mock: InProcess) -> None:
    mock.send(VALID / "three-transactions.xml")
    (values,) = mock.http.get("/__capss/submissions").json["submissions"]
    assert {name: values[name] for name in ("kind", "records", "saved", "errors", "duplicates", "uploaded", "visible")} == {
        "kind": "upload", "records": 3, "saved": 3, "errors": 0, "duplicates": 0, "uploaded": True, "visible": False,
    }  # fmt: skip
    assert values["acceptedAt"] == "2025-12-15T22:03:52.000Z"


@pytest.mark.parametrize(
    ("method", "path", "body", "match"),
    [
        ("PUT", "scenario", {"scenario": "slo"}, "there is no scenario 'slo': did you mean slow"),
        ("PUT", "scenario", {}, "'scenario' must be a text"),
        ("PUT", "scenario", {"name": "slow"}, "there is no member 'name': known are scenario"),
        ("PUT", "scenario", [], "the body must be a JSON object"),
        ("PATCH", "switches", {"progres": "hold"}, "did you mean progress"),
        ("PATCH", "switches", {"progress": "now"}, "allowed are polls:N"),
        ("PATCH", "switches", {"progress": 3}, "'progress' must be a text"),
        ("POST", "clock", {"freeze": "2025-12-15"}, "a time must be written such as"),
        ("POST", "clock", {"freeze": False}, "freeze must be true, or a time"),
        ("POST", "clock", {"advance": -1}, "advance must be a number of seconds"),
        ("POST", "clock", {"advance": True}, "advance must be a number of seconds"),
        ("POST", "release", {"status": "all"}, "status must be a whole number"),
        ("POST", "faults", {"on": "everything"}, "on must be one of token, submit"),
        ("POST", "faults", {"on": "token", "do": "explode"}, "do must be one of answer, change"),
        ("POST", "faults", {"on": "token", "times": 0}, "times must be a whole number from 1"),
        ("POST", "faults", {"on": "token", "status": 299}, "status 299 is none that HTTP knows"),
        ("POST", "faults", {"on": "token", "headers": {"Content-Length": "1"}}, "not those of framing"),
        ("POST", "faults", {"on": "token", "status": 99}, "status must be a whole number from 200 to 599"),
        ("POST", "faults", {"on": "token", "after": "yes"}, "after must be true or false"),
        ("PUT", "scenario", {"scenario": ""}, "there is no scenario ''"),
        ("POST", "faults", {"on": "token", "headers": {"X": "a\r\nY: b"}}, "headers must be an object"),
        ("POST", "faults", {"on": "token", "seconds": 1e9}, "seconds must be a number from 0 to 600"),
        ("POST", "runs", {"scenario": "slow", "switches": []}, "switches must be an object"),
        ("POST", "runs", {"now": "yesterday"}, "a time must be written such as"),
        ("POST", "runs", {"dialect": "sheets"}, "no dialect 'sheets': did you mean sheet"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(
    make_live: Callable[..., Live], method: str, path: str, body: object, match: str
) -> None:
    reply = make_live().http.request(method, f"/__capss/{path}", json=body)
    assert reply.status_code == 400
    assert match in reply.json()["error"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_said_to_be_so(mock: InProcess, body: bytes) -> None:
    reply = mock.http.post("/__capss/clock", data=body)
    assert (reply.status_code, reply.json) == (400, {"error": "the body must be JSON"})


@pytest.mark.parametrize(
    ("host", "address", "status"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 200),
        ("localhost", "127.0.0.1", 200),
        ("[::1]:8080", "::1", 200),
        ("capss-sb.doj.ca.gov", "127.0.0.1", 200),
        ("evil.example", "127.0.0.1", 403),  # a page that has made its own name point here
        ("127.0.0.1.evil.example", "127.0.0.1", 403),
        ("localhost", "192.168.1.7", 403),
        ("localhost", "10.127.0.1", 403),
    ],
)
def test_only_this_machine_may_steer(mock: InProcess, host: str, address: str, status: int) -> None:
    reply = mock.http.get("/__capss/items", headers={"Host": host}, environ_base={"REMOTE_ADDR": address})
    assert reply.status_code == status
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:1"}, 403),  # another port is another site
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_a_page_of_another_site_may_not_steer(mock: InProcess, headers: dict[str, str], status: int) -> None:
    mock.send(VALID / "one-transaction.xml")
    reply = mock.http.post("/__capss/reset", headers={**headers, "Content-Type": "text/plain"})
    assert reply.status_code == status
    assert len(mock.capss.store.list_submissions(0, 9)) == (status == 403)


def test_switches_survive_a_change_of_scenario_however_they_were_given(signing_key: SigningKey) -> None:
    switches = read_switches(changes={"progress": "immediate", "save-code": "200"})
    run = Run(Settings(switches), Preparation(Entropy(), signing_key))
    http = Client(run)
    http.put("/__capss/scenario", json={"scenario": "partial"})
    values = http.patch("/__capss/switches", json={"pending": "200-with-word"}).json
    assert (values["progress"], values["save-code"], values["on-error-default"]) == ("immediate", "200", "submit")
    assert http.patch("/__capss/switches", json={"progress": None}).json["progress"] == "polls:2"
    run.close()


def test_switches_that_stand_against_the_scenario_are_told(mock: InProcess) -> None:
    values = mock.http.put("/__capss/scenario", json={"scenario": "never-completes"}).json
    assert values["overridden"] == {"progress": "hold"}  # progress is immediate here
    mock.http.patch("/__capss/switches", json={"progress": None})
    assert mock.http.get("/__capss/scenario").json["overridden"] == {}
    assert mock.http.get("/__capss/switches").json["progress"] == "hold"


def test_a_scenario_that_a_run_cannot_be_put_into_is_refused(mock: InProcess) -> None:
    for name, words in (("expired-certificate", "needs a certificate of its own"), ("redirect-to-http", "needs https")):
        reply = mock.http.put("/__capss/scenario", json={"scenario": name})
        assert (reply.status_code, words in reply.json["error"]) == (400, True)


def test_a_token_of_another_run_is_none(make_live: Callable[..., Live]) -> None:
    live = make_live()
    headers = live.bearer()
    run = live.http.post("/__capss/runs", json={}).json()
    with httpx.Client(base_url=run["url"], trust_env=False) as http:
        assert http.get("/api/bulkimport/status/1", headers=headers).status_code == 401
    assert live.http.get("/api/bulkimport/status/1", headers=headers).status_code == 404


def test_runs_inherit_who_may_steer(signing_key: SigningKey) -> None:
    prepared = Preparation(Entropy(), signing_key)
    with MockServer(read_settings(control_token="a-token"), prepared=prepared) as mock:
        headers = {"X-Capss-Token": "a-token"}
        run = httpx.post(f"{mock.url}/__capss/runs", headers=headers, json={}, trust_env=False).json()
        assert httpx.get(f"{run['url']}/__capss/journal", trust_env=False).status_code == 403
        assert httpx.get(f"{run['url']}/__capss/journal", headers=headers, trust_env=False).status_code == 200
        assert httpx.get(f"{run['url']}/__capss/runs", headers=headers, trust_env=False).status_code == 404


def test_reset_keeps_the_faults_that_were_asked_for_and_begins_them_anew(mock: InProcess) -> None:
    mock.http.post("/__capss/faults", json={"on": "token", "status": 503})
    codes = []
    for _ in range(2):
        codes += [mock.http.post("/oauth2/token", auth=AUTH, data=GRANT).status_code for _ in range(2)]
        mock.http.post("/__capss/reset")
    mock.http.put("/__capss/scenario", json={"scenario": "slow"})
    codes.append(mock.http.post("/oauth2/token", auth=AUTH, data=GRANT).status_code)
    assert codes == [503, 200, 503, 200, 503]


@pytest.mark.parametrize(
    "fault",
    [
        {"on": "token", "do": "change", "members": {"token_type.x": 1}},
        {"on": "token", "do": "answer", "body": "\ud800"},
        {"on": "token", "do": "answer", "status": 418, "headers": {"X-A": "b"}},
        {"on": "token", "do": "change", "members": {"a": [[1]]}, "removed": ["scope", "nothing"]},
    ],
)
def test_what_can_be_asked_for_can_be_played(mock: InProcess, fault: dict[str, object]) -> None:
    assert mock.http.post("/__capss/faults", json=fault).status_code == 201
    assert mock.http.post("/oauth2/token", auth=AUTH, data=GRANT).status_code in (200, 418)
    assert mock.http.get("/__capss/journal").json["entries"][0]["fault"].startswith("asked for: ")
    assert "could not be played" not in mock.http.get("/__capss/journal").text


def test_a_mock_that_cannot_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(StoreError):
        MockServer(Settings(store=Path("/nonexistent/x.sqlite")), tls=True)
    assert list(tmp_path.iterdir()) == []


def test_whoever_knows_the_token_may_steer_from_anywhere_and_nobody_else(signing_key: SigningKey) -> None:
    run = Run(read_settings(control_token="a-token"), Preparation(Entropy(), signing_key))
    http = Client(run)
    elsewhere = {"REMOTE_ADDR": "192.168.1.7"}
    for given, status in (("a-token", 200), ("another", 403), ("", 403), ("ä", 403)):
        headers = {"X-Capss-Token": given, "Host": "mock.example"}
        assert http.get("/__capss/items", headers=headers, environ_base=elsewhere).status_code == status
    assert http.get("/__capss/items").status_code == 403
    assert http.get("/__capss/health").status_code == 200
    run.close()


def test_runs_have_their_own_everything_and_never_see_each_other(make_live: Callable[..., Live]) -> None:
    live = make_live()
    runs = [live.http.post("/__capss/runs", json={"scenario": name}).json() for name in ("happy", "save-503-first")]
    assert len({run["url"] for run in runs} | {live.server.url}) == 3
    assert all(re.fullmatch("[A-Za-z0-9]+", run["client_id"] + run["client_secret"]) for run in runs)
    codes = []
    for run in runs:
        with httpx.Client(base_url=run["url"], trust_env=False) as http:
            token = http.post("/oauth2/token", auth=(run["client_id"], run["client_secret"]), data=GRANT).json()[
                "access_token"
            ]
            files = {"bulkUploadFile": ("day.xml", (VALID / "one-transaction.xml").read_bytes())}
            codes.append(
                http.post("/api/bulkimport/save", headers={"Authorization": f"Bearer {token}"}, files=files).status_code
            )
            assert http.post("/oauth2/token", auth=AUTH, data=GRANT).status_code == 401
            assert http.post("/__capss/clock", json={"freeze": "2030-01-01T00:00:00Z"}).json()["frozen"]
    assert codes == [202, 503]
    assert live.http.get("/__capss/items").json()["items"] == []
    assert live.http.get("/__capss/clock").json()["frozen"] is False
    assert live.http.get("/__capss/journal").json()["total"] == 0
    assert [run["id"] for run in live.http.get("/__capss/runs").json()["runs"]] == ["run-1", "run-2"]
    assert live.http.get("/__capss/runs/run-2").json()["scenario"] == "save-503-first"
    assert live.http.delete("/__capss/runs/run-1").json() == {"closed": "run-1"}
    with pytest.raises(httpx.ConnectError):
        httpx.get(runs[0]["url"], trust_env=False)
    for method in ("GET", "DELETE"):
        assert live.http.request(method, "/__capss/runs/run-1").status_code == 404


def test_there_are_only_so_many_runs(make_live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_MOST_RUNS", 1)
    live = make_live()
    assert live.http.post("/__capss/runs", json={}).status_code == 201
    reply = live.http.post("/__capss/runs", json={})
    assert (reply.status_code, reply.json()["error"]) == (429, "there are 1 runs already: close some")


def test_a_run_can_begin_on_another_day_with_other_switches(make_live: Callable[..., Live]) -> None:
    live = make_live()
    wanted = {"now": "2025-12-15T22:03:52Z", "switches": {"save-code": "200"}, "dialect": "pending-200"}
    run = live.http.post("/__capss/runs", json=wanted).json()
    with httpx.Client(base_url=run["url"], trust_env=False) as http:
        assert http.get("/__capss/clock").json()["now"].startswith("2025-12-15T22:03:5")
        switches = http.get("/__capss/switches").json()
    assert (switches["save-code"], switches["pending"]) == ("200", "200-with-word")


@pytest.mark.proof
def test_a_thousand_runs_leave_nothing_behind(
    make_live: Callable[..., Live], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other tests use the common one meanwhile
    live = make_live()

    def open_and_close(count: int) -> None:
        for _ in range(count):
            run = live.http.post("/__capss/runs", json={"scenario": "immediate"}).json()
            with httpx.Client(base_url=run["url"], trust_env=False) as http:
                http.post("/oauth2/token", auth=(run["client_id"], run["client_secret"]), data=GRANT)
            live.http.delete(f"/__capss/runs/{run['id']}")

    def state() -> tuple[int, int, int, int]:
        """Threads but for the server's own workers, open files below this directory, files in it, memory in kB."""
        gc.collect()
        rss = int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]  # it is there
        targets = []
        for each in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # that of the listing itself
                targets.append(str(each.readlink()))
        own = str(live.server.capss.store.path)
        files = len([each for each in targets if each.startswith(str(tmp_path)) and not each.startswith(own)])
        threads = len([each for each in threading.enumerate() if not each.name.startswith("CP Server")])
        temporary = len(list(tmp_path.iterdir()))
        return threads, files, temporary, rss

    open_and_close(100)
    threads, files, temporary, rss = state()
    open_and_close(1000)
    after = state()
    # the server's own store, and one database that each run takes and gives back: its file, log and index, and two files
    # for each connection that its threads have read with
    most = 3 + 2 * max(2, min(os.cpu_count() or 2, 8))
    assert temporary == after[2] == 2
    assert files <= most
    assert after[1] <= most
    assert after[0] == threads
    assert after[3] - rss < 10_000  # kB


def test_a_switch_that_there_is_not_cannot_be_taken_back_either(mock: InProcess) -> None:
    before = mock.http.get("/__capss/switches").json
    for name in ("", "progres"):
        reply = mock.http.patch("/__capss/switches", json={name: None, "save-code": "200"})
        assert reply.status_code == 400
        assert f"there is no switch {name!r}" in reply.json["error"]
    assert mock.http.get("/__capss/switches").json == before
