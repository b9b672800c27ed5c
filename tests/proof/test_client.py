"""The client at length: a long document in constant memory; ten thousand polls that leave nothing behind."""

import contextlib
import gc
import re
import threading
from pathlib import Path
from typing import Self

import httpx
import pytest

from capss_client import Client, Receipt, Undetermined
from capss_mock.server import MockServer
from tests.client.helpers import ACCEPTED, BASE, FINAL, HREF, PENDING, TOKEN, Time
from tests.helpers import peak_mb

pytestmark = pytest.mark.proof
MB = 2**20
POLLS = 10_000


@pytest.mark.parametrize("kind", ["Client", "AsyncClient"])
def test_a_document_of_300_mb_is_sent_in_constant_memory(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "big.xml"
    with file.open("wb") as out:
        for _ in range(300):
            out.write(b"x" * MB)
    work = {
        "Client": "    capss_client.Client(url, 'a', 'b', ledger=ledger).upload(file)",
        "AsyncClient": "    anyio.run(capss_client.AsyncClient(url, 'a', 'b', ledger=ledger).upload, file)",
    }[kind]
    with Sink() as sink:
        grown = peak_mb(
            f"import anyio, capss_client, capss_client._client\n"
            f"url, file, ledger = {sink.url!r}, {str(file)!r}, {str(tmp_path / 'l.sqlite')!r}\n"
            f"def work():\n{work}\n"
        )
    assert sink.received > 300 * MB
    assert grown < 30


class Sink:
    """A server that counts what it is sent and keeps nothing of it."""

    def __init__(self) -> None:
        from capss_mock.serving.threaded import ThreadedServer

        self.received = 0
        self._server = ThreadedServer(self, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def __call__(self, environ: dict, start_response: object) -> list[bytes]:  # type: ignore[type-arg]  # PEP 3333
        while data := environ["wsgi.input"].read(MB):
            self.received += len(data)
        answer = TOKEN if environ["PATH_INFO"].endswith("token") else ACCEPTED.replace(BASE.encode(), self.url.encode())
        start_response("202 Accepted" if answer is not TOKEN else "200 OK", [("Content-Length", str(len(answer)))])  # type: ignore[operator]  # PEP 3333
        return [answer]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()


def state() -> tuple[int, int, int]:
    """Threads, sockets (files are the mock's own), memory in kB."""
    gc.collect()
    sockets = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            sockets += str(each.readlink()).startswith("socket:")
    rss = int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]  # it is there
    return threading.active_count(), sockets, rss


def test_ten_thousand_polls_on_one_connection_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    with MockServer(port=None) as server, server.open_run() as mock:
        mock.set(progress="hold")
        file = Path(__file__).parents[2] / "fixtures/uploads/valid/one-transaction.xml"
        with Client(mock.url, mock.client_id, mock.client_secret) as client:
            time = Time()
            time.rule(client, monkeypatch)
            receipt = client.upload(file)

            def poll(times: int) -> None:
                for _ in range(times):
                    assert client.status(receipt) is not None

            poll(500)
            before = state()
            poll(POLLS)
            after = state()
        assert after[:2] == before[:2]
        assert after[2] - before[2] < 5_000  # kB
        assert mock.journal[-1].number > POLLS


@pytest.mark.parametrize("final", [True, False])
def test_ten_thousand_polls_of_one_wait_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch, final: bool) -> None:
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        if request.url.path.endswith("token"):
            return httpx.Response(200, content=TOKEN)
        asked += 1
        return httpx.Response(
            200 if final and asked == POLLS else 202, content=FINAL if final and asked == POLLS else PENDING
        )

    with Client(BASE, "a", "b", transport=httpx.MockTransport(answer)) as client:
        time = Time()
        time.rule(client, monkeypatch)
        before = state()
        if final:
            assert client.wait(Receipt("1", "s", HREF), deadline=1e9).confirmed
            assert asked == POLLS
        else:
            with pytest.raises(Undetermined):
                client.wait(Receipt("1", "s", HREF), deadline=30 * POLLS)
            assert asked > POLLS * 0.9
        assert state()[2] - before[2] < 5_000  # kB
