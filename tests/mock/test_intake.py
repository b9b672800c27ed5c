"""Short documents are read here, long ones in a child process: with the same result."""

import json
import os
import signal
import subprocess

import pytest

from capss_mock.domain import intake as module
from capss_mock.domain.brief import Brief
from capss_mock.domain.errors import KitFault
from capss_mock.domain.intake import Intake
from capss_mock.domain.reading import Reading
from capss_mock.domain.values import Checks
from tests.helpers import BROKEN, VALID, record, upload_of

CHECKS = Checks(warnings=False)


def through(document: bytes, limit: int, kind: str = "upload") -> Reading:
    intake = Intake(Brief(kind, CHECKS), limit)
    for start in range(0, len(document), 700):
        intake.write(document[start : start + 700])
    return intake.finish()


@pytest.mark.parametrize(
    "path", [*sorted(VALID.glob("*.xml")), *sorted(BROKEN.glob("*.xml"))], ids=lambda path: path.stem
)
def test_a_child_process_reads_the_same(path: os.PathLike[str]) -> None:
    with open(path, "rb") as file:  # noqa: PTH123 - a path of any kind
        document = file.read()
    assert through(document, limit=0) == through(document, limit=10**9)


def test_text_of_any_language_comes_back_from_the_child() -> None:
    document = upload_of(record("1").replace("GUITAR", "Ünïcödé 吉他 \u2028😀"))
    reading = through(document, limit=0)
    assert reading == through(document, limit=10**9)
    assert json.loads(reading.records[0].items[0].fields)["article"] == "Ünïcödé 吉他 \u2028😀"


def test_the_child_starts_only_above_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    original = subprocess.Popen

    def counted(*args: object, **options: object) -> object:
        started.append(args)
        return original(*args, **options)  # type: ignore[call-overload]  # passed on as they came

    monkeypatch.setattr(module.subprocess, "Popen", counted)
    document = upload_of(record("1"))
    through(document, limit=len(document))
    assert started == []
    through(document, limit=len(document) - 1)
    assert len(started) == 1


def test_where_large_pipes_are_refused_the_usual_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    original = subprocess.Popen

    def refusing(*args: object, pipesize: int = -1, **options: object) -> object:
        if pipesize != -1:
            raise PermissionError("pipe-user-pages-soft")
        return original(*args, **options)  # type: ignore[call-overload]  # passed on as they came

    monkeypatch.setattr(module.subprocess, "Popen", refusing)
    assert len(through(upload_of(record("1")), limit=0).records) == 1


def test_a_child_that_dies_is_a_fault_of_the_kit() -> None:
    intake = Intake(Brief("upload", CHECKS), 0)
    document = upload_of(record("1"))
    intake.write(document[:100])
    assert intake._child is not None
    os.kill(intake._child._process.pid, signal.SIGKILL)
    intake._child._process.wait()
    intake.write(document[100:])
    with pytest.raises(KitFault, match="ended with code -9"):
        intake.finish()


def test_an_aborted_intake_leaves_no_process() -> None:
    intake = Intake(Brief("upload", CHECKS), 0)
    intake.write(b"<capssUpload>")
    child = intake._child
    assert child is not None
    intake.abort()
    assert child._process.poll() is not None
    Intake(Brief("upload", CHECKS)).abort()
