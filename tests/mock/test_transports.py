"""In process, without a socket, a program gets what it gets from a server; what needs a socket is an error."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
import h11
import httpx
import pytest

from capss_mock.domain.tokens import SigningKey
from capss_mock.pytest_support import router
from capss_mock.server import MockServer
from capss_mock.settings import Settings, read_settings
from capss_mock.transports import AsyncCapssTransport, CapssTransport, InProcessError
from tests.helpers import AUTH, GRANT, VALID, prepared

DOCUMENT = (VALID / "one-transaction.xml").read_bytes()
NOON = datetime(2026, 3, 5, 20, tzinfo=UTC)
SANDBOX = "https://capss-sb.doj.ca.gov"
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=b"}
# what answers differ in by nature: date and server of a live one, and whether it closes the connection
CONTRACT_HEADERS = (
    "content-type", "content-length", "cache-control", "pragma", "expires", "x-content-type-options",
    "x-frame-options", "x-xss-protection", "www-authenticate", "retry-after", "location", "allow",
)  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """A request, by what stays the same: the bearer and the status id are filled in."""

    method: str
    path: str
    more: Callable[[], dict[str, Any]] = dict
    bearer: bool = True


def multipart_body() -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="bulkUploadFile"; filename="day.xml"\r\n\r\n'
    return head + DOCUMENT + b"\r\n--b--\r\n"


def in_chunks() -> Iterator[bytes]:
    body = io.BytesIO(multipart_body())
    while chunk := body.read(100):
        yield chunk


async def in_async_chunks() -> AsyncIterator[bytes]:
    for chunk in in_chunks():
        yield chunk


FILE = {"bulkUploadFile": ("day.xml", DOCUMENT)}
ASKS = {
    "a token refused": Ask("POST", "/oauth2/token", lambda: {"auth": (AUTH[0], "wrong"), "data": GRANT}, bearer=False),
    "keys": Ask("GET", "/oauth2/jwks", bearer=False),
    "no bearer": Ask("POST", "/api/bulkimport/save", lambda: {"files": FILE}, bearer=False),
    "an upload": Ask("POST", "/api/bulkimport/save", lambda: {"files": FILE}),
    "an upload in chunks": Ask("POST", "/api/bulkimport/save", lambda: {"content": in_chunks(), "headers": BOUNDARY}),
    "an upload that says nothing of its duplicates": Ask("POST", "/api/bulkimport/save?onDup=nothing", lambda: {"files": FILE}),
    "a document that cannot be read": Ask("POST", "/api/bulkimport/save", lambda: {"files": {"bulkUploadFile": ("day.xml", b"<capssUp")}}),
    "no file": Ask("POST", "/api/bulkimport/save", lambda: {"data": {"bulkUploadFile": "day.xml"}}),
    "a body that breaks off": Ask("POST", "/api/bulkimport/save", lambda: {"content": multipart_body()[:-12], "headers": BOUNDARY}),
    "a status": Ask("GET", "/api/bulkimport/status/512627"),
    "the head of a status": Ask("HEAD", "/api/bulkimport/status/512627"),
    "another's status": Ask("GET", "/api/bulkimport/status/1"),
    "a path that is none": Ask("GET", "/api/bulkimport/Status/%31?x=%C3%A9"),
    "a path that no firewall lets through": Ask("GET", "/api/bulkimport/%2e%2e/status/1"),
    "another method": Ask("PUT", "/api/bulkimport/save"),
}  # fmt: skip


@pytest.fixture
def make(signing_key: SigningKey) -> Iterator[Callable[..., MockServer]]:
    """Makes mocks whose clock stands still and whose ids repeat, so that answers can be compared."""
    opened: list[MockServer] = []

    def one(scenario: str = "happy") -> MockServer:
        settings = read_settings(scenario, changes={"progress": "immediate"}, seed=7)
        server = MockServer(settings, port=None, prepared=prepared(signing_key))
        server.freeze(NOON)
        opened.append(server)
        return server

    yield one
    for each in opened:
        each.stop()


def live(mock: MockServer) -> AbstractContextManager[httpx.Client]:
    return httpx.Client(base_url=mock.url, trust_env=False)


def in_process(mock: MockServer) -> AbstractContextManager[httpx.Client]:
    return httpx.Client(base_url="http://capss.test", transport=CapssTransport(mock))


class Answers:
    """What came of the same requests, one after another."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[int, bytes, dict[str, str]]] = {}

    def add(self, name: str, reply: httpx.Response, base: str) -> None:
        headers = {key: reply.headers[key].replace(base, "{base}") for key in CONTRACT_HEADERS if key in reply.headers}
        body = reply.content.replace(base.encode(), b"{base}")
        if "content-length" in headers and reply.request.method != "HEAD":
            assert int(headers["content-length"]) == len(reply.content)
            headers["content-length"] = str(len(body))  # the base is in it
        self.found[name] = reply.status_code, body, headers


