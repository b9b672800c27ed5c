"""One method per thing a caller wants. Holds settings, store, clock and keys; knows no Flask."""

import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from capss_mock.clock import Clock, Entropy
from capss_mock.contract.model import Choice
from capss_mock.contract.responses import SCOPE
from capss_mock.contract.switches import SWITCHES
from capss_mock.domain import credentials, submissions, tokens
from capss_mock.domain.clients import ApiClient, SecretChecker
from capss_mock.domain.credentials import Form
from capss_mock.domain.documents import keep_item
from capss_mock.domain.errors import Refusal
from capss_mock.domain.intake import Intake
from capss_mock.domain.reading import Item, Reading, Record
from capss_mock.domain.submissions import Policy, Submission, Verdict
from capss_mock.domain.times import SECOND
from capss_mock.domain.tokens import SigningKey, Verifier
from capss_mock.settings import Settings
from capss_mock.store import Store

_QUERY_SWITCHES = {"onDup": "on-dup-default", "onError": "on-error-default"}


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


class Capss:
    """What CAPSS does, as far as it is known."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        key: "Future[SigningKey]",
        checker: SecretChecker | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self._entropy = entropy
        self._key = key
        self._verifier = Verifier(key)
        self._secrets = checker or SecretChecker()

    # -- tokens -------------------------------------------------------------------------------------

    def issue_token(self, authorization: str | None, form: Form, query: Form) -> Issued:
        """Answer a token request.

        Raises:
            Refusal: one of the TOK rules.
        """
        client = self._authenticated_client(authorization, form)
        scoped = credentials.read_grant(form, query)
        now_ns = self.clock.now_ns()
        exp = tokens.expires_at(client, self.settings.choice("token-lifetime"), now_ns)
        now = now_ns // SECOND
        payload = tokens.claims(client, scoped=scoped, now=now, exp=exp, jti=self._entropy.uuid())
        token = tokens.sign(self._key.result(), payload)
        return Issued(tokens.token_reply(token, scoped=scoped, now=now, exp=exp), client, exp)

    def _authenticated_client(self, authorization: str | None, form: Form) -> ApiClient:
        given = credentials.read_credentials(authorization, form)
        if given.in_form and self.settings.is_set("client-secret-post", "refuse"):
            raise Refusal("TOK-CLIENT-SECRET-POST")
        client = self.store.client(given.client_id)
        if client is None:
            raise Refusal("TOK-WRONG-SECRET", "unknown client id")
        if not self._secrets.check(given.secret, client.secret_hash):
            raise Refusal("TOK-WRONG-SECRET", f"wrong secret for {client.client_id!r}")
        if not client.enabled:
            raise Refusal("TOK-DISABLED-CLIENT")
        return client

    def jwks(self) -> dict[str, Any]:
        """The public keys, as a JWK Set."""
        return {"keys": [self._key.result().public_jwk()]}

    def authenticate(self, authorization: str | None) -> Caller:
        """Check a bearer token.

        Raises:
            Refusal: one of the BEA rules.
        """
        claims = self._verifier.verify(tokens.read_bearer(authorization), self.clock.now_ns())
        if self.settings.is_set("old-tokens", "401"):
            client = self.store.client(claims["client_id"])
            if client is None or str(client.token_version) != claims["token_version"]:
                raise Refusal("BEA-OLD-SECRET")
        if SCOPE not in claims.get("scope", ()):
            raise Refusal("BEA-SCOPE")
        return Caller(claims["client_id"], claims["license_id"])

    # -- submissions --------------------------------------------------------------------------------

    def read_query(self, query: Form) -> dict[str, str]:
        """onDup and onError as sent, or their defaults.

        Raises:
            Refusal: UPL-QUERY-UNKNOWN.
        """
        chosen: dict[str, str] = {}
        for name, switch in _QUERY_SWITCHES.items():
            chosen[name] = self.settings.choice(switch).value
            for value in query.get(name, ())[:1]:
                if any(option.value == value for option in SWITCHES[switch].options):
                    chosen[name] = value
                elif self.settings.is_set("unknown-query", "400"):
                    raise Refusal("UPL-QUERY-UNKNOWN", f"{name} has an unknown value")
        return chosen

    def open_intake(self, kind: str) -> Intake:
        """A sink for the document of an ``upload`` or an ``update``."""
        return Intake(kind)

    def accept_upload(self, caller: Caller, reading: Reading, file_name: str, query: Mapping[str, str]) -> Submission:
        """Judge and keep an upload; when this returns, it is committed.

        Raises:
            Refusal: UPL-UNREADABLE, by switch.
        """
        self._refuse_unreadable(reading)
        policy = Policy(query["onDup"], query["onError"], caller.license_id, self._checks_licence())
        keys = [item.key for record in reading.records for item in record.items]
        with self.store.write() as tx:
            known = self.store.known_keys(tx, caller.license_id, keys)
            again = submissions.duplicate_ordinals(reading.records, known)
            verdict, saved = submissions.decide_upload(reading, policy, again)
            kept = self.store.add_submission(tx, self._submission("upload", caller, reading, file_name, verdict))
            self.store.add_items(
                tx,
                (
                    _columns(item) | {"record": record.ordinal, "dedup_key": item.key}
                    for record in saved
                    for item in record.items
                ),
                status_id=kept.status_id,
                license_id=caller.license_id,
            )
        return kept

    def accept_update(self, caller: Caller, reading: Reading, file_name: str) -> Submission:
        """Judge an item update, apply what can be applied, and keep it; then it is committed.

        Raises:
            Refusal: UPL-UNREADABLE, by switch.
        """
        self._refuse_unreadable(reading)
        policy = Policy("reject", "submit", caller.license_id, self._checks_licence())
        with self.store.write() as tx:
            found = {record.ordinal: self._find(tx, caller, record) for record in reading.records}
            unknown = {ordinal for ordinal, item in found.items() if item is None}
            verdict, saved = submissions.decide_update(reading, policy, unknown)
            kept = self.store.add_submission(tx, self._submission("update", caller, reading, file_name, verdict))
            for record in saved:
                target = found[record.ordinal]
                assert target is not None  # noqa: S101 - unknown ones are not among the saved
                item_id, fields = target
                changed = keep_item(fields | json.loads(record.items[0].fields))
                self.store.update_item(tx, item_id, _columns(changed) | {"updated_by": kept.status_id})
        return kept

    def status(self, caller: Caller, kind: str, status_id: int) -> tuple[Submission, bool]:
        """A submission, and whether its verdict is visible; asking counts as a poll.

        Raises:
            Refusal: STA-UNKNOWN.
        """
        with self.store.read() as tx:
            found = self._own(tx, caller, kind, status_id)
        if found.completed_ns is not None:
            return found, True
        with self.store.write() as tx:
            found = self._own(tx, caller, kind, status_id)
            if found.completed_ns is None:
                found = self._polled(tx, found)
        return found, found.completed_ns is not None

    def _own(self, tx: Any, caller: Caller, kind: str, status_id: int) -> Submission:
        found = self.store.submission(tx, status_id)
        if found is None or found.kind != kind or found.license_id != caller.license_id:
            rule = "STA-UNKNOWN" if self.settings.is_set("status-not-found", "404") else "STA-UNKNOWN-FORBIDDEN"
            raise Refusal(rule, f"no {kind} {status_id} of licence {caller.license_id}")
        return found

    def _polled(self, tx: Any, found: Submission) -> Submission:
        progress = SWITCHES["progress"].read(found.progress)
        now_ns = self.clock.now_ns()
        completed = None
        if submissions.is_visible(progress, found.polls, found.accepted_ns, now_ns):
            completed = submissions.completion(progress, found.accepted_ns, now_ns)
        found = replace(found, polls=found.polls + 1, completed_ns=completed)
        if completed is not None or progress.value == "polls":
            self.store.mark_polled(tx, found.status_id, found.polls, completed)
        return found

    def _submission(self, kind: str, caller: Caller, reading: Reading, file_name: str, verdict: Verdict) -> Submission:
        progress: Choice = self.settings.choice("progress")
        return Submission(
            status_id=0,
            submission_id=self._entropy.uuid(),
            kind=kind,
            license_id=caller.license_id,
            file_name=file_name,
            digest=reading.digest,
            size=reading.size,
            progress=str(progress),
            accepted_ns=self.clock.now_ns(),
            completed_ns=None,
            polls=0,
            verdict=verdict,
        )

    def _checks_licence(self) -> bool:
        return self.settings.is_set("licence-mismatch", "error")

    def _refuse_unreadable(self, reading: Reading) -> None:
        if reading.findings and self.settings.is_set("xml-faults", "save-400"):
            raise Refusal("UPL-UNREADABLE", str(reading.findings[0]))

    def _find(self, tx: Any, caller: Caller, record: Record) -> tuple[int, dict[str, str]] | None:
        item = record.items[0]
        return self.store.find_item(tx, caller.license_id, item.reference, item.loan, item.serial)


def _columns(item: Item) -> dict[str, Any]:
    return {"reference": item.reference, "loan_number": item.loan, "serial": item.serial, "fields": item.fields}
