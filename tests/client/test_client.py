"""Both clients over respx: what goes on the wire, and what each error of httpx means."""

import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import respx

from capss_client import (
    AlreadySent,
    AsyncClient,
    CapssError,
    Client,
    ConfigError,
    NotSent,
    OnDup,
    OnError,
    Progress,
    Receipt,
    Refused,
    Undetermined,
)
from capss_client._exchange import failure_of
from capss_client._steps import Unreachable
from capss_mock.server import MockServer
from tests.client.helpers import ACCEPTED, BASE, FINAL, HREF, PENDING, TOKEN, Time

UPLOAD, UPDATE, ASK = f"{BASE}/api/bulkimport/save", f"{BASE}/api/itemupdate/updateItem", f"{BASE}/oauth2/token"


class Caller:
    """A client of either kind, called in the same way."""

    def __init__(self, kind: str, **options: Any) -> None:
        make: Any = {"sync": Client, "async": AsyncClient}[kind]
        self.client = make(BASE, "a", "s3cret", **options)
        self._is_async = kind == "async"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        def call(*args: Any, **more: Any) -> Any:
            if not self._is_async:
                return method(*args, **more)

            async def work() -> Any:
                return await method(*args, **more)

            return anyio.run(work)

        return call


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Caller]:
    """Makes clients for which time passes without waiting."""

    def one(**options: Any) -> Caller:
        caller = Caller(request.param, **options)
        caller.time = Time()  # type: ignore[attr-defined]  # for whoever looks at what was waited
        caller.__dict__["time"].rule(caller.client, monkeypatch)
        return caller

    return one


@pytest.fixture
def routes() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.post(ASK, name="token").respond(200, content=TOKEN)
        router.post(UPLOAD, name="upload").respond(202, content=ACCEPTED)
        router.post(UPDATE, name="update").respond(202, content=ACCEPTED)
        router.get(HREF, name="status").respond(200, content=FINAL)
        yield router


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "day.xml"
    path.write_bytes(b"<capssUpload>\xc3\xa9\r\n</capssUpload>")
    return path


def test_a_document_is_sent_and_confirmed(make: Callable[..., Caller], routes: respx.MockRouter, file: Path) -> None:
    told: list[Progress] = []
    caller = make(on_progress=told.append)
    receipt = caller.upload(file)
    result = caller.wait(receipt)
    assert (result.confirmed, result.saved, result.duplicates, result.errors) == (True, 3, False, ())
    assert [len(routes[name].calls) for name in ("token", "upload", "status")] == [1, 1, 1]
    assert [each.stage for each in told] == ["token", "sending", "accepted", "final"]


def test_the_wire_is_as_the_sheet_shows_it(make: Callable[..., Caller], routes: respx.MockRouter, file: Path) -> None:
    caller = make()
    caller.upload(file, on_dup=OnDup.SUBMIT_WITHOUT_DUPS, on_error=OnError.SUBMIT)
    token, upload = routes["token"].calls.last.request, routes["upload"].calls.last.request
    assert token.headers["authorization"] == "Basic YTpzM2NyZXQ="
    assert token.content == b"scope=api&grant_type=client_credentials"
    assert token.headers["content-type"] == "application/x-www-form-urlencoded"
    assert upload.headers["authorization"] == "Bearer a.b.c"
    assert upload.url.query == b"onDup=submitWithoutDups&onError=submit"
    head = f"Content-Type: {upload.headers['content-type']}\r\n\r\n".encode()
    (part,) = message_from_bytes(head + upload.content).get_payload()  # type: ignore[misc]  # a list of parts
    assert part.get_param("name", header="content-disposition") == "bulkUploadFile"
    assert part.get_filename() == "day.xml"
    assert file.read_bytes() in upload.content
    assert int(upload.headers["content-length"]) == len(upload.content)


def test_no_parameters_are_sent_unless_asked_for(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path
) -> None:
    make().upload(file)
    assert routes["upload"].calls.last.request.url.query == b""


