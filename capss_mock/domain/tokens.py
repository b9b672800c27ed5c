"""Access tokens: RS256-signed JWTs with the claims, order and expiry of the DOJ's example."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import RSAKey

from capss_mock.contract import responses
from capss_mock.contract.model import Choice
from capss_mock.domain.clients import ApiClient
from capss_mock.domain.errors import Refusal
from capss_mock.domain.times import SECOND, java_instant, pacific_midnight, rolling_day

_BEARER = re.compile(r"bearer (?P<token>[A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)
_CACHE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key pair and its id (a UUID)."""

    kid: str
    key: RSAKey

    @classmethod
    def generate(cls, kid: str) -> "SigningKey":
        """Make a new key of 3072 bits; takes 30 to 400 ms, without holding the GIL."""
        return cls(kid, RSAKey(rsa.generate_private_key(65537, responses.KEY_BITS), None))

    @classmethod
    def load(cls, kid: str, pem: bytes) -> "SigningKey":
        """Read a key that ``pem`` wrote. It is our own, so the costly check of its numbers is left out."""
        private = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(private, rsa.RSAPrivateKey)  # noqa: S101 - we wrote it
        return cls(kid, RSAKey(private, None))

    def known_as(self, kid: str) -> "SigningKey":
        """The same key under another id: whoever knows it by that one only takes no tokens of this one."""
        return SigningKey(kid, self.key)

    def pem(self) -> bytes:
        """The private key as PKCS#8 PEM, for the store."""
        private = self.key.private_key
        assert private is not None  # noqa: S101 - every key here is a pair
        return private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def public_jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key, members in the stack's order."""
        numbers = self.key.as_dict(private=False)
        return responses.JWK.fill({"kty": "RSA", "e": numbers["e"], "kid": self.kid, "n": numbers["n"]})

    def __repr__(self) -> str:
        return f"SigningKey({self.kid!r})"


def expires_at(client: ApiClient, lifetime: Choice, now_ns: int) -> int:
    """When a token issued now expires, in seconds since 1970.

    Raises:
        Refusal: TOK-DATE-PAST when the client's date has begun already.
    """
    now = now_ns // SECOND
    if lifetime.value == "ttl":
        return now + lifetime.count
    day = client.expires_on or rolling_day(now_ns, responses.ROLLING_DAYS)
    end = pacific_midnight(day)
    if end <= now:
        raise Refusal("TOK-DATE-PAST", f"client {client.client_id!r} has the date {day.isoformat()}")
    return end


def claims(client: ApiClient, *, scoped: bool, now: int, exp: int, jti: str) -> dict[str, Any]:
    """The claims of a token, in the sheet's order (times in seconds since 1970)."""
    values = responses.JWT_CLAIMS.fill(
        {
            "sub": client.client_id,
            "iss": responses.ISSUER,
            "org_type": client.org_type,
            "created_by": client.created_by,
            "client_id": client.client_id,
            "token_version": str(client.token_version),
            "aud": client.client_id,
            "nbf": now,
            "deleted": 0,
            "license_id": client.license_id,
            "scope": [responses.SCOPE],
            "organization_id": client.organization_id,
            "access_token_expiration": java_instant(exp),
            "disabled": 1,  # as in the sheet's working token
            "exp": exp,
            "iat": now,
            "jti": jti,
        }
    )
    if not scoped:
        del values["scope"]
    return values


def sign(key: SigningKey, payload: Mapping[str, Any]) -> str:
    """Sign claims as a compact JWS whose header is exactly kid and alg."""
    header = responses.JWT_HEADER.fill({"kid": key.kid, "alg": responses.ALGORITHM})
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return jws.serialize_compact(header, body, key.key, [responses.ALGORITHM])


def token_reply(token: str, *, scoped: bool, now: int, exp: int) -> dict[str, Any]:
    """The token endpoint's reply, members in order."""
    values: dict[str, Any] = {
        "access_token": token,
        "token_type": responses.TOKEN_TYPE,
        "expires_in": max(exp - now - responses.EXPIRES_IN_SHORTFALL, 0),
    }
    if not scoped:
        return responses.TOKEN_WITHOUT_SCOPE.fill(values)
    return responses.TOKEN.fill({**values, "scope": responses.SCOPE})


def introspection(claims: Mapping[str, Any] | None) -> dict[str, Any]:
    """The introspection reply for these claims; None: the token is not good."""
    active, token_type = responses.INTROSPECTION_OF_ITS_OWN
    if claims is None:
        return {active: False}
    values = {**claims, active: True, token_type: responses.TOKEN_TYPE}
    if "scope" in values:
        values["scope"] = " ".join(values["scope"])
    return values


def read_bearer(authorization: str | None) -> str:
    """The token in an ``Authorization`` header.

    Raises:
        Refusal: BEA-NONE, BEA-MALFORMED.
    """
    if not authorization or not authorization.lower().startswith("bearer"):
        raise Refusal("BEA-NONE")
    match = _BEARER.fullmatch(authorization)
    if not match:
        raise Refusal("BEA-MALFORMED")
    return match["token"]


class Verifier:
    """Checks bearer tokens against the signing key; a signature that was right once is not computed again."""

    def __init__(self, key: "Future[SigningKey]") -> None:
        self._key = key
        self._checked: dict[str, dict[str, Any]] = {}

    def _signed(self, token: str) -> dict[str, Any]:
        try:
            found = jws.extract_compact(token.encode())
            header = found.headers()
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise Refusal("BEA-NOT-JWT") from None
        key = self._key.result()
        if header.get("alg") == "none":
            raise Refusal("BEA-ALG-NONE")
        if header.get("alg") != responses.ALGORITHM or header.get("kid", key.kid) != key.kid:
            raise Refusal("BEA-KEY")
        try:
            payload = jws.deserialize_compact(token, key.key, [responses.ALGORITHM]).payload
        except BadSignatureError:
            raise Refusal("BEA-SIGNATURE") from None
        except (JoseError, ValueError):
            raise Refusal("BEA-NOT-JWT") from None
        values: dict[str, Any] = json.loads(payload)
        return values

    def remember(self, token: str, values: dict[str, Any]) -> None:
        """Note that a token's signature is right: it was checked, or made here a moment ago."""
        if len(self._checked) >= _CACHE_SIZE:
            self._checked.clear()
        self._checked[token] = values

    def verify(self, token: str, now_ns: int) -> dict[str, Any]:
        """The claims of a token that is good now (signature, exp, nbf).

        Raises:
            Refusal: one of the BEA rules.
        """
        values = self._checked.get(token)
        if values is None:
            values = self._signed(token)
            self.remember(token, values)
        if now_ns > (values["exp"] + responses.LEEWAY_S) * SECOND:
            raise Refusal("BEA-EXPIRED", at=java_instant(values["exp"]))
        if now_ns < (values["nbf"] - responses.LEEWAY_S) * SECOND:
            raise Refusal("BEA-NOT-YET", at=java_instant(values["nbf"]))
        return values
