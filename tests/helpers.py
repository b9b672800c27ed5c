"""Small clients for the tests: the CAPSS flow in process, and over a real socket."""

import json
import os
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

import httpx
from werkzeug.test import Client, TestResponse

from capss_mock.clock import Entropy, ManualClock
from capss_mock.domain.tokens import SigningKey
from capss_mock.run import Run
from capss_mock.server import MockServer
from capss_mock.usecases import Capss
from capss_mock.usecases.start import Preparation
from capss_mock.web.requestlog import Line

FIXTURES = Path(__file__).parents[1] / "fixtures"
GRANT = {"scope": "api", "grant_type": "client_credentials"}
AUTH = ("apitest", "Password1")
VALID = FIXTURES / "uploads/valid"
BROKEN = FIXTURES / "uploads/broken"
UPDATES = FIXTURES / "updates"


def multipart(part: str, filename: str, data: bytes) -> bytes:
    """A body with one file part, boundary ``test-boundary``."""
    head = f'--test-boundary\r\nContent-Disposition: form-data; name="{part}"; filename="{filename}"\r\n\r\n'
    return head.encode() + data + b"\r\n--test-boundary--\r\n"


@dataclass
class InProcess:
    """A mock without a socket."""

    run: Run
    clock: ManualClock
    lines: list[Line]

    def __post_init__(self) -> None:
        self.http = Client(self.run)

    @property
    def capss(self) -> Capss:
        """What the mock does, below HTTP."""
        return self.run.capss

    def token(self, **form: str) -> str:
        """An access token."""
        reply = self.http.post("/oauth2/token", auth=AUTH, data={**GRANT, **form})
        assert reply.status_code == 200, reply.text
        return str(reply.json["access_token"])

    def bearer(self) -> dict[str, str]:
        """The header of a good token."""
        return {"Authorization": f"Bearer {self.token()}"}

    def send(
        self,
        document: bytes | Path,
        *,
        path: str = "/api/bulkimport/save",
        part: str = "bulkUploadFile",
        name: str = "day.xml",
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> TestResponse:
        """Send a document; by default as an upload."""
        data = document.read_bytes() if isinstance(document, Path) else document
        return self.http.post(
            path,
            headers=headers or self.bearer(),
            data=multipart(part, name, data),
            content_type="multipart/form-data; boundary=test-boundary",
            query_string=query,
        )

    def update(self, document: bytes | Path) -> TestResponse:
        """Send an item update."""
        return self.send(document, path="/api/itemupdate/updateItem", part="itemUpdateFile")

    def status(self, accepted: TestResponse) -> TestResponse:
        """Ask the URL in ``links.href``."""
        href = accepted.json["links"]["href"].removeprefix("http://localhost")
        return self.http.get(href, headers=self.bearer())

    def final(self, document: bytes | Path, **query: str) -> dict[str, Any]:
        """Upload a document and return its final status."""
        accepted = self.send(document, **query)
        assert accepted.status_code == 202, accepted.text
        reply = self.status(accepted)
        assert reply.status_code == 200, reply.text
        values: dict[str, Any] = reply.json
        return values


@dataclass
class Live:
    """A mock on a socket, and an httpx client for it."""

    server: MockServer
    lines: list[Line]
    reports: SimpleQueue[str]
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        verify: ssl.SSLContext | bool = False
        if self.server.ca_file:
            verify = ssl.create_default_context(cafile=str(self.server.ca_file))
        self.http = httpx.Client(base_url=self.server.url, verify=verify, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def bearer(self) -> dict[str, str]:
        """The header of a good token."""
        reply = self.http.post("/oauth2/token", auth=AUTH, data=GRANT)
        assert reply.status_code == 200, reply.text
        return {"Authorization": f"Bearer {reply.json()['access_token']}"}

    def send(self, document: Path, headers: dict[str, str], **query: str) -> httpx.Response:
        """Upload a document."""
        files = {"bulkUploadFile": (document.name, document.read_bytes())}
        return self.http.post("/api/bulkimport/save", headers=headers, files=files, params=query)

    def update(self, document: Path, headers: dict[str, str]) -> httpx.Response:
        """Send an item update."""
        files = {"itemUpdateFile": (document.name, document.read_bytes())}
        return self.http.post("/api/itemupdate/updateItem", headers=headers, files=files)


def upload_of(*records: str, licence: str = "000000300") -> bytes:
    """An upload document around record bodies (the inside of ``propertyTransaction``)."""
    body = "".join(f"<propertyTransaction>{record}</propertyTransaction>" for record in records)
    return f'<capssUpload><bulkUploadData licenseNumber="{licence}">{body}</bulkUploadData></capssUpload>'.encode()


def peak_mb(code: str) -> float:
    """By how many MB the memory of a fresh process grows at most while it runs ``code``.

    ``code`` may define ``setup``, which is called before the measuring begins, and must define ``work``.
    """
    measured = (
        "import resource, sys\n"
        f"{code}\n"
        "globals().get('setup', lambda: None)()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "work()\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)"
    )
    root = str(FIXTURES.parent)
    done = subprocess.run(
        [sys.executable, "-c", measured], capture_output=True, text=True, check=True, cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    return float(done.stdout)


PERSON = "".join(
    f"<{name}>on file</{name}>"
    for name in ("custLastName", "custFirstName", "gender", "hairColor", "eyeColor", "height", "weight")
) + (
    '<dateOfBirth xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    "<dateOfBirthText>on file</dateOfBirthText><streetAddress>on file</streetAddress><city>on file</city>"
    "<state>on file</state><postalCode>on file</postalCode><id><type>on file</type><number>on file</number>"
    "<dateOfIssueText>on file</dateOfIssueText><issueState>on file</issueState><issueCountry>on file</issueCountry>"
    "<yearOfExpirationText>on file</yearOfExpirationText></id><signature>on file</signature>"
    "<fingerprint>on file</fingerprint>"
)
DETAILS = "".join(
    f"<{name}>None</{name}>"
    for name in ("model", "ownerAppliedNumber", "inscription", "pattern", "color", "material", "itemSize", "sizeUnit")
)


def record(
    number: str,
    *,
    amount: str = "10.00",
    time: str = "2025-12-15T10:00:00",
    serial: str = "S1",
    person: str = PERSON,
    employee: str = "Invented Clerk",
    description: str = "Invented guitar",
) -> str:
    """The inside of a good record with one item; everything in it is invented."""
    return (
        f"<transactionTime>{time}</transactionTime><customer>{person}</customer>"
        f"<store><employeeName>{employee}</employeeName></store><items><item><referenceId>R-{number}</referenceId>"
        f"<type>BUY</type><loanBuyNumber>{number}</loanBuyNumber><amount>{amount}</amount><article>GUITAR</article>"
        f"<brand>UNKNOWN</brand>{DETAILS}<serialNumber>{serial}</serialNumber><description>{description}</description>"
        "</item></items>"
    )


class Serve:
    """``capss-mock serve`` as a process of its own, waited for through its ready file."""

    def __init__(self, directory: Path, *options: str, limit_s: float = 30) -> None:
        self.ready_file = directory / "ready.json"
        self.ready_file.unlink(missing_ok=True)
        self.output = (directory / "serve.log").open("w+b")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "capss_mock",
                "serve",
                "--port",
                "0",
                "--ready-file",
                str(self.ready_file),
                *options,
            ],
            stdout=self.output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        end = time.monotonic() + limit_s
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise AssertionError(f"serve did not start: {self.printed()}")
            try:  # the process itself is what is waited for; its early end is noticed at once
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        self.ready = json.loads(self.ready_file.read_text())
        self.url: str = self.ready["url"]

    def printed(self) -> str:
        """All that was printed so far."""
        self.output.flush()
        return Path(self.output.name).read_text("utf-8")

    def stop(self, signal_number: int) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(signal_number)
        return self.process.wait(10)

    def close(self) -> None:
        """Make sure that it has ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.output.close()


def prepared(key: SigningKey) -> Preparation:
    """What a mock starts with if its key is there already."""
    return Preparation(Entropy(), key)
