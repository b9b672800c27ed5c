"""TOK: the token endpoint and the token."""

from capss_mock.contract.model import Answer, Citation, Grade, Level, Rule
from capss_mock.contract.responses import OAUTH_JSON

_D, _I, _A = Grade.DOCUMENTED, Grade.INFERRED, Grade.ASSUMED
_SHEET6 = (Citation("sheet", "step 6"),)
_SHEET7 = (Citation("sheet", "step 7"),)
_SAS = (Citation("spring", "Spring Authorization Server, token endpoint"),)
_KIT = (Citation("kit", "nothing is known"),)
_U52 = "https://datatracker.ietf.org/doc/html/rfc6749#section-5.2"


def _oauth(status: int, error: str) -> Answer:
    return Answer(status, f'{{"error":"{error}"}}', OAUTH_JSON)


def _parameter(name: str, error: str = "invalid_request") -> Answer:
    body = f'{{"error_description":"OAuth 2.0 Parameter: {name}","error":"{error}","error_uri":"{_U52}"}}'
    return Answer(400, body, OAUTH_JSON)


def _says(id_: str, grade: Grade, sentence: str, citations: tuple[Citation, ...], switch: str | None = None) -> Rule:
    return Rule(id_, Level.BEHAVIOUR, grade, sentence, citations, switch=switch)


def _refuses(id_: str, sentence: str, answer: Answer, hint: str, switch: str | None = None) -> Rule:
    return Rule(id_, Level.REFUSAL, _I, sentence, _SAS, answer, hint, switch)


RULES = (
    _says(
        "TOK-REQUEST",
        _D,
        "A token is asked for with HTTP Basic clientId:clientSecret and the form scope=api, "
        "grant_type=client_credentials.",
        _SHEET6,
    ),
    _says(
        "TOK-REPLY",
        _D,
        "The reply is compact JSON: access_token, scope, token_type, expires_in, in this order; no refresh token.",
        _SHEET7,
    ),
    _says(
        "TOK-JWT-HEADER",
        _D,
        "The JWT's header is exactly kid (a UUID) and alg RS256; there is no typ.",
        _SHEET7,
    ),
    _says(
        "TOK-JWT-CLAIMS",
        _D,
        "The JWT has 17 claims in a fixed order; aud is a plain string equal to sub, token_version is a string, "
        "disabled is 1 on a working token, iss is not the host called.",
        _SHEET7,
    ),
    _says("TOK-KEY-SIZE", _D, "The signature has 384 bytes: an RSA key of 3072 bits.", _SHEET7),
    _says(
        "TOK-EXP-MIDNIGHT",
        _I,
        "exp is midnight Pacific that begins the API client's date (07:00Z in summer, 08:00Z in winter).",
        _SHEET7,
        "token-lifetime",
    ),
    _says("TOK-EXPIRES-IN", _I, "expires_in is exp - iat - 2.", _SHEET7),
    _says(
        "TOK-DATE-ROLLING",
        _A,
        "A client without a date of its own gets the issue day (Pacific) + 5, rolling.",
        _KIT,
    ),
    Rule(
        "TOK-DATE-PAST",
        Level.REFUSAL,
        _A,
        "A client whose date has passed gets 401 invalid_client.",
        _KIT,
        _oauth(401, "invalid_client"),
        "the API client's date has passed: give it a later one",
        "past-date",
    ),
    _says(
        "TOK-SECRET-CHANGE",
        _I,
        "After a change of the secret, tokens already issued stay valid until exp.",
        _SAS,
        "old-tokens",
    ),
    _says(
        "TOK-BASIC-DECODED",
        _I,
        "The id and the secret in Basic are form-URL-decoded: + is a space, %41 is A.",
        (*_SAS, Citation("rfc6749", "2.3.1")),
    ),
    _refuses(
        "TOK-WRONG-SECRET",
        "A wrong secret or an unknown client gets 401 invalid_client, without WWW-Authenticate "
        "(a departure from RFC 6749 5.2).",
        _oauth(401, "invalid_client"),
        "client id or secret is not the one this mock knows",
    ),
    Rule(
        "TOK-DISABLED-CLIENT",
        Level.REFUSAL,
        _A,
        "A client that was disabled gets 401 invalid_client.",
        _KIT,
        _oauth(401, "invalid_client"),
        "this API client is disabled in the mock: capss-mock clients list",
    ),
    _refuses(
        "TOK-NO-CREDENTIALS",
        "A request without any credentials gets 401 with an empty body.",
        Answer(401),
        "send HTTP Basic: curl -u clientId:clientSecret",
        "missing-credentials",
    ),
    _refuses(
        "TOK-NO-CREDENTIALS-LOGIN",
        "With a login page configured, a request without credentials is sent there.",
        Answer(302, headers=(("Location", "{base}/login/auth"),)),
        "send HTTP Basic: curl -u clientId:clientSecret",
        "missing-credentials",
    ),
    _refuses(
        "TOK-BASIC-MALFORMED",
        "Basic credentials that cannot be read (bad base64, no colon, an empty part, a bad % escape) "
        "get 400 invalid_request.",
        _oauth(400, "invalid_request"),
        "Authorization must be Basic base64(clientId:clientSecret)",
    ),
    _refuses(
        "TOK-CLIENT-SECRET-POST",
        "client_id and client_secret in the form get 401 invalid_client.",
        _oauth(401, "invalid_client"),
        "send the id and secret as HTTP Basic (curl -u), not in the form",
        "client-secret-post",
    ),
    _refuses(
        "TOK-GRANT-MISSING",
        "grant_type missing or given twice, or a JSON body, gets 400 invalid_request.",
        _parameter("grant_type"),
        "send grant_type=client_credentials once, as a form field",
    ),
    _refuses(
        "TOK-GRANT-UNSUPPORTED",
        "Another grant_type, an empty one, or one in the query string only, gets 400 unsupported_grant_type.",
        _parameter("grant_type", "unsupported_grant_type"),
        "grant_type must be client_credentials, in the form",
    ),
    _refuses(
        "TOK-SCOPE-REFUSED",
        "A scope that the client does not have gets 400 invalid_scope.",
        _oauth(400, "invalid_scope"),
        "scope must be exactly api",
    ),
    _refuses(
        "TOK-SCOPE-TWICE",
        "scope given twice gets 400 invalid_request.",
        _parameter("scope"),
        "send scope=api once",
    ),
    _says(
        "TOK-SCOPE-NONE",
        _I,
        "Without a scope the token is issued without scope, in the reply and in the claims; /api refuses it.",
        _SAS,
    ),
    _says(
        "TOK-JWKS",
        _I,
        "GET /oauth2/jwks gives the public keys: kty, e, kid, n.",
        (Citation("spring", "Spring Authorization Server, JWK Set endpoint"), Citation("rfc7517", "5")),
    ),
)
