"""Checking one document whole: every finding with its place, in bounded memory.

The first pass decides (lxml); the second, made only when there is something to find, locates (expat).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from lxml import etree

from capss_mock.contract.fields import FORMS, TIME
from capss_mock.contract.model import Grade
from capss_mock.contract.rules import RULES
from capss_mock.domain.brief import Brief
from capss_mock.domain.documents import DATES, DocumentParser, reader_for
from capss_mock.domain.encodings import Encoding
from capss_mock.domain.places import Key, Places, locate
from capss_mock.domain.prologue import at
from capss_mock.domain.reading import Finding, Record
from capss_mock.domain.schema import schema_findings
from capss_mock.domain.structure import letters, shown
from capss_mock.domain.submissions import Duplicates

Open = Callable[[], Iterable[bytes]]
"""Gives the document's bytes from their beginning, each time it is called."""

_UNREADABLE = ("DOC-WELLFORMED", "DOC-DTD", "DOC-LIMIT", "DOC-ROOT")
_MAY_NEST = ("DOC-UNKNOWN-ELEMENT", *_UNREADABLE)  # a record within a record would be one of these
TWELVE_HOUR_RECORDS = 5  # fewer morning transactions than this prove nothing (assumed)


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding with its line and column (from 1; 0 where there is none) and the item's loanBuyNumber."""

    finding: Finding
    line: int = 0
    column: int = 0
    loan: str = ""


@dataclass(slots=True)
class Report:
    """What was found in one document. ``more`` counts the findings beyond the limit."""

    findings: list[Placed] = field(default_factory=list)
    errors: int = 0
    warnings: int = 0
    transactions: int = 0
    items: int = 0
    more: int = 0


@dataclass(frozen=True, slots=True)
class Strictness:
    """What counts as an error: of rules graded at least ``errors_from``; with ``strict``, warnings too."""

    errors_from: Grade = Grade.ASSUMED
    strict: bool = False

    def weighed(self, finding: Finding) -> Finding:
        """The finding, as error or warning."""
        grades = list(Grade)
        known_enough = grades.index(RULES[finding.rule].grade) <= grades.index(self.errors_from)
        return replace(finding, is_error=(finding.is_error and known_enough) or self.strict)


class _Collector:
    """Takes records as they come and keeps their findings, up to a limit."""

    def __init__(self, kind: str, strictness: Strictness, limit: int) -> None:
        self.report = Report()
        self.rules: set[str] = set()  # that were broken, shown or not
        self.is_upload = kind == "upload"
        self._strictness, self._limit = strictness, limit
        self._whole: list[tuple[Finding, str]] = []
        self._errors: list[tuple[Finding, str]] = []
        self._warnings: list[tuple[Finding, str]] = []
        self._known = Duplicates()

    def record(self, record: Record) -> None:
        self.report.transactions += self.is_upload
        self.report.items += len(record.items)
        for finding in record.findings:
            item = record.items[finding.item - 1] if 0 < finding.item <= len(record.items) else None
            self.add(finding, (item.loan if item else None) or "")
        if self.is_upload and self._known.repeats(record):
            where = f"{FORMS['upload'].record.name} {record.ordinal}"
            loan = next((item.loan for item in record.items if item.loan), "")
            message = "the transaction is in this file already, with the same time, loanBuyNumber, serial and article"
            self.add(Finding("DOC-DUPLICATE", where, message, False, record.ordinal), loan)

    def add(self, finding: Finding, loan: str = "", *, whole: bool = False) -> None:
        """Count a finding, and keep it while there is room: for each kind, so that warnings crowd out no error.

        Args:
            whole: it is about the whole document, and always kept: there are few of these, and they come last.
        """
        self.rules.add(finding.rule)
        finding = self._strictness.weighed(finding)
        if finding.is_error:
            self.report.errors += 1
        else:
            self.report.warnings += 1
        kept = self._whole if whole else self._errors if finding.is_error else self._warnings
        if whole or len(kept) < self._limit:
            kept.append((finding, loan))

    def shown(self) -> list[tuple[Finding, str]]:
        """The findings that are shown: within the limit, errors before warnings."""
        room = max(self._limit - len(self._whole), 0)
        return self._whole + [*self._errors, *self._warnings][:room]

    def placed(self, places: Places) -> None:
        """Put the findings in the order of their places."""
        kept = self.shown()
        self.report.more = self.report.errors + self.report.warnings - len(kept)
        for finding, loan in kept:
            if finding.rule == "DOC-WELLFORMED" and places.fault:
                finding = replace(finding, where=at(*places.fault))
            line, column = _place(finding, places)
            self.report.findings.append(Placed(finding, line, column, loan))
        self.report.findings.sort(key=lambda each: (each.line, each.column, each.finding.rule))

    def keys(self) -> set[Key]:
        """What the second pass must look for: elements, and the parents of missing ones."""
        kept = [finding for finding, _ in self.shown()]
        return {(f.record, f.item, f.path[:end]) for f in kept if f.record or f.path for end in range(len(f.path) + 1)}


