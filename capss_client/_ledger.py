"""What has been sent, by its content: so that no file is sent twice by mistake, not even after a crash in between."""

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from capss_client._errors import CapssError, ConfigError, NotSent, Refused
from capss_client._models import Receipt, Result
from capss_client._steps import Flow

_CHUNK = 2**20


class State(StrEnum):
    """What is known of a document that was sent, or was about to be."""

    SENDING = "sending"  # perhaps taken: the program ended before there was an answer, or the answer was lost
    TAKEN = "taken"
    SAVED = "saved"
    NOT_SAVED = "not saved"
    NOT_TAKEN = "not taken"


_MAY_BE_SENT = (State.NOT_SAVED, State.NOT_TAKEN)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


class Ledger:
    """An SQLite file, for its owner only: of each document its digest, where it was sent, when, and what is known.

    Args:
        path: the file; it is made if there is none.

    Raises:
        ConfigError: it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._explained():
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with self._open() as db:
                db.execute("PRAGMA journal_mode=WAL")
                db.execute(
                    "CREATE TABLE IF NOT EXISTS sent (address TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL,"
                    " at REAL NOT NULL, href TEXT, PRIMARY KEY (address, digest))"
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
                "SELECT state, at FROM sent WHERE address = ? AND digest = ?", (address, digest)
            ).fetchone()
            if row and row[0] not in _MAY_BE_SENT and not again:
                when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row[1]))
                raise ConfigError(
                    f"the content of {path.name} was sent on {when} already ({row[0]})",
                    expected="a file that was not sent before",
                    next_step="See what became of it (capss status, or in CAPSS); to send it all the same: --again.",
                )
            db.execute(
                "INSERT OR REPLACE INTO sent (address, digest, state, at) VALUES (?, ?, ?, ?)",
                (address, digest, State.SENDING, time.time()),
            )
        return digest

    def settle(self, address: str, digest: str, state: State, href: str | None = None) -> None:
        """Note what is now known of a document."""
        with self._explained(), self._open() as db:
            db.execute(
                "UPDATE sent SET state = ?, href = coalesce(?, href) WHERE address = ? AND digest = ?",
                (state, href, address, digest),
            )

    def finished(self, href: str, result: Result) -> None:
        """Note the final status of the document whose status is asked for at this URL."""
        state = State.SAVED if result.confirmed else State.TAKEN if result.saved else State.NOT_SAVED
        with self._explained(), self._open() as db:
            db.execute("UPDATE sent SET state = ? WHERE href = ?", (state, href))

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as db:
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
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(
                f"the ledger {self.path} cannot be used ({error})",
                expected="a file that can be read and written",
                next_step="Choose another one, or none.",
            ) from None


def recorded(ledger: Ledger, address: str, path: Path, flow: Flow[Receipt], *, again: bool) -> Flow[Receipt]:
    """Send a document with its entry in the ledger: before, and after."""
    digest = ledger.begin(address, path, again=again)
    try:
        receipt = yield from flow
    except (NotSent, Refused, ConfigError):
        ledger.settle(address, digest, State.NOT_TAKEN)
        raise
    except CapssError:
        raise  # it stays as it is: perhaps taken
    ledger.settle(address, digest, State.TAKEN, receipt.href)
    return receipt
