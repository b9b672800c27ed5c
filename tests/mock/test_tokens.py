"""Tokens: the sheet's header, claims and expiry; refusals by rule."""

import base64
import json
from concurrent.futures import Future
from datetime import UTC, date, datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from capss_mock.contract.model import Choice
from capss_mock.domain import tokens
from capss_mock.domain.errors import Refusal
from capss_mock.domain.times import SECOND
from capss_mock.domain.tokens import SigningKey, Verifier
from capss_mock.usecases.clients import default_client

NOW = int(datetime(2025, 12, 15, 22, 3, 52, tzinfo=UTC).timestamp())
CLIENT = default_client("hash")
MIDNIGHT = Choice("pacific-midnight")


def future(key: SigningKey) -> "Future[SigningKey]":
    made: Future[SigningKey] = Future()
    made.set_result(key)
    return made


def part(token: str, number: int) -> str:
    text = token.split(".")[number]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def issue(key: SigningKey, **changes: Any) -> str:
    payload = tokens.claims(CLIENT, scoped=True, now=NOW, exp=NOW + 3600, jti="j")
    return tokens.sign(key, {**payload, **changes})


def refused(verifier: Verifier, token: str, now: int = NOW) -> Refusal:
    with pytest.raises(Refusal) as caught:
        verifier.verify(token, now * SECOND)
    return caught.value


def test_a_rolling_client_expires_at_pacific_midnight_five_days_on() -> None:
    assert tokens.expires_at(CLIENT, MIDNIGHT, NOW * SECOND) == 1766217600


def test_late_in_the_pacific_evening_the_issue_day_is_still_the_pacific_one() -> None:
    late = int(datetime(2025, 12, 16, 7, 59, tzinfo=UTC).timestamp())
    assert tokens.expires_at(CLIENT, MIDNIGHT, late * SECOND) == 1766217600
    assert tokens.expires_at(CLIENT, MIDNIGHT, (late + 60) * SECOND) == 1766217600 + 86400


def test_a_client_with_a_date_expires_when_that_day_begins() -> None:
    from dataclasses import replace

    dated = replace(CLIENT, expires_on=date(2025, 12, 17))
    assert tokens.expires_at(dated, MIDNIGHT, NOW * SECOND) == 1766217600 - 3 * 86400
    past = replace(CLIENT, expires_on=date(2025, 12, 15))
    with pytest.raises(Refusal, match="TOK-DATE-PAST"):
        tokens.expires_at(past, MIDNIGHT, NOW * SECOND)


def test_a_lifetime_in_seconds_counts_from_issue() -> None:
    assert tokens.expires_at(CLIENT, Choice("ttl", 60.0), NOW * SECOND) == NOW + 60


def test_the_header_is_exactly_kid_and_alg(signing_key: SigningKey) -> None:
    assert part(issue(signing_key), 0) == f'{{"kid":"{signing_key.kid}","alg":"RS256"}}'


def test_the_signature_has_384_bytes(signing_key: SigningKey) -> None:
    signature = issue(signing_key).split(".")[2]
    assert len(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))) == 384


def test_without_a_scope_neither_claims_nor_reply_have_one() -> None:
    payload = tokens.claims(CLIENT, scoped=False, now=NOW, exp=NOW + 9, jti="j")
    assert "scope" not in payload
    assert list(tokens.token_reply("t", scoped=False, now=NOW, exp=NOW + 9)) == [
        "access_token",
        "token_type",
        "expires_in",
    ]


def test_expires_in_is_two_less_than_the_lifetime_and_never_negative() -> None:
    assert tokens.token_reply("t", scoped=True, now=NOW, exp=1766217600)["expires_in"] == 381366
    assert tokens.token_reply("t", scoped=True, now=NOW, exp=NOW + 1)["expires_in"] == 0


