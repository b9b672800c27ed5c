"""A mock steered from Python: the same in this process and from another."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import httpx
import pytest

from capss_mock.domain.tokens import SigningKey
from capss_mock.remote import RemoteMock
from capss_mock.server import MockServer
from capss_mock.settings import Settings, SettingsError, read_settings
from capss_mock.steering import CapssMock, SteeringError, Submissions, read_reply
from capss_mock.store import StoreError
from tests.helpers import GRANT, VALID, prepared

DOCUMENT = VALID / "one-transaction.xml"
THREE = VALID / "three-transactions.xml"


@pytest.fixture
def server(signing_key: SigningKey) -> Iterator[MockServer]:
    """A mock with others beside it."""
    with MockServer(prepared=prepared(signing_key)) as server:
        yield server


@pytest.fixture(params=["here", "elsewhere"])
def mock(request: pytest.FixtureRequest, server: MockServer) -> Iterator[CapssMock]:
    """A run, steered in this process or by its URL."""
    parent: CapssMock = server if request.param == "here" else RemoteMock(server.url)
    with parent.open_run(read_settings(changes={"progress": "immediate"})) as run:
        yield run


class Sender:
    """A program that talks to a mock over its socket."""

    def __init__(self, mock: CapssMock) -> None:
        self.http = httpx.Client(base_url=mock.url, trust_env=False)
        self.mock = mock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def token(self) -> httpx.Response:
        return self.http.post("/oauth2/token", auth=(self.mock.client_id, self.mock.client_secret), data=GRANT)

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token().json()['access_token']}"}

    def upload(self, document: Path = DOCUMENT) -> httpx.Response:
        files = {"bulkUploadFile": (document.name, document.read_bytes())}
        return self.http.post("/api/bulkimport/save", headers=self.bearer(), files=files)

    def status(self, accepted: httpx.Response) -> httpx.Response:
        return self.http.get(accepted.json()["links"]["href"], headers=self.bearer())


@pytest.fixture
def sender(mock: CapssMock) -> Iterator[Sender]:
    with Sender(mock) as sender:
        yield sender


def test_what_was_accepted_can_be_read_and_summed(mock: CapssMock, sender: Sender) -> None:
    assert mock.submissions.accepted == 0
    sender.upload(THREE)
    accepted = sender.upload(DOCUMENT)  # the first of the three
    sender.status(accepted)
    found = mock.submissions
    assert [each.records for each in found] == [3, 1]
    assert (found.accepted, found.records, found.saved, found.duplicates, found.errors) == (2, 4, 3, 1, 0)
    assert (found[0].polls, found[1].polls) == (0, 1)
    assert found[-1].kind == "upload"
    assert found[1:].records == 1
    assert repr(found) == "<Submissions: accepted 2, saved 3 of 4 records>"
    assert {each["record"] for each in mock.items} == {1, 2, 3}


def test_errors_are_counted(mock: CapssMock, sender: Sender) -> None:
    mock.scenario("complete-with-errors")
    sender.upload(THREE)
    assert mock.submissions.errors > 0


def test_more_than_a_page_of_submissions_is_read_to_its_end(mock: CapssMock, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {0: ([1, 2], 2), 2: ([3], None)}
    asked = []

    def call(_method: str, path: str, _values: object = None) -> object:
        after = int(path.partition("after=")[2])
        asked.append(after)
        rows, following = pages[after]
        return {"items": [{"number": each} for each in rows], "next": following}

    monkeypatch.setattr(mock, "call", call)
    assert [each["number"] for each in mock.items] == [1, 2, 3]
    assert asked == [0, 2]


def test_a_scenario_is_played_from_now_on(mock: CapssMock, sender: Sender) -> None:
    mock.scenario("commit-then-504")
    assert sender.upload().status_code == 504
    assert mock.submissions.accepted == 1


def test_switches_are_set_by_name_or_with_underscores(mock: CapssMock, sender: Sender) -> None:
    mock.set(save_code="200")
    accepted = sender.upload()
    assert accepted.status_code == 200
    assert sender.status(accepted).status_code == 200
    mock.set({"save-code": None}, progress="hold")
    accepted = sender.upload(THREE)
    assert accepted.status_code == 202
    assert sender.status(accepted).status_code == 202
    assert mock.release() == 1
    assert sender.status(accepted).status_code == 200


def test_one_submission_alone_is_released(mock: CapssMock, sender: Sender) -> None:
    mock.set(progress="hold")
    first, second = sender.upload(), sender.upload(THREE)
    assert mock.release(mock.submissions[1].status) == 1
    assert (sender.status(first).status_code, sender.status(second).status_code) == (202, 200)


def test_the_next_request_meets_a_fault(mock: CapssMock, sender: Sender) -> None:
    mock.fault("token", status=503, headers={"Retry-After": "1"})
    assert [sender.token().status_code for _ in range(2)] == [503, 200]


def test_its_clock_can_be_stopped_set_and_moved(mock: CapssMock) -> None:
    moment = datetime(2025, 12, 15, 22, 3, 52, tzinfo=UTC)
    mock.freeze(moment)
    assert mock.now == moment
    mock.advance(3600)
    assert (mock.now - moment).total_seconds() == 3600
    mock.unfreeze()
    mock.freeze()
    stopped = mock.now
    assert (stopped - moment).total_seconds() >= 3600
    assert mock.now == stopped


def test_it_forgets_on_demand(mock: CapssMock, sender: Sender) -> None:
    sender.upload()
    assert len(mock.journal) == 2
    mock.reset()
    assert (len(mock.journal), mock.submissions.accepted, mock.items) == (0, 0, [])


def test_the_journal_has_entries_as_the_mock_itself_has_them(mock: CapssMock, sender: Sender) -> None:
    sender.upload()
    token, upload = mock.journal
    assert (token.operation, upload.operation) == ("token", "save")
    assert upload.parts[0].name == "bulkUploadFile"
    assert upload.parts[0].size == DOCUMENT.stat().st_size


def test_feedback_says_how_to_mend_a_request(mock: CapssMock, sender: Sender) -> None:
    sender.http.post("/api/bulkimport/save", headers=sender.bearer(), data={"bulkUploadFile": "day.xml"})
    assert mock.feedback[0]["rule"] == "WEB-NOT-MULTIPART"
    assert "curl" in mock.feedback[0]["instead"]


def test_the_environment_tells_a_program_all_it_needs(mock: CapssMock) -> None:
    assert mock.environ == {
        "CAPSS_BASE_URL": mock.url,
        "CAPSS_TOKEN_URL": f"{mock.url}/oauth2/token",
        "CAPSS_CLIENT_ID": mock.client_id,
        "CAPSS_CLIENT_SECRET": mock.client_secret,
    }


def test_over_tls_it_names_the_authority_too(signing_key: SigningKey) -> None:
    with MockServer(prepared=prepared(signing_key), tls=True) as mock:
        assert mock.environ["CAPSS_BASE_URL"].startswith("https://")
        assert mock.environ["CAPSS_CA_FILE"] == str(mock.ca_file)


def test_the_old_generation_has_another_token_url(server: MockServer) -> None:
    with server.open_run(read_settings(dialect="old-2025")) as run:
        assert run.environ["CAPSS_TOKEN_URL"] == f"{run.url}/oauth/token"


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda mock: mock.scenario("slo"), "there is no scenario 'slo': did you mean slow?"),
        (lambda mock: mock.set(progres="hold"), "there is no switch 'progres': did you mean progress?"),
        (lambda mock: mock.fault("tokens"), "on must be one of token, submit, upload, update, status"),
        (lambda mock: mock.advance(-1), "advance must be a number of seconds, from 0 on"),
        (lambda mock: mock.scenario("expired-certificate"), "expired-certificate needs a certificate of its own"),
        (
            lambda mock: mock.call("GET", "/nothing"),
            "/__capss/nothing was answered 404, not by the control API of a capss-mock",
        ),
        (lambda mock: mock.call("GET", "/runs"), "it has none itself"),
    ],
)
def test_what_it_cannot_do_is_an_error_that_says_what_it_can(mock: CapssMock, ask: object, says: str) -> None:
    assert callable(ask)
    with pytest.raises(SteeringError, match=r".") as error:
        ask(mock)
    assert says in str(error.value)


def test_a_run_is_apart_from_the_next(server: MockServer) -> None:
    with server.open_run() as first, server.open_run() as second:
        assert first.url != second.url
        assert first.client_id != second.client_id
        with Sender(first) as one, Sender(second) as other:
            assert other.http.get("/api/bulkimport/status/1", headers=one.bearer()).status_code == 401
        first.scenario("commit-then-504")
        assert second.call("GET", "/scenario")["id"] == "happy"


def test_a_run_is_gone_at_its_end(server: MockServer) -> None:
    with server.open_run() as run:
        url = run.url
        assert server.call("GET", "/runs")["runs"][0]["url"] == url
    assert server.call("GET", "/runs")["runs"] == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
    with pytest.raises(SteeringError, match="was stopped"):
        _ = run.url


def test_a_run_finds_nothing_of_the_one_before_it_in_the_same_file(server: MockServer) -> None:
    with server.open_run(read_settings(changes={"progress": "immediate"})) as run:
        path = run.capss.store.path
        with Sender(run) as sender:
            assert sender.upload().json()["links"]["href"].endswith("/512627")
        closed = run.capss.store
    with server.open_run(read_settings(changes={"progress": "immediate"})) as run:
        assert run.capss.store.path == path
        assert (run.submissions.accepted, run.items) == (0, [])
        with Sender(run) as sender:
            accepted = sender.upload()
            assert accepted.json()["links"]["href"].endswith("/512627")
            assert sender.status(accepted).json()["savedCount"] == 1
        # whoever still has the closed one cannot write into what is another's now
        with pytest.raises(Exception, match="is closed"), closed.write():
            pass


def test_a_run_has_no_lasting_store_and_no_runs_of_its_own(server: MockServer, tmp_path: Path) -> None:
    with pytest.raises(SteeringError, match="temporary store"), server.open_run(Settings(store=tmp_path / "x.sqlite")):
        pass
    with server.open_run() as run, pytest.raises(SteeringError, match="has none itself"), run.open_run():
        pass


def test_there_are_not_more_runs_than_may_be(server: MockServer) -> None:
    with ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(server.open_run())
        with pytest.raises(SteeringError, match="64 runs already"), server.open_run():
            pass
    with server.open_run() as run:
        assert run.submissions.accepted == 0


def test_a_mock_listens_when_its_url_is_first_asked_for_and_not_before(signing_key: SigningKey) -> None:
    with MockServer(port=None, prepared=prepared(signing_key)) as mock:
        assert mock._server is None
        url = mock.url
        assert httpx.get(f"{url}/__capss/health", trust_env=False).status_code == 200
        assert mock.url == url


def test_a_control_token_is_given_in_this_process(signing_key: SigningKey) -> None:
    with MockServer(Settings(control_token="s3cret"), port=None, prepared=prepared(signing_key)) as mock:
        assert mock.submissions.accepted == 0
        with mock.open_run() as run:
            assert run.submissions.accepted == 0


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"other": 1}'])
def test_a_refusal_that_is_none_of_ours_is_an_error_all_the_same(body: bytes) -> None:
    with pytest.raises(SteeringError, match="GET /x was answered 500, not by the control API of a capss-mock"):
        read_reply(500, body, "GET /x")


def test_a_part_of_the_submissions_has_their_sums() -> None:
    assert Submissions([]).saved == 0
    assert list(Submissions([])[:1]) == []


@pytest.mark.parametrize(
    "use",
    [
        lambda mock: mock.submissions, lambda mock: mock.items, lambda mock: mock.journal, lambda mock: mock.reset(),
        lambda mock: mock.set(progress="hold"), lambda mock: mock.scenario("slow"), lambda mock: mock.url,
    ],
)  # fmt: skip
def test_a_mock_that_was_stopped_says_so_whatever_it_is_asked(
    server: MockServer, signing_key: SigningKey, use: object
) -> None:
    with MockServer(port=None, prepared=prepared(signing_key)) as mock, server.open_run() as run:
        pass
    assert callable(use)
    for each in (mock, run):
        with pytest.raises(SteeringError, match="this mock was stopped: its test, or its with block, is over"):
            use(each)


def test_a_store_of_a_mock_that_was_stopped_stays_closed(signing_key: SigningKey, tmp_path: Path) -> None:
    with MockServer(Settings(store=tmp_path / "x.sqlite"), port=None, prepared=prepared(signing_key)) as mock:
        pass
    with pytest.raises(StoreError, match="is closed"), mock.capss.store.read():
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["x.sqlite"]


def test_moments_are_taken_as_times_with_a_zone_or_as_text(mock: CapssMock) -> None:
    mock.freeze("2025-12-15T22:03:52Z")
    assert mock.now == datetime(2025, 12, 15, 22, 3, 52, tzinfo=UTC)
    mock.advance(timedelta(days=1))
    assert mock.now == datetime(2025, 12, 16, 22, 3, 52, tzinfo=UTC)
    with pytest.raises(SteeringError, match=r"has no time zone: datetime\(…, tzinfo=UTC\), say"):
        mock.freeze(datetime(2025, 12, 15))  # noqa: DTZ001 - that is the mistake
    with pytest.raises(SteeringError, match="such as 2025-12-15T22:03:52Z"):
        mock.freeze("noon")


def test_a_control_path_needs_no_slash(mock: CapssMock) -> None:
    assert mock.call("GET", "scenario") == mock.call("GET", "/scenario") == mock.call("GET", "/__capss/scenario")
    assert mock.unmatched == 0


def test_tokens_of_runs_with_the_same_seed_are_not_each_others(server: MockServer) -> None:
    settings = read_settings(seed=7)
    with server.open_run(settings) as one, server.open_run(settings) as other, Sender(one) as a, Sender(other) as b:
        assert b.http.get("/api/bulkimport/status/1", headers=a.bearer()).status_code == 401


def test_lists_of_runs_open_no_ports(server: MockServer) -> None:
    with server.open_run() as run:
        assert server.call("GET", "/runs")["runs"][0]["url"] is None
        assert not run.is_listening
        url = run.url
        assert server.call("GET", f"/runs/{run.id}")["url"] == url


def test_a_control_token_is_not_shown() -> None:
    assert "s3cret" not in repr(Settings(control_token="s3cret"))


@pytest.mark.parametrize("changes", ["progress=hold", {"progress": 3}, {3: "hold"}, ["progress"]])
def test_changes_that_are_none_are_refused_with_a_reason(changes: object) -> None:
    with pytest.raises(SettingsError, match="changes must be switches and their settings as texts"):
        read_settings(changes=changes)  # type: ignore[arg-type]  # that is the mistake
