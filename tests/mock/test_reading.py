"""A reading survives the way through the child process's lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.domain.reading import Finding, Item, Reading, Record, from_lines, to_lines

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


@given(readings)
def test_lines_give_back_the_reading(reading: Reading) -> None:
    lines = list(to_lines(reading))
    assert all("\n" not in line for line in lines)
    assert from_lines(lines) == reading


@given(readings)
def test_lines_without_their_end_are_refused(reading: Reading) -> None:
    with pytest.raises(ValueError, match="no end"):
        from_lines(list(to_lines(reading))[:-1])


def test_a_finding_reads_as_place_message_rule() -> None:
    assert str(Finding("DOC-X", "record 3", "is wrong")) == "record 3: is wrong (DOC-X)"
