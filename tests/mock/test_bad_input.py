"""Bad input gets its answer and a line that says how to mend it; no traceback; the next request is served."""

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from capss_mock.contract.rules import RULES
from tests.bad_input import DOCUMENTS, GOOD, WIRE
from tests.golden.runner import answer
from tests.helpers import AUTH, GRANT, Serve, multipart

HANGS_S = 20  # far more than any answer takes: only a server that hangs is slower
RSS_LIMIT_KB = 200_000


class Target:
    """A mock in a process of its own, as a user starts it."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.http = httpx.Client(base_url=serve.url, trust_env=False, timeout=HANGS_S)
        reply = self.http.post("/oauth2/token", auth=AUTH, data=GRANT).json()
        self.token: str = reply["access_token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def raw(self, request: bytes, *, half_close: bool = False) -> tuple[str, dict[str, str], bytes]:
        address = ("127.0.0.1", httpx.URL(self.serve.url).port or 0)
        with socket.create_connection(address, HANGS_S) as sock:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the answer may come before all is sent
                sock.sendall(request.replace(b"TOKEN", self.token.encode()))
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            return answer(sock.recv)

    def upload(self, document: bytes) -> dict[str, object]:
        body = multipart("bulkUploadFile", "day.xml", document)
        kind = {"Content-Type": "multipart/form-data; boundary=test-boundary"}
        reply = self.http.post(
            "/api/bulkimport/save?onDup=submitWithDups", headers={**self.headers, **kind}, content=body
        )
        assert reply.status_code == 202, reply.text
        values: dict[str, object] = self.http.get(reply.json()["links"]["href"], headers=self.headers).json()
        return values

    def lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.serve.printed().splitlines()]

    def still_serves(self) -> None:
        assert self.upload(GOOD)["savedCount"] == 1


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    serve = Serve(tmp_path_factory.mktemp("bad"), "--log", "json", "--set", "progress=immediate")
    target = Target(serve)
    yield target
    target.http.close()
    status = Path(f"/proc/{serve.process.pid}/status")
    if status.exists():
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert peak
        assert int(peak[1]) < RSS_LIMIT_KB
    printed = serve.printed()
    serve.close()
    assert "Traceback" not in printed
    assert "WEB-FAULT" not in printed


@pytest.mark.parametrize(("document", "rule"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_bad_document_is_refused_in_its_status(target: Target, document: bytes, rule: str | None) -> None:
    values = target.upload(document)
    if rule is None:
        assert (values["savedCount"], values["errorMessages"]) == (1, [])
    else:
        assert (values["savedCount"], values["hasErrors"], values["isUploaded"]) == (0, True, False)
        assert any(f"({rule})" in message for message in values["errorMessages"])  # type: ignore[attr-defined]  # JSON's values
    target.still_serves()


@pytest.mark.parametrize("name", WIRE)
def test_a_bad_request_gets_its_answer_and_its_line(target: Target, name: str) -> None:
    case = WIRE[name]
    seen = len(target.lines())
    status, headers, body = target.raw(case.request, half_close=case.half_close)
    assert status.split()[0] == str(case.status), body
    line = target.lines()[seen]
    if case.rule:
        assert line["note"].startswith(f"{case.rule} [{RULES[case.rule].grade}]")
        assert RULES[case.rule].hint in line["note"]
    if case.status in (400, 413, 500):
        assert headers["Connection"] == "close"
    target.still_serves()


def test_the_path_as_text_is_explained(target: Target) -> None:
    target.raw(WIRE["the path as text"].request)
    assert "did you forget the @ before its path?" in target.lines()[-1]["note"]


def test_names_of_files_lose_their_folders_and_control_characters(target: Target) -> None:
    names = []
    for name in ("a file name that climbs", "a file name with a NUL", "a file name of 64 kB"):
        body = target.raw(WIRE[name].request)[2]
        href = json.loads(body)["links"]["href"].replace("http://mock", target.serve.url)
        names.append(target.http.get(href, headers=target.headers).json()["fileName"])
    assert names == ["passwd", "day.xml", "d" * 255]


def test_pipelined_requests_are_answered_in_turn(target: Target) -> None:
    request = f"GET /oauth2/jwks HTTP/1.1\r\nHost: mock\r\n\r\nGET /x HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer {target.token}\r\n\r\nGET /y HTTP/1.1\r\nHost: mock\r\n\r\n"
    with socket.create_connection(("127.0.0.1", httpx.URL(target.serve.url).port or 0), HANGS_S) as sock:
        sock.sendall(request.encode())
        stream = sock.makefile("rb")
        statuses = []
        for _ in range(3):
            statuses.append(int(stream.readline().split()[1]))
            length = 0
            while (line := stream.readline()) != b"\r\n":
                if line.startswith(b"Content-Length:"):
                    length = int(line.split()[1])
            stream.read(length)
        stream.close()
    assert statuses == [200, 404, 401]


def test_slow_senders_stall_nobody(target: Target) -> None:
    address = ("127.0.0.1", httpx.URL(target.serve.url).port or 0)
    slow = [socket.create_connection(address, HANGS_S) for _ in range(100)]
    try:
        for number, sock in enumerate(slow):
            sock.sendall((b"POST /oauth2/token HTTP/1.1\r\n", b"P", b"")[number % 3])
        target.still_serves()
    finally:
        for sock in slow:
            sock.close()
    target.still_serves()