def test_a_key_survives_its_pem(signing_key: SigningKey) -> None:
    again = SigningKey.load(signing_key.kid, signing_key.pem())
    assert again.public_jwk() == signing_key.public_jwk()
    assert Verifier(future(again)).verify(issue(signing_key), NOW * SECOND)["sub"] == "apitest"
    assert "PRIVATE" not in repr(again)


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        (None, "BEA-NONE"),
        ("", "BEA-NONE"),
        ("Basic YTpi", "BEA-NONE"),
        ("Bearer", "BEA-MALFORMED"),
        ("Bearer ", "BEA-MALFORMED"),
        ("Bearer  a.b.c", "BEA-MALFORMED"),
        ("Bearer a.b\n.c", "BEA-MALFORMED"),
        ("Bearer a b", "BEA-MALFORMED"),
        ('Bearer "a.b.c"', "BEA-MALFORMED"),
    ],
)
def test_a_header_without_a_readable_bearer_is_refused(header: str | None, rule: str) -> None:
    with pytest.raises(Refusal) as caught:
        tokens.read_bearer(header)
    assert caught.value.rule == rule


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_in_any_case(scheme: str) -> None:
    assert tokens.read_bearer(f"{scheme} a.b.c") == "a.b.c"


def test_a_good_token_is_good_until_a_minute_after_exp(signing_key: SigningKey) -> None:
    verifier, token = Verifier(future(signing_key)), issue(signing_key)
    assert verifier.verify(token, NOW * SECOND)["license_id"] == "000000300"
    assert verifier.verify(token, (NOW + 3660) * SECOND)
    refusal = refused(verifier, token, NOW + 3661)
    assert (refusal.rule, refusal.values) == ("BEA-EXPIRED", {"at": "2025-12-15T23:03:52Z"})


def test_a_token_may_be_used_a_minute_before_it_begins(signing_key: SigningKey) -> None:
    verifier, token = Verifier(future(signing_key)), issue(signing_key)
    assert verifier.verify(token, (NOW - 60) * SECOND)
    assert refused(verifier, token, NOW - 61).rule == "BEA-NOT-YET"


def _unsigned(header: dict[str, Any], payload: dict[str, Any]) -> str:
    def b64(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{b64(header)}.{b64(payload)}."


def test_tokens_that_were_not_issued_are_refused_by_their_rule(signing_key: SigningKey) -> None:
    verifier, good = Verifier(future(signing_key)), issue(signing_key)
    head, body, signature = good.split(".")
    other = SigningKey.generate("another")
    same_kid = SigningKey(signing_key.kid, other.key)
    public = OctKey.import_key(json.dumps(signing_key.public_jwk()))
    hs256 = jws.serialize_compact({"alg": "HS256", "kid": signing_key.kid}, body, public, ["HS256"])
    edited = issue(signing_key, license_id="999999999").split(".")[1]
    assert refused(verifier, "abc").rule == "BEA-NOT-JWT"
    assert refused(verifier, "a.b.c").rule == "BEA-NOT-JWT"
    assert refused(verifier, _unsigned({"alg": "none"}, {"exp": NOW + 9})).rule == "BEA-ALG-NONE"
    assert refused(verifier, hs256).rule == "BEA-KEY"
    assert refused(verifier, issue(other)).rule == "BEA-KEY"
    assert refused(verifier, issue(same_kid)).rule == "BEA-SIGNATURE"
    assert refused(verifier, f"{head}.{edited}.{signature}").rule == "BEA-SIGNATURE"
    assert refused(verifier, f"{head}.{body}.{signature[:-8]}").rule == "BEA-SIGNATURE"
    assert verifier.verify(good, NOW * SECOND)


def test_a_refused_token_is_not_remembered_as_good(signing_key: SigningKey) -> None:
    verifier = Verifier(future(signing_key))
    head, body, _ = issue(signing_key).split(".")
    for _ in range(2):
        assert refused(verifier, f"{head}.{body}.{'A' * 512}").rule == "BEA-SIGNATURE"
