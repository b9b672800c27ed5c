"""Uploads and item updates: accepted, judged, kept, asked about."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from capss_mock.clock import Clock, Entropy
from capss_mock.contract import fields
from capss_mock.contract.fields import PROFILES
from capss_mock.contract.model import Choice
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.switches import SWITCHES
from capss_mock.domain import submissions
from capss_mock.domain.brief import brief_of
from capss_mock.domain.credentials import Form
from capss_mock.domain.documents import keep_item
from capss_mock.domain.errors import Refusal
from capss_mock.domain.intake import Intake
from capss_mock.domain.reading import Item, Reading, Record
from capss_mock.domain.submissions import Policy, Submission, Verdict
from capss_mock.domain.times import pacific
from capss_mock.settings import Settings
from capss_mock.store import Store
from capss_mock.usecases.tokens import Caller

_QUERY_SWITCHES = {"onDup": "on-dup-default", "onError": "on-error-default"}


class Submissions:
    """What is sent with a good token, and what becomes of it."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, entropy: Entropy) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self._entropy = entropy
        self._profile = PROFILES[settings.choice("document-profile").value]

    def read_query(self, query: Form) -> tuple[dict[str, str], str]:
        """onDup and onError as sent, or their defaults; and, for the console, which parameters were passed over.

        Raises:
            Refusal: UPL-QUERY-UNKNOWN.
        """
        chosen: dict[str, str] = {}
        ignored = len(query.keys() - _QUERY_SWITCHES.keys())
        known = f"known are {' and '.join(_QUERY_SWITCHES)}, spelt so"
        notes = [f"{ignored} unknown parameter(s) ignored: {known}"] if ignored else []
        for name, switch in _QUERY_SWITCHES.items():
            chosen[name] = self.settings.choice(switch).value
            for value in query.get(name, ())[:1]:
                if any(option.value == value for option in SWITCHES[switch].options):
                    chosen[name] = value
                elif self.settings.is_set("unknown-query", "400"):
                    raise Refusal("UPL-QUERY-UNKNOWN", f"{name} has an unknown value")
                else:
                    values = ", ".join(option.value for option in SWITCHES[switch].options)
                    notes.append(f"unknown value of {name} ignored (UPL-QUERY-UNKNOWN [assumed]): known are {values}")
        return chosen, "; ".join(notes)

    def open_intake(self, kind: str) -> Intake:
        """A sink for the document of an ``upload`` or an ``update``."""
        now = pacific(self.clock.now_ns())
        return Intake(brief_of(kind, self.settings.switches, self._profile, now, warnings=False))

    def accept_upload(self, caller: Caller, reading: Reading, file_name: str, query: Mapping[str, str]) -> Submission:
        """Judge and keep an upload; when this returns, it is committed.

        Raises:
            Refusal: UPL-UNREADABLE, by switch.
        """
        reading = submissions.forced(reading, SCENARIOS[self.settings.scenario].force)
        self._refuse_unreadable(reading)
        policy = Policy(query["onDup"], query["onError"], caller.license_id, self._checks_licence())
        keys = [item.key for record in reading.records for item in record.items]
        with self.store.write() as tx:
            known = self.store.known_keys(tx, caller.license_id, keys)
            again = submissions.duplicate_ordinals(reading.records, known)
            if SCENARIOS[self.settings.scenario].force == "duplicates":
                again = {record.ordinal for record in reading.records if not record.errors}
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
        reading = submissions.forced(reading, SCENARIOS[self.settings.scenario].force)
        self._refuse_unreadable(reading)
        policy = Policy("reject", "submit", caller.license_id, self._checks_licence())
        with self.store.write() as tx:
            found = {record.ordinal: self._find(tx, caller, record) for record in reading.records}
            unknown = {ordinal for ordinal, item in found.items() if item is None}
            verdict, saved = submissions.decide_update(reading, policy, unknown)
            kept = self.store.add_submission(tx, self._submission("update", caller, reading, file_name, verdict))
            current = dict(filter(None, found.values()))  # a file may name an item more than once
            for record in saved:
                target = found[record.ordinal]
                assert target is not None  # noqa: S101 - unknown ones are not among the saved
                item_id, _ = target
                current[item_id] |= json.loads(record.items[0].fields)
                changed = keep_item(current[item_id])
                self.store.update_item(tx, item_id, _columns(changed) | {"updated_by": kept.status_id})
        return kept

    def release(self, status_id: int | None = None) -> int:
        """Let the verdict on a pending submission, or on all of them, be seen at the next poll; gives their number."""
        with self.store.write() as tx:
            return self.store.release(tx, status_id)

    def status(self, caller: Caller, kind: str, status_id: int) -> tuple[Submission, bool]:
        """A submission, and whether its verdict is visible; asking counts as a poll.

        Raises:
            Refusal: STA-UNKNOWN.
        """
        while True:
            with self.store.read() as tx:
                found = self._own(tx, caller, kind, status_id)
            if found.completed_ns is not None:
                return found, True
            polled = self._polled(found)
            if polled.completed_ns is None and not found.progress.startswith("polls"):
                return polled, False  # such polls change nothing
            with self.store.write() as tx:
                if self.store.mark_polled(tx, found, polled):
                    return polled, polled.completed_ns is not None
            # another poll, or a release, came between: look again

    def _own(self, tx: Any, caller: Caller, kind: str, status_id: int) -> Submission:
        found = self.store.submission(tx, status_id)
        if found is None or found.kind != kind or found.license_id != caller.license_id:
            rule = "STA-UNKNOWN" if self.settings.is_set("status-not-found", "404") else "STA-UNKNOWN-FORBIDDEN"
            raise Refusal(rule, f"no {kind} {status_id} of licence {caller.license_id}")
        return found

    def _polled(self, found: Submission) -> Submission:
        """What one more poll makes of a submission."""
        progress = SWITCHES["progress"].read(found.progress)
        now_ns = self.clock.now_ns()
        completed = None
        if submissions.is_visible(progress, found.polls, found.accepted_ns, now_ns):
            completed = submissions.completion(progress, found.accepted_ns, now_ns)
        return replace(found, polls=found.polls + 1, completed_ns=completed)

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
        by: dict[str, str | None] = {"reference": item.reference}
        match self.settings.choice("update-key").name:
            case fields.SERIAL:
                by = {"serial": item.serial}
            case fields.LOAN:
                by = {"loan_number": item.loan}
            case _ if not item.reference:
                by = {"loan_number": item.loan, "serial": item.serial}
        return self.store.find_item(tx, caller.license_id, by)


def _columns(item: Item) -> dict[str, Any]:
    return {"reference": item.reference, "loan_number": item.loan, "serial": item.serial, "fields": item.fields}
