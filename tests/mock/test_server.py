"""A mock on a socket: TLS, keep-alive, chunked bodies, early answers, restarts, silent and broken peers."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from cheroot.workers import threadpool

from capss_mock.clock import Entropy
from capss_mock.domain.tokens import SigningKey
from capss_mock.server import MockServer
from capss_mock.serving import threaded
from capss_mock.serving.threaded import PortError, ThreadedServer
from capss_mock.settings import Settings, read_switches
from capss_mock.usecases.start import Preparation
from tests.helpers import AUTH, GRANT, VALID, Live, multipart, record, upload_of

ONE = VALID / "one-transaction.xml"
CONTENT_TYPE = "multipart/form-data; boundary=test-boundary"


def address(live: Live) -> tuple[str, int]:
    return "127.0.0.1", httpx.URL(live.server.url).port or 0


def test_tls_is_trusted_through_the_ca_file_only(make_live: Callable[..., Live]) -> None:
    live = make_live(tls=True)
    assert live.http.get("/__capss/health").json()["status"] == "ok"
    with (
        httpx.Client(trust_env=False) as stranger,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        stranger.get(live.server.url)
    assert "the client does not trust the CA" in live.reports.get(timeout=5)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "capss-sb.doj.ca.gov", "capss.doj.ca.gov"])
def test_the_leaf_bears_every_name(make_live: Callable[..., Live], name: str) -> None:
    live = make_live(tls=True)
    context = ssl.create_default_context(cafile=str(live.server.ca_file))
    with socket.create_connection(address(live), 5) as raw, context.wrap_socket(raw, server_hostname=name) as wrapped:
        assert wrapped.version() in ("TLSv1.2", "TLSv1.3")


def test_the_leaf_bears_no_other_name(make_live: Callable[..., Live]) -> None:
    live = make_live(tls=True)
    context = ssl.create_default_context(cafile=str(live.server.ca_file))
    with socket.create_connection(address(live), 5) as raw, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(raw, server_hostname="example.org")


def test_the_ca_file_holds_a_certificate_and_no_key_and_goes_with_the_server(signing_key: SigningKey) -> None:
    with MockServer(tls=True, prepared=Preparation(Entropy(), signing_key)) as mock:
        assert mock.ca_file is not None
        text = mock.ca_file.read_text()
        assert text.startswith("-----BEGIN CERTIFICATE-----")
        assert "PRIVATE" not in text
    assert not mock.ca_file.exists()


def test_plain_http_to_the_https_port_is_explained_and_harms_nobody(make_live: Callable[..., Live]) -> None:
    live = make_live(tls=True)
    with socket.create_connection(address(live), 5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        raw.recv(100)
    assert live.http.get("/__capss/health").status_code == 200
    assert live.reports.get(timeout=5) == "TLS handshake failed: plain http was sent to this https port: use https://"


@pytest.mark.parametrize("tls", [False, True])
def test_silent_peers_keep_nobody_waiting(make_live: Callable[..., Live], tls: bool) -> None:
    live = make_live(tls=tls)
    silent = [socket.create_connection(address(live), 5) for _ in range(60)]
    try:
        assert live.http.get("/__capss/health", timeout=5).status_code == 200
    finally:
        for peer in silent:
            peer.close()


def test_a_connection_is_used_again(make_live: Callable[..., Live]) -> None:
    live = make_live()
    connection = http.client.HTTPConnection(*address(live), timeout=5)
    connection.connect()
    before = connection.sock.getsockname()
    for _ in range(3):
        connection.request("GET", "/__capss/health")
        reply = connection.getresponse()
        assert reply.read()
        assert connection.sock is not None
        assert connection.sock.getsockname() == before
    connection.close()


@pytest.fixture
def live(make_live: Callable[..., Live]) -> Live:
    return make_live(progress="immediate")


def test_a_chunked_upload_is_read(live: Live) -> None:
    def chunks() -> Iterator[bytes]:
        body = multipart("bulkUploadFile", "day.xml", ONE.read_bytes())
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    headers = {**live.bearer(), "Content-Type": CONTENT_TYPE}
    accepted = live.http.post("/api/bulkimport/save", headers=headers, content=chunks())
    assert accepted.status_code == 202
    assert live.http.get(accepted.json()["links"]["href"], headers=headers).json()["savedCount"] == 1


@pytest.mark.parametrize("status", [401, 413])
def test_an_early_answer_to_a_large_body_can_be_read(make_live: Callable[..., Live], status: int) -> None:
    live = make_live(size_limit="bytes:1000000")
    headers = live.bearer() if status == 413 else {}
    body = multipart("bulkUploadFile", "day.xml", b"x" * 3_000_000)
    reply = live.http.post("/api/bulkimport/save", headers={**headers, "Content-Type": CONTENT_TYPE}, content=body)
    assert reply.status_code == status
    assert reply.headers["Connection"] == "close"
    assert live.http.get("/__capss/health").status_code == 200


def test_after_a_small_refused_body_the_connection_goes_on(live: Live) -> None:
    connection = http.client.HTTPConnection(*address(live), timeout=5)
    for _ in range(2):
        connection.request("POST", "/api/bulkimport/save", body=b"x" * 5000, headers={"Content-Type": CONTENT_TYPE})
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (401, b"")
    connection.close()


def test_an_upload_that_breaks_off_leaves_nothing_and_the_next_is_served(live: Live) -> None:
    headers = live.bearer()
    body = multipart("bulkUploadFile", "day.xml", upload_of(*(record(str(n)) for n in range(8000))))
    assert len(body) > 1 << 20
    head = f"POST /api/bulkimport/save HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(address(live), 5) as raw:
        raw.sendall(f"{head}Authorization: {headers['Authorization']}\r\n\r\n".encode() + body[: len(body) // 2])
        raw.shutdown(socket.SHUT_WR)
        assert b"500" in raw.recv(1000).split(b"\r\n")[0]
    accepted = live.send(ONE, headers)
    assert accepted.json()["links"]["href"].endswith("/512627")


def test_the_answer_names_no_other_software_than_the_mock(live: Live) -> None:
    assert live.http.get("/__capss/health").headers["Server"] == "capss-mock"


def test_a_request_without_host_gets_a_href_to_the_servers_address(live: Live) -> None:
    headers = live.bearer()
    body = multipart("bulkUploadFile", "day.xml", ONE.read_bytes())
    head = f"POST /api/bulkimport/save HTTP/1.0\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(address(live), 5) as raw:
        raw.sendall(f"{head}Authorization: {headers['Authorization']}\r\n\r\n".encode() + body)
        reply = b"".join(iter(lambda: raw.recv(4096), b""))
    assert f'"href":"{live.server.url}/api/bulkimport/status/512627"'.encode() in reply


def test_uploads_in_parallel_get_numbers_of_their_own(live: Live, tmp_path: Path) -> None:
    headers = live.bearer()

    def send(number: int) -> str:
        path = tmp_path / f"{number}.xml"
        path.write_bytes(upload_of(record(f"N{number}")))
        return str(live.send(path, headers).json()["links"]["href"])

    with ThreadPoolExecutor(16) as pool:
        hrefs = list(pool.map(send, range(48)))
    assert len(set(hrefs)) == 48
    values = [live.http.get(href, headers=headers).json() for href in hrefs]
    assert {(value["savedCount"], value["hasDuplicates"]) for value in values} == {(1, False)}
    assert {value["fileName"] for value in values} == {f"{number}.xml" for number in range(48)}


def test_the_same_file_sixteen_times_at_once_is_saved_once(live: Live) -> None:
    headers = live.bearer()
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: live.send(ONE, headers), range(16)))
    values = [live.http.get(reply.json()["links"]["href"], headers=headers).json() for reply in replies]
    assert sorted(value["savedCount"] for value in values) == [0] * 15 + [1]


def restarted(store: Path, **switches: str) -> MockServer:
    changes = {name.replace("_", "-"): value for name, value in switches.items()}
    return MockServer(Settings(read_switches(changes=changes), store=store))


@pytest.mark.parametrize(("setting", "status"), [("store", 405), ("per-start", 401)])
def test_whether_tokens_survive_a_restart_is_a_switch(tmp_path: Path, setting: str, status: int) -> None:
    store = tmp_path / "shop.sqlite"
    with restarted(store, signing_key=setting) as mock:
        reply = httpx.post(f"{mock.url}/oauth2/token", auth=AUTH, data=GRANT, trust_env=False)
        headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}
    with restarted(store, signing_key=setting) as mock:
        again = httpx.get(f"{mock.url}/api/bulkimport/save", headers=headers, trust_env=False)
    assert again.status_code == status


def test_submissions_survive_a_restart_with_their_polls(tmp_path: Path, make_live: Callable[..., Live]) -> None:
    store = tmp_path / "shop.sqlite"
    first = make_live(store=store)
    headers = first.bearer()
    path = httpx.URL(first.send(ONE, headers).json()["links"]["href"]).path
    assert first.http.get(path, headers=headers).status_code == 202
    first.server.stop()
    second = make_live(store=store)
    headers = second.bearer()
    codes = [second.http.get(path, headers=headers).status_code for _ in range(2)]
    assert codes == [202, 200]
    second.server.stop()


def test_stopping_twice_is_harmless(signing_key: SigningKey) -> None:
    mock = MockServer(prepared=Preparation(Entropy(), signing_key))
    mock.stop()
    mock.stop()


def test_stopping_does_not_wait_for_a_slow_upload(live: Live) -> None:
    headers = live.bearer()
    raw = socket.create_connection(address(live), 5)
    head = f"POST /api/bulkimport/save HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: 1000\r\n"
    raw.sendall(f"{head}Authorization: {headers['Authorization']}\r\n\r\n--test".encode())
    stopped = threading.Event()

    def stop() -> None:
        live.server.stop()
        stopped.set()

    threading.Thread(target=stop, daemon=True).start()
    assert stopped.wait(5)
    raw.close()


def test_a_port_in_use_is_named() -> None:
    def app(_environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b""]

    first = ThreadedServer(app, "127.0.0.1", 0)
    try:
        with pytest.raises(PortError, match=f"port {first.port} on 127.0.0.1 is in use: stop the other program, or"):
            ThreadedServer(app, "127.0.0.1", first.port)
        with pytest.raises(PortError, match=r"192\.0\.2\.1 is not an address of this machine"):
            ThreadedServer(app, "192.0.2.1", 0)
    finally:
        first.stop()


def test_a_pool_grows_also_while_workers_are_still_to_be_stopped() -> None:
    """cheroot waits for ever for a worker that has taken a shutdown which an earlier shrinking left in the queue."""
    server = ThreadedServer(lambda _environ, start: start("204 No Content", []) or [], "127.0.0.1", 0)
    pool = server._server.requests
    for _ in range(50):  # more than there are workers: the new ones take some, too
        pool._queue.put(threadpool._SHUTDOWNREQUEST)
    growing = threading.Thread(target=pool.grow, args=(20,), daemon=True)
    growing.start()
    growing.join(10)
    assert not growing.is_alive()
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    stopping.join(10)
    assert not stopping.is_alive()


def test_nobody_adds_workers_while_they_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """cheroot waits for ever for a worker that comes between its count of them and its farewell."""
    growing, stopping = threading.Event(), threading.Event()
    added_while_stopping: list[bool] = []
    grow, stop = threaded._Pool.grow, threaded._Server.stop

    def slow_grow(pool: threaded._Pool, amount: int) -> None:
        if threading.current_thread().name == "capss-pool":  # not the first workers, before it serves
            growing.set()
            stopping.wait(1)
            added_while_stopping.append(stopping.is_set())
        grow(pool, amount)

    def seen_stop(server: threaded._Server) -> None:
        stopping.set()
        stop(server)

    monkeypatch.setattr(threaded._Pool, "grow", slow_grow)
    monkeypatch.setattr(threaded._Server, "stop", seen_stop)
    held = threading.Event()

    def app(environ: Any, start: Any) -> list[bytes]:
        held.wait(30)
        start("200 OK", [("Content-Length", "0")])
        return []

    server = ThreadedServer(app, "127.0.0.1", 0)
    clients = []
    for _ in range(6):
        clients.append(socket.create_connection(("127.0.0.1", server.port)))
        clients[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert growing.wait(20)
    ending = threading.Thread(target=server.stop, daemon=True)
    ending.start()
    held.set()
    ending.join(20)
    for client in clients:
        client.close()
    assert not ending.is_alive()
    assert added_while_stopping[:1] == [False]


def test_an_application_can_reset_its_connection_and_no_other() -> None:
    def app(environ: Any, start: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/reset":
            environ["capss.reset"]()
        start("200 OK", [("Content-Length", "0")])
        return []

    server = ThreadedServer(app, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=base, trust_env=False) as other:
        assert other.get("/").status_code == 200
        with pytest.raises(httpx.ReadError):
            httpx.get(f"{base}/reset", trust_env=False)
        assert other.get("/").status_code == 200
    server.stop()
