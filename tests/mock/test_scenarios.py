"""Every scenario over a real socket: what goes over the wire, and what the server holds after. Typed by hand."""

import json
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest

from capss_mock.contract.faults import ELSEWHERE, Outcome
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.switches import SWITCHES
from capss_mock.settings import SettingsError, read_settings
from tests.helpers import AUTH, GRANT, UPDATES, VALID, InProcess, Live, record, upload_of

ONE = VALID / "one-transaction.xml"
THREE = upload_of(*(record(str(number)) for number in range(3)))
# 63 MB, of which most is an image in each of seven records
LARGE = upload_of(*(record(str(number)) for number in range(7))).replace(
    b"</employeeName>", b"</employeeName><signature>" + b"R0lG" * (9 * 2**18) + b"</signature>"
)
DOCUMENTS = {
    "empty-file": b"",
    "licence-mismatch": upload_of(record("1"), licence="000000301"),
    "large-file": LARGE,
}
TLS = {"redirect-to-http", "untrusted-certificate", "expired-certificate", "wrong-name-certificate"}
Make = Callable[..., Live]


@dataclass
class Seen:
    """What a client that asks up to eight times has seen; ``broken`` are connections without a whole answer."""

    token: httpx.Response | None = None
    save: list[httpx.Response | str] = field(default_factory=list)
    status: list[httpx.Response | str] = field(default_factory=list)
    held: tuple[int, int] = (0, 0)  # submissions accepted, records saved

    @property
    def last(self) -> Any:
        """The JSON of the last status answer."""
        final = self.status[-1]
        assert isinstance(final, httpx.Response)
        return final.json()

    def codes(self, replies: list[httpx.Response | str]) -> list[int | str]:
        return [reply if isinstance(reply, str) else reply.status_code for reply in replies]


def ask(call: Callable[[], httpx.Response]) -> httpx.Response | str:
    try:
        return call()
    except httpx.TransportError as error:
        return type(error).__name__


def play(live: Live, document: bytes = THREE, sends: int = 2, polls: int = 8) -> Seen:
    """Get a token, send up to ``sends`` times until accepted, ask for the status until it is final."""
    seen = Seen()
    token = live.http.post("/oauth2/token", auth=AUTH, data=GRANT)
    seen.token = token
    value = (
        token.json().get("access_token")
        if token.is_success and "json" in token.headers.get("content-type", "")
        else None
    )
    headers = {"Authorization": f"Bearer {value or live.good}"}
    href = ""
    for _ in range(sends):
        files = {"bulkUploadFile": ("day.xml", document)}
        reply = ask(partial(live.http.post, "/api/bulkimport/save", headers=headers, files=files))
        seen.save.append(reply)
        if isinstance(reply, httpx.Response) and reply.status_code == 202 and reply.content:
            try:
                href = reply.json()["links"]["href"]
            except ValueError:
                break
            break
    submissions = live.server.capss.store.list_submissions(0, 100)
    path = "/" + href.split("/", 3)[-1] if "//" in href else href
    for _ in range(polls if path or submissions else 0):
        path = path or f"/api/bulkimport/status/{submissions[0].status_id}"
        reply = ask(partial(live.http.get, path, headers=headers))
        seen.status.append(reply)
        if isinstance(reply, httpx.Response) and reply.status_code == 200:
            break
    seen.held = len(submissions), sum(each.verdict.saved for each in submissions)
    return seen


