"""The table of final states, row by row, through HTTP on a real socket, with hand-written documents.

Every expected value is typed by hand; nothing here is computed from the contract.
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import Client

from tests.helpers import BROKEN, UPDATES, VALID, InProcess, Live

MEMBERS = [
    "fileName", "status", "successMessages", "errorMessages", "savedCount", "hasDuplicates", "isUploaded",
    "hasErrors", "completedAt", "statusMessage", "notifyDupsOrErrors", "jobStatisticsMessageList",
]  # fmt: skip
THREE = VALID / "three-transactions.xml"
ONE = VALID / "one-transaction.xml"
DOLLAR = BROKEN / "DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml"


def saved(name: str, count: int) -> list[str]:
    return [rf"Successfully uploaded file\. File {re.escape(name)} uploaded {count} record\(s\) at \d{{4}}-\d\d-\d\d\."]


def statistics(total: int, saved_count: int, items: int, saved_items: int, errors: int) -> list[str]:
    return [
        "Bulk Uploads: 1",
        f"Total Transations: {total}",
        f"Saved Transactions: {saved_count}",
        f"Total Items: {items}",
        f"Saved Items: {saved_items}",
        f"Error Items: {errors}",
    ]


# name: (sent before, document, query, isUploaded, hasErrors, hasDuplicates, savedCount, success, errors, statistics)
ROWS: dict[str, tuple[Any, ...]] = {
    "all saved": (
        None, THREE, {}, True, False, False, 3, saved("three-transactions.xml", 3), [], statistics(3, 3, 4, 4, 0)
    ),
    "partial": (
        None, DOLLAR, {"onError": "submit"}, True, True, False, 2,
        saved("DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml", 2),
        [r'propertyTransaction 2, item 1: amount "\$1,234.00" is not a plain decimal \(DOC-AMOUNT-FORMAT\)'],
        statistics(3, 2, 4, 3, 1),
    ),
    "partial with nothing good": (
        None, BROKEN / "DOC-TIME-FORMAT--us-date.xml", {"onError": "submit"}, False, True, False, 0, [],
        [r'propertyTransaction 1: transactionTime "12/15/2025 10:15" is not a local time YYYY-MM-DDTHH:MM:SS \(DOC-TIME-FORMAT\)'],
        statistics(1, 0, 1, 0, 1),
    ),
    "refused for errors": (
        None, DOLLAR, {}, False, True, False, 0, [],
        [r'propertyTransaction 2, item 1: amount "\$1,234.00" is not a plain decimal \(DOC-AMOUNT-FORMAT\)'],
        statistics(3, 0, 4, 0, 1),
    ),
    "not readable": (
        None, BROKEN / "DOC-WELLFORMED--unescaped-ampersand.xml", {}, False, True, False, 0, [],
        [r"line \d+, column \d+: not well-formed: .*\(DOC-WELLFORMED\)"],
        statistics(0, 0, 0, 0, 0),
    ),
    "another licence": (
        None, BROKEN / "DOC-LICENCE-MISMATCH--lost-leading-zeros.xml", {"onError": "submit"}, False, True, False, 0, [],
        [r"document: licenseNumber is not the licence of the API client \(DOC-LICENCE-MISMATCH\)"],
        statistics(1, 0, 1, 0, 0),
    ),
    "duplicates dropped": (
        ONE, THREE, {"onDup": "submitWithoutDups"}, True, False, True, 2, saved("three-transactions.xml", 2), [],
        statistics(3, 2, 4, 3, 0),
    ),
    "all duplicates dropped": (
        ONE, ONE, {"onDup": "submitWithoutDups"}, True, False, True, 0, saved("one-transaction.xml", 0), [],
        statistics(1, 0, 1, 0, 0),
    ),
    "duplicates refused": (
        ONE, THREE, {}, False, False, True, 0, [],
        [r"record 1 \(loanBuyNumber LB-1001\): duplicate \(DUP-KEY\)"],
        statistics(3, 0, 4, 0, 0),
    ),
    "duplicates submitted": (
        ONE, THREE, {"onDup": "submitWithDups"}, True, False, True, 3, saved("three-transactions.xml", 3), [],
        statistics(3, 3, 4, 4, 0),
    ),
    "errors and duplicates, the good rest saved": (
        ONE, DOLLAR, {"onDup": "submitWithoutDups", "onError": "submit"}, True, True, True, 1,
        saved("DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml", 1),
        [r'propertyTransaction 2, item 1: amount "\$1,234.00" is not a plain decimal \(DOC-AMOUNT-FORMAT\)'],
        statistics(3, 1, 4, 2, 1),
    ),
}  # fmt: skip


@pytest.fixture
def live(make_live: Callable[..., Live]) -> Live:
    return make_live()


def final(live: Live, accepted: Any, headers: dict[str, str]) -> dict[str, Any]:
    assert accepted.status_code == 202, accepted.text
    href = accepted.json()["links"]["href"]
    codes = []
    for _ in range(3):
        reply = live.http.get(href, headers=headers)
        codes.append(reply.status_code)
    assert codes == [202, 202, 200]
    values: dict[str, Any] = reply.json()
    assert list(values) == MEMBERS
    return values


def matches(found: list[str], patterns: list[str]) -> bool:
    return len(found) == len(patterns) and all(re.fullmatch(p, f) for p, f in zip(patterns, found, strict=True))


@pytest.mark.parametrize("name", ROWS)
def test_a_final_state_is_its_row(live: Live, name: str) -> None:
    before, document, query, uploaded, errors, duplicates, count, success, messages, numbers = ROWS[name]
    headers = live.bearer()
    if before:
        assert final(live, live.send(before, headers), headers)["savedCount"] == 1
    values = final(live, live.send(document, headers, **query), headers)
    assert values["status"] == 200
    assert values["statusMessage"] == "complete"
    assert values["fileName"] == document.name
    assert (values["isUploaded"], values["hasErrors"], values["hasDuplicates"]) == (uploaded, errors, duplicates)
    assert values["notifyDupsOrErrors"] == (errors or duplicates)
    assert values["savedCount"] == count
    assert matches(values["successMessages"], success), values["successMessages"]
    assert matches(values["errorMessages"], messages), values["errorMessages"]
    assert values["jobStatisticsMessageList"] == numbers
    assert 5 <= len(values["completedAt"]) <= 7


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?)?"
UNKNOWN = r"item {}: no saved item has this key \(UPD-UNKNOWN-ITEM\)"


def updated(name: str, count: int) -> list[str]:
    return [rf"Successfully updated Property Transaction Items File {name} uploaded {count} record\(s\) at {TIME}\."]


UPDATE_ROWS: dict[str, tuple[Any, ...]] = {
    "one-item": (True, False, 1, updated("one-item.xml", 1), []),
    "one-known-one-unknown": (True, True, 1, updated("one-known-one-unknown.xml", 1), [UNKNOWN.format(2)]),
    "unknown-item": (False, True, 0, [], [UNKNOWN.format(1)]),
}


@pytest.mark.parametrize("name", UPDATE_ROWS)
def test_a_final_state_of_an_item_update(live: Live, name: str) -> None:
    uploaded, errors, count, success, messages = UPDATE_ROWS[name]
    headers = live.bearer()
    live.send(ONE, headers)
    accepted = live.update(UPDATES / f"{name}.xml", headers)
    assert accepted.json()["status"] == "complete"
    values = final(live, accepted, headers)
    assert (values["isUploaded"], values["hasErrors"], values["hasDuplicates"]) == (uploaded, errors, False)
    assert values["notifyDupsOrErrors"] == errors
    assert (values["savedCount"], values["completedAt"], values["jobStatisticsMessageList"]) == (count, None, [])
    assert matches(values["successMessages"], success), values["successMessages"]
    assert matches(values["errorMessages"], messages), values["errorMessages"]


def test_every_poll_counts_once_however_many_come_together(make_mock: Callable[..., InProcess]) -> None:
    mock = make_mock(progress="polls:1000")
    accepted = mock.send(VALID / "one-transaction.xml")
    bearer = mock.bearer()
    href = accepted.json["links"]["href"].removeprefix("http://localhost")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: Client(mock.run).get(href, headers=bearer).status_code, range(80)))
    assert statuses == [202] * 80
    assert mock.capss.store.list_submissions(0, 1)[0].polls == 80
