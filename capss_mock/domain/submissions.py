"""Submissions: what becomes of a file, and when that becomes visible.

The table of final states is the contract's (rules STA-FINAL-…, all assumed). Time moves only by what is passed in.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from capss_mock.contract.fields import FORMS, LOAN
from capss_mock.contract.model import Choice
from capss_mock.domain.reading import Finding, Reading, Record
from capss_mock.domain.times import SECOND

MESSAGE_LIMIT = 10_000  # error messages that are kept; one more says how many there were
DUPLICATE = "DUP-KEY"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file. Counts are of records, but for the three of items.

    ``rules`` are the ids behind the outcome, for the console and the journal.
    """

    total: int
    saved: int
    duplicates: int
    errors: int
    is_uploaded: bool
    error_messages: tuple[str, ...]
    items: int
    saved_items: int
    error_items: int
    rules: tuple[str, ...]

    @property
    def has_errors(self) -> bool:
        """The member hasErrors."""
        return self.errors > 0

    @property
    def has_duplicates(self) -> bool:
        """The member hasDuplicates."""
        return self.duplicates > 0


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted file. ``status_id`` is the number in links.href; times are nanoseconds since 1970.

    ``completed_ns`` is None until the verdict has become visible; ``progress`` decides when it does.
    """

    status_id: int
    submission_id: str
    kind: str
    license_id: str
    file_name: str
    digest: str
    size: int
    progress: str
    accepted_ns: int
    completed_ns: int | None
    polls: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Policy:
    """What the sender, or the default, wants done: onDup and onError, and the licence of the token."""

    on_dup: str
    on_error: str
    license_id: str
    check_licence: bool = True


def refusals(reading: Reading, policy: Policy) -> list[Finding]:
    """What refuses the whole file, duplicates and bad records aside."""
    found = list(reading.findings)
    if policy.check_licence and reading.licence and reading.licence != policy.license_id:
        found.append(Finding("DOC-LICENCE-MISMATCH", "document", "licenseNumber is not the licence of the API client"))
    return found


def forced(reading: Reading, force: str) -> Reading:
    """The reading as a scenario wants it: records, or the whole file, are bad whatever they are.

    Args:
        force: ``errors``, ``one-error`` or ``unreadable``; anything else leaves the reading as it is.
    """
    if force == "unreadable" and not reading.findings:
        finding = Finding("STA-REFUSED", "document", "cannot be taken")
        return replace(reading, findings=[finding])
    if force not in ("errors", "one-error"):
        return reading
    records = [
        replace(record, findings=(*record.findings, _wanted(record.ordinal)))
        if force == "errors" or record.ordinal == 1
        else record
        for record in reading.records
    ]
    return replace(reading, records=records)


def _wanted(ordinal: int) -> Finding:
    where = f"{FORMS['upload'].record.name} {ordinal}"
    return Finding("STA-REFUSED", where, "is refused", True, ordinal)


class Duplicates:
    """Tells records that repeat an item that is known, or that an earlier good record of the file has.

    Items of the same record are not compared with each other: two alike may well be sold together.
    """

    def __init__(self, known: Collection[str] = ()) -> None:
        self._known = known
        self._seen: set[bytes] = set()  # as bytes: a long file has very many

    def repeats(self, record: Record) -> bool:
        """Whether this record, the next of the file, repeats one; a bad record neither does nor is repeated."""
        if record.errors:
            return False
        keys = {item.key.encode() for item in record.items}
        again = not keys.isdisjoint(self._seen) or any(item.key in self._known for item in record.items)
        self._seen |= keys
        return again


def duplicate_ordinals(records: Iterable[Record], known: Collection[str]) -> set[int]:
    """Which records repeat an item that is known, or that an earlier good record of the file has."""
    duplicates = Duplicates(known)
    return {record.ordinal for record in records if duplicates.repeats(record)}


def _limited(messages: list[str]) -> tuple[str, ...]:
    if len(messages) <= MESSAGE_LIMIT:
        return tuple(messages)
    return (*messages[:MESSAGE_LIMIT], f"and {len(messages) - MESSAGE_LIMIT} more")


def _messages(record: Record) -> str:
    """One message for one bad record."""
    first, *others = record.errors
    return f"{first}; {'; '.join(str(other) for other in others)}" if others else str(first)


def _duplicate_message(record: Record) -> str:
    number = next((item.loan for item in record.items if item.loan), "")
    label = f" ({LOAN} {number})" if number else ""
    return f"record {record.ordinal}{label}: duplicate ({DUPLICATE})"


def decide_upload(reading: Reading, policy: Policy, duplicates: set[int]) -> tuple[Verdict, list[Record]]:
    """Decide over an upload: the verdict, and the records to save.

    Args:
        duplicates: ordinals, from ``duplicate_ordinals``.
    """
    fatal = refusals(reading, policy)
    bad = [record for record in reading.records if record.errors]
    again = [record for record in reading.records if record.ordinal in duplicates]
    messages = [str(finding) for finding in fatal] + [_messages(record) for record in bad]
    refused = bool(fatal) or (bool(bad) and policy.on_error == "reject")
    if again and policy.on_dup == "reject":
        refused = True
        messages += [_duplicate_message(record) for record in again]
    dropped = {record.ordinal for record in bad}
    if policy.on_dup == "submitWithoutDups":
        dropped |= duplicates
    saved = [] if refused else [record for record in reading.records if record.ordinal not in dropped]
    nothing_good = bool(bad) and not saved
    verdict = Verdict(
        total=len(reading.records),
        saved=len(saved),
        duplicates=len(again),
        errors=max(len(bad), 1 if fatal else 0),
        is_uploaded=not refused and not nothing_good,
        error_messages=_limited(messages),
        items=reading.items,
        saved_items=sum(len(record.items) for record in saved),
        error_items=sum(len(record.items) for record in bad),
        rules=_rules(fatal, bad, again),
    )
    return verdict, saved


def _rules(fatal: Sequence[Finding], bad: Sequence[Record], again: Sequence[Record]) -> tuple[str, ...]:
    ids = dict.fromkeys(finding.rule for finding in fatal)
    ids.update(dict.fromkeys(finding.rule for record in bad for finding in record.errors))
    if again:
        ids[DUPLICATE] = None
    return tuple(ids)


def decide_update(reading: Reading, policy: Policy, unknown: set[int]) -> tuple[Verdict, list[Record]]:
    """Decide over an item update: the verdict, and the records (items) to apply.

    Args:
        unknown: ordinals of items that the store does not have.
    """
    fatal = refusals(reading, policy)
    bad = [record for record in reading.records if record.errors or record.ordinal in unknown]
    messages = [str(finding) for finding in fatal]
    for record in bad:
        if record.errors:
            messages.append(_messages(record))
        else:
            messages.append(f"item {record.ordinal}: no saved item has this key (UPD-UNKNOWN-ITEM)")
    dropped = {record.ordinal for record in bad}
    saved = [] if fatal else [record for record in reading.records if record.ordinal not in dropped]
    rules = _rules(fatal, [record for record in bad if record.errors], ())
    if unknown:
        rules = (*rules, "UPD-UNKNOWN-ITEM")
    count = 0 if fatal else len(saved) + reading.counted
    verdict = Verdict(
        total=len(reading.records) + reading.counted,
        saved=count,
        duplicates=0,
        errors=max(len(bad), 1 if fatal else 0),
        is_uploaded=bool(count),
        error_messages=_limited(messages),
        items=len(reading.records) + reading.counted,
        saved_items=count,
        error_items=len(bad),
        rules=rules,
    )
    return verdict, saved


def is_visible(progress: Choice, polls_before: int, accepted_ns: int, now_ns: int) -> bool:
    """Whether a poll made now, after ``polls_before`` earlier ones, sees the verdict."""
    match progress.value:
        case "immediate":
            return True
        case "polls":
            return polls_before >= progress.count
        case "seconds":
            assert progress.number is not None  # noqa: S101 - the switch reads it so
            return now_ns - accepted_ns >= progress.number * SECOND
        case _:  # hold
            return False


def completion(progress: Choice, accepted_ns: int, now_ns: int) -> int:
    """When the work was done, for a verdict that became visible now."""
    match progress.value:
        case "immediate":
            return accepted_ns
        case "seconds":
            assert progress.number is not None  # noqa: S101 - the switch reads it so
            return accepted_ns + round(progress.number * SECOND)
        case _:
            return now_ns