PENDING2 = [202, 202, 200]
# scenario: codes of saves, codes of statuses, submissions accepted, records saved
WIRE: dict[str, tuple[list[int | str], list[int | str], int, int]] = {
    "happy": ([202], PENDING2, 1, 3),
    "slow": ([202], [202] * 6 + [200], 1, 3),
    "immediate": ([202], [200], 1, 3),
    "completed-at-5": ([202], PENDING2, 1, 3),
    "completed-at-6": ([202], PENDING2, 1, 3),
    "completed-at-7": ([202], PENDING2, 1, 3),
    "completed-at-null": ([202], PENDING2, 1, 3),
    "unknown-members": ([202], PENDING2, 1, 3),
    "other-order": ([202], PENDING2, 1, 3),
    "relative-href": ([202], PENDING2, 1, 3),
    "large-file": ([202], PENDING2, 1, 7),
    "duplicates-submitted": ([202], PENDING2, 1, 3),
    "never-completes": ([202], [202] * 8, 1, 3),
    "pending-then-refused": ([202], [202, 202, 202, 200], 1, 0),
    "complete-with-errors": ([202], [200], 1, 0),
    "partial": ([202], PENDING2, 1, 2),
    "found-invalid": ([202], PENDING2, 1, 0),
    "duplicates-refused": ([202], PENDING2, 1, 0),
    "commit-then-drop": (["ReadError"], PENDING2, 1, 3),
    "commit-then-504": ([504], PENDING2, 1, 3),
    "commit-then-500": ([500], PENDING2, 1, 3),
    "commit-then-garbage": ([202], PENDING2, 1, 3),
    "commit-then-html": ([202], PENDING2, 1, 3),
    "commit-then-empty": ([202], PENDING2, 1, 3),
    "commit-then-truncate": (["RemoteProtocolError"], PENDING2, 1, 3),
    "foreign-href": ([202], PENDING2, 1, 3),
    "redirect-elsewhere": ([202], [302] * 8, 1, 3),
    "redirect-to-http": ([202], [302] * 8, 1, 3),
    "token-invalid-client": ([202], PENDING2, 1, 3),
    "token-invalid-scope": ([202], PENDING2, 1, 3),
    "token-500": ([202], PENDING2, 1, 3),
    "token-html": ([202], PENDING2, 1, 3),
    "maintenance": ([200, 200], [], 0, 0),
    "empty-file": ([202], PENDING2, 1, 0),
    "licence-mismatch": ([202], PENDING2, 1, 0),
    "status-empty": ([202], [200], 1, 3),
    "status-null-members": ([202], PENDING2, 1, 3),
    "status-html": ([202], [200], 1, 3),
    "duplicates-dropped": ([202], PENDING2, 1, 0),
    "status-404-first": ([202], [404, 404, 202, 202, 200], 1, 3),
    "save-500-first": ([500, 202], PENDING2, 1, 3),
    "save-502-first": ([502, 202], PENDING2, 1, 3),
    "save-503-first": ([503, 202], PENDING2, 1, 3),
    "save-503-retry-after": ([503, 202], PENDING2, 1, 3),
    "save-429-retry-after": ([429, 202], PENDING2, 1, 3),
    "save-429-first": ([429, 202], PENDING2, 1, 3),
    "save-reset-first": (["ReadError", 202], PENDING2, 1, 3),
    "token-503-first": ([202], PENDING2, 1, 3),
    "status-429-retry-after": ([202], [429, 202, 202, 200], 1, 3),
    "status-503-first": ([202], [503, 202, 202, 200], 1, 3),
    "status-reset-first": ([202], ["ReadError", 202, 202, 200], 1, 3),
    "status-other-number": ([202], PENDING2, 1, 3),
    "status-truncated-first": ([202], ["RemoteProtocolError", 202, 200], 1, 3),
    "slow-drip": ([202], PENDING2, 1, 3),
    "delayed": ([202], PENDING2, 1, 3),
    "token-expires": ([202], [401, 202, 202, 200], 1, 3),
    "expires-in-over": ([202], PENDING2, 1, 3),
    "old-generation": ([404, 404], [], 0, 0),
}
# what is lost on the way is sent once: a client that sends it again makes two
ONCE = {name for name in WIRE if name.startswith("commit-then-")}


