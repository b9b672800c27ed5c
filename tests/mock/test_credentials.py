"""Token requests, read as the stack reads them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.domain.credentials import Credentials, read_basic, read_credentials, read_grant
from capss_mock.domain.errors import Refusal


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("pair", "client_id", "secret"),
    [
        ("apitest:Password1", "apitest", "Password1"),
        ("a+b:c%41", "a b", "cA"),
        ("a:b:c", "a", "b:c"),
        ("a:%C3%A9", "a", "é"),
    ],
)
def test_basic_is_split_at_the_first_colon_and_form_decoded(pair: str, client_id: str, secret: str) -> None:
    assert read_basic(basic(pair)) == Credentials(client_id, secret)


def test_the_scheme_may_be_in_any_case() -> None:
    assert read_basic("bASIC" + basic("a:b")[5:]) == Credentials("a", "b")


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!!", "Basic YTpi Yg==", basic("nocolon"), basic(":secret"), basic("id:"), basic("a:%4"), basic("a:%zz"),
     "Basic " + base64.b64encode(b"\xff\xfe:x").decode(), basic("a:%ff")],
)  # fmt: skip
def test_basic_that_cannot_be_read_is_malformed(header: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_basic(header)
    assert refused.value.rule == "TOK-BASIC-MALFORMED"


@given(st.text())
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        read_basic(header)
    except Refusal as refusal:
        assert refusal.rule == "TOK-BASIC-MALFORMED"


def test_basic_wins_over_the_form() -> None:
    form = {"client_id": ["x"], "client_secret": ["y"]}
    assert read_credentials(basic("a:b"), form) == Credentials("a", "b")
    assert read_credentials(None, form) == Credentials("x", "y", in_form=True)


@pytest.mark.parametrize("header", [None, "Bearer abc", ""])
def test_without_credentials_there_is_a_refusal_of_its_own(header: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        read_credentials(header, {"client_id": ["only"]})
    assert refused.value.rule == "TOK-NO-CREDENTIALS"


def test_a_secret_does_not_show_in_a_repr() -> None:
    assert "Password1" not in repr(read_basic(basic("apitest:Password1")))


CC = ["client_credentials"]


@pytest.mark.parametrize(
    ("form", "scoped"),
    [
        ({"grant_type": CC, "scope": ["api"]}, True),
        ({"grant_type": CC, "scope": ["api api"]}, True),
        ({"grant_type": CC}, False),
        ({"grant_type": CC, "scope": [" "]}, False),
    ],
)
def test_a_good_grant(form: dict[str, list[str]], scoped: bool) -> None:
    assert read_grant(form, {}) is scoped


@pytest.mark.parametrize(
    ("form", "query", "rule"),
    [
        ({}, {}, "TOK-GRANT-MISSING"),
        ({"grant_type": CC * 2}, {}, "TOK-GRANT-MISSING"),
        ({"grant_type": [""]}, {}, "TOK-GRANT-UNSUPPORTED"),
        ({"grant_type": ["password"]}, {}, "TOK-GRANT-UNSUPPORTED"),
        ({}, {"grant_type": CC}, "TOK-GRANT-UNSUPPORTED"),
        ({"grant_type": CC, "scope": ["api", "api"]}, {}, "TOK-SCOPE-TWICE"),
        ({"grant_type": CC, "scope": ["api "]}, {}, "TOK-SCOPE-REFUSED"),
        ({"grant_type": CC, "scope": ["api  x"]}, {}, "TOK-SCOPE-REFUSED"),
        ({"grant_type": CC, "scope": ["admin"]}, {}, "TOK-SCOPE-REFUSED"),
    ],
)
def test_a_bad_grant_is_refused_by_its_rule(form: dict[str, list[str]], query: dict[str, list[str]], rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_grant(form, query)
    assert refused.value.rule == rule
