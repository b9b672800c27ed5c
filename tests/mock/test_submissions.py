"""What becomes of a file: duplicates, mixtures, limits, and when it shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.contract.model import Choice
from capss_mock.domain import submissions
from capss_mock.domain.reading import Finding, Item, Reading, Record
from capss_mock.domain.submissions import (
    Policy,
    completion,
    decide_update,
    decide_upload,
    duplicate_ordinals,
    is_visible,
)

BAD = (Finding("DOC-REQUIRED", "here", "is missing"),)
POLICY = Policy("reject", "reject", "1")


def rec(ordinal: int, *keys: str, bad: bool = False) -> Record:
    return Record(ordinal, tuple(Item(key, "{}", loan=f"L{ordinal}") for key in keys), BAD if bad else ())


def reading(*records: Record) -> Reading:
    return Reading("d", 1, "1", list(records))


def test_a_duplicate_repeats_a_known_item_or_an_earlier_record() -> None:
    records = [rec(1, "a", "b"), rec(2, "b"), rec(3, "c"), rec(4, "known")]
    assert duplicate_ordinals(records, {"known"}) == {2, 4}


def test_two_alike_items_in_one_record_are_no_duplicates() -> None:
    assert duplicate_ordinals([rec(1, "a", "a")], set()) == set()


def test_a_bad_record_is_neither_a_duplicate_nor_makes_one() -> None:
    assert duplicate_ordinals([rec(1, "a", bad=True), rec(2, "a")], set()) == set()


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=6),
    st.sampled_from(["reject", "submitWithDups", "submitWithoutDups"]),
    st.sampled_from(["reject", "submit"]),
    st.sampled_from(["1", "2"]),
)
def test_the_verdict_keeps_its_promises(
    kinds: list[tuple[bool, bool]], on_dup: str, on_error: str, licence: str
) -> None:
    records = [rec(n, f"k{n}", bad=bad) for n, (bad, _) in enumerate(kinds, 1)]
    again = {n for n, (bad, dup) in enumerate(kinds, 1) if dup and not bad}
    bad = {n for n, (is_bad, _) in enumerate(kinds, 1) if is_bad}
    verdict, saved = decide_upload(reading(*records), Policy(on_dup, on_error, licence), again)
    assert verdict.saved == len(saved) == verdict.saved_items
    assert verdict.total == len(records)
    assert verdict.is_uploaded or not saved
    assert not {r.ordinal for r in saved} & bad
    assert verdict.has_duplicates == bool(again)
    assert verdict.has_errors == bool(bad or licence == "2")
    if licence == "2" or (bad and on_error == "reject") or (again and on_dup == "reject"):
        assert not saved
        assert verdict.error_messages
        assert not verdict.is_uploaded
    else:
        dropped = bad | (again if on_dup == "submitWithoutDups" else set())
        assert verdict.saved == len(records) - len(dropped)
        assert len(verdict.error_messages) == len(bad)


def test_errors_and_duplicates_together_raise_both_flags_and_name_both() -> None:
    verdict, _ = decide_upload(reading(rec(1, "a", bad=True), rec(2, "b")), POLICY, {2})
    assert (verdict.has_errors, verdict.has_duplicates, verdict.saved) == (True, True, 0)
    assert verdict.error_messages == (
        "here: is missing (DOC-REQUIRED)",
        "record 2 (loanBuyNumber L2): duplicate (DUP-KEY)",
    )
    assert verdict.rules == ("DOC-REQUIRED", "DUP-KEY")


def test_several_faults_of_a_record_are_one_message() -> None:
    record = Record(1, (), (*BAD, Finding("DOC-AMOUNT-FORMAT", "there", "is odd")))
    verdict, _ = decide_upload(reading(record), POLICY, set())
    assert verdict.error_messages == ("here: is missing (DOC-REQUIRED); there: is odd (DOC-AMOUNT-FORMAT)",)


def test_messages_are_limited_and_say_how_many_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "MESSAGE_LIMIT", 2)
    verdict, _ = decide_upload(reading(*(rec(n, bad=True) for n in range(1, 6))), POLICY, set())
    assert len(verdict.error_messages) == 3
    assert verdict.error_messages[-1] == "and 3 more"
    assert verdict.errors == 5


def test_an_update_applies_what_is_known_and_names_the_rest() -> None:
    verdict, saved = decide_update(reading(rec(1, "a"), rec(2, "b"), rec(3, "c", bad=True)), POLICY, {2})
    assert [r.ordinal for r in saved] == [1]
    assert (verdict.saved, verdict.errors, verdict.is_uploaded) == (1, 2, True)
    assert verdict.error_messages == (
        "item 2: no saved item has this key (UPD-UNKNOWN-ITEM)",
        "here: is missing (DOC-REQUIRED)",
    )


def test_the_licence_is_compared_unless_told_not_to() -> None:
    foreign = Policy("reject", "reject", "2")
    assert [f.rule for f in submissions.refusals(reading(), foreign)] == ["DOC-LICENCE-MISMATCH"]
    assert submissions.refusals(reading(), Policy("reject", "reject", "2", check_licence=False)) == []


@pytest.mark.parametrize(
    ("progress", "polls_before", "elapsed_ns", "visible"),
    [
        (Choice("immediate"), 0, 0, True),
        (Choice("polls", 2.0), 0, 0, False),
        (Choice("polls", 2.0), 1, 0, False),
        (Choice("polls", 2.0), 2, 0, True),
        (Choice("polls", 0.0), 0, 0, True),
        (Choice("seconds", 1.5), 99, 1_499_999_999, False),
        (Choice("seconds", 1.5), 0, 1_500_000_000, True),
        (Choice("hold"), 99, 10**15, False),
    ],
)
def test_when_the_verdict_shows(progress: Choice, polls_before: int, elapsed_ns: int, visible: bool) -> None:
    assert is_visible(progress, polls_before, 7, 7 + elapsed_ns) is visible


@pytest.mark.parametrize(
    ("progress", "done"), [(Choice("immediate"), 10), (Choice("polls", 2.0), 99), (Choice("seconds", 0.5), 500_000_010)]
)
def test_when_the_work_was_done(progress: Choice, done: int) -> None:
    assert completion(progress, 10, 99) == done
