"""Invented documents as hypothesis strategies, for property tests of programs that read or send them.

    from hypothesis import given
    from capss_mock import strategies

    @given(strategies.documents("2026"))
    def test_my_reader(document: bytes): ...

    @given(strategies.broken_documents("2026"))
    def test_my_checker(broken): ...   # broken.rule, broken.document

Needs hypothesis (``pip install "capss-kit[mock,hypothesis]"``). All persons and items are invented.
"""

from datetime import date
from random import Random
from typing import NamedTuple

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"{error}: pip install 'capss-kit[mock,hypothesis]'", name=error.name) from None

from capss_mock.contract.fields import DEFAULT_PROFILE, PROFILES
from capss_mock.samples import Sample, breakable, write, write_broken

DAY = date(2025, 12, 15)


class Broken(NamedTuple):
    """A document and the id of the rule that it breaks."""

    rule: str
    document: bytes


def documents(
    profile: str = DEFAULT_PROFILE, *, max_transactions: int = 3, licence: str = "000000300", day: date = DAY
) -> st.SearchStrategy[bytes]:
    """Upload documents in which ``capss-mock validate`` finds nothing under this profile.

    But that they are late once their day has passed: check them with ``--set report-dates=off``, or ``--as-of``.

    Args:
        profile: ``2018``, ``2020``, ``sb1317`` or ``2026``.
        max_transactions: each document has from 1 to so many.
        licence: its licenseNumber.
        day: on which everything was sold.

    Raises:
        KeyError: there is no such profile.
    """
    chosen = PROFILES[profile]

    def build(random: Random, transactions: int) -> bytes:
        return b"".join(write(random, Sample(transactions, chosen, day, licence)))

    return st.builds(build, _randoms(), st.integers(1, max_transactions))


def broken_documents(
    profile: str = DEFAULT_PROFILE, *, rule: str | None = None, max_transactions: int = 3, licence: str = "000000300"
) -> st.SearchStrategy[Broken]:
    """Upload documents that break one rule, and no other one whose findings are errors.

    Args:
        rule: which one; None: any that a document of this profile can break.

    Raises:
        KeyError: there is no such profile.
        ValueError: a document of this profile cannot break the rule.
    """
    chosen = PROFILES[profile]
    rules = breakable(chosen)
    if rule is not None and rule not in rules:
        raise ValueError(f"{rule!r} cannot be broken under profile {profile}: known are {', '.join(rules)}")

    def build(random: Random, transactions: int, broken: str) -> Broken:
        sample = Sample(transactions, chosen, DAY, licence)
        return Broken(broken, b"".join(write_broken(random, sample, broken)))

    return st.builds(build, _randoms(), st.integers(1, max_transactions), st.sampled_from([rule] if rule else rules))


def _randoms() -> st.SearchStrategy[Random]:
    return st.randoms(use_true_random=False)  # its choices are hypothesis's own, so that they shrink
