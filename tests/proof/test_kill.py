"""Kill -9 at random moments of 200 uploads: what was answered is there, once; nothing is there twice."""

import random
import signal
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.helpers import AUTH, GRANT, Serve, record, upload_of

UPLOADS = 200
SENDERS = 4


class Campaign:
    """200 uploads, each of one record of its own, sent once and never again, across restarts of the server."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.todo = list(range(UPLOADS))
        self.answered: dict[int, str] = {}
        self.lost: set[int] = set()

    def take(self) -> int | None:
        with self.lock:
            return self.todo.pop() if self.todo else None

    def send_until_it_falls(self, url: str, headers: dict[str, str], sent: threading.Semaphore) -> None:
        """One sender: uploads until there is nothing left or the server is gone."""
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
            while (number := self.take()) is not None:
                files = {"bulkUploadFile": (f"{number}.xml", upload_of(record(f"N{number:04d}")))}
                try:
                    reply = http.post("/api/bulkimport/save", headers=headers, files=files)
                except httpx.HTTPError:
                    with self.lock:
                        self.lost.add(number)
                    return
                assert reply.status_code == 202, reply.text
                with self.lock:
                    self.answered[number] = httpx.URL(reply.json()["links"]["href"]).path
                sent.release()


def token(url: str) -> dict[str, str]:
    reply = httpx.post(f"{url}/oauth2/token", auth=AUTH, data=GRANT, trust_env=False, timeout=30)
    return {"Authorization": f"Bearer {reply.json()['access_token']}"}


@pytest.mark.proof
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_answered_upload_is_lost_and_none_is_there_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store = tmp_path / "shop.sqlite"
    campaign = Campaign()
    kills = 0
    while campaign.todo:
        running = Serve(tmp_path, "--store", str(store), "--set", "progress=immediate", "--quiet")
        try:
            headers = token(running.url)
            sent = threading.Semaphore(0)
            senders = [
                threading.Thread(target=campaign.send_until_it_falls, args=(running.url, headers, sent))
                for _ in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            for _ in range(chance.randrange(1, 40)):
                if not sent.acquire(timeout=10):
                    break
            threading.Event().wait(chance.random() * 0.01)  # a moment within a request
            running.process.send_signal(signal.SIGKILL)
            kills += 1
            for sender in senders:
                sender.join(30)
                assert not sender.is_alive()
        finally:
            running.close()
    check(tmp_path, store, campaign)
    assert kills >= 5
    assert len(campaign.answered) > UPLOADS // 2


def check(directory: Path, store: Path, campaign: Campaign) -> None:
    """Everything answered is saved; sent once more, everything saved is a duplicate and nothing is there twice."""
    running = Serve(directory, "--store", str(store), "--set", "progress=immediate", "--quiet")
    try:
        headers = token(running.url)
        with httpx.Client(base_url=running.url, headers=headers, trust_env=False, timeout=30) as http:
            for number, path in campaign.answered.items():
                values = http.get(path).json()
                assert (values["fileName"], values["savedCount"]) == (f"{number}.xml", 1)
        held = Counter(numbers(store))
        assert {number for number, times in held.items() if times > 1} == set()
        assert set(campaign.answered) <= set(held)
        assert set(held) <= set(campaign.answered) | campaign.lost
    finally:
        running.close()


def numbers(store: Path) -> list[int]:
    """The uploads whose item the store holds, read without the kit."""
    import sqlite3

    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        rows = connection.execute("select loan_number from items").fetchall()
    connection.close()
    return [int(loan.removeprefix("N")) for (loan,) in rows]
