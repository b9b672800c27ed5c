"""Every raw pair: the request goes over a socket, the answer is the one typed by hand."""

import pytest

from capss_mock.domain.tokens import SigningKey
from tests.golden.runner import Pair, Player, all_pairs

PAIRS = all_pairs()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.rules[0]}-{pair.place}")
def test_the_answer_is_the_typed_one(pair: Pair, signing_key: SigningKey) -> None:
    Player(pair, signing_key).play()