_OF_THE_CONTAINER = ("DOC-LICENCE-FORMAT", "DOC-LICENCE-MISMATCH", "DOC-EMPTY", "DOC-XSD")


def _place(finding: Finding, places: Places) -> tuple[int, int]:
    if finding.rule == "DOC-WELLFORMED" and places.fault:
        return places.fault
    if finding.record or finding.path:
        for end in range(len(finding.path), -1, -1):
            if found := places.at.get((finding.record, finding.item, finding.path[:end])):
                return found
    elif finding.rule in _OF_THE_CONTAINER and places.container:
        return places.container
    elif finding.rule == "DOC-ROOT" and places.root:
        return places.root
    return finding.line, finding.column


def check_document(
    opened: Open,
    brief: Brief | None = None,
    strictness: Strictness | None = None,
    limit: int = 1000,
    license_id: str | None = None,
    schema: etree.XMLSchema | None = None,
) -> Report:
    """Check a document.

    Args:
        opened: gives its bytes, each time from the beginning.
        brief: what is read and checked; by default an upload, everything, for the default profile.
        limit: how many findings are kept; the others are counted.
        license_id: the licence that the document must be of; None: any.
        schema: an XML Schema that it must also be valid against; not looked at when it cannot be read to its end.
    """
    brief = brief or Brief()
    collector = _Collector(brief.kind, strictness or Strictness(), limit)
    reader = reader_for(brief, collector.record, keep=False)
    encoding = Encoding()
    for chunk in opened():
        reader.feed(chunk)
        encoding.take(chunk, reader.encoding)
    reading = reader.finish()
    collector.report.items += reading.counted
    for message in encoding.doubts():
        collector.add(Finding("DOC-ENCODING", "document", message, False, line=1, column=1), whole=True)
    for finding in reading.findings:
        collector.add(finding, whole=True)
    if license_id is not None and reading.licence and reading.licence != license_id:
        message = "licenseNumber is not the licence of the API client"
        collector.add(Finding("DOC-LICENCE-MISMATCH", "document", message), whole=True)
    if schema is not None and not any(each.rule in _UNREADABLE for each in reading.findings):
        for finding in schema_findings(schema, opened(), brief.form):
            collector.add(finding)
    if isinstance(reader, DocumentParser):
        _add_strangers(collector, reader)
        _add_dates(collector, reader)
    if collector.report.errors or collector.report.warnings:
        nested = not collector.rules.isdisjoint(_MAY_NEST)
        to_the_end = "DOC-WELLFORMED" in collector.rules
        places = locate(brief.form, opened(), collector.keys(), nested=nested, to_the_end=to_the_end)
        collector.placed(places)
    return collector.report


def _add_strangers(collector: _Collector, parser: DocumentParser) -> None:
    """What stands beside the container or the records: one finding for each name."""
    known = {letters(name): name for name in (parser.form.container, parser.form.record.name)}
    for path, count in parser.strangers.items():
        meant = known.get(letters(path[-1]), "")
        hint = f": is {meant} meant?" if meant and meant != path[-1] else ""
        more = f", as in {count - 1} more" if count > 1 else ""
        message = f"{shown(path[-1])} is not known there{hint}{more}"
        collector.add(Finding("DOC-UNKNOWN-ELEMENT", "document", message, False, path=path), whole=True)


def _add_dates(collector: _Collector, parser: DocumentParser) -> None:
    """What is doubtful about the times of the whole file: one finding each, however many transactions it concerns."""
    if collector.is_upload and parser.morning_only and collector.report.transactions >= TWELVE_HOUR_RECORDS:
        message = "every transactionTime is before 13:00"
        collector.add(Finding("DOC-TWELVE-HOUR", "document", message, False), whole=True)
    for rule, (first, count) in parser.doubtful_dates.items():
        more = f", as in {count - 1} more" if count > 1 else ""
        where = f"{FORMS['upload'].record.name} {first}"
        collector.add(Finding(rule, where, DATES[rule] + more, False, first, path=(TIME,)), whole=True)
