"""What each member of CAPSS's answers means, and its trap; for ``capss-mock explain`` and the rulebook."""

from dataclasses import dataclass

from capss_mock.contract import responses
from capss_mock.contract.model import Grade

_D, _O, _I, _A = Grade.DOCUMENTED, Grade.OBSERVED, Grade.INFERRED, Grade.ASSUMED


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a JSON object. ``hidden``: its value is a secret or may name a person, and is never shown."""

    name: str
    grade: Grade
    meaning: str
    trap: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of answer: told by its ``shape``; where it comes from; its members."""

    id: str
    what: str
    shape: tuple[str, ...]
    members: tuple[Member, ...]


HEADER = Kind(
    "jwt-header",
    "the token's header",
    responses.JWT_HEADER.members,
    (
        Member("kid", _D, "the id of the signing key", "another kid than /oauth2/jwks shows: another server or start"),
        Member("alg", _D, "RS256, with a key of 3072 bits", "there is no typ"),
    ),
)
CLAIMS = Kind(
    "jwt-claims",
    "the token's claims",
    responses.JWT_CLAIMS.members,
    (
        Member("sub", _D, "the API client; equal to client_id and aud"),
        Member("iss", _D, "who issued it", "it is not the host that was called: do not build URLs from it"),
        Member("org_type", _D, "the kind of organization, e.g. Store"),
        Member("created_by", _D, "the CAPSS user who made the API client", hidden=True),
        Member("client_id", _D, "the API client"),
        Member("token_version", _D, "a number as text", "that it rises with changes of the client is inferred"),
        Member("aud", _D, "equal to sub", "a plain string, not an array: some JWT libraries must be told"),
        Member("nbf", _D, "not valid before; equal to iat", "60 s of clock difference are forgiven (inferred)"),
        Member("deleted", _D, "0 on a working token"),
        Member("license_id", _D, "the store's licence, as text: leading zeros count", "the document's must equal it"),
        Member("scope", _D, "an array with api", "without it every call to /api gets 403 (inferred)"),
        Member("organization_id", _D, "the store's id"),
        Member("access_token_expiration", _D, "exp, as text"),
        Member("disabled", _D, "1 on a working token", "it does not say that the client is disabled"),
        Member(
            "exp",
            _I,
            "midnight Pacific that begins the API client's date (07:00Z in summer, 08:00Z in winter)",
            "it is not iat plus a fixed time: read it, do not assume an hour",
        ),
        Member("iat", _D, "when it was issued"),
        Member("jti", _D, "the id of this token"),
    ),
)
TOKEN = Kind(
    "token",
    "the token endpoint's reply",
    responses.TOKEN.members,
    (
        Member("access_token", _D, "the bearer token, a JWT", "capss-mock explain - decodes it", hidden=True),
        Member("scope", _D, "api", "absent when none was asked for; the token then opens nothing (inferred)"),
        Member("token_type", _D, "Bearer"),
        Member("expires_in", _I, "seconds until exp, less 2", "days, not an hour: keep the token"),
    ),
)
ACCEPTED = Kind(
    "accepted",
    "the reply to an accepted upload or item update",
    responses.ACCEPTED.members,
    (
        Member("licenseNumber", _D, "the token's license_id"),
        Member(
            "status",
            _D,
            '"new" for an upload, "complete" for an item update',
            "neither says that anything was saved: only the status under links.href does",
        ),
        Member("submission", _D, "holds submissionId, a UUID", "it is not the number in links.href (inferred)"),
        Member("links", _D, "one object with href, the status URL to ask, and rel", 'rel is the literal text "rel"'),
    ),
)
STATUS = Kind(
    "status",
    "the status of an upload or item update",
    responses.STATUS.members,
    (
        Member("fileName", _A, "the base name of the file that was sent"),
        Member("status", _D, "the number 200", 'it never is "complete": that word is in statusMessage'),
        Member("successMessages", _D, "one message with the count of records when something was saved"),
        Member("errorMessages", _A, "what was wrong; the wording of the real ones is not known", hidden=True),
        Member("savedCount", _A, "how many records were saved", "compare it with what you sent"),
        Member("hasDuplicates", _A, "records were there already", "with onDup they may have been dropped silently"),
        Member("isUploaded", _A, "the file was taken, in whole or in part", "it can be true although hasErrors is"),
        Member("hasErrors", _A, "records were refused, or the file could not be read"),
        Member(
            "completedAt",
            _I,
            "Pacific wall-clock time as [y,M,d,H,m,s,nanos]; null for item updates",
            "trailing zero parts are dropped: 5, 6 or 7 numbers",
        ),
        Member("statusMessage", _D, '"complete" when it is final', 'while it is worked on: "processing" (assumed)'),
        Member("notifyDupsOrErrors", _A, "hasErrors or hasDuplicates"),
        Member("jobStatisticsMessageList", _D, "six counts as text; empty for updates", 'one is "Total Transations"'),
    ),
)
ERROR = Kind(
    "error",
    "an error of the web layer",
    responses.ERROR.members,
    (
        Member("timestamp", _I, "when, as milliseconds since 1970", "it may be text (switch error-timestamp)"),
        Member("status", _I, "the HTTP status"),
        Member("error", _I, "the status in words", "there is no message: the server does not say what was wrong"),
        Member("path", _I, "the path that was asked for"),
    ),
)
OAUTH_ERROR = Kind(
    "oauth-error",
    "an error of the token endpoint",
    ("error_description", "error", "error_uri"),
    (
        Member("error_description", _I, "which parameter was wrong"),
        Member("error", _D, "the code of RFC 6749, section 5.2"),
        Member("error_uri", _I, "where the code is explained"),
    ),
)
JWKS = Kind(
    "jwks",
    "the public keys (JWK Set)",
    ("keys",),
    (Member("keys", _I, "one key for each kid that tokens name", "keep it, but ask again when a kid is not in it"),),
)
INTROSPECTION = Kind(
    "introspection",
    "the reply of token introspection",
    (*responses.JWT_CLAIMS.members, *responses.INTROSPECTION_OF_ITS_OWN),
    (
        *CLAIMS.members,
        Member("active", _I, "whether the token is good", "when it is false, nothing else is said"),
        Member("token_type", _I, "Bearer"),
    ),
)
METADATA = Kind(
    "metadata",
    "the authorization server's description",
    responses.METADATA.members,
    tuple(
        Member(name, _A, "what the server says of itself (RFC 8414)", "" if name != "issuer" else "not the host called")
        for name in responses.METADATA.members
    ),
)
ANSWERS = (JWKS, INTROSPECTION, METADATA, TOKEN, ACCEPTED, STATUS, ERROR, OAUTH_ERROR)
