"""What a token request says: client credentials, grant and scope, read as Spring Authorization Server reads them."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from capss_mock.contract.responses import GRANT, SCOPE
from capss_mock.domain.errors import Refusal

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

Form = Mapping[str, Sequence[str]]
"""Form fields by name, each with all its values."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks. ``in_form`` is true for client_secret_post."""

    client_id: str
    secret: str
    in_form: bool = False

    def __repr__(self) -> str:
        return f"Credentials({self.client_id!r}, in_form={self.in_form})"


def _form_decoded(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise Refusal("TOK-BASIC-MALFORMED", "a % in the id or the secret is not followed by two hex digits")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeDecodeError:
        raise Refusal("TOK-BASIC-MALFORMED", "the id or the secret is not UTF-8") from None


def read_basic(header: str) -> Credentials | None:
    """Read an ``Authorization`` header; None when it is not Basic.

    Raises:
        Refusal: TOK-BASIC-MALFORMED.
    """
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refusal("TOK-BASIC-MALFORMED", "the value after Basic is not base64 of UTF-8 text") from None
    client_id, colon, secret = pair.partition(":")
    if not (colon and client_id and secret):
        raise Refusal("TOK-BASIC-MALFORMED", "there must be an id, a colon and a secret")
    return Credentials(_form_decoded(client_id), _form_decoded(secret))


def read_credentials(authorization: str | None, form: Form) -> Credentials:
    """The credentials of a token request; Basic wins over the form.

    Raises:
        Refusal: TOK-BASIC-MALFORMED, TOK-NO-CREDENTIALS.
    """
    basic = read_basic(authorization) if authorization else None
    if basic:
        return basic
    if form.get("client_id") and form.get("client_secret"):
        return Credentials(form["client_id"][0], form["client_secret"][0], in_form=True)
    raise Refusal("TOK-NO-CREDENTIALS")


_OTHER_GRANTS = {
    "refresh_token": ("refresh_token", "TOK-REFRESH-PARAMETER"),
    "authorization_code": ("code", "TOK-CODE-PARAMETER"),
}


def read_grant(form: Form, query: Form, *, granted: bool = True) -> bool:
    """Check grant and scope; True when scope api is asked for, False when none is.

    Args:
        granted: whether the client may use the grant at all.

    Raises:
        Refusal: one of TOK-GRANT-…, TOK-REFRESH-PARAMETER, TOK-CODE-PARAMETER, TOK-SCOPE-….
    """
    grants = form.get("grant_type", ())
    if len(grants) > 1 or not (grants or query.get("grant_type")):
        raise Refusal("TOK-GRANT-MISSING")
    if grants and grants[0] in _OTHER_GRANTS:
        name, rule = _OTHER_GRANTS[grants[0]]
        values = form.get(name, ())
        raise Refusal("TOK-GRANT-INVALID" if len(values) == 1 and values[0] else rule)
    if not grants or grants[0] != GRANT:
        raise Refusal("TOK-GRANT-UNSUPPORTED")
    scopes = form.get("scope", ())
    if len(scopes) > 1:
        raise Refusal("TOK-SCOPE-TWICE")
    if not granted:
        raise Refusal("TOK-GRANT-UNAUTHORIZED")
    if not scopes or not scopes[0].strip():
        return False
    if any(scope != SCOPE for scope in scopes[0].split(" ")):
        raise Refusal("TOK-SCOPE-REFUSED")
    return True


def read_token(form: Form, rule: str) -> str:
    """The form's one ``token``, for introspection and revocation.

    Raises:
        Refusal: ``rule``, when there is none, or more than one.
    """
    values = form.get("token", ())
    if len(values) != 1 or not values[0]:
        raise Refusal(rule)
    return values[0]
