"""What is known of a document once it has been read: counts, findings, item fields. Never the document itself."""

import marshal
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: the rule's id, where, and a sentence that quotes no value that can identify a person.

    ``is_error`` False: a warning. ``record`` and ``item`` count from 1 (0: the whole document, the whole record);
    ``path`` names the elements from there down to the faulty one, or to the parent of a missing one. ``line`` and
    ``column`` (from 1; 0: not known) are those of faults of the whole document. ``meant`` is the value that was
    meant, where it can be told.
    """

    rule: str
    where: str
    message: str
    is_error: bool = True
    record: int = 0
    item: int = 0
    path: tuple[str, ...] = ()
    line: int = 0
    column: int = 0
    meant: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message} ({self.rule})"


@dataclass(frozen=True, slots=True)
class Item:
    """One item, in the form in which it is kept.

    ``key`` is the digest by which duplicates are told, in hex; ``fields`` the kept fields (element name to text) as
    JSON text: a long document has many, and only an update looks into them. The other three are what items are
    found by.
    """

    key: str
    fields: str
    reference: str | None = None
    loan: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One propertyTransaction, or one item of an update; ``ordinal`` counts from 1."""

    ordinal: int
    items: tuple[Item, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings for which the record cannot be taken."""
        return tuple(finding for finding in self.findings if finding.is_error)


@dataclass(slots=True)
class Reading:
    """The result of reading one document of ``size`` bytes with SHA-256 ``digest``.

    ``findings`` are those of the whole document; one of them means that it cannot be taken at all. ``counted`` are the
    records of a document of which nothing but their number is read.
    """

    digest: str = ""
    size: int = 0
    licence: str = ""
    records: list[Record] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counted: int = 0

    @property
    def items(self) -> int:
        """How many items the records hold."""
        return sum(len(record.items) for record in self.records)


def _row(finding: Finding) -> tuple[object, ...]:
    return tuple(getattr(finding, name) for name in Finding.__slots__)


def _packed(values: list[Any] | tuple[Any, ...]) -> bytes:
    data = marshal.dumps(values)
    return len(data).to_bytes(4, "big") + data


def pack_records(records: Iterable[Record]) -> bytes:
    """Some records as one message for ``unpack``."""
    return _packed(
        [
            (
                record.ordinal,
                [(i.key, i.fields, i.reference, i.loan, i.serial) for i in record.items],
                [_row(finding) for finding in record.findings],
            )
            for record in records
        ]
    )


def pack_end(reading: Reading) -> bytes:
    """What a reading says of the whole document, as the last message for ``unpack``."""
    return _packed(
        (
            reading.digest,
            reading.size,
            reading.licence,
            [_row(finding) for finding in reading.findings],
            reading.counted,
        )
    )


def unpack(stream: IO[bytes]) -> Reading:
    """Read the messages of ``pack_records`` and ``pack_end``, which our own child process wrote.

    marshal, since it is this interpreter on both sides: a long document has tens of thousands of records.

    Raises:
        ValueError: the last message is missing: the writer did not finish.
    """
    records: list[Record] = []
    while len(head := stream.read(4)) == 4:
        length = int.from_bytes(head, "big")
        if len(data := stream.read(length)) < length:
            break
        values = marshal.loads(data)  # noqa: S302 - from our own child process
        if isinstance(values, tuple):
            digest, size, licence, findings, counted = values
            return Reading(digest, size, licence, records, [Finding(*row) for row in findings], counted)
        records += (
            Record(ordinal, tuple(Item(*row) for row in items), tuple(Finding(*row) for row in found))
            for ordinal, items, found in values
        )
    raise ValueError("the reading has no end")
