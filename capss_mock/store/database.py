"""An SQLite file in WAL mode: one connection that writes, one for each thread that reads.

Acknowledged work survives the death of the process (WAL, one transaction per submission).
"""

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from capss_mock.contract.defaults import FIRST_STATUS_ID
from capss_mock.store import schema


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do."""


def _connected(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not open transactions; _begun does
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begun(connection: Connection) -> None:
    # a writer takes its lock at once: an upgrade in mid-transaction could fail on a newer snapshot;
    # a reader asks one question at a time and needs no transaction
    if connection.get_execution_options().get("capss_write"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """Opens (and creates) a file.

    Args:
        path: an SQLite file; None for a private temporary one that ``close`` removes.

    Raises:
        StoreError: the file cannot be opened, is not ours, or has another schema version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._temporary = None if path else tempfile.mkdtemp(prefix="capss-mock-")
        self.path = path or Path(self._temporary or "", "store.sqlite")
        self._write_lock = threading.Lock()
        self._readers_lock = threading.Lock()
        self._closed = False
        self._thread = threading.local()
        self._readers: list[tuple[threading.Thread, Connection]] = []
        self._writer: Connection | None = None
        url = sa.URL.create("sqlite", database=str(self.path))
        self._engine = sa.create_engine(url, pool_size=64, max_overflow=-1)  # a connection for each thread that reads
        sa.event.listen(self._engine, "connect", _connected)
        sa.event.listen(self._engine, "begin", _begun)
        with self.opening():
            self._prepare()

    @contextmanager
    def opening(self) -> Iterator[None]:
        """What fails now means that the store cannot be used: it is closed, and the error says why."""
        try:
            yield
        except StoreError:
            self.close()
            raise
        except (SQLAlchemyError, sqlite3.Error) as error:
            self.close()
            reason = str(getattr(error, "orig", None) or error)
            if not self.path.parent.is_dir():
                reason = f"there is no directory {self.path.parent}"
            raise StoreError(f"cannot use the store {self.path}: {reason}") from None

    def _prepare(self) -> None:
        with self.write() as tx:
            schema.metadata.create_all(tx)
            found = tx.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.name == "schema_version"))
            if found is None:
                tx.execute(sa.insert(schema.meta), {"name": "schema_version", "value": str(schema.SCHEMA_VERSION)})
                tx.exec_driver_sql(_NUMBERS)
            elif found != str(schema.SCHEMA_VERSION):
                raise StoreError(
                    f"the store {self.path} has schema version {found}; this capss-mock knows "
                    f"{schema.SCHEMA_VERSION}: use another file, or the version that wrote it"
                )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read from, one question at a time; each thread keeps its own."""
        connection: Connection | None = getattr(self._thread, "reader", None)
        if connection is None or connection.closed:
            connection = self._engine.connect()
            self._thread.reader = connection
            with self._readers_lock:  # not the writers': who writes may be waited for
                self._let_go_of_the_dead()
                self._readers.append((threading.current_thread(), connection))
        yield connection

    def _let_go_of_the_dead(self) -> None:
        """Close the connections of threads that have ended: a server has as many as it needs, now more, now fewer."""
        for thread, connection in [each for each in self._readers if not each[0].is_alive()]:
            self._readers.remove((thread, connection))
            connection.close()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, undone on an error.

        Raises:
            StoreError: the file was closed (the key may still have been in the making).
        """
        with self._write_lock:
            if self._closed:
                raise StoreError(f"the store {self.path} is closed")
            if self._writer is None:
                self._writer = self._engine.connect().execution_options(capss_write=True)
            with self._writer.begin():
                yield self._writer

    def empty(self) -> None:
        """Make it as good as new.

        Raises:
            StoreError: it was closed, or cannot be written.
        """
        with self._readers_lock:
            self._let_go_of_the_dead()
        with self._write_lock:
            if self._closed or self._writer is None:
                raise StoreError(f"the store {self.path} is closed")
            raw = self._writer.connection.driver_connection
            try:
                raw.executescript(_EMPTYING)  # type: ignore[union-attr]  # it is sqlite3's; one call instead of ten
            except sqlite3.Error as error:
                raise StoreError(f"the store {self.path} cannot be emptied: {error}") from None

    def close(self) -> None:
        """Let go of the file once nobody writes to it; a temporary one is removed."""
        with self._write_lock:
            self._closed = True
        for connection in (*(each for _, each in self._readers), *filter(None, (self._writer,))):
            connection.close()
        self._readers.clear()
        self._writer = None
        self._engine.dispose()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)


_NUMBERS = f"INSERT INTO sqlite_sequence (name, seq) VALUES ('submissions', {FIRST_STATUS_ID - 1})"  # noqa: S608 - a number of ours
_EMPTYING = ";".join(
    (
        "BEGIN IMMEDIATE",
        *(f"DELETE FROM {each}" for each in reversed(schema.metadata.sorted_tables) if each is not schema.meta),  # noqa: S608 - names of our own tables
        "DELETE FROM sqlite_sequence",
        _NUMBERS,
        "COMMIT",
    )
)


class Databases:
    """Temporary files for runs that come and go: one that is given back is emptied for the next run.

    Making one takes 12 ms, emptying one half a millisecond.
    """

    _KEPT = 8

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[Database] = []
        self._closed = False

    def take(self) -> Database:
        """An empty one."""
        with self._lock:
            if self._free:
                return self._free.pop()
        return Database()

    def give_back(self, database: Database) -> None:
        """It is no longer used."""
        try:
            database.empty()
        except StoreError:  # its directory was removed, or its disk is full
            database.close()
            return
        with self._lock:
            if not self._closed and len(self._free) < self._KEPT:
                self._free.append(database)
                return
        database.close()

    def close(self) -> None:
        """Close those that are not in use, and from now on those that are given back."""
        with self._lock:
            free, self._free, self._closed = self._free, [], True
        for database in free:
            database.close()