def test_an_update_goes_where_updates_go(make: Callable[..., Caller], routes: respx.MockRouter, file: Path) -> None:
    make().update(file)
    assert b'name="itemUpdateFile"; filename="day.xml"' in routes["update"].calls.last.request.content
    assert not routes["upload"].called


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full"), httpx.ProxyError("no")],
    ids=repr,
)
def test_where_no_connection_was_made_it_is_tried_again(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path, error: httpx.HTTPError
) -> None:
    routes["upload"].side_effect = [error, error, httpx.Response(202, content=ACCEPTED)]
    assert make().upload(file).href == HREF
    routes["upload"].side_effect = error
    with pytest.raises(NotSent, match=r"no connection to https://capss\.test"):
        make().upload(file)


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"), httpx.ReadError("reset"), httpx.WriteError("reset"), httpx.WriteTimeout("slow"),
        httpx.CloseError("x"), httpx.RemoteProtocolError("gone"), httpx.LocalProtocolError("x"), httpx.DecodingError("x"),
        httpx.TransportError("x"), httpx.TooManyRedirects("x"),
    ],
    ids=repr,
)  # fmt: skip
def test_where_something_may_have_been_sent_it_is_undetermined(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path, error: httpx.HTTPError
) -> None:
    routes["upload"].side_effect = error
    with pytest.raises(Undetermined, match="the answer to the upload was lost"):
        make().upload(file)
    assert routes["upload"].call_count == 1


def test_an_error_of_tls_is_known_by_its_cause_and_not_by_its_words() -> None:
    for cause in (ssl.SSLError("handshake"), ssl.SSLCertVerificationError("expired")):
        error, between = httpx.ConnectError("x"), OSError("y")
        error.__cause__, between.__context__ = between, cause
        found = failure_of(error)
        assert isinstance(found, Unreachable)
        assert found.lasting
    for words in ("[Errno 111] refused by SSL.test", "CERTIFICATE.test is not known"):
        found = failure_of(httpx.ConnectError(words))
        assert isinstance(found, Unreachable)
        assert not found.lasting


def test_redirects_are_not_followed(make: Callable[..., Caller], routes: respx.MockRouter, file: Path) -> None:
    elsewhere = routes.get("https://elsewhere.test/").respond(200)
    routes["upload"].respond(307, headers={"Location": "https://elsewhere.test/"})
    with pytest.raises(Undetermined):
        make().upload(file)
    assert not elsewhere.called


def test_one_token_serves_many_calls_and_is_renewed_once_after_401(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path
) -> None:
    caller = make()
    for _ in range(3):
        caller.upload(file)
    assert routes["token"].call_count == 1
    routes["upload"].side_effect = [httpx.Response(401), httpx.Response(202, content=ACCEPTED)]
    routes["token"].respond(200, content=TOKEN.replace(b"a.b.c", b"d.e.f"))
    caller.upload(file)
    assert routes["token"].call_count == 2
    assert routes["upload"].calls.last.request.headers["authorization"] == "Bearer d.e.f"


def test_a_token_that_is_over_at_once_is_used_once(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path
) -> None:
    routes["token"].respond(200, content=TOKEN.replace(b"3600", b"0"))
    caller = make()
    caller.wait(caller.upload(file))
    assert routes["token"].call_count == 2


def test_threads_share_a_token(routes: respx.MockRouter, file: Path) -> None:
    started = threading.Barrier(8)
    with Client(BASE, "a", "b") as client:

        def upload(_: int) -> Receipt:
            started.wait(10)
            return client.upload(file)

        with ThreadPoolExecutor(8) as pool:
            receipts = list(pool.map(upload, range(8)))
    assert {each.href for each in receipts} == {HREF}
    assert (routes["token"].call_count, routes["upload"].call_count) == (1, 8)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_share_a_token(routes: respx.MockRouter, file: Path, backend: str) -> None:
    async def work() -> None:
        async with AsyncClient(BASE, "a", "b") as client, anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(client.upload, file)

    anyio.run(work, backend=backend)
    assert (routes["token"].call_count, routes["upload"].call_count) == (1, 8)