def look(name: str, seen: Seen) -> Any:
    """What else is special about the scenario, as the client sees it."""
    match name:
        case "completed-at-5" | "completed-at-6":
            return len(seen.last["completedAt"])
        case "completed-at-7":
            return len(seen.last["completedAt"]) in (6, 7)
        case "completed-at-null":
            return seen.last["completedAt"]
        case "unknown-members":
            return (
                "traceId" in seen.save[0].json(),
                "queuePosition" in seen.last,
                "refresh_expires_in" in seen.token.json(),
            )
        case "other-order":
            return list(seen.save[0].json()), list(seen.last)[0], list(seen.token.json())[0]
        case "relative-href":
            return seen.save[0].json()["links"]["href"].startswith("/api/bulkimport/status/")
        case "foreign-href":
            return seen.save[0].json()["links"]["href"].startswith(f"{ELSEWHERE}/api/bulkimport/status/")
        case "redirect-elsewhere":
            return seen.status[0].headers["Location"].startswith(f"{ELSEWHERE}/api/bulkimport/status/")
        case "redirect-to-http":
            return seen.status[0].headers["Location"].startswith("http://127.0.0.1:")
        case "commit-then-504" | "commit-then-html":
            return seen.save[0].headers["Content-Type"], seen.save[0].text.startswith("<!DOCTYPE html>")
        case "commit-then-garbage":
            return seen.save[0].text
        case "commit-then-empty" | "status-empty":
            return (seen.save if name.startswith("c") else seen.status)[-1].content
        case "token-invalid-client" | "token-invalid-scope":
            return seen.token.status_code, seen.token.json()
        case "token-500":
            return seen.token.status_code
        case "token-html" | "maintenance" | "status-html":
            reply = seen.status[-1] if name == "status-html" else seen.token
            return reply.status_code, reply.headers["Content-Type"]
        case "token-503-first":
            return seen.token.status_code, seen.token.headers["Retry-After"]
        case "save-503-retry-after" | "save-429-retry-after":
            return seen.save[0].headers["Retry-After"]
        case "status-429-retry-after":
            return seen.status[0].headers["Retry-After"]
        case "status-null-members":
            return set(seen.last.values())
        case "status-other-number":
            return seen.last["status"], seen.last["isUploaded"]
        case "token-expires":
            return 'error="invalid_token"' in seen.status[0].headers["WWW-Authenticate"]
        case "expires-in-over":
            return seen.token.json()["expires_in"]
        case (
            "pending-then-refused"
            | "complete-with-errors"
            | "found-invalid"
            | "empty-file"
            | "licence-mismatch"
            | "partial"
        ):
            return seen.last["isUploaded"], seen.last["hasErrors"], seen.last["savedCount"]
        case "duplicates-refused" | "duplicates-dropped" | "duplicates-submitted":
            return seen.last["isUploaded"], seen.last["hasDuplicates"], seen.last["savedCount"]
        case _:
            return None


HTML = "text/html;charset=UTF-8"
SPECIAL: dict[str, Any] = {
    "completed-at-5": 5,
    "completed-at-6": 6,
    "completed-at-7": True,
    "completed-at-null": None,
    "unknown-members": (True, True, True),
    "other-order": (["links", "submission", "status", "licenseNumber"], "jobStatisticsMessageList", "expires_in"),
    "relative-href": True,
    "foreign-href": True,
    "redirect-elsewhere": True,
    "redirect-to-http": True,
    "commit-then-504": (HTML, True),
    "commit-then-html": (HTML, True),
    "commit-then-garbage": '{"licenseNumber":"0000',
    "commit-then-empty": b"",
    "status-empty": b"",
    "token-invalid-client": (401, {"error": "invalid_client"}),
    "token-invalid-scope": (400, {"error": "invalid_scope"}),
    "token-500": 500,
    "token-html": (200, HTML),
    "maintenance": (200, HTML),
    "status-html": (200, HTML),
    "token-503-first": (503, "1"),
    "save-503-retry-after": "2",
    "save-429-retry-after": "2",
    "status-429-retry-after": "2",
    "status-null-members": {None},
    "status-other-number": (201, True),
    "token-expires": True,
    "expires-in-over": 0,
    "pending-then-refused": (False, True, 0),
    "complete-with-errors": (False, True, 0),
    "found-invalid": (False, True, 0),
    "empty-file": (False, True, 0),
    "licence-mismatch": (False, True, 0),
    "partial": (True, True, 2),
    "duplicates-refused": (False, True, 0),
    "duplicates-dropped": (True, True, 0),
    "duplicates-submitted": (True, True, 3),
}
CERTIFICATES = {
    "untrusted-certificate": "self-signed certificate|unable to get local issuer",
    "expired-certificate": "certificate has expired",
    "wrong-name-certificate": "not valid for|doesn't match|mismatch",
}


