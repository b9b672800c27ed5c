"""The ledger: no content twice, whatever happened in between."""

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from capss_client import AlreadySent, ConfigError, NotSent, Receipt, Refused, Undetermined
from capss_client._ledger import Ledger, State, recorded
from capss_client._steps import Bearer, Call, Flow
from tests.client.helpers import HREF
from tests.client.test_models import final

PLACE = "https://capss.test/api/bulkimport/save"
RECEIPT = Receipt("1", "s", HREF)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "sent.sqlite")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "day.xml"
    path.write_bytes(b"<capssUpload/>")
    return path


def flow_of(outcome: Receipt | BaseException) -> Flow[Receipt]:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
    yield  # a generator, as flows are


def run(ledger: Ledger, file: Path, outcome: Receipt | BaseException, *, again: bool = False) -> Receipt:
    try:
        next(recorded(ledger, PLACE, file, flow_of(outcome), again=again))
    except StopIteration as end:
        receipt: Receipt = end.value
        return receipt
    raise AssertionError("it asks for nothing")


WORDS = {"expected": "x", "next_step": "y"}
LOST = Undetermined("lost", **WORDS)


def test_what_was_taken_is_not_sent_again_under_any_name(ledger: Ledger, file: Path) -> None:
    assert run(ledger, file, RECEIPT) == RECEIPT
    other = file.with_name("other.xml")
    other.write_bytes(file.read_bytes())
    with pytest.raises(ConfigError, match=r"the content of other.xml was sent on .* already \(it was taken"):
        run(ledger, other, RECEIPT)
    assert run(ledger, other, RECEIPT, again=True) == RECEIPT


def test_it_may_be_sent_to_another_address_and_other_content_to_the_same(ledger: Ledger, file: Path) -> None:
    run(ledger, file, RECEIPT)
    assert ledger.begin("https://other.test/api/bulkimport/save", file)
    file.write_bytes(b"<capssUpload></capssUpload>")
    assert run(ledger, file, RECEIPT)


@pytest.mark.parametrize("error", [LOST, KeyboardInterrupt()])
def test_what_may_have_been_taken_is_not_sent_again(ledger: Ledger, file: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        run(ledger, file, error)
    with pytest.raises(ConfigError, match="it is not known whether it was taken"):
        run(ledger, file, RECEIPT)


@pytest.mark.parametrize(
    "error", [NotSent("busy", **WORDS), Refused("no", status=400, **WORDS), ConfigError("gone", **WORDS)]
)
def test_what_was_not_taken_may_be_sent_again(ledger: Ledger, file: Path, error: Exception) -> None:
    with pytest.raises(type(error)):
        run(ledger, file, error)
    assert run(ledger, file, RECEIPT)


@pytest.mark.parametrize(
    ("changes", "state", "again"),
    [
        ({}, State.SAVED, False),
        ({"hasErrors": True, "savedCount": 2}, State.TAKEN, False),  # some of it is saved
        ({"isUploaded": False, "savedCount": 0, "hasErrors": True}, State.NOT_SAVED, True),
    ],
)
def test_the_final_status_says_whether_it_may_be_sent_again(
    ledger: Ledger, file: Path, changes: dict[str, object], state: State, again: bool
) -> None:
    run(ledger, file, RECEIPT)
    ledger.finished(HREF, final(**changes))
    if again:
        assert run(ledger, file, RECEIPT)
    else:
        with pytest.raises(ConfigError, match=f"already .*{state}"):
            run(ledger, file, RECEIPT)


def test_of_many_at_once_one_may_send(ledger: Ledger, file: Path) -> None:
    def begin(_: int) -> bool:
        try:
            return bool(Ledger(ledger.path).begin(PLACE, file))
        except ConfigError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, range(16))) == 1


@pytest.fixture
def opened(ledger: Ledger, file: Path) -> bytes:
    run(ledger, file, RECEIPT)
    return b"".join(each.read_bytes() for each in ledger.path.parent.glob("sent.sqlite*"))


def test_it_holds_digests_and_no_documents_and_is_its_owners(ledger: Ledger, opened: bytes) -> None:
    assert b"capssUpload" not in opened
    if os.name == "posix":
        assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["a directory", "no database", "no directory"])
def test_a_ledger_that_cannot_be_used_is_named(tmp_path: Path, kind: str) -> None:
    path = {"a directory": tmp_path, "no directory": tmp_path / "x/y.sqlite"}.get(kind, tmp_path / "x.sqlite")
    if kind == "no database":
        path.write_text("this is no database, and never was one" * 100)
    with pytest.raises(ConfigError, match=r"the ledger .* cannot be used"):
        Ledger(path)


@pytest.mark.parametrize("known", [State.SAVED, State.SENDING, State.TAKEN])
@pytest.mark.parametrize("then", ["not sent", "refused as duplicates"])
def test_sending_it_again_never_makes_known_less_than_before(
    ledger: Ledger, file: Path, known: State, then: str
) -> None:
    digest = ledger.begin(PLACE, file)
    ledger.settle(PLACE, digest, known, HREF)
    if then == "not sent":
        with pytest.raises(NotSent):
            run(ledger, file, NotSent("busy", **WORDS), again=True)
    else:
        run(ledger, file, RECEIPT, again=True)
        ledger.finished(HREF, final(savedCount=0, isUploaded=False, hasDuplicates=True))
    with pytest.raises(AlreadySent) as error:
        run(ledger, file, RECEIPT)
    assert error.value.saved is (known == State.SAVED)
    assert error.value.exit_code == (0 if known == State.SAVED else 3)


def test_a_ledger_that_fails_after_a_document_was_taken_changes_nothing_of_that(ledger: Ledger, file: Path) -> None:
    flow = recorded(ledger, PLACE, file, flow_of(RECEIPT), again=False)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        ledger.wait_s = 0.01

        def locked() -> Flow[Receipt]:
            other.execute("BEGIN IMMEDIATE")
            return RECEIPT
            yield

        flow = recorded(ledger, PLACE, file, locked(), again=False)
        with (
            pytest.warns(RuntimeWarning, match="it is not noted that the document is taken"),
            pytest.raises(StopIteration) as end,
        ):
            next(flow)
        assert end.value.value == RECEIPT
        with pytest.warns(RuntimeWarning, match="it is not noted that the document is saved"):
            ledger.finished(HREF, final())
        other.execute("ROLLBACK")
    with pytest.raises(AlreadySent, match="it is not known whether it was taken"):
        run(ledger, file, RECEIPT)


def test_stopped_before_the_first_request_it_may_be_sent_again(ledger: Ledger, file: Path) -> None:
    def asks() -> Flow[Receipt]:
        yield Bearer()
        yield Call("POST", PLACE)
        return RECEIPT

    flow = recorded(ledger, PLACE, file, asks(), again=False)
    next(flow)
    flow.close()
    assert run(ledger, file, RECEIPT)
    flow = recorded(ledger, PLACE, file, asks(), again=True)
    next(flow)
    flow.send("token")
    flow.close()
    with pytest.raises(AlreadySent):
        run(ledger, file, RECEIPT)


def test_what_is_saved_stays_so_through_any_number_of_crashes(ledger: Ledger, file: Path) -> None:
    ledger.settle(PLACE, ledger.begin(PLACE, file), State.SAVED, HREF)
    for _ in range(3):
        ledger.begin(PLACE, file, again=True)  # and then nothing more
        with pytest.raises(AlreadySent, match="it is saved") as error:
            ledger.begin(PLACE, file)
        assert error.value.saved
