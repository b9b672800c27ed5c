"""Answers as values: any member may be missing, of another type, or unknown, and what is wrong is named."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_client._models import PACIFIC, Receipt, Result, Token, Unreadable
from tests.client.helpers import ACCEPTED, FINAL, TOKEN

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BEGIN = datetime(1990, 1, 1)  # noqa: DTZ001 - a time on the wall, as CAPSS writes it
MODELS: list[tuple[Any, bytes]] = [(Token, TOKEN), (Receipt, ACCEPTED), (Result, FINAL)]


def final(**changes: object) -> Result:
    return Result.parse({**json.loads(FINAL), **changes})


@pytest.mark.parametrize(("model", "body"), MODELS)
def test_an_answer_of_the_sheets_kind_is_read(model: Any, body: bytes) -> None:
    assert model.parse(json.loads(body))


@pytest.mark.parametrize(("model", "body"), MODELS)
@given(data=st.data())
def test_a_changed_member_gives_a_value_or_our_error(model: Any, body: bytes, data: st.DataObject) -> None:
    values = json.loads(body)
    name = data.draw(st.sampled_from(sorted(values)))
    if data.draw(st.booleans()):
        del values[name]
    else:
        values[name] = data.draw(JSON)
    try:
        model.parse(values)
    except Unreadable as error:
        assert name in str(error)


@pytest.mark.parametrize(("model", "body"), MODELS)
@given(values=JSON)
def test_anything_else_gives_our_error(model: Any, body: bytes, values: object) -> None:
    with pytest.raises(Unreadable):
        model.parse(values)


@pytest.mark.parametrize(("model", "body"), MODELS)
@given(more=st.dictionaries(st.text(min_size=20), JSON), seed=st.randoms())
def test_unknown_members_and_another_order_do_no_harm(
    model: Any, body: bytes, more: dict[str, object], seed: Any
) -> None:
    values = json.loads(body)
    pairs = [*values.items(), *more.items()]
    seed.shuffle(pairs)
    assert model.parse(dict(pairs)) == model.parse(values)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([2025, 12, 15, 14, 8, 10, 848995000], datetime(2025, 12, 15, 22, 8, 10, 848995, tzinfo=UTC)),
        ([2025, 7, 15, 14, 8, 10], datetime(2025, 7, 15, 21, 8, 10, tzinfo=UTC)),
        ([2025, 12, 15, 14, 8], datetime(2025, 12, 15, 22, 8, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_time_in_california_has_its_zone(numbers: object, expected: datetime | None) -> None:
    assert final(completedAt=numbers).completed_at == expected
    if expected is not None:
        assert final(completedAt=numbers).completed_at.tzinfo is PACIFIC  # type: ignore[union-attr]  # it is a time


@given(st.datetimes(min_value=BEGIN, max_value=BEGIN.replace(year=2100)))
def test_every_time_comes_back(moment: Any) -> None:
    numbers = [
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond * 1000,
    ]
    found = final(completedAt=numbers).completed_at
    assert found is not None
    assert found.replace(tzinfo=None) == moment
    assert found.utcoffset() in (timedelta(hours=-8), timedelta(hours=-7))


@pytest.mark.parametrize(
    "numbers", [[2025, 13, 1, 0, 0], [2025, 2, 30, 0, 0], [0, 1, 1, 0, 0], [2025, 1, 1, 0], [2025, 1, 1, 0, 0, 0, 0, 0],
                [2025, 1, 1, 24, 0], [2025, 1, 1, 0, 0, 0, -1000], [10**30, 1, 1, 0, 0], ["2025", 1, 1, 0, 0], [True] * 5, "2025"],
)  # fmt: skip
def test_a_time_that_is_none_is_named(numbers: object) -> None:
    with pytest.raises(Unreadable, match="completedAt in the status"):
        final(completedAt=numbers)


@pytest.mark.parametrize(
    ("changes", "confirmed"),
    [
        ({}, True),
        ({"statusMessage": "processing"}, False),
        ({"statusMessage": "COMPLETE"}, False),
        ({"isUploaded": False}, False),
        ({"hasErrors": True}, False),
        ({"errorMessages": ["record 2 is bad"]}, False),
        ({"savedCount": 0}, False),
        ({"savedCount": 2}, False),  # CAPSS counted three
        ({"hasDuplicates": True}, True),  # saved all the same: three of three
        ({"hasDuplicates": True, "savedCount": 2}, False),
        ({"hasDuplicates": True, "jobStatisticsMessageList": []}, False),  # nobody says how many there were
        ({"jobStatisticsMessageList": []}, True),  # as of an item update
        ({"jobStatisticsMessageList": None, "completedAt": None, "errorMessages": None, "successMessages": None}, True),
        ({"jobStatisticsMessageList": ["Total Transactions: 3"]}, True),  # should they mend the spelling
        ({"jobStatisticsMessageList": ["Total Transations: 4"]}, False),
        ({"status": 201}, True),
        ({"jobStatisticsMessageList": ["total transactions: 3"]}, True),
        ({"jobStatisticsMessageList": ["Total Transations: 1,200"]}, False),
        ({"jobStatisticsMessageList": ["Something: 3"]}, False),  # statistics that say nothing of it
        ({"jobStatisticsMessageList": ["Total Transations: 3", "Saved Transactions: 1"]}, False),
        ({"jobStatisticsMessageList": ["Total Transations: 3", "Error Items: 2"]}, False),
        ({"notifyDupsOrErrors": True}, False),  # of what?
        ({"notifyDupsOrErrors": True, "hasDuplicates": True}, True),
    ],
)  # fmt: skip
def test_confirmed_means_that_all_of_it_is_saved(changes: dict[str, object], confirmed: bool) -> None:
    assert final(**changes).confirmed is confirmed


def test_members_have_short_names() -> None:
    result = final(hasDuplicates=True, errorMessages=["bad"])
    assert (result.saved, result.total, result.duplicates, result.errors) == (3, 3, True, ("bad",))
    assert result.file_name == "day.xml"
    assert final(fileName=None).file_name == ""


def test_a_token_is_not_shown() -> None:
    assert "a.b.c" not in repr(Token.parse(json.loads(TOKEN)))
    assert "a.b.c" not in str(Token.parse(json.loads(TOKEN)))