@pytest.fixture
def good(make_live: Make) -> str:
    """A token that every mock of this session takes: they sign with one key."""
    return make_live().bearer()["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("name", WIRE)
def test_a_scenario_is_what_it_says(make_live: Make, good: str, name: str) -> None:
    live = make_live(scenario=name, tls=name in TLS)
    live.good = good  # type: ignore[attr-defined]  # for those that give no token
    saves, statuses, accepted, saved = WIRE[name]
    seen = play(live, DOCUMENTS.get(name, THREE), sends=1 if name in ONCE else 2)
    assert (seen.codes(seen.save), seen.codes(seen.status), seen.held) == (saves, statuses, (accepted, saved))
    assert look(name, seen) == SPECIAL.get(name)
    entries = live.server.run.journal.entries()
    assert {entry.scenario for entry in entries} == {name}
    if SCENARIOS[name].faults:
        assert any(entry.fault and entry.fault.startswith(f"scenario {name}: ") for entry in entries)
    wire = json.dumps(
        [str(reply.headers) + reply.text for reply in (*seen.save, *seen.status) if isinstance(reply, httpx.Response)]
    )
    assert "scenario" not in wire.lower()  # only the journal says which one answered


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_bad_certificate_is_refused_by_a_client_that_checks(make_live: Make, name: str) -> None:
    live = make_live(scenario=name)
    context = ssl.create_default_context(cafile=str(live.server.ca_file))
    with (
        httpx.Client(verify=context, trust_env=False) as http,
        pytest.raises(httpx.ConnectError, match=CERTIFICATES[name]),
    ):
        http.get(f"{live.server.url}/oauth2/jwks")
    with httpx.Client(verify=False, trust_env=False) as careless:  # noqa: S501 - as the DOJ's own lines do
        assert careless.get(f"{live.server.url}/oauth2/jwks").status_code == 200


def test_every_scenario_is_played() -> None:
    assert {*WIRE, *CERTIFICATES} == set(SCENARIOS)
    assert len(SCENARIOS) >= 40


def test_a_scenario_is_well_formed() -> None:
    for scenario in SCENARIOS.values():
        assert scenario.outcome in Outcome
        assert scenario.sentence.endswith(".")
        assert scenario.citations
        for name, setting in scenario.switches.items():
            SWITCHES[name].read(setting)


def test_a_scenario_that_needs_tls_says_so(make_live: Make) -> None:
    with pytest.raises(SettingsError, match="the scenario redirect-to-http needs https"):
        make_live(scenario="redirect-to-http")
    with pytest.raises(SettingsError, match="there is no scenario 'slo': did you mean slow"):
        read_settings("slo")


def test_a_drip_comes_in_pieces(make_live: Make) -> None:
    live = make_live(scenario="slow-drip")
    headers = live.bearer()
    pieces: list[float] = []
    with live.http.stream(
        "POST", "/api/bulkimport/save", headers=headers, files={"bulkUploadFile": ("a.xml", THREE)}
    ) as reply:
        for chunk in reply.iter_raw():
            pieces += [time.monotonic()] * bool(chunk)
    assert len(pieces) > 5
    assert pieces[-1] - pieces[0] > 1


def test_a_reset_is_a_reset(make_live: Make) -> None:
    live = make_live(scenario="commit-then-drop", tls=False)
    token = live.bearer()["Authorization"]
    body = (
        b'--b\r\nContent-Disposition: form-data; name="bulkUploadFile"; filename="a.xml"\r\n\r\n'
        + THREE
        + b"\r\n--b--\r\n"
    )
    head = f"POST /api/bulkimport/save HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    port = httpx.URL(live.server.url).port or 0
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(head.encode() + body)
        with pytest.raises(ConnectionResetError):
            sock.recv(100)


@pytest.mark.parametrize("name", ["save-500-first", "commit-then-504", "save-reset-first"])
def test_a_fault_hits_exactly_one_of_many_at_once(make_live: Make, name: str) -> None:
    live = make_live(scenario=name)
    headers = live.bearer()

    def send(number: int) -> int | str:
        files = {"bulkUploadFile": ("day.xml", upload_of(record(str(number))))}
        with httpx.Client(base_url=live.server.url, trust_env=False, timeout=30) as http:
            reply = ask(lambda: http.post("/api/bulkimport/save", headers=headers, files=files))
        return reply if isinstance(reply, str) else reply.status_code

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(send, range(48)))
    assert sorted(map(str, codes)).count("202") == 47
    stored = len(live.server.capss.store.list_submissions(0, 100))
    assert stored == (48 if name == "commit-then-504" else 47)


