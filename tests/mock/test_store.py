"""The store: versions, isolation of runs, durability under threads, bounds."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from capss_mock.domain.submissions import Submission, Verdict
from capss_mock.store import Databases, Store, StoreError, schema
from capss_mock.store.schema import metadata
from capss_mock.usecases.clients import default_client

VERDICT = Verdict(2, 1, 0, 1, True, ("bad",), 2, 1, 1, ("DOC-REQUIRED",))
SUBMISSION = Submission(0, "uuid", "upload", "1", "day.xml", "digest", 9, "polls:2", 5, None, 0, VERDICT)


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store()
    yield opened
    opened.close()


def add(store: Store, submission: Submission = SUBMISSION) -> Submission:
    with store.write() as tx:
        return store.add_submission(tx, submission)


def item(key: str = "k", **values: str | None) -> dict[str, object]:
    row: dict[str, object] = {"record": 1, "dedup_key": key}
    return {**row, "reference": None, "loan_number": None, "serial": None, "fields": "{}", **values}


def test_a_temporary_store_is_private_and_gone_at_the_end() -> None:
    store = Store()
    directory = store.path.parent
    assert directory.stat().st_mode & 0o077 == 0
    store.close()
    assert not directory.exists()


def test_a_file_keeps_its_rows_and_its_schema_version(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    first = Store(path)
    kept = add(first)
    first.close()
    again = Store(path)
    with again.read() as tx:
        assert again.submission(tx, kept.status_id) == kept
    again.close()
    assert sqlite3.connect(path).execute("select value from meta where name='schema_version'").fetchone() == ("2",)


def test_another_schema_version_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("update meta set value='99' where name='schema_version'")
    connection.close()
    with pytest.raises(StoreError, match="schema version 99; this capss-mock knows 2"):
        Store(path)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("this is not a database, it only looks like a file" * 50)
    with pytest.raises(StoreError, match="file is not a database"):
        Store(path)
    with pytest.raises(StoreError, match="there is no directory "):
        Store(tmp_path / "no-such-directory" / "x.sqlite")


def test_status_ids_are_numbers_that_never_come_again(store: Store) -> None:
    assert [add(store).status_id for _ in range(3)] == [512627, 512628, 512629]


def test_what_was_kept_comes_back(store: Store) -> None:
    kept = add(store)
    with store.read() as tx:
        assert store.submission(tx, kept.status_id) == replace(SUBMISSION, status_id=kept.status_id)
        assert store.submission(tx, 1) is None


def test_a_poll_is_remembered(store: Store) -> None:
    kept = add(store)
    polled = replace(kept, polls=3, completed_ns=77)
    with store.write() as tx:
        assert store.mark_polled(tx, kept, polled)
    with store.read() as tx:
        assert store.submission(tx, kept.status_id) == polled


@pytest.mark.parametrize("change", [{"polls": 1}, {"progress": "immediate"}, {"completed_ns": 5}])
def test_a_poll_that_was_overtaken_changes_nothing(store: Store, change: dict[str, Any]) -> None:
    kept = add(store)
    was = replace(kept, **change)
    with store.write() as tx:
        where = schema.submissions.c.status_id == kept.status_id
        tx.execute(sa.update(schema.submissions).where(where).values(**change))
        assert not store.mark_polled(tx, kept, replace(kept, polls=3, completed_ns=77))
    with store.read() as tx:
        assert store.submission(tx, kept.status_id) == was


def test_a_database_that_is_given_back_is_as_good_as_new() -> None:
    databases = Databases()
    first = Store(databases=databases)
    kept = add(first)
    path = first.path
    first.close()
    second = Store(databases=databases, run_id="another")
    assert second.path == path
    assert (second.list_submissions(0, 10), second.clients()) == ([], [])
    assert add(second).status_id == kept.status_id == 512627
    with pytest.raises(StoreError, match="is closed"), first.write():
        pass
    second.close()
    databases.close()
    assert not path.exists()


def test_databases_in_use_are_kept_apart_and_those_given_back_too_late_are_closed() -> None:
    databases = Databases()
    first, second = Store(databases=databases), Store(databases=databases)
    assert first.path != second.path
    databases.close()
    for store in (first, second):
        store.close()
        store.close()  # once more does no harm
        assert not store.path.exists()


def test_a_database_whose_file_is_gone_is_not_used_again() -> None:
    databases = Databases()
    store = Store(databases=databases)
    store._database._writer.connection.driver_connection.close()  # as if its disk had failed
    store.close()
    with closing(Store(databases=databases)) as other:
        assert other.path != store.path
    databases.close()


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="stop"), store.write() as tx:
        store.add_submission(tx, SUBMISSION)
        raise RuntimeError("stop")
    with store.read() as tx:
        assert store.submission(tx, 512627) is None


def test_known_keys_are_those_of_the_licence(store: Store) -> None:
    kept = add(store)
    keys = [f"{number:032x}" for number in range(5000)]
    with store.write() as tx:
        store.add_items(tx, [item(key) for key in keys[::2]], status_id=kept.status_id, license_id="1")
        store.add_items(tx, [item(keys[1])], status_id=kept.status_id, license_id="2")
        store.add_items(tx, [], status_id=kept.status_id, license_id="1")
    with store.read() as tx:
        assert store.known_keys(tx, "1", keys) == set(keys[::2])
        assert store.known_keys(tx, "1", []) == set()
        assert store.known_keys(tx, "1", keys[:1]) == set(keys[:1])
        assert store.known_keys(tx, "1", keys[1:2]) == set()


def test_an_item_is_found_by_reference_or_by_loan_and_serial_the_newest_first(store: Store) -> None:
    kept = add(store)
    with store.write() as tx:
        store.add_items(
            tx,
            [
                item(reference="R", fields='{"n":"1"}'),
                item(reference="R", fields='{"n":"2"}'),
                item(loan_number="L", serial="S", fields='{"n":"3"}'),
                item(loan_number="L", serial=None, fields='{"n":"4"}'),
            ],
            status_id=kept.status_id,
            license_id="1",
        )
        found = [
            store.find_item(tx, "1", {"reference": "R"}),
            store.find_item(tx, "1", {"loan_number": "L", "serial": "S"}),
            store.find_item(tx, "1", {"loan_number": "L", "serial": None}),
        ]
        assert [each[1]["n"] for each in found if each] == ["2", "3", "4"]
        assert store.find_item(tx, "2", {"reference": "R"}) is None
        assert store.find_item(tx, "1", {"loan_number": "L", "serial": "other"}) is None
        assert store.find_item(tx, "1", {"reference": None, "serial": "S"}) is None


def test_runs_in_one_file_never_see_each_other(tmp_path: Path) -> None:
    one, two = Store(tmp_path / "s", "one"), Store(tmp_path / "s", "two")
    kept = add(one)
    one.put_client(default_client("hash"))
    one.add_signing_key("kid", b"PEM", 1)
    with one.write() as tx:
        one.add_items(tx, [item(reference="R")], status_id=kept.status_id, license_id="1")
    with two.read() as tx:
        assert two.submission(tx, kept.status_id) is None
        assert two.known_keys(tx, "1", ["k"]) == set()
        assert two.find_item(tx, "1", {"reference": "R"}) is None
    assert two.client("apitest") is None
    assert two.signing_key() is None
    one.close()
    two.close()


def test_every_table_carries_the_run() -> None:
    assert [table.name for table in metadata.sorted_tables if "run_id" not in table.c] == ["meta"]


def test_the_newest_signing_key_counts(store: Store) -> None:
    assert store.signing_key() is None
    store.add_signing_key("old", b"1", 1)
    store.add_signing_key("new", b"2", 2)
    assert store.signing_key() == ("new", b"2")


def test_a_client_is_replaced_as_a_whole(store: Store) -> None:
    store.put_client(default_client("one"))
    store.put_client(replace(default_client("two"), enabled=False))
    assert [(c.secret_hash, c.enabled) for c in store.clients()] == [("two", False)]


def test_acknowledged_rows_survive_many_threads(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: add(store).status_id, range(400)))
    assert len(set(ids)) == 400
    with store.read() as tx:
        assert all(store.submission(tx, status_id) for status_id in ids)


def test_two_processes_worth_of_engines_share_a_file(tmp_path: Path) -> None:
    stores = [Store(tmp_path / "s") for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda number: add(stores[number % 2]).status_id, range(200)))
    assert len(set(ids)) == 200
    for store in stores:
        store.close()


def test_the_journal_keeps_only_its_newest_rows(store: Store) -> None:
    row = {"at_ns": 1, "method": "GET", "path": "/", "status": 200, "ms": 0.1, "rule": None}
    for start in (0, 5, 10):
        store.add_journal([{**row, "note": str(start + number)} for number in range(5)], keep=7)
    rows = sqlite3.connect(store.path).execute("select note from journal order by seq").fetchall()
    assert [note for (note,) in rows] == [str(number) for number in range(8, 15)]


def test_a_closed_store_takes_nothing_more_and_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "shop.sqlite")
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.add_signing_key("kid", b"pem", 0)
