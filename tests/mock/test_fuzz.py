"""Arbitrary bytes over a real socket: no 5xx but the contract's own, no traceback, and the next request is served."""

import contextlib
import socket
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capss_mock.clock import Entropy
from capss_mock.domain.tokens import SigningKey
from capss_mock.server import MockServer
from capss_mock.settings import Settings, read_switches
from capss_mock.usecases.start import Preparation
from capss_mock.web.requestlog import Line
from tests.helpers import AUTH, GRANT, multipart

MANY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FILE = b'--b\r\nContent-Disposition: form-data; name="bulkUploadFile"; filename="day.xml"\r\n\r\n'


class Target:
    """A mock in this process, on a socket; remembers what it said of each request."""

    def __init__(self, key: SigningKey) -> None:
        self.said: SimpleQueue[Line | str] = SimpleQueue()
        self.server = MockServer(
            Settings(read_switches(changes={"progress": "immediate"})),
            prepared=Preparation(Entropy(), key),
            sink=self.said.put,
            report=self.said.put,
            idle_s=5,
        )
        client = self.server.capss.tokens
        import base64

        basic = "Basic " + base64.b64encode(":".join(AUTH).encode()).decode()
        form = {name: [value] for name, value in GRANT.items()}
        self.bearer = client.issue(basic, form, {}).reply["access_token"].encode()

    def send(self, request: bytes) -> bytes:
        """Send, stop sending, read to the end."""
        host, port = self.server.url.split("//")[1].split(":")
        received = b""
        with socket.create_connection((host, int(port)), 20) as sock, contextlib.suppress(ConnectionError):
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
            while chunk := sock.recv(65536):
                received += chunk
        return received

    def check(self, request: bytes, capfd: pytest.CaptureFixture[str]) -> None:
        """Send a request: whatever comes, it is no fault of the mock, and the next is served."""
        self.send(request)
        while not self.said.empty():
            said = self.said.get()
            if isinstance(said, Line):
                assert said.rule != "WEB-FAULT", said.note
                assert said.status < 500 or said.rule, said
            else:
                assert not said.startswith("connection dropped"), said
        assert b" 200 OK" in self.send(b"GET /oauth2/jwks HTTP/1.1\r\nHost: mock\r\n\r\n")
        assert "Traceback" not in "".join(capfd.readouterr())


@pytest.fixture(scope="module")
def target(signing_key: SigningKey) -> Iterator[Target]:
    target = Target(signing_key)
    yield target
    target.server.stop()


def post(path: bytes, headers: bytes, body: bytes) -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\nHost: mock\r\n" + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


@MANY
@given(st.binary(max_size=300))
def test_any_bytes_as_a_request(target: Target, capfd: pytest.CaptureFixture[str], data: bytes) -> None:
    target.check(data, capfd)
    target.check(b"GET " + data + b" HTTP/1.1\r\nHost: mock\r\n\r\n", capfd)


@MANY
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_as_headers(target: Target, capfd: pytest.CaptureFixture[str], name: bytes, value: bytes) -> None:
    for known in (b"Host", b"Content-Type", b"Accept", b"Transfer-Encoding", b"Expect", b"Connection", name):
        target.check(post(b"/oauth2/token", known + b": " + value + b"\r\n", b"scope=api"), capfd)


@MANY
@given(st.binary(max_size=120))
def test_any_bytes_as_credentials_and_tokens(target: Target, capfd: pytest.CaptureFixture[str], data: bytes) -> None:
    import base64

    for header in (b"Bearer " + data, b"Basic " + data, b"Basic " + base64.b64encode(data), data):
        target.check(post(b"/oauth2/token", b"Authorization: " + header + b"\r\n", b""), capfd)
        target.check(b"GET /api/x HTTP/1.1\r\nHost: mock\r\nAuthorization: " + header + b"\r\n\r\n", capfd)
    parts = [base64.urlsafe_b64encode(each).rstrip(b"=") for each in (data[:40], data[40:80], data[80:])]
    token = b".".join(parts)
    target.check(b"GET /api/x HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer " + token + b"\r\n\r\n", capfd)
    form = b"Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic YXBpdGVzdDpQYXNzd29yZDE=\r\n"
    target.check(post(b"/oauth2/token", form, data), capfd)
    target.check(post(b"/oauth2/introspect", form, b"token=" + token), capfd)
    target.check(post(b"/oauth2/revoke", form, b"token=" + data), capfd)


@MANY
@given(st.binary(max_size=400), st.binary(max_size=60))
def test_any_bytes_as_bodies_and_parts(
    target: Target, capfd: pytest.CaptureFixture[str], data: bytes, head: bytes
) -> None:
    bearer = b"Authorization: Bearer " + target.bearer + b"\r\n"
    kind = bearer + b"Content-Type: multipart/form-data; boundary=b\r\n"
    for path in (b"/api/bulkimport/save", b"/api/itemupdate/updateItem"):
        target.check(post(path, kind, data), capfd)
        target.check(post(path, kind, FILE + data), capfd)
        target.check(post(path, kind, FILE + data + b"\r\n--b--\r\n"), capfd)
        target.check(post(path, kind, FILE.replace(b"day.xml", head) + b"x\r\n--b--\r\n"), capfd)
        target.check(post(path, kind, b"--b\r\n" + head + b"\r\n\r\n" + data + b"\r\n--b--\r\n"), capfd)
        target.check(post(path, bearer + b"Content-Type: " + head + b"\r\n", data), capfd)
    chunked = b"POST /api/bulkimport/save HTTP/1.1\r\nHost: mock\r\n" + kind + b"Transfer-Encoding: chunked\r\n\r\n"
    target.check(chunked + data, capfd)
    target.check(chunked + b"%x\r\n" % len(data) + data + b"\r\n0\r\n" + head, capfd)


@MANY
@given(st.binary(max_size=300))
def test_any_bytes_inside_a_document(target: Target, capfd: pytest.CaptureFixture[str], data: bytes) -> None:
    kind = (
        b"Authorization: Bearer " + target.bearer + b"\r\nContent-Type: multipart/form-data; boundary=test-boundary\r\n"
    )
    for document in (
        b"<capssUpload>" + data,
        b'<capssUpload><bulkUploadData licenseNumber="' + data + b'"/></capssUpload>',
        b'<capssUpload><bulkUploadData licenseNumber="000000300"><propertyTransaction>' + data,
        b"<?xml version='1.0' encoding='" + data[:20] + b"'?><capssUpload/>",
    ):
        body = multipart("bulkUploadFile", "day.xml", document)
        target.check(post(b"/api/bulkimport/save", kind, body), capfd)
