"""What is known of a document once it has been read: counts, findings, item fields. Never the document itself."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_json = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps makes one for each call


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: the rule's id, where, and a sentence that never quotes a value.

    ``is_error`` False: a warning. ``record`` and ``item`` count from 1 (0: the whole document, the whole record);
    ``path`` names the elements from there down to the faulty one, or to the parent of a missing one. ``line`` and
    ``column`` (from 1; 0: not known) are those of faults of the whole document.
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

    ``findings`` are those of the whole document; one of them means that it cannot be taken at all.
    """

    digest: str = ""
    size: int = 0
    licence: str = ""
    records: list[Record] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def items(self) -> int:
        """How many items the records hold."""
        return sum(len(record.items) for record in self.records)


def to_lines(reading: Reading) -> Iterator[str]:
    """A reading as JSON lines, one per record and one at the end; ``from_lines`` reads them."""
    for record in reading.records:
        yield record_line(record)
    yield end_line(reading)


def record_line(record: Record) -> str:
    """One record as a JSON line."""
    items = [[i.key, i.fields, i.reference, i.loan, i.serial] for i in record.items]
    return _json([record.ordinal, items, [_row(finding) for finding in record.findings]])


def _row(finding: Finding) -> list[object]:
    return [getattr(finding, name) for name in Finding.__slots__]


def _finding(row: list[Any]) -> Finding:
    rule, where, message, is_error, record, item, path, line, column = row
    return Finding(rule, where, message, is_error, record, item, tuple(path), line, column)


def end_line(reading: Reading) -> str:
    """What a reading says of the whole document, as its last JSON line."""
    findings = [_row(finding) for finding in reading.findings]
    return _json({"digest": reading.digest, "size": reading.size, "licence": reading.licence, "findings": findings})


def from_lines(lines: Iterable[str | bytes]) -> Reading:
    """Read what ``to_lines`` wrote.

    Raises:
        ValueError: the last line is missing: the writer did not finish.
    """
    records: list[Record] = []
    for line in lines:
        values = json.loads(line)
        if isinstance(values, dict):
            findings = [_finding(row) for row in values["findings"]]
            return Reading(values["digest"], values["size"], values["licence"], records, findings)
        ordinal, items, found = values
        records.append(
            Record(
                ordinal,
                tuple(Item(*row) for row in items),
                tuple(_finding(row) for row in found),
            )
        )
    raise ValueError("the reading has no end")
