"""TOK: the token endpoint and the token."""

from capss_mock.contract.model import Answer, Citation, Grade, Level, Rule
from capss_mock.contract.responses import OAUTH_JSON

_D, _I, _A = Grade.DOCUMENTED, Grade.INFERRED, Grade.ASSUMED
_SHEET6 = (Citation("sheet", "step 6"),)
_SHEET7 = (Citation("sheet", "step 7"),)
_SAS = (Citation("spring", "Spring Authorization Server, token endpoint"),)
_KIT = (Citation("kit", "nothing is known"),)
_RFC = "https://datatracker.ietf.org/doc/html/"
_U52 = f"{_RFC}rfc6749#section-5.2"


def _oauth(status: int, error: str) -> Answer:
    return Answer(status, f'{{"error":"{error}"}}', OAUTH_JSON)


def _parameter(name: str, error: str = "invalid_request", what: str = "Parameter", uri: str = _U52) -> Answer:
    body = f'{{"error_description":"OAuth 2.0 {what}: {name}","error":"{error}","error_uri":"{uri}"}}'
    return Answer(400, body, OAUTH_JSON)


def _says(id_: str, grade: Grade, sentence: str, citations: tuple[Citation, ...], switch: str | None = None) -> Rule:
    return Rule(id_, Level.BEHAVIOUR, grade, sentence, citations, switch=switch)


def _refuses(
    id_: str,
    sentence: str,
    answer: Answer,
    hint: str,
    switch: str | None = None,
    otherwise: tuple[tuple[str, str], ...] = (),
) -> Rule:
    return Rule(id_, Level.REFUSAL, _I, sentence, _SAS, answer, hint, switch, otherwise)


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
        (("500", "WEB-FAULT"),),
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
        "use the id and secret that the mock printed at its start (in a test: capss_mock.client_id and client_secret), "
        "or add the client: capss-mock clients add",
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
        (("302", "TOK-NO-CREDENTIALS-LOGIN"),),
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
    _says("TOK-BASIC-WINS", _I, "Basic and credentials in the form together: Basic counts.", _SAS),
    _refuses(
        "TOK-GET",
        "GET on the token endpoint gets 401 with WWW-Authenticate: Bearer, not 405.",
        Answer(401, headers=(("WWW-Authenticate", "Bearer"),)),
        "use POST: a token is asked for with curl -X POST -u clientId:clientSecret",
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
        "TOK-REFRESH-PARAMETER",
        "grant_type=refresh_token without one refresh_token gets 400 invalid_request.",
        _parameter("refresh_token"),
        "CAPSS gives no refresh tokens: ask again with grant_type=client_credentials",
    ),
    _refuses(
        "TOK-CODE-PARAMETER",
        "grant_type=authorization_code without one code gets 400 invalid_request.",
        _parameter("code"),
        "grant_type must be client_credentials",
    ),
    _refuses(
        "TOK-GRANT-INVALID",
        "A refresh_token or a code that was never issued gets 400 invalid_grant.",
        _oauth(400, "invalid_grant"),
        "CAPSS gives neither: ask with grant_type=client_credentials",
    ),
    _refuses(
        "TOK-GRANT-UNAUTHORIZED",
        "A client that was not given the grant gets 400 unauthorized_client.",
        _oauth(400, "unauthorized_client"),
        "this API client may not ask for tokens (capss-mock clients add --no-grant made it so)",
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
    _says(
        "TOK-INTROSPECT",
        _I,
        "POST /oauth2/introspect with the client's credentials tells a good token's claims, and of any other only "
        "that it is not active.",
        (Citation("spring", "Spring Authorization Server, token introspection endpoint"), Citation("rfc7662", "2.2")),
    ),
    _refuses(
        "TOK-INTROSPECT-PARAMETER",
        "Introspection without exactly one token gets 400 invalid_request.",
        _parameter("token", what="Token Introspection Parameter", uri=f"{_RFC}rfc7662#section-2.1"),
        "send token=<access_token> once, as a form field",
    ),
    _says(
        "TOK-REVOKE",
        _I,
        "POST /oauth2/revoke with the client's credentials gets 200 with an empty body, whatever the token; "
        "introspection then calls it inactive, /api goes on taking it until exp.",
        (Citation("spring", "Spring Authorization Server, token revocation endpoint"), Citation("rfc7009", "2.2")),
        "old-tokens",
    ),
    _refuses(
        "TOK-REVOKE-PARAMETER",
        "Revocation without exactly one token gets 400 invalid_request.",
        _parameter("token", what="Token Revocation Parameter", uri=f"{_RFC}rfc7009#section-2.1"),
        "send token=<access_token> once, as a form field",
    ),
    _says(
        "TOK-METADATA",
        _A,
        "GET /.well-known/oauth-authorization-server describes the server. That it is served is inferred; that the "
        "addresses in it are those of the host called is our choice: a program that follows them must not end up at "
        "the DOJ.",
        (Citation("spring", "Spring Authorization Server, metadata endpoint"), Citation("rfc8414", "3.2")),
    ),
)
