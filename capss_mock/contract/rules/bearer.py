"""BEA: the bearer token on /api. Every refusal has an empty body."""

from capss_mock.contract.model import Answer, Citation, Grade, Level, Rule

_SPRING = (
    Citation("spring", "Spring Security, resource server, BearerTokenAuthenticationEntryPoint"),
    Citation("rfc6750", "3"),
)
_U31 = "https://tools.ietf.org/html/rfc6750#section-3.1"
_DECODE = "An error occurred while attempting to decode the Jwt: "


_SCOPE_VALUE = (
    'Bearer error="insufficient_scope", error_description="The request requires higher privileges '
    f'than provided by the access token.", error_uri="{_U31}"'
)


def _refuses(id_: str, sentence: str, answer: Answer, hint: str, switch: str | None = None) -> Rule:
    return Rule(id_, Level.REFUSAL, Grade.INFERRED, sentence, _SPRING, answer, hint, switch)


def _invalid(description: str) -> Answer:
    value = f'Bearer error="invalid_token", error_description="{description}", error_uri="{_U31}"'
    return Answer(401, headers=(("WWW-Authenticate", value),))


RULES = (
    _refuses(
        "BEA-NONE",
        "No bearer in the Authorization header (none at all, in the query or form only, or Basic) gets 401 Bearer.",
        Answer(401, headers=(("WWW-Authenticate", "Bearer"),)),
        "send the header Authorization: Bearer <access_token>; the token goes nowhere else",
        "post-without-token",
    ),
    _refuses(
        "BEA-NONE-CSRF",
        "With CSRF protection on, a POST without a bearer gets 403.",
        Answer(403),
        "send the header Authorization: Bearer <access_token>",
        "post-without-token",
    ),
    _refuses(
        "BEA-MALFORMED",
        "A bearer with characters that no token has (a line break, two spaces, nothing) is malformed.",
        _invalid("Bearer token is malformed"),
        "paste the access_token without spaces, quotes or line breaks",
    ),
    _refuses(
        "BEA-NOT-JWT",
        "A bearer that is not a JWT is refused.",
        _invalid(_DECODE + "Malformed token"),
        "this is not a JWT: use the whole value of access_token",
    ),
    _refuses(
        "BEA-ALG-NONE",
        "An unsigned JWT is refused.",
        _invalid(_DECODE + "Unsupported algorithm of none"),
        "use the access_token as it was issued",
    ),
    _refuses(
        "BEA-EXPIRED",
        "A token more than 60 s past its exp is refused.",
        _invalid(_DECODE + "Jwt expired at {at}"),
        "ask for a new token",
    ),
    _refuses(
        "BEA-NOT-YET",
        "A token more than 60 s before its nbf is refused.",
        _invalid(_DECODE + "Jwt used before {at}"),
        "the token begins in the future: was it issued under another clock?",
    ),
    _refuses(
        "BEA-SIGNATURE",
        "A token whose signature does not fit is refused.",
        _invalid(_DECODE + "Signed JWT rejected: Invalid signature"),
        "the token was changed or cut off: use the access_token as it was issued",
    ),
    _refuses(
        "BEA-KEY",
        "A token signed with a key or algorithm that the server does not have is refused.",
        _invalid(_DECODE + "Signed JWT rejected: Another algorithm expected, or no matching key(s) found"),
        "the token is from another server or another start of this mock: ask for a new one",
    ),
    Rule(
        "BEA-OLD-SECRET",
        Level.REFUSAL,
        Grade.ASSUMED,
        "Where tokens do not outlive a change of the secret, an older one is refused.",
        (Citation("kit", "the wording is ours"),),
        _invalid(_DECODE + "Token version is not current"),
        "the client's secret was changed after this token was issued: ask for a new one",
        "old-tokens",
    ),
    Rule(
        "BEA-REVOKED",
        Level.REFUSAL,
        Grade.ASSUMED,
        "Where tokens do not outlive their revocation, a revoked one is refused.",
        (Citation("kit", "the wording is ours"),),
        _invalid(_DECODE + "Token was revoked"),
        "the token was revoked: ask for a new one",
        "old-tokens",
    ),
    _refuses(
        "BEA-SCOPE",
        "A token without the scope api gets 403 insufficient_scope.",
        Answer(
            403,
            headers=(
                (
                    "WWW-Authenticate",
                    _SCOPE_VALUE,
                ),
            ),
        ),
        "ask for the token with scope=api",
    ),
    Rule(
        "BEA-SCHEME-CASE",
        Level.BEHAVIOUR,
        Grade.INFERRED,
        "The scheme's name may be written in any case: bearer, BEARER.",
        _SPRING,
    ),
)
