"""API clients: secrets are hashed, checked once, and managed."""

from collections.abc import Iterator
from datetime import date

import pytest

from capss_mock.clock import Entropy
from capss_mock.domain import clients as domain
from capss_mock.domain.clients import SecretChecker, hash_chosen, hash_minted, mint_secret
from capss_mock.store import Store
from capss_mock.usecases.clients import ClientError, Clients, default_client


@pytest.fixture
def clients() -> Iterator[Clients]:
    store = Store()
    yield Clients(store, Entropy())
    store.close()


def test_a_chosen_secret_is_kept_as_salted_scrypt() -> None:
    first, second = hash_chosen("Password1"), hash_chosen("Password1")
    assert first.startswith("scrypt$")
    assert first != second
    assert "Password1" not in first


def test_a_minted_secret_has_32_letters_and_digits_and_is_kept_as_sha256() -> None:
    secret = mint_secret()
    assert len(secret) == 32
    assert secret.isalnum()
    assert secret.isascii()
    assert mint_secret() != secret
    assert hash_minted(secret).startswith("sha256$")
    assert secret not in hash_minted(secret)


@pytest.mark.parametrize("hashed", [hash_chosen("s3cret"), hash_minted("s3cret")], ids=["scrypt", "sha256"])
def test_only_the_right_secret_matches(hashed: str) -> None:
    checker = SecretChecker()
    assert checker.check("s3cret", hashed)
    assert checker.check("s3cret", hashed)
    assert not checker.check("s3creT", hashed)
    assert not checker.check("", hashed)


def test_a_proved_secret_is_not_hashed_again_and_a_changed_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed, changed = hash_chosen("one"), hash_chosen("two")
    checker = SecretChecker()
    assert checker.check("one", hashed)
    calls: list[str] = []

    def counted(secret: str, stored: str) -> bool:
        calls.append(stored)
        return False

    monkeypatch.setattr(domain, "_matches", counted)
    assert checker.check("one", hashed)
    assert calls == []
    assert not checker.check("one", changed)
    assert calls == [changed]


def test_the_proofs_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "_CACHE_SIZE", 3)
    checker = SecretChecker()
    for number in range(10):
        assert checker.check(str(number), hash_minted(str(number)))
    assert len(checker._proved) <= 3


def test_an_added_client_is_listed_with_its_date(clients: Clients) -> None:
    client, secret = clients.add("shop-7", "33131099", expires_on=date(2027, 1, 2))
    assert len(secret) == 32
    assert clients.list() == [client]
    assert (client.token_version, client.enabled, client.expires_on) == (1, True, date(2027, 1, 2))
    assert secret not in repr(client)
    assert client.secret_hash not in repr(client)


def test_another_secret_raises_the_version_and_replaces_the_hash(clients: Clients) -> None:
    before, _ = clients.add("shop-7", "33131099")
    after, secret = clients.set_secret("shop-7", "chosen")
    assert secret == "chosen"
    assert after.token_version == 2
    assert SecretChecker().check("chosen", after.secret_hash)
    assert after.secret_hash != before.secret_hash


def test_a_disabled_client_stays_listed(clients: Clients) -> None:
    clients.add("shop-7", "33131099")
    assert not clients.disable("shop-7").enabled
    assert [client.enabled for client in clients.list()] == [False]


@pytest.mark.parametrize(
    ("client_id", "license_id", "secret", "match"),
    [
        ("", "1", None, "client id '' cannot be used"),
        ("a:b", "1", None, "no colon"),
        ("a b", "1", None, "visible ASCII"),
        ("a", "CA1", None, "1 to 20 digits"),
        ("a", "", None, "1 to 20 digits"),
        ("a", "1", "", "secret is empty"),
    ],
)
def test_a_client_that_cannot_be_is_refused(
    clients: Clients, client_id: str, license_id: str, secret: str | None, match: str
) -> None:
    with pytest.raises(ClientError, match=match):
        clients.add(client_id, license_id, secret)
    assert clients.list() == []


def test_a_taken_id_and_an_unknown_one_are_named(clients: Clients) -> None:
    clients.add("shop-7", "1")
    with pytest.raises(ClientError, match="'shop-7' is taken"):
        clients.add("shop-7", "2")
    with pytest.raises(ClientError, match="no client 'x'; known are: shop-7"):
        clients.disable("x")


def test_the_default_client_is_the_sheets_example() -> None:
    client = default_client("hash")
    assert (client.client_id, client.license_id, client.token_version) == ("apitest", "000000300", 3)
