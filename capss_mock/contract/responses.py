"""Reply shapes: members in order, fixed texts. Grade documented (the sheet's examples) unless a line says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """The members of a JSON object, in the order in which CAPSS sends them."""

    rule: str
    members: tuple[str, ...]

    def fill(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Order ``values`` as CAPSS does.

        Raises:
            ValueError: a member is missing or unknown.
        """
        if values.keys() != set(self.members):
            raise ValueError(f"{self.rule}: members {sorted(values)} are not {sorted(self.members)}")
        return {name: values[name] for name in self.members}


TOKEN = Shape("TOK-REPLY", ("access_token", "scope", "token_type", "expires_in"))
TOKEN_WITHOUT_SCOPE = Shape("TOK-SCOPE-NONE", ("access_token", "token_type", "expires_in"))

JWT_HEADER = Shape("TOK-JWT-HEADER", ("kid", "alg"))
JWT_CLAIMS = Shape(
    "TOK-JWT-CLAIMS",
    (
        "sub",
        "iss",
        "org_type",
        "created_by",
        "client_id",
        "token_version",
        "aud",
        "nbf",
        "deleted",
        "license_id",
        "scope",
        "organization_id",
        "access_token_expiration",
        "disabled",
        "exp",
        "iat",
        "jti",
    ),
)
JWK = Shape("TOK-JWKS", ("kty", "e", "kid", "n"))
# the claims, then these; the order is assumed
INTROSPECTION_OF_ITS_OWN = ("active", "token_type")
METADATA = Shape(
    "TOK-METADATA",
    (
        "issuer",
        "token_endpoint",
        "token_endpoint_auth_methods_supported",
        "jwks_uri",
        "grant_types_supported",
        "revocation_endpoint",
        "revocation_endpoint_auth_methods_supported",
        "introspection_endpoint",
        "introspection_endpoint_auth_methods_supported",
        "scopes_supported",
    ),
)

ACCEPTED = Shape("UPL-REPLY", ("licenseNumber", "status", "submission", "links"))
SUBMISSION = Shape("UPL-REPLY", ("submissionId",))
LINKS = Shape("UPL-REPLY", ("href", "rel"))

STATUS = Shape(
    "STA-REPLY",
    (
        "fileName",
        "status",
        "successMessages",
        "errorMessages",
        "savedCount",
        "hasDuplicates",
        "isUploaded",
        "hasErrors",
        "completedAt",
        "statusMessage",
        "notifyDupsOrErrors",
        "jobStatisticsMessageList",
    ),
)
ERROR = Shape("WEB-ERROR-BODY", ("timestamp", "status", "error", "path"))

ISSUER = "https://capss.tst.doj.ca.gov"
SCOPE = "api"
TOKEN_TYPE = "Bearer"
ALGORITHM = "RS256"
KEY_BITS = 3072
EXPIRES_IN_SHORTFALL = 2  # expires_in = exp - iat - 2 (inferred from one sample)
ROLLING_DAYS = 5  # the default client's date is the issue day + 5 (assumed; the sheet's example fits)
LEEWAY_S = 60  # clock skew allowed on exp and nbf (inferred, Spring's default)
GRANT = "client_credentials"

REL = "rel"
ACCEPTED_WORD = {"upload": "new", "update": "complete"}
FINAL_WORD = "complete"
PENDING_WORD = "processing"  # assumed
FINAL_STATUS = 200  # the integer member, not the HTTP code

SAVED_MESSAGE = {
    "upload": "Successfully uploaded file. File {file} uploaded {count} record(s) at {date}.",
    "update": "Successfully updated Property Transaction Items File {file} uploaded {count} record(s) at {time}.",
}
STATISTICS = (
    ("Bulk Uploads", "uploads"),
    ("Total Transations", "transactions"),  # misspelt by CAPSS
    ("Saved Transactions", "saved_transactions"),
    ("Total Items", "items"),
    ("Saved Items", "saved_items"),
    ("Error Items", "error_items"),
)

OAUTH_JSON = "application/json;charset=UTF-8"
JSON = "application/json"
EVERY_HEADER = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-XSS-Protection", "0"),
    ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("X-Frame-Options", "DENY"),
)
HTTPS_HEADER = ("Strict-Transport-Security", "max-age=31536000 ; includeSubDomains")
