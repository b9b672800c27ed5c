"""What is remembered: one SQLAlchemy Core store, by default a private temporary SQLite file in WAL mode.

Acknowledged work survives the death of the process (WAL, one transaction per submission). Never kept: documents,
secrets in the clear, tokens, fields that identify a person.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from capss_mock.domain.clients import ApiClient
from capss_mock.domain.submissions import Submission, Verdict
from capss_mock.store import schema
from capss_mock.store.database import Database, Databases, StoreError

__all__ = ["Database", "Databases", "Store", "StoreError"]

_IN_LIST = 2000  # values in one IN (…)
_BATCH = 1000  # rows in one insert: a long document has tens of thousands
_SUBMISSION_FIELDS = tuple(field.name for field in fields(Submission) if field.name != "status_id")
_VERDICT_FIELDS = tuple(field.name for field in fields(Verdict))
_CLIENT_FIELDS = tuple(column.name for column in schema.clients.c if column.name != "run_id")


class Store:
    """Opens a store for one run.

    Args:
        path: an SQLite file; None for a private temporary one that ``close`` removes.
        run_id: whose rows are seen and written.
        now_ns: when the run began, should it be new.
        databases: where a temporary one is taken from, and given back to.
        client: an API client to begin with.

    Raises:
        StoreError: the file cannot be opened, is not ours, or has another schema version.
    """

    def __init__(
        self,
        path: Path | None = None,
        run_id: str = "main",
        now_ns: int = 0,
        databases: Databases | None = None,
        client: ApiClient | None = None,
    ) -> None:
        self.run_id = run_id
        self._databases = databases if path is None else None
        self._database = Database(path) if self._databases is None else self._databases.take()
        self.path = self._database.path
        self._closed = False
        with self._database.opening(), self.write() as tx:
            if self._databases is not None or not tx.scalar(_KNOWN_RUN, {"run": self.run_id}):  # the others are empty
                tx.execute(_ADD_RUN, {"run_id": self.run_id, "created_ns": now_ns})
            if client is not None:
                self._put_client(tx, client)

    def read(self) -> AbstractContextManager[Connection]:
        """A connection to read from, one question at a time; each thread keeps its own.

        Raises:
            StoreError: the store was closed.
        """
        self._check_open()
        return self._database.read()

    def _check_open(self) -> None:
        if self._closed:  # another run may have the database now
            raise StoreError(f"the store {self.path} is closed")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, undone on an error.

        Raises:
            StoreError: the store was closed (a key, or an upload, may still have been in the making).
        """
        with self._database.write() as tx:
            self._check_open()
            yield tx

    def close(self) -> None:
        """Let go of the file once nobody writes to it; a temporary one is removed, or given back."""
        if self._closed:
            return
        self._closed = True
        if self._databases is None:
            self._database.close()
        else:
            self._databases.give_back(self._database)

    # -- API clients --------------------------------------------------------------------------------

    def client(self, client_id: str) -> ApiClient | None:
        """One API client."""
        with self.read() as tx:
            row = tx.execute(_ONE_CLIENT, {"run": self.run_id, "client": client_id}).first()
        return ApiClient(*row) if row else None

    def clients(self) -> list[ApiClient]:
        """All API clients, by id."""
        table = schema.clients
        query = sa.select(*(table.c[name] for name in _CLIENT_FIELDS)).where(table.c.run_id == self.run_id)
        with self.read() as tx:
            return [ApiClient(*row) for row in tx.execute(query.order_by(table.c.client_id))]

    def put_client(self, client: ApiClient) -> None:
        """Add an API client, or replace the one of the same id."""
        with self.write() as tx:
            self._put_client(tx, client)

    def _put_client(self, tx: Connection, client: ApiClient) -> None:
        tx.execute(_DROP_CLIENT, {"run": self.run_id, "client": client.client_id})
        values = {name: getattr(client, name) for name in _CLIENT_FIELDS}
        tx.execute(_ADD_CLIENT, {"run_id": self.run_id, **values})

    # -- revoked tokens -----------------------------------------------------------------------------

    def revoke(self, jti: str, exp: int, forget: int) -> None:
        """Note a token as revoked; forget those that expired before ``forget`` (seconds since 1970)."""
        table = schema.revoked_tokens
        row = {"run_id": self.run_id, "jti": jti, "exp": exp}
        with self.write() as tx:
            of_the_run = table.c.run_id == self.run_id
            tx.execute(sa.delete(table).where(of_the_run, (table.c.exp < forget) | (table.c.jti == jti)))
            tx.execute(sa.insert(table), row)

    def is_revoked(self, jti: str) -> bool:
        """Whether a token was revoked."""
        table = schema.revoked_tokens
        query = sa.select(sa.literal(1)).where(table.c.run_id == self.run_id, table.c.jti == jti)
        with self.read() as tx:
            return tx.scalar(query) is not None

    # -- signing keys -------------------------------------------------------------------------------

    def signing_key(self) -> tuple[str, bytes] | None:
        """The newest signing key: its id and its PEM."""
        table = schema.signing_keys
        query = sa.select(table.c.kid, table.c.pem).where(table.c.run_id == self.run_id)
        with self.read() as tx:
            row = tx.execute(query.order_by(table.c.created_ns.desc()).limit(1)).first()
        return (row.kid, row.pem.encode()) if row else None

    def add_signing_key(self, kid: str, pem: bytes, now_ns: int) -> None:
        """Keep a signing key."""
        row = {"run_id": self.run_id, "kid": kid, "pem": pem.decode(), "created_ns": now_ns}
        with self.write() as tx:
            tx.execute(sa.insert(schema.signing_keys), row)

    # -- submissions --------------------------------------------------------------------------------

    def add_submission(self, tx: Connection, submission: Submission) -> Submission:
        """Keep a submission (its ``status_id`` is ignored); returns it with the number it got."""
        values = {name: getattr(submission, name) for name in _SUBMISSION_FIELDS}
        values["verdict"] = json.dumps({name: getattr(submission.verdict, name) for name in _VERDICT_FIELDS})
        values |= {
            "total": submission.verdict.total,
            "saved": submission.verdict.saved,
            "run_id": self.run_id,
        }
        key = tx.execute(_ADD_SUBMISSION, values).inserted_primary_key
        assert key is not None  # noqa: S101 - one row was inserted
        return replace(submission, status_id=int(key[0]))

    def submission(self, tx: Connection, status_id: int) -> Submission | None:
        """One submission by the number in its status URL."""
        row = tx.execute(_ONE_SUBMISSION, {"run": self.run_id, "id": status_id}).first()
        if row is None:
            return None
        values = dict(row._mapping)
        verdict = json.loads(values["verdict"])
        verdict |= {name: tuple(verdict[name]) for name in ("error_messages", "rules")}
        return Submission(**{**values, "verdict": Verdict(**verdict)})

    def mark_polled(self, tx: Connection, before: Submission, after: Submission) -> bool:
        """Note how often a submission has been polled, and when it was complete; False if another was faster."""
        was = {"run": self.run_id, "id": before.status_id, "old_progress": before.progress, "old_polls": before.polls}
        row = tx.execute(_POLLED, {**was, "new_polls": after.polls, "new_completed": after.completed_ns})
        return row.rowcount == 1

    def release(self, tx: Connection, status_id: int | None) -> int:
        """Let pending submissions, or one of them, complete at the next poll; gives how many these are."""
        table = schema.submissions
        where = (table.c.run_id == self.run_id) & table.c.completed_ns.is_(None)
        if status_id is not None:
            where &= table.c.status_id == status_id
        return tx.execute(sa.update(table).where(where).values(progress="immediate")).rowcount

    def list_submissions(self, after: int, limit: int) -> list[Submission]:
        """Submissions in the order of their numbers, those after ``after``."""
        table = schema.submissions
        query = sa.select(table.c.status_id).where(table.c.run_id == self.run_id, table.c.status_id > after)
        with self.read() as tx:
            ids = list(tx.scalars(query.order_by(table.c.status_id).limit(limit)))
            return [found for each in ids if (found := self.submission(tx, each)) is not None]

    def clear(self) -> None:
        """Forget what was sent in this run: submissions, items, revoked tokens, request lines."""
        with self.write() as tx:
            for table in (schema.items, schema.submissions, schema.revoked_tokens, schema.journal):
                tx.execute(sa.delete(table).where(table.c.run_id == self.run_id))

    # -- items --------------------------------------------------------------------------------------

    def known_keys(self, tx: Connection, license_id: str, keys: Sequence[str]) -> set[str]:
        """Which of these duplicate keys a saved item of the licence has."""
        if len(keys) == 1:  # the common case, and twice as fast as a list of one
            row = tx.execute(_KNOWN_KEY, {"run": self.run_id, "licence": license_id, "key": keys[0]}).first()
            return set(keys) if row else set()
        known: set[str] = set()
        for start in range(0, len(keys), _IN_LIST):
            some = list(keys[start : start + _IN_LIST])
            found = tx.execute(_KNOWN_KEYS, {"run": self.run_id, "licence": license_id, "keys": some})
            known.update(found.scalars())
        return known

    def add_items(self, tx: Connection, rows: Iterable[dict[str, Any]], *, status_id: int, license_id: str) -> None:
        """Keep items of a submission; each row has the columns that differ from item to item."""
        same = {"run_id": self.run_id, "status_id": status_id, "license_id": license_id}
        left = iter(rows)
        while batch := [same | row for row in islice(left, _BATCH)]:
            tx.execute(_ADD_ITEMS, batch)

    def find_item(
        self, tx: Connection, license_id: str, by: Mapping[str, str | None]
    ) -> tuple[int, dict[str, str]] | None:
        """The newest saved item with these values in the columns ``reference``, ``loan_number``, ``serial``.

        The first of them must have a value, or nothing is found.
        """
        if not next(iter(by.values())):
            return None
        table = schema.items
        query = sa.select(table.c.item_id, table.c.fields).where(
            table.c.run_id == self.run_id, table.c.license_id == license_id
        )
        for column, value in by.items():
            query = query.where(table.c[column].is_not_distinct_from(value))
        row = tx.execute(query.order_by(table.c.item_id.desc()).limit(1)).first()
        return (row.item_id, json.loads(row.fields)) if row else None

    def update_item(self, tx: Connection, item_id: int, values: dict[str, Any]) -> None:
        """Change columns of one item."""
        where = (schema.items.c.run_id == self.run_id) & (schema.items.c.item_id == item_id)
        tx.execute(sa.update(schema.items).where(where).values(**values))

    def list_items(self, license_id: str | None, after: int, limit: int) -> list[dict[str, Any]]:
        """Saved items in the order of their numbers, those after ``after``; of one licence, or of all (None)."""
        table = schema.items
        names = ("item_id", "license_id", "status_id", "record", "updated_by", "fields")
        query = sa.select(*(table.c[name] for name in names)).where(
            table.c.run_id == self.run_id, table.c.item_id > after
        )
        if license_id is not None:
            query = query.where(table.c.license_id == license_id)
        with self.read() as tx:
            rows = tx.execute(query.order_by(table.c.item_id).limit(limit)).mappings().all()
        return [{**row, "fields": json.loads(row["fields"])} for row in rows]

    # -- journal ------------------------------------------------------------------------------------

    def add_journal(self, rows: Sequence[dict[str, Any]], keep: int) -> None:
        """Append request lines and drop all but the newest ``keep``."""
        table = schema.journal
        with self.write() as tx:
            tx.execute(sa.insert(table), [{"run_id": self.run_id, **row} for row in rows])
            newest = tx.scalar(sa.select(sa.func.max(table.c.seq))) or 0
            tx.execute(sa.delete(table).where(table.c.seq <= newest - keep))