@pytest.mark.parametrize("how", ["credentials", "file name", "document"])
def test_a_single_request_can_choose_its_scenario(make_live: Make, how: str) -> None:
    live = make_live()
    auth = ("apitest--commit-then-504", "Password1") if how == "credentials" else AUTH
    token = live.http.post("/oauth2/token", auth=auth, data=GRANT).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    name = "day--commit-then-504.xml" if how == "file name" else "day.xml"
    document = upload_of(record("scenario:commit-then-504")) if how == "document" else THREE
    files = {"bulkUploadFile": (name, document)}
    assert live.http.post("/api/bulkimport/save", headers=headers, files=files).status_code == 504
    assert len(live.server.capss.store.list_submissions(0, 10)) == 1
    assert live.send(ONE, live.bearer()).status_code == 202  # others go on as ever
    assert [entry.scenario for entry in live.server.run.journal.entries(path="/api/bulkimport/save")] == [
        "commit-then-504",
        "happy",
    ]


@pytest.mark.parametrize("path", ["/api/bulkimport/save", "/api/bulkupload/save"])
def test_the_status_of_what_was_sent_keeps_its_scenario(make_live: Make, path: str) -> None:
    live = make_live()
    headers = live.bearer()
    files = {"bulkUploadFile": ("day--status-html.xml", THREE)}
    href = live.http.post(path, headers=headers, files=files).json()["links"]["href"]
    assert live.http.get(href, headers=headers).text.startswith("<!DOCTYPE html>")


def test_by_hand_each_time_is_the_first(make_live: Make) -> None:
    live = make_live()
    headers = live.bearer()
    codes = []
    for number in range(3):
        files = {"bulkUploadFile": ("day--commit-then-504.xml", upload_of(record(str(number))))}
        codes.append(live.http.post("/api/bulkimport/save", headers=headers, files=files).status_code)
    for _ in range(2):
        token = live.http.post("/oauth2/token", auth=("apitest--status-503-first", "Password1"), data=GRANT).json()[
            "access_token"
        ]
        href = live.send(ONE, {"Authorization": f"Bearer {token}"}, onDup="submitWithDups").json()["links"]["href"]
        codes += [live.http.get(href, headers={"Authorization": f"Bearer {token}"}).status_code for _ in range(2)]
    assert codes == [504, 504, 504, 503, 202, 503, 202]


def test_stopping_waits_for_no_fault(make_live: Make) -> None:
    live = make_live()
    live.http.post("/__capss/faults", json={"on": "token", "do": "delay", "seconds": 600}).raise_for_status()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, partial(live.http.post, "/oauth2/token", auth=AUTH, data=GRANT, timeout=60))
        while not live.server.run.faults.listed()[0]["hits"]:
            assert not waiting.done()
        live.server.stop()
        waiting.result(timeout=30)  # far less than the fault wanted


