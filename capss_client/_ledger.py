"""What has been sent, by its content: so that no file is sent twice by mistake, not even after a crash in between."""

import contextlib
import hashlib
import os
import sqlite3
import time
import warnings
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from capss_client._errors import AlreadySent, CapssError, ConfigError, NotSent, Refused
from capss_client._models import Receipt, Result
from capss_client._steps import Call, Flow

_CHUNK = 2**20


class State(StrEnum):
    """What is known of a document that was sent, or was about to be."""

    SENDING = "sending"  # perhaps taken: the program ended before there was an answer, or the answer was lost
    TAKEN = "taken"
    SAVED = "saved"
    NOT_SAVED = "not saved"
    NOT_TAKEN = "not taken"


_MAY_BE_SENT = (State.NOT_SAVED, State.NOT_TAKEN)
_NOT_BELOW = f"CASE WHEN ? IN ('{State.NOT_SAVED}', '{State.NOT_TAKEN}') AND floor IS NOT NULL THEN floor ELSE ? END"


def _most(*states: str | None) -> State:
    """The one that says most: what is saved stays saved, whatever came later."""
    ranks = list(State)
    return max((State(each) for each in states if each), key=lambda each: (each not in _MAY_BE_SENT, ranks.index(each)))


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


_WORDS = {
    State.SENDING: "it is not known whether it was taken",
    State.TAKEN: "it was taken, and it is not known whether all of it is saved",
    State.SAVED: "it is saved",
}


class Ledger:
    """An SQLite file, for its owner only: of each document its digest, where it was sent, when, and what is known.

    Args:
        path: the file; it is made if there is none.

    Raises:
        ConfigError: it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wait_s = 10.0  # for another program that writes
        with self._explained():
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with self._open() as db:
                db.execute("PRAGMA journal_mode=WAL")
                db.execute(
                    "CREATE TABLE IF NOT EXISTS sent (address TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL,"
                    " at REAL NOT NULL, href TEXT, floor TEXT, PRIMARY KEY (address, digest))"
                )

    def begin(self, address: str, path: Path, *, again: bool = False) -> str:
        """Note that a file is about to be sent to an address; gives its digest.

        Raises:
            ConfigError: the same content was sent there before, and it is not known that it was not saved.
        """
        digest = digest_of(path)
        with self._explained(), self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute(
                "SELECT state, at, floor, href FROM sent WHERE address = ? AND digest = ?", (address, digest)
            ).fetchone()
            known = _most(row[0], row[2]) if row else State.NOT_TAKEN
            if known not in _MAY_BE_SENT and not again:
                when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row[1]))
                raise AlreadySent(
                    f"the content of {path.name} was sent on {when} already ({_WORDS[known]})",
                    expected="a file that was not sent before",
                    next_step=f"See what became of it ({f'capss status {row[3]}' if row[3] else 'in CAPSS'}); "
                    "to send it all the same: --again.",
                    saved=known == State.SAVED,
                    href=row[3],
                )
            # what was known before stays known, whatever comes of sending it again
            floor = None if known in _MAY_BE_SENT else known
            db.execute(
                "INSERT OR REPLACE INTO sent (address, digest, state, at, floor) VALUES (?, ?, ?, ?, ?)",
                (address, digest, State.SENDING, time.time(), floor),
            )
        return digest

    def settle(self, address: str, digest: str, state: State, href: str | None = None) -> None:
        """Note what is now known of a document."""
        with self._explained(), self._open() as db:
            db.execute(
                f"UPDATE sent SET state = {_NOT_BELOW}, href = coalesce(?, href) WHERE address = ? AND digest = ?",  # noqa: S608 - of our own words, no values
                (state, state, href, address, digest),
            )

    def finished(self, href: str, result: Result) -> None:
        """Note the final status of the document whose status is asked for at this URL."""
        state = State.SAVED if result.confirmed else State.TAKEN if result.saved else State.NOT_SAVED
        try:
            with self._explained(), self._open() as db:
                # a status id that was used before belongs to the newest
                newest = "(SELECT max(at) FROM sent WHERE href = ?)"
                db.execute(
                    f"UPDATE sent SET state = {_NOT_BELOW} WHERE href = ? AND at = {newest}",  # noqa: S608 - of our own words, no values
                    (state, state, href, href),
                )
        except ConfigError as error:  # the document's fate is known all the same
            warnings.warn(f"{error.found}: it is not noted that the document is {state}", RuntimeWarning, stacklevel=2)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=self.wait_s, isolation_level=None)) as db:
            try:
                yield db
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            if db.in_transaction:
                db.execute("COMMIT")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeError) as error:
            raise ConfigError(
                f"the ledger {self.path} cannot be used ({error})",
                expected="a file that can be read and written",
                next_step="Choose another one, or none.",
            ) from None


def recorded(ledger: Ledger, address: str, path: Path, flow: Flow[Receipt], *, again: bool) -> Flow[Receipt]:
    """Send a document with its entry in the ledger: before, and after."""
    digest = ledger.begin(address, path, again=again)
    sending = False
    try:
        step = next(flow)
        while True:
            sending = sending or isinstance(step, Call)
            try:
                answer = yield step
            except Exception as error:  # noqa: BLE001 - handed on to the flow, which knows it
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as end:
        receipt: Receipt = end.value
    except GeneratorExit:  # stopped, perhaps before anything was sent
        flow.close()
        if not sending:
            _settled(ledger, address, digest, State.NOT_TAKEN)
        raise
    except (NotSent, Refused, ConfigError):
        _settled(ledger, address, digest, State.NOT_TAKEN)
        raise
    except CapssError:
        raise  # it stays as it is: perhaps taken
    _settled(ledger, address, digest, State.TAKEN, receipt.href)
    return receipt


def _settled(ledger: Ledger, address: str, digest: str, state: State, href: str | None = None) -> None:
    """Note it, if that can be done: otherwise it stays "sending", and is not sent again."""
    try:
        ledger.settle(address, digest, state, href)
    except ConfigError as error:
        warnings.warn(f"{error.found}: it is not noted that the document is {state}", RuntimeWarning, stacklevel=2)
