"""A reading survives the way through the child process's messages."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.domain.reading import Finding, Item, Reading, Record, pack_end, pack_records, unpack

findings = st.builds(Finding, st.text(), st.text(), st.text())
maybe = st.none() | st.text()
items = st.builds(Item, st.text(), st.text(), maybe, maybe, maybe)
records = st.builds(
    Record,
    st.integers(1, 10**6),
    st.lists(items, max_size=3).map(tuple),
    st.lists(findings, max_size=2).map(tuple),
)
readings = st.builds(
    Reading, st.text(), st.integers(0, 10**12), st.text(), st.lists(records, max_size=4), st.lists(findings, max_size=3)
)


def packed(reading: Reading) -> bytes:
    return pack_records(reading.records[:2]) + pack_records(reading.records[2:]) + pack_end(reading)


@given(readings)
def test_messages_give_back_the_reading(reading: Reading) -> None:
    assert unpack(io.BytesIO(packed(reading))) == reading


@given(readings, st.data())
def test_messages_without_their_end_are_refused(reading: Reading, data: st.DataObject) -> None:
    whole = packed(reading)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match="no end"):
        unpack(io.BytesIO(whole[:cut]))


def test_a_finding_reads_as_place_message_rule() -> None:
    assert str(Finding("DOC-X", "record 3", "is wrong")) == "record 3: is wrong (DOC-X)"
