"""API clients: who may ask for tokens, and how their secrets are kept."""

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass
from datetime import date

SCRYPT = {"n": 2**14, "r": 8, "p": 1}
_CACHE_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class ApiClient:
    """One API client. ``expires_on`` None: a date that rolls with the day. ``secret_hash`` is never shown.

    ``granted`` False: it may not use the grant client_credentials.
    """

    client_id: str
    secret_hash: str
    license_id: str
    organization_id: str
    org_type: str
    created_by: str
    token_version: int
    expires_on: date | None = None
    enabled: bool = True
    granted: bool = True

    def __repr__(self) -> str:
        return f"ApiClient({self.client_id!r}, license_id={self.license_id!r}, enabled={self.enabled})"


def mint_secret() -> str:
    """A new secret of 190 bits, letters and digits only."""
    found = ""
    while len(found) < 32:  # of 64 signs, two are none of ours
        found += secrets.token_urlsafe(24).replace("-", "").replace("_", "")
    return found[:32]


def hash_minted(secret: str) -> str:
    """Hash a minted secret: it has so much entropy that one SHA-256 keeps it."""
    return "sha256$" + hashlib.sha256(secret.encode()).hexdigest()


def hash_chosen(secret: str, salt: bytes | None = None) -> str:
    """Hash a secret that a person chose: scrypt with a salt of its own."""
    salt = secrets.token_bytes(16) if salt is None else salt
    digest = hashlib.scrypt(secret.encode(), salt=salt, **SCRYPT)
    return f"scrypt${salt.hex()}${digest.hex()}"


def _matches(secret: str, stored: str) -> bool:
    kind, _, rest = stored.partition("$")
    if kind == "sha256":
        return hmac.compare_digest(hash_minted(secret), stored)
    salt, _, _ = rest.partition("$")
    return hmac.compare_digest(hash_chosen(secret, bytes.fromhex(salt)), stored)


class SecretChecker:
    """Compares secrets with their hashes and remembers what it proved.

    scrypt costs tens of milliseconds, so a proof is kept in this process under an HMAC whose key lives and dies
    with it. A changed secret has another hash, so its old proofs are never found again.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._proved: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def _tag(self, secret: str, stored: str) -> bytes:
        return hmac.digest(self._key, f"{stored}\0{secret}".encode(), "sha256")

    def check(self, secret: str, stored: str) -> bool:
        """True when ``secret`` is the one behind ``stored``."""
        tag = self._tag(secret, stored)
        if tag in self._proved:
            return True
        if not _matches(secret, stored):
            return False
        self.remember(secret, stored)
        return True

    def remember(self, secret: str, stored: str) -> None:
        """Note that ``secret`` is the one behind ``stored``, so that it need not be proved."""
        with self._lock:
            if len(self._proved) >= _CACHE_SIZE:
                self._proved.clear()
            self._proved[self._tag(secret, stored)] = None