_ADD_RUN, _ADD_CLIENT = sa.insert(schema.runs), sa.insert(schema.clients)
_ADD_SUBMISSION, _ADD_ITEMS = sa.insert(schema.submissions), sa.insert(schema.items)
_POLLED = (
    sa.update(schema.submissions)
    .where(
        schema.submissions.c.run_id == sa.bindparam("run"),
        schema.submissions.c.status_id == sa.bindparam("id"),
        schema.submissions.c.completed_ns.is_(None),
        schema.submissions.c.polls == sa.bindparam("old_polls"),
        schema.submissions.c.progress == sa.bindparam("old_progress"),
    )
    .values(polls=sa.bindparam("new_polls"), completed_ns=sa.bindparam("new_completed"))
)
_KNOWN_RUN = sa.select(sa.literal(1)).where(schema.runs.c.run_id == sa.bindparam("run"))
_DROP_CLIENT = sa.delete(schema.clients).where(
    schema.clients.c.run_id == sa.bindparam("run"), schema.clients.c.client_id == sa.bindparam("client")
)
_ONE_CLIENT = sa.select(*(schema.clients.c[name] for name in _CLIENT_FIELDS)).where(
    schema.clients.c.run_id == sa.bindparam("run"), schema.clients.c.client_id == sa.bindparam("client")
)
_ONE_SUBMISSION = sa.select(
    *(column for column in schema.submissions.c if column.name not in ("run_id", "total", "saved"))
).where(schema.submissions.c.run_id == sa.bindparam("run"), schema.submissions.c.status_id == sa.bindparam("id"))
_KNOWN_KEY = (
    sa.select(sa.literal(1))
    .where(
        schema.items.c.run_id == sa.bindparam("run"),
        schema.items.c.license_id == sa.bindparam("licence"),
        schema.items.c.dedup_key == sa.bindparam("key"),
    )
    .limit(1)
)
_KNOWN_KEYS = (
    sa.select(schema.items.c.dedup_key)
    .distinct()
    .where(
        schema.items.c.run_id == sa.bindparam("run"),
        schema.items.c.license_id == sa.bindparam("licence"),
        schema.items.c.dedup_key.in_(sa.bindparam("keys", expanding=True)),
    )
)
