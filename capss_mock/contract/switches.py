"""Every open question about CAPSS that the mock can answer in more than one way, and named sets of answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from capss_mock.contract.fields import DEFAULT_PROFILE, FORMS, PROFILES
from capss_mock.contract.model import Citation, Grade, Option, Switch, by_id

_D, _O, _I, _A = Grade.DOCUMENTED, Grade.OBSERVED, Grade.INFERRED, Grade.ASSUMED
_KIT = (Citation("kit", "nothing is known"),)
_SPRING = (Citation("spring", "default of the stack, or a common setting of it"),)

_UPDATE_FORM = (Citation("sheet", "step 10: an .xml file of Property Transaction Items; no more is known"),)


def _named(id_: str, what: str, default: str) -> Switch:
    """A switch for the name of an element of update documents."""
    return Switch(
        id_,
        f"Which element is {what} of an item-update document?",
        (Option("name", "the element NAME", argument="NAME", is_name=True),),
        f"name:{default}",
        _UPDATE_FORM,
    )


_DUPLICATES = (
    Option("reject", "refuse the file, name each duplicate"),
    Option("submitWithDups", "save everything, flag the duplicates"),
    Option("submitWithoutDups", "save the rest, drop the duplicates", _O),
)

SWITCHES = by_id(
    (
        Switch(
            "api-generation",
            "Which paths does the server answer on?",
            (
                Option("both", "new and old paths", _A),
                Option("new", "/oauth2/token, /api/bulkimport, /api/itemupdate", _D),
                Option("old", "/oauth/token, /api/bulkupload", _O),
            ),
            "both",
            (Citation("sheet", "steps 6 to 11"), Citation("client-a", "old paths until December 2025")),
        ),
        Switch(
            "save-code",
            "Which HTTP status answers an accepted upload?",
            (Option("202", "Accepted", _O), Option("200", "OK", _A)),
            "202",
            (Citation("client-a", "treats everything but 202 as failure"),),
        ),
        Switch(
            "update-code",
            "Which HTTP status answers an accepted item update?",
            (Option("202", "Accepted, as for an upload", _A), Option("200", "OK", _A)),
            "202",
            _KIT,
        ),
        Switch(
            "pending",
            "How does a status poll answer while the file is being worked on?",
            (
                Option("202", "202 with statusMessage processing", _O),
                Option("200-with-word", "200 with statusMessage processing", _A),
            ),
            "202",
            (Citation("client-a", "keeps polling on 202; the body is assumed"),),
        ),
        Switch(
            "progress",
            "When does the verdict on a submission become visible?",
            (
                Option("polls", "after N pending answers", argument="N"),
                Option("immediate", "at the first poll"),
                Option("seconds", "S seconds after acceptance", argument="S", whole=False),
                Option("hold", "never, until released"),
            ),
            "polls:2",
            _KIT,
        ),
        Switch("on-dup-default", "What does onDup mean when it is not sent?", _DUPLICATES, "reject", _KIT),
        Switch(
            "on-error-default",
            "What does onError mean when it is not sent?",
            (
                Option("reject", "one bad record refuses the file"),
                Option("submit", "the good records are saved", _O),
            ),
            "reject",
            _KIT,
        ),
        Switch(
            "unknown-query",
            "What happens to an unknown value of onDup or onError?",
            (Option("ignore", "as if it had not been sent"), Option("400", "400 Bad Request")),
            "ignore",
            _KIT,
        ),
        Switch(
            "xml-faults",
            "Where does a document that cannot be read surface?",
            (Option("status", "in the status, later"), Option("save-400", "at once, as 400 Bad Request")),
            "status",
            _KIT,
        ),
        Switch(
            "licence-mismatch",
            "What if the document's licenseNumber is not the token's license_id?",
            (Option("error", "the file is refused in the status"), Option("ignore", "nothing")),
            "error",
            _KIT,
        ),
        Switch(
            "document-profile",
            "Which date's form must documents have?",
            tuple(
                Option(each.id, f"in force from {each.since}: {each.sentence}", each.grade)
                for each in PROFILES.values()
            ),
            DEFAULT_PROFILE,
            (Citation("client-a", "its generator"), Citation("client-b", "its generator"), Citation("sb1317", "21628")),
        ),
        Switch(
            "on-file",
            "What happens to a record that names the person, where the profile says on file?",
            (
                Option("accept", "it is taken (CAPSS is said to overwrite the values)", _D),
                Option("refuse", "the record is an error", _A),
            ),
            "accept",
            (Citation("sb1317", "interim practice"), Citation("kit", "how long it lasts is not known")),
        ),
        Switch(
            "element-order",
            "Is the order of elements enforced?",
            (Option("any", "no", _A), Option("strict", "a record in another order is an error", _A)),
            "any",
            (Citation("kit", "the known generators agree on transactions and customers, not on items"),),
        ),
        Switch(
            "report-dates",
            "What happens to a record that is reported late, or whose transactionTime is in the future?",
            (
                Option("off", "nothing: dates are not looked at"),
                Option("warn", "capss-mock validate warns; the mock takes it", _A),
                Option("error", "the record is an error"),
            ),
            "warn",
            (Citation("bpc", "21630: by the next business day"), Citation("kit", "what CAPSS does is not known")),
        ),
        Switch(
            "update-document",
            "What is an item-update document?",
            (
                Option("kit", "the kit's own form, with the names of the switches update-…"),
                Option("wellformed", "any well-formed XML: its records are counted, no item is changed"),
            ),
            "kit",
            _UPDATE_FORM,
        ),
        _named("update-root", "the root", FORMS["update"].root),
        _named("update-container", "the container", FORMS["update"].container),
        _named("update-key", "the item's key", FORMS["update"].key),
        Switch(
            "status-not-found",
            "How is an unknown status id, or another licence's, answered?",
            (Option("404", "404 Not Found"), Option("403", "403 Forbidden")),
            "404",
            _KIT,
        ),
        Switch(
            "missing-credentials",
            "How does the token endpoint answer a request without any credentials?",
            (
                Option("401", "401 with an empty body", _I),
                Option("302", "302 to the login page /login/auth", _I),
            ),
            "401",
            _SPRING,
        ),
        Switch(
            "post-without-token",
            "How is a POST to /api without a bearer answered?",
            (
                Option("401", "401 with WWW-Authenticate: Bearer", _I),
                Option("403", "403, as when CSRF protection is on", _I),
            ),
            "401",
            _SPRING,
        ),
        Switch(
            "client-secret-post",
            "Are client_id and client_secret accepted in the form instead of Basic?",
            (Option("refuse", "401 invalid_client", _I), Option("accept", "accepted", _A)),
            "refuse",
            (Citation("spring", "per-client authentication methods"), Citation("rfc6749", "2.3.1")),
        ),
        Switch(
            "error-timestamp",
            "How is the timestamp of an error reply written?",
            (
                Option("number", "epoch milliseconds", _I),
                Option("iso", "2025-12-15T22:03:52.123+00:00", _I),
            ),
            "number",
            _SPRING,
        ),
        Switch(
            "completed-at",
            "How much of completedAt does a final upload status show?",
            (
                Option("full", "[y,M,d,H,m,s,nanos], trailing zero parts dropped", _D),
                Option("trimmed-6", "no nanos: six numbers (five on a full minute)", _I),
                Option("trimmed-5", "no seconds: five numbers", _I),
                Option("null", "null, as in the sheet's item update", _D),
            ),
            "full",
            (Citation("sheet", "steps 9 and 11"), Citation("spring", "Jackson, LocalDateTime as array")),
        ),
        Switch(
            "token-lifetime",
            "When does an access token expire?",
            (
                Option("pacific-midnight", "midnight Pacific that begins the API client's date", _I),
                Option("ttl", "S seconds after issue", _A, argument="S"),
            ),
            "pacific-midnight",
            (Citation("sheet", "step 7: exp of the example token"),),
        ),
        Switch(
            "past-date",
            "What answers a token request of a client whose date has passed?",
            (
                Option("401", "401 invalid_client"),
                Option("500", "500, as when a token with exp before iat is built"),
            ),
            "401",
            _KIT,
        ),
        Switch(
            "old-tokens",
            "Do tokens stay valid until exp when they were revoked, or the client's secret was changed since?",
            (Option("valid", "yes: nothing looks them up", _I), Option("401", "no: 401 invalid_token", _A)),
            "valid",
            _SPRING,
        ),
        Switch(
            "signing-key",
            "Does the signing key outlive the server process?",
            (
                Option("store", "kept in the store: tokens survive a restart with the same store"),
                Option("per-start", "a new key at each start"),
            ),
            "store",
            _KIT,
        ),
        Switch(
            "size-limit",
            "From how many bytes of request body on is the answer 413?",
            (Option("bytes", "more than N bytes", argument="N"),),
            "bytes:104857600",
            _KIT,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A named set of switches; what it does not name stays at its default."""

    id: str
    sentence: str
    settings: Mapping[str, str]


DIALECTS = by_id(
    (
        Dialect("sheet", "Every switch at its default: closest to the DOJ's sheet.", {}),
        Dialect("old-2025", "Only the old paths of 2025 are served.", {"api-generation": "old"}),
        Dialect(
            "strict-order",
            "Elements of transactions and customers must stand in the order of the known generators.",
            {"element-order": "strict"},
        ),
        Dialect(
            "post-401-to-403",
            "A POST without a bearer is answered 403, as with CSRF protection on.",
            {"post-without-token": "403"},
        ),
        Dialect(
            "pending-200",
            "A pending status is answered 200 and told apart by statusMessage only.",
            {"pending": "200-with-word"},
        ),
    )
)
