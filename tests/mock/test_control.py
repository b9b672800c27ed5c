"""The mock's own endpoints."""

import pytest

from tests.helpers import UPDATES, VALID, InProcess


def test_saved_items_are_listed_with_what_may_be_kept_of_them(mock: InProcess) -> None:
    mock.final(VALID / "three-transactions.xml")
    values = mock.http.get("/__capss/items").json
    assert [each["record"] for each in values["items"]] == [1, 2, 3, 3]
    assert values["next"] is None
    first = values["items"][0]
    assert {key: first[key] for key in ("number", "licence", "updatedBy")} == {
        "number": 1, "licence": "000000300", "updatedBy": None,
    }  # fmt: skip
    assert first["fields"]["referenceId"] == "INV-1001"
    assert "description" not in first["fields"]


def test_an_update_shows_and_touches_nothing_else(mock: InProcess) -> None:
    mock.final(VALID / "three-transactions.xml")
    before = mock.http.get("/__capss/items").json["items"]
    update = mock.update(UPDATES / "one-known-one-unknown.xml")
    after = mock.http.get("/__capss/items").json["items"]
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [each["number"] for each in changed] == [1]
    assert changed[0]["fields"] == before[0]["fields"] | {"serialNumber": "SN-INV-1001-B"}
    assert str(changed[0]["updatedBy"]) == update.json["links"]["href"].rpartition("/")[2]


def test_items_come_in_pages_and_by_licence(mock: InProcess) -> None:
    mock.final(VALID / "three-transactions.xml")
    seen, after = [], 0
    while after is not None:
        page = mock.http.get("/__capss/items", query_string={"limit": 3, "after": after}).json
        seen.append([each["number"] for each in page["items"]])
        after = page["next"]
    assert seen == [[1, 2, 3], [4]]
    assert mock.http.get("/__capss/items?licence=33131099").json == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=-1", "after=", "after=" + "9" * 40])
def test_a_query_that_cannot_be_answered_says_what_can(mock: InProcess, query: str) -> None:
    reply = mock.http.get(f"/__capss/items?{query}")
    assert reply.status_code == 400
    assert "must be a whole number" in reply.json["error"]
