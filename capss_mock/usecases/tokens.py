"""Tokens: issued, checked, introspected, revoked."""

from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from capss_mock.clock import Clock, Entropy
from capss_mock.contract import responses
from capss_mock.contract.operations import OPERATIONS
from capss_mock.contract.scenarios import SCENARIO_MARK, SCENARIOS
from capss_mock.domain import credentials, tokens
from capss_mock.domain.clients import ApiClient, SecretChecker
from capss_mock.domain.credentials import Form
from capss_mock.domain.errors import Refusal
from capss_mock.domain.times import SECOND
from capss_mock.domain.tokens import SigningKey, Verifier
from capss_mock.settings import Settings
from capss_mock.store import Store


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a good bearer token speaks for."""

    client_id: str
    license_id: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A token reply and, for the console, whose it is and when it ends (seconds since 1970)."""

    reply: dict[str, Any]
    client: ApiClient
    exp: int


class Tokens:
    """The authorization server, and the check of its tokens."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        key: "Future[SigningKey]",
        checker: SecretChecker | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._key = key
        self._verifier = Verifier(key)
        self._secrets = checker or SecretChecker()

    def issue(self, authorization: str | None, form: Form, query: Form) -> Issued:
        """Answer a token request.

        Raises:
            Refusal: one of the TOK rules.
        """
        client = self._client(authorization, form)
        scoped = credentials.read_grant(form, query, granted=client.granted)
        now_ns = self._clock.now_ns()
        exp = tokens.expires_at(client, self._settings.choice("token-lifetime"), now_ns)
        now = now_ns // SECOND
        payload = tokens.claims(client, scoped=scoped, now=now, exp=exp, jti=self._entropy.uuid())
        token = tokens.sign(self._key.result(), payload)
        self._verifier.remember(token, payload)
        return Issued(tokens.token_reply(token, scoped=scoped, now=now, exp=exp), client, exp)

    def authenticate(self, authorization: str | None) -> Caller:
        """Check a bearer token.

        Raises:
            Refusal: one of the BEA rules.
        """
        claims = self._verifier.verify(tokens.read_bearer(authorization), self._clock.now_ns())
        if self._settings.is_set("old-tokens", "401"):
            client = self._known_client(claims["client_id"])
            if client is None or str(client.token_version) != claims["token_version"]:
                raise Refusal("BEA-OLD-SECRET")
            if self._store.is_revoked(claims["jti"]):
                raise Refusal("BEA-REVOKED")
        if responses.SCOPE not in claims.get("scope", ()):
            raise Refusal("BEA-SCOPE")
        return Caller(claims["client_id"], claims["license_id"])

    def introspect(self, authorization: str | None, form: Form) -> dict[str, Any]:
        """What a token says, for a client with good credentials: its claims, or only that it is not active.

        Raises:
            Refusal: one of the TOK rules.
        """
        self._client(authorization, form)
        claims = self._known(credentials.read_token(form, "TOK-INTROSPECT-PARAMETER"))
        if claims is None or self._store.is_revoked(claims["jti"]):
            return tokens.introspection(None)
        return tokens.introspection(claims)

    def revoke(self, authorization: str | None, form: Form) -> bool:
        """Revoke a token; False when there was nothing to revoke.

        Raises:
            Refusal: one of the TOK rules.
        """
        client = self._client(authorization, form)
        claims = self._known(credentials.read_token(form, "TOK-REVOKE-PARAMETER"))
        if claims is None or claims["client_id"] != client.client_id:
            return False
        taken_from = self._clock.now_ns() // SECOND - responses.LEEWAY_S  # of this exp on, tokens are still taken
        self._store.revoke(claims["jti"], claims["exp"], taken_from)
        return True

    def jwks(self) -> dict[str, Any]:
        """The public keys, as a JWK Set."""
        return {"keys": [self._key.result().public_jwk()]}

    def metadata(self, base: str) -> dict[str, Any]:
        """The authorization server's description of itself, as called under the URL ``base``."""
        methods = ["client_secret_basic"]
        if self._settings.is_set("client-secret-post", "accept"):
            methods.append("client_secret_post")
        return responses.METADATA.fill(
            {
                "issuer": responses.ISSUER,
                "token_endpoint": base + OPERATIONS["token"].path,
                "token_endpoint_auth_methods_supported": methods,
                "jwks_uri": base + OPERATIONS["jwks"].path,
                "grant_types_supported": [responses.GRANT],
                "revocation_endpoint": base + OPERATIONS["revoke"].path,
                "revocation_endpoint_auth_methods_supported": methods,
                "introspection_endpoint": base + OPERATIONS["introspect"].path,
                "introspection_endpoint_auth_methods_supported": methods,
                "scopes_supported": [responses.SCOPE],
            }
        )

    def _client(self, authorization: str | None, form: Form) -> ApiClient:
        given = credentials.read_credentials(authorization, form)
        if given.in_form and self._settings.is_set("client-secret-post", "refuse"):
            raise Refusal("TOK-CLIENT-SECRET-POST")
        client = self._known_client(given.client_id)
        if client is None:
            raise Refusal("TOK-WRONG-SECRET", "unknown client id")
        if not self._secrets.check(given.secret, client.secret_hash):
            raise Refusal("TOK-WRONG-SECRET", f"wrong secret for {client.client_id!r}")
        if not client.enabled:
            raise Refusal("TOK-DISABLED-CLIENT")
        return client

    def _known_client(self, client_id: str) -> ApiClient | None:
        """A client of the store, also under a name that asks for a scenario."""
        client = self._store.client(client_id)
        if client is None:
            name, mark, scenario = client_id.rpartition(SCENARIO_MARK)
            if mark and scenario in SCENARIOS and (client := self._store.client(name)) is not None:
                return replace(client, client_id=client_id)
        return client

    def _known(self, token: str) -> dict[str, Any] | None:
        """The claims of a token of ours that is good now."""
        try:
            return self._verifier.verify(token, self._clock.now_ns())
        except Refusal:
            return None
