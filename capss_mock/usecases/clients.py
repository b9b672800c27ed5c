"""Managing API clients: what ``capss-mock clients`` and a console do."""

import re
from dataclasses import replace
from datetime import date

from capss_mock.clock import Entropy
from capss_mock.contract import defaults
from capss_mock.domain.clients import ApiClient, hash_chosen, hash_minted, mint_secret
from capss_mock.store import Store

_CLIENT_ID = re.compile(r"[\x21-\x39\x3b-\x7e]{1,200}")
_LICENSE_ID = re.compile(r"[0-9]{1,20}", re.ASCII)


class ClientError(ValueError):
    """An API client cannot be added or changed; the message says why."""


def default_client(secret_hash: str) -> ApiClient:
    """The ready-made client of the DOJ's example."""
    return ApiClient(
        client_id=defaults.CLIENT_ID,
        secret_hash=secret_hash,
        license_id=defaults.LICENSE_ID,
        organization_id=defaults.ORGANIZATION_ID,
        org_type=defaults.ORG_TYPE,
        created_by=defaults.CREATED_BY,
        token_version=defaults.TOKEN_VERSION,
    )


def minted_client() -> tuple[ApiClient, str]:
    """A client for one run, and its secret: both of letters and digits only."""
    secret = mint_secret()
    return replace(default_client(hash_minted(secret)), client_id="run" + mint_secret()[:12]), secret


class Clients:
    """The API clients of a store."""

    def __init__(self, store: Store, entropy: Entropy) -> None:
        self._store = store
        self._entropy = entropy

    def list(self) -> list[ApiClient]:
        """All of them, by id."""
        return self._store.clients()

    def add(
        self,
        client_id: str,
        license_id: str,
        secret: str | None = None,
        expires_on: date | None = None,
        *,
        granted: bool = True,
    ) -> tuple[ApiClient, str]:
        """Add one; without ``secret`` one is minted. Returns it and the secret, which cannot be read again.

        Raises:
            ClientError: the id is taken or cannot be used, or the licence is not digits.
        """
        if not _CLIENT_ID.fullmatch(client_id):
            raise ClientError(
                f"client id {client_id[:40]!r} cannot be used: 1 to 200 visible ASCII characters, no colon "
                "(Basic credentials end the id at the first colon)"
            )
        if not _LICENSE_ID.fullmatch(license_id):
            raise ClientError(f"licence {license_id[:40]!r} cannot be used: 1 to 20 digits; leading zeros count")
        if self._store.client(client_id) is not None:
            raise ClientError(f"client id {client_id!r} is taken: choose another, or use set-secret")
        secret_text, secret_hash = self._secret(secret)
        client = ApiClient(
            client_id=client_id,
            secret_hash=secret_hash,
            license_id=license_id,
            organization_id=self._entropy.uuid(),
            org_type=defaults.ORG_TYPE,
            created_by=defaults.CREATED_BY,
            token_version=1,
            expires_on=expires_on,
            granted=granted,
        )
        self._store.put_client(client)
        return client, secret_text

    def set_secret(self, client_id: str, secret: str | None = None) -> tuple[ApiClient, str]:
        """Give a client another secret; its token_version rises.

        Raises:
            ClientError: there is no such client.
        """
        client = self._get(client_id)
        secret_text, secret_hash = self._secret(secret)
        client = replace(client, secret_hash=secret_hash, token_version=client.token_version + 1)
        self._store.put_client(client)
        return client, secret_text

    def disable(self, client_id: str) -> ApiClient:
        """Refuse tokens to a client from now on.

        Raises:
            ClientError: there is no such client.
        """
        client = replace(self._get(client_id), enabled=False)
        self._store.put_client(client)
        return client

    def _get(self, client_id: str) -> ApiClient:
        client = self._store.client(client_id)
        if client is None:
            known = ", ".join(each.client_id for each in self.list()) or "none"
            raise ClientError(f"there is no client {client_id!r}; known are: {known}")
        return client

    def _secret(self, chosen: str | None) -> tuple[str, str]:
        if chosen is None:
            minted = mint_secret()
            return minted, hash_minted(minted)
        if not chosen:
            raise ClientError("the secret is empty")
        return chosen, hash_chosen(chosen)
