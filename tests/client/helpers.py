"""Time that passes without waiting, and flows that are driven without any HTTP."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from capss_client._base import Base
from capss_client._flows import Progress, Setup
from capss_client._steps import Bearer, Call, Document, Flow, Pause, Reply, Step

T = TypeVar("T")
BASE = "https://capss.test"
HREF = f"{BASE}/api/bulkimport/status/7"
JSON = {"content-type": "application/json"}
TOKEN = b'{"access_token":"a.b.c","scope":"api","token_type":"Bearer","expires_in":3600}'
ACCEPTED = (
    b'{"licenseNumber":"000000300","status":"new","submission":{"submissionId":"00000000-0000-4000-8000-000000000001"},'
    b'"links":{"href":"https://capss.test/api/bulkimport/status/7","rel":"rel"}}'
)
FINAL = (
    b'{"fileName":"day.xml","status":200,"successMessages":["Successfully uploaded file."],"errorMessages":[],'
    b'"savedCount":3,"hasDuplicates":false,"isUploaded":true,"hasErrors":false,'
    b'"completedAt":[2025,12,15,14,8,10,848995000],"statusMessage":"complete","notifyDupsOrErrors":false,'
    b'"jobStatisticsMessageList":["Bulk Uploads: 1","Total Transations: 3","Saved Transactions: 3"]}'
)
PENDING = FINAL.replace(b'"complete"', b'"processing"').replace(b"true", b"false")


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    """An answer; header names with underscores."""
    return Reply(status, {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}, body)


@dataclass
class Time:
    """A clock that moves when somebody waits."""

    now: float = 1000.0
    waited: list[float] = field(default_factory=list)

    def clock(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.waited.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        """Let it pass."""
        self.sleep(seconds)

    def rule(self, client: Base, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let a client live by this clock."""
        client._setup = replace(client._setup, clock=self.clock)
        monkeypatch.setattr("capss_client._client._sleep", self.sleep)
        monkeypatch.setattr("capss_client._client._sleep_async", self.asleep)


def setup(time: Time, told: list[Progress] | None = None) -> Setup:
    """What flows need, with that time, and no chance."""
    told = [] if told is None else told
    return Setup(BASE, f"{BASE}/oauth2/token", "YTpi", told.append, time.clock, lambda: 0.0, lambda: 0.5)


@dataclass
class Driven:
    """What a flow asked for, and what came of it."""

    steps: list[Step] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        """The requests."""
        return [each for each in self.steps if isinstance(each, Call)]

    @property
    def pauses(self) -> list[float]:
        """The seconds that were waited."""
        return [round(each.seconds, 3) for each in self.steps if isinstance(each, Pause)]

    @property
    def bearers(self) -> list[str]:
        """The tokens that were refused, for each that was asked for."""
        return [each.refused for each in self.steps if isinstance(each, Bearer)]

    def run(self, flow: Flow[T], answers: Iterable[Reply | Exception], time: Time) -> T:
        """Drive a flow: requests are answered in turn, tokens are numbered, time passes; no answer is left over."""
        left: Iterator[Reply | Exception] = iter(answers)
        try:
            return self.play(flow, left, time)
        finally:
            assert list(left) == []

    def play(self, flow: Flow[T], left: Iterator[Reply | Exception], time: Time) -> T:
        """The same, with as many answers as it takes."""
        step: Any = next(flow)
        try:
            while True:
                self.steps.append(step)
                answer: object = None
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                elif isinstance(step, Bearer):
                    answer = f"token-{len(self.bearers)}"
                else:
                    answer = next(left)
                step = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value


def document(path: Path) -> Document:
    """A document to send."""
    return Document(path, "bulkUploadFile", 4)