def test_a_token_is_shared_between_programs_by_a_file(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        make(token_cache=tmp_path / "tokens.json").upload(file)
    assert routes["token"].call_count == 1


def test_the_ledger_refuses_what_was_sent(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path, tmp_path: Path
) -> None:
    caller = make(ledger=tmp_path / "sent.sqlite")
    caller.wait(caller.upload(file))
    with pytest.raises(ConfigError, match=r"already \(it is saved\)"):
        caller.upload(file)
    caller.upload(file, again=True)
    assert routes["upload"].call_count == 2


def test_a_status_is_asked_for_once_and_noted(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path, tmp_path: Path
) -> None:
    caller = make(ledger=tmp_path / "sent.sqlite")
    receipt = caller.upload(file)
    routes["status"].respond(202, content=PENDING)
    assert caller.status(receipt).final is False
    routes["status"].respond(202)
    assert caller.status(receipt.href) is None
    routes["status"].respond(200, content=FINAL)
    assert caller.status("/api/bulkimport/status/7").confirmed
    with pytest.raises(ConfigError, match=r"already \(it is saved\)"):
        caller.upload(file)


@pytest.mark.parametrize(
    "url", ["https://elsewhere.test/x", "http://capss.test/x", "https://capss.test@evil.test/", "https://["]
)
def test_the_token_goes_to_no_other_host(make: Callable[..., Caller], routes: respx.MockRouter, url: str) -> None:
    caller = make()
    for call in (caller.status, caller.wait):
        with pytest.raises(ConfigError, match="the status URL is none, or on another host"):
            call(url)
    assert not routes["token"].called


@pytest.mark.parametrize("kind", ["missing", "empty", "directory"])
def test_a_file_that_cannot_be_sent_is_named_before_anything_is(
    make: Callable[..., Caller], routes: respx.MockRouter, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "x.xml" if kind != "directory" else tmp_path
    if kind == "empty":
        path.touch()
    with pytest.raises(ConfigError, match="Nothing was sent") as error:
        make().upload(path)
    assert str(path) in str(error.value)
    assert not routes.calls


def test_a_file_that_is_gone_at_the_second_try_is_named(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path
) -> None:
    def busy(_request: httpx.Request) -> httpx.Response:
        file.unlink()
        return httpx.Response(503)

    routes["upload"].side_effect = busy
    with pytest.raises(ConfigError, match="cannot be read"):
        make().upload(file)


def test_an_answer_without_end_is_lost(make: Callable[..., Caller], routes: respx.MockRouter, file: Path) -> None:
    routes["upload"].respond(202, content=b" " * (5 * 2**20))
    with pytest.raises(Undetermined, match="longer than 4194304 bytes"):
        make().upload(file)


def test_a_token_can_be_had_alone(make: Callable[..., Caller], routes: respx.MockRouter) -> None:
    caller = make()
    assert caller.token().expires_in == 3600
    caller.token()
    assert routes["token"].call_count == 2


@pytest.mark.parametrize(("status", "kind", "code"), [(401, Refused, 1), (500, NotSent, 4), (404, NotSent, 4)])
def test_errors_have_their_exit_code_and_their_parts(
    make: Callable[..., Caller], routes: respx.MockRouter, status: int, kind: type[CapssError], code: int
) -> None:
    routes["token"].respond(status)
    with pytest.raises(kind) as error:
        make().token()
    assert error.value.exit_code == code
    assert str(error.value) == f"{error.value.found}; expected {error.value.expected}. {error.value.next_step}"


def test_clients_close_their_connections(make: Callable[..., Caller], routes: respx.MockRouter) -> None:
    with Client(BASE, "a", "b") as client:
        pass
    assert client._http.is_closed

    async def work() -> AsyncClient:
        async with AsyncClient(BASE, "a", "b") as client:
            return client

    assert anyio.run(work)._http.is_closed


def test_a_file_that_cannot_be_read_in_the_middle_leaves_it_undetermined(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path
) -> None:
    routes["upload"].side_effect = OSError(5, "Input/output error")
    with pytest.raises(Undetermined, match="Input/output error"):
        make().upload(file)


def test_another_file_in_its_place_is_not_sent(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path
) -> None:
    def swapped(_request: httpx.Request) -> httpx.Response:
        file.write_bytes(b"<other/>")
        return httpx.Response(200, content=TOKEN)

    routes["token"].side_effect = swapped
    with pytest.raises(ConfigError, match="was changed while it was about to be sent"):
        make().upload(file)
    assert not routes["upload"].called


def test_a_name_that_cannot_be_sent_is_named(
    make: Callable[..., Caller], routes: respx.MockRouter, tmp_path: Path
) -> None:
    file = tmp_path / "d\udce9.xml"
    file.write_bytes(b"<x/>")
    with pytest.raises(ConfigError, match="has a name that is not UTF-8"):
        make().upload(file)
    assert not routes.calls


@pytest.mark.parametrize(
    "href",
    ["https://capss.test/\\u0000", "https://capss.test/\\ud800", "/" + "x" * 70_000, "https://capss.test/\\u00e9"],
)
def test_an_address_that_is_none_leaves_it_undetermined(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path, href: str
) -> None:
    routes["upload"].respond(202, content=ACCEPTED.replace(HREF.encode(), href.encode()))
    with pytest.raises(Undetermined):
        make().upload(file)


@pytest.mark.parametrize("url", ["https://capss.test/x\r", "https://capss.test/\u3002", "https://capss.test"])
def test_a_status_url_that_is_none_is_refused(make: Callable[..., Caller], routes: respx.MockRouter, url: str) -> None:
    with pytest.raises(ConfigError):
        make().status(url)
    assert not routes.calls


def test_the_time_that_is_left_is_what_an_answer_is_waited_for(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path
) -> None:
    caller = make()
    caller.upload(file, deadline=7)
    assert routes["token"].calls.last.request.extensions["timeout"]["read"] == 7
    caller.wait(HREF, deadline=3)
    assert routes["status"].calls.last.request.extensions["timeout"]["read"] == pytest.approx(2.4, abs=0.1)
    caller.upload(file, deadline=1000)
    assert routes["upload"].calls.last.request.extensions["timeout"]["read"] == 30


def test_who_is_told_may_fail_and_the_ledger_knows(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path, tmp_path: Path
) -> None:
    def fails(progress: Progress) -> None:
        if progress.stage == "accepted":
            raise LookupError("mine")

    caller = make(ledger=tmp_path / "l.sqlite", on_progress=fails)
    with pytest.raises(LookupError):
        caller.upload(file)
    with pytest.raises(AlreadySent) as error:
        caller.upload(file)
    assert error.value.href == HREF


def test_who_is_told_may_use_the_client(routes: respx.MockRouter, file: Path) -> None:
    def looks(progress: Progress) -> None:
        if progress.stage == "sending":
            assert client.token().expires_in == 3600

    with Client(BASE, "a", "b", on_progress=looks) as client:
        assert client.upload(file).href == HREF


def test_http_on_this_machine_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with (
        MockServer(port=None) as server,
        server.open_run() as mock,
        Client(mock.url, mock.client_id, mock.client_secret) as client,
    ):
        assert client.token()


def test_a_proxy_that_cannot_be_used_is_named(make: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(ConfigError, match="the proxy that the environment names cannot be used"):
        make()


def test_a_token_url_with_tls_is_checked_though_the_base_has_none(make_live: Callable[..., Any]) -> None:
    live = make_live(tls=True)
    with (
        Client("http://127.0.0.1:1", "a", "b", token_url=f"{live.server.url}/oauth2/token") as client,
        pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.token()


def test_nothing_of_a_token_is_among_the_locals_of_a_traceback(
    make: Callable[..., Caller], routes: respx.MockRouter, file: Path
) -> None:
    for error in (httpx.ReadTimeout("slow"), None):
        routes["upload"].side_effect = error
        routes["upload"].return_value = httpx.Response(504)
        with pytest.raises(Undetermined) as caught:
            make().upload(file)
        assert caught.value.__context__ is None or not isinstance(caught.value.__context__.__context__, httpx.HTTPError)
        shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        ours = [block for block in shown.split('  File "') if "capss_client" in block.partition("\n")[0]]
        assert ours
        assert [block for block in ours if "a.b.c" in block or "s3cret" in block or "YTpzM2NyZXQ" in block] == []