def ask_all(http: httpx.Client, base: str) -> dict[str, Any]:
    answers = Answers()
    token = http.post("/oauth2/token", auth=AUTH, data=GRANT).json()["access_token"]
    for name, ask in ASKS.items():
        more = ask.more()
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if ask.bearer else {})}
        answers.add(name, http.request(ask.method, ask.path, headers=headers, **more), base)
    return answers.found


async def ask_all_async(http: httpx.AsyncClient, base: str) -> dict[str, Any]:
    answers = Answers()
    token = (await http.post("/oauth2/token", auth=AUTH, data=GRANT)).json()["access_token"]
    for name, ask in ASKS.items():
        more = ask.more()
        if "content" in more and not isinstance(more["content"], bytes):
            more["content"] = in_async_chunks()
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if ask.bearer else {})}
        answers.add(name, await http.request(ask.method, ask.path, headers=headers, **more), base)
    return answers.found


def by_live(mock: MockServer) -> dict[str, Any]:
    with live(mock) as http:
        return ask_all(http, mock.url)


def by_transport(mock: MockServer) -> dict[str, Any]:
    with in_process(mock) as http:
        return ask_all(http, "http://capss.test")


def by_async_transport(mock: MockServer, backend: str) -> dict[str, Any]:
    async def work() -> dict[str, Any]:
        async with httpx.AsyncClient(base_url="http://capss.test", transport=AsyncCapssTransport(mock)) as http:
            return await ask_all_async(http, "http://capss.test")

    return anyio.run(work, backend=backend)


def by_respx(mock: MockServer) -> dict[str, Any]:
    with router(CapssTransport(mock)), httpx.Client(base_url=SANDBOX) as http:
        return ask_all(http, SANDBOX)


def by_async_respx(mock: MockServer) -> dict[str, Any]:
    async def work() -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=SANDBOX) as http:
            return await ask_all_async(http, SANDBOX)

    with router(CapssTransport(mock)):
        return anyio.run(work)


@pytest.mark.parametrize(
    "way",
    [
        by_transport,
        pytest.param(partial(by_async_transport, backend="asyncio"), id="by_async_transport"),
        pytest.param(partial(by_async_transport, backend="trio"), id="by_async_transport_under_trio"),
        by_respx,
        by_async_respx,
    ],
)
def test_status_body_and_headers_are_those_of_the_live_server(
    make: Callable[..., MockServer], way: Callable[[MockServer], dict[str, Any]]
) -> None:
    expected, found = by_live(make()), way(make())
    assert set(expected) == set(ASKS)
    assert [status for status, _, _ in expected.values()].count(202) == 4
    assert {status for status, _, _ in expected.values()} >= {200, 202, 400, 401, 404}
    for name, answer in expected.items():
        assert found[name] == answer, name