def test_many_held_requests_are_all_answered(make_live: Make) -> None:
    live = make_live(progress="hold")
    headers = live.bearer()
    href = live.send(ONE, headers).json()["links"]["href"]
    live.http.post(
        "/__capss/faults", json={"on": "status", "do": "delay", "seconds": 1, "times": None}
    ).raise_for_status()
    with (
        ThreadPoolExecutor(150) as pool,
        httpx.Client(trust_env=False, timeout=60, limits=httpx.Limits(max_connections=None)) as http,
    ):
        codes = {reply.status_code for reply in pool.map(lambda _: http.get(href, headers=headers), range(150))}
    assert codes == {202}


@pytest.mark.parametrize("client", ["apitest--no-such", "nobody--slow", "--slow", "apitest--"])
def test_a_scenario_that_is_none_makes_no_client(make_live: Make, client: str) -> None:
    live = make_live()
    assert live.http.post("/oauth2/token", auth=(client, "Password1"), data=GRANT).status_code == 401


def test_updates_meet_faults_too(make_live: Make) -> None:
    live = make_live(scenario="save-503-first")
    headers = live.bearer()
    assert [live.update(UPDATES / "one-item.xml", headers).status_code for _ in range(2)] == [503, 202]


@pytest.mark.parametrize("do", ["reset", "truncate", "drip", "delay"])
def test_faults_work_over_tls_and_leave_the_server_well(make_live: Make, do: str) -> None:
    live = make_live(tls=True)
    live.http.post("/__capss/faults", json={"on": "token", "do": do, "after": True, "seconds": 0.3}).raise_for_status()
    first = ask(partial(live.http.post, "/oauth2/token", auth=AUTH, data=GRANT))
    broken: set[str | int] = {"ReadError", "RemoteProtocolError"}  # Python's ssl tells a reset as an end of file
    expected = {"reset": broken, "truncate": broken}
    assert (first if isinstance(first, str) else first.status_code) in expected.get(do, {200})
    for _ in range(3):
        assert live.http.post("/oauth2/token", auth=AUTH, data=GRANT).status_code == 200
    (entry,) = [each for each in live.server.run.journal.entries() if each.fault]
    assert entry.fault is not None
    assert entry.fault.startswith("asked for: ")


def test_settings_can_change_while_requests_run(make_live: Make) -> None:
    live = make_live(progress="immediate")
    headers = live.bearer()

    def send(number: int) -> int:
        files = {"bulkUploadFile": ("day.xml", upload_of(record(str(number))))}
        with httpx.Client(base_url=live.server.url, trust_env=False, timeout=30) as http:
            return http.post("/api/bulkimport/save", headers=headers, files=files).status_code

    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(send, number) for number in range(60)]
        codes = ["200", "202"] * 10
        for code in codes:
            live.http.patch("/__capss/switches", json={"save-code": code}).raise_for_status()
        answers = {each.result() for each in sent}
    assert answers <= {200, 202}
    assert len(live.server.capss.store.list_submissions(0, 100)) == 60


@pytest.mark.parametrize(
    ("scenario", "saved", "errors"),
    [("complete-with-errors", 0, 2), ("partial", 1, 1), ("found-invalid", 0, 1)],
)
def test_a_scenario_judges_item_updates_too(
    make_mock: Callable[..., InProcess], scenario: str, saved: int, errors: int
) -> None:
    mock = make_mock()
    mock.send(VALID / "three-transactions.xml")
    document = (UPDATES / "one-item.xml").read_bytes()
    item = document[document.index(b"<item>") : document.index(b"</item>") + len(b"</item>")]
    mock.run.configure(scenario=scenario, switches={"progress": "immediate"})
    mock.update(document.replace(item, item + item))
    last = mock.capss.store.list_submissions(0, 10)[-1]
    assert (last.kind, last.verdict.saved, last.verdict.errors) == ("update", saved, errors)