def test_over_https_the_header_of_https_is_there(make: Callable[..., MockServer]) -> None:
    with httpx.Client(base_url=SANDBOX, transport=CapssTransport(make())) as http:
        assert "Strict-Transport-Security" in http.get("/oauth2/jwks").headers
    with in_process(make()) as http:
        assert "Strict-Transport-Security" not in http.get("/oauth2/jwks").headers


def test_a_long_upload_is_streamed_and_not_held(make: Callable[..., MockServer]) -> None:
    mock = make()
    ahead: list[int] = []
    run = mock.run
    read = 0

    def chunks() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="other"; filename="x"\r\n\r\n'
        for number in range(200):
            ahead.append(number * 64 * 1024 - read)
            yield b"x" * 64 * 1024
        yield b"\r\n--b--\r\n"

    def counting(environ: dict[str, Any], start: Any) -> Any:
        body = environ["wsgi.input"]

        class Counted(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                nonlocal read
                count = int(body.readinto(buffer))
                read += count
                return count

        environ["wsgi.input"] = io.BufferedReader(Counted())
        return run(environ, start)

    class Holder:
        pass

    holder: Any = Holder()
    holder.refused_in_process = []
    holder.run = type("Counting", (), {"__call__": staticmethod(counting), "settings": run.settings, "closed": False})()
    with httpx.Client(base_url="http://capss.test", transport=CapssTransport(holder)) as http:
        token = http.post("/oauth2/token", auth=AUTH, data=GRANT).json()["access_token"]
        reply = http.post(
            "/api/bulkimport/save", content=chunks(), headers={**BOUNDARY, "Authorization": f"Bearer {token}"}
        )
    assert reply.status_code == 400
    assert max(ahead) < 2**20


def test_an_error_of_the_programs_own_comes_back_to_it(make: Callable[..., MockServer]) -> None:
    def breaks() -> Iterator[bytes]:
        yield multipart_body()[:100]
        raise LookupError("the disk is gone")

    mock = make()
    with in_process(mock) as http:
        token = http.post("/oauth2/token", auth=AUTH, data=GRANT).json()["access_token"]
        headers = {**BOUNDARY, "Authorization": f"Bearer {token}"}
        with pytest.raises(LookupError, match="the disk is gone"):
            http.post("/api/bulkimport/save", content=breaks(), headers=headers)
    assert mock.submissions.accepted == 0


def test_an_answer_that_breaks_off_is_the_error_that_a_socket_gives(make: Callable[..., MockServer]) -> None:
    errors = []
    for client in (live, in_process):
        mock = make()
        mock.fault("token", "truncate")
        with client(mock) as http, pytest.raises(httpx.RemoteProtocolError) as error:
            http.post("/oauth2/token", auth=AUTH, data=GRANT)
        errors.append(str(error.value).partition(" (")[0])
    assert errors[0] == errors[1]


def test_an_answer_in_drips_arrives_whole(make: Callable[..., MockServer]) -> None:
    mock = make()
    mock.fault("token", "drip", seconds=0.01)
    with in_process(mock) as http:
        assert "access_token" in http.post("/oauth2/token", auth=AUTH, data=GRANT).json()


@asynccontextmanager
async def _async_client(mock: MockServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url="http://capss.test", transport=AsyncCapssTransport(mock)) as http:
        yield http


def _token_in_process(mock: MockServer) -> None:
    with in_process(mock) as http:
        http.post("/oauth2/token", auth=AUTH, data=GRANT)


def _token_async(mock: MockServer) -> None:
    async def work() -> None:
        async with _async_client(mock) as http:
            await http.post("/oauth2/token", auth=AUTH, data=GRANT)

    anyio.run(work)


def _token_respx(mock: MockServer) -> None:
    with router(CapssTransport(mock)), httpx.Client(base_url=SANDBOX) as http:
        http.post("/oauth2/token", auth=AUTH, data=GRANT)


@pytest.mark.parametrize("send", [_token_in_process, _token_async, _token_respx])
def test_a_reset_is_an_error_that_is_none_of_httpxs(
    make: Callable[..., MockServer], send: Callable[[MockServer], Awaitable[None] | None]
) -> None:
    mock = make()
    mock.fault("token", "reset")
    with pytest.raises(InProcessError) as error:
        send(mock)
    assert str(error.value) == (
        "asked for: reset the connection before anything was done; in process there is no connection to reset: "
        "let the program talk to capss_mock.url"
    )


@pytest.mark.parametrize("send", [_token_in_process, _token_async, _token_respx])
@pytest.mark.parametrize("scenario", ["expired-certificate", "redirect-to-http"])
def test_what_is_about_tls_is_an_error(
    signing_key: SigningKey, send: Callable[[MockServer], Awaitable[None] | None], scenario: str
) -> None:
    with MockServer(read_settings(scenario), port=None, tls=True, prepared=prepared(signing_key)) as mock:
        with pytest.raises(InProcessError) as error:
            send(mock)
        assert str(error.value) == (
            f"the scenario {scenario} is about TLS, and in process there is none: let the program talk to "
            "capss_mock.url, trusting capss_mock.ca_file"
        )
        assert mock.journal == []


def test_what_was_refused_is_remembered_whatever_the_program_makes_of_it(make: Callable[..., MockServer]) -> None:
    mock = make()
    mock.fault("token", "reset")
    transport = CapssTransport(mock)
    with httpx.Client(base_url="http://capss.test", transport=transport) as http:
        try:
            http.post("/oauth2/token", auth=AUTH, data=GRANT)
        except Exception as error:  # noqa: BLE001 - as a program under test may do
            assert transport.refused == [str(error)]
        assert http.post("/oauth2/token", auth=AUTH, data=GRANT).status_code == 200
    assert len(transport.refused) == 1


def test_respx_sends_nothing_to_other_hosts(make: Callable[..., MockServer]) -> None:
    with router(CapssTransport(make())) as routes, httpx.Client() as http:
        with pytest.raises(AssertionError, match="not mocked"):
            http.get("https://example.org/")
        routes.get("https://example.org/").respond(204)
        assert http.get("https://example.org/").status_code == 204
        assert http.get("https://capss.doj.ca.gov/oauth2/jwks").status_code == 200


def test_a_mock_that_was_stopped_does_not_answer(signing_key: SigningKey) -> None:
    with MockServer(Settings(), port=None, prepared=prepared(signing_key)) as mock:
        transport = CapssTransport(mock)
    with (
        httpx.Client(base_url="http://capss.test", transport=transport) as http,
        pytest.raises(InProcessError, match="this mock was stopped"),
    ):
        http.get("/oauth2/jwks")


def _slow_upload(started: list[str]) -> AsyncIterator[bytes]:
    async def chunks() -> AsyncIterator[bytes]:
        body = multipart_body()
        yield body[:100]
        started.append("the first is sent")
        await anyio.sleep(0.5)
        yield body[100:]

    return chunks()


@pytest.mark.parametrize("base", ["live", "in process"])
def test_an_upload_that_is_cancelled_is_not_committed(make: Callable[..., MockServer], base: str) -> None:
    mock = make()
    started: list[str] = []

    async def work() -> None:
        transport = AsyncCapssTransport(mock) if base == "in process" else None
        url = "http://capss.test" if transport else mock.url
        async with httpx.AsyncClient(base_url=url, transport=transport, trust_env=False) as http:
            token = (await http.post("/oauth2/token", auth=AUTH, data=GRANT)).json()["access_token"]
            headers = {**BOUNDARY, "Authorization": f"Bearer {token}"}
            send = http.post("/api/bulkimport/save", content=_slow_upload(started), headers=headers)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(send, 0.2)  # asyncio's own way to cancel, not anyio's
        async with asyncio.timeout(10):  # until the upload has ended, one way or the other
            while len(mock.run.journal.entries()) < 2 and base == "in process":
                await asyncio.sleep(0)

    asyncio.run(work())
    assert started == ["the first is sent"]
    assert mock.submissions.accepted == 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_error_in_an_asynchronous_body_comes_back_too(make: Callable[..., MockServer], backend: str) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield multipart_body()[:100]
        raise LookupError("the disk is gone")

    async def work() -> None:
        async with _async_client(make()) as http:
            token = (await http.post("/oauth2/token", auth=AUTH, data=GRANT)).json()["access_token"]
            headers = {**BOUNDARY, "Authorization": f"Bearer {token}"}
            with pytest.raises(LookupError, match="the disk is gone"):
                await http.post("/api/bulkimport/save", content=breaks(), headers=headers)

    anyio.run(work, backend=backend)


@pytest.mark.parametrize("client", [live, in_process])
@pytest.mark.parametrize("do", ["delay", "drip"])
def test_a_client_that_waits_no_longer_gets_its_timeout_and_the_work_is_done(
    make: Callable[..., MockServer], client: Callable[[MockServer], AbstractContextManager[httpx.Client]], do: str
) -> None:
    mock = make()
    mock.fault("upload", do, seconds=5 if do == "delay" else 20)
    with client(mock) as http:
        token = http.post("/oauth2/token", auth=AUTH, data=GRANT).json()["access_token"]
        with pytest.raises(httpx.ReadTimeout):
            http.post("/api/bulkimport/save", files=FILE, headers={"Authorization": f"Bearer {token}"}, timeout=0.2)
    assert mock.submissions.accepted == 1


@pytest.mark.parametrize("client", [live, in_process])
@pytest.mark.parametrize("length", [5, 5000])
def test_a_length_that_is_wrong_is_the_senders_error(
    make: Callable[..., MockServer], client: Callable[[MockServer], AbstractContextManager[httpx.Client]], length: int
) -> None:
    with client(make()) as http, pytest.raises(h11.LocalProtocolError, match="data for declared Content-Length"):
        http.post(
            "/oauth2/token", auth=AUTH, content=b"scope=api&grant_type=x", headers={"Content-Length": str(length)}
        )


@pytest.mark.parametrize("client", [live, in_process])
def test_of_two_headers_the_first_counts(
    make: Callable[..., MockServer], client: Callable[[MockServer], AbstractContextManager[httpx.Client]]
) -> None:
    with client(make()) as http:
        token = http.post("/oauth2/token", auth=AUTH, data=GRANT).json()["access_token"]
        good, bad = ("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")
        assert http.get("/api/bulkimport/status/1", headers=[good, bad]).status_code == 404
        assert http.get("/api/bulkimport/status/1", headers=[bad, good]).status_code == 401


@pytest.mark.parametrize("client", [live, in_process])
def test_a_path_with_two_slashes_is_refused_as_such_and_matches_nothing(
    make: Callable[..., MockServer], client: Callable[[MockServer], AbstractContextManager[httpx.Client]]
) -> None:
    mock = make()
    with client(mock) as http:
        base = str(http.base_url).rstrip("/")
        reply = http.post(f"{base}//oauth2/token", auth=AUTH, data=GRANT)
    assert (reply.status_code, reply.json()["path"]) == (400, "//oauth2/token")
    assert [(each.path, each.rule, each.operation) for each in mock.journal] == [("//oauth2/token", "WEB-PATH", "")]
    nearest = mock.call("GET", "/unmatched")["entries"][0]["nearest"]
    assert nearest == [{"request": "POST /oauth2/token", "differs": "there is a slash too many"}]


def test_what_is_no_http_is_refused_as_httpx_refuses_it(make: Callable[..., MockServer]) -> None:
    with httpx.Client(transport=CapssTransport(make())) as http, pytest.raises(httpx.UnsupportedProtocol):
        http.get("ftp://capss.test/")
