"""Bytes to records: streaming, safe, in bounded memory.

lxml builds one record at a time, which is read and thrown away. Only the fields that the contract lists are looked at.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from lxml import etree

from capss_mock.contract.fields import (
    ARTICLE,
    KEPT_LIMIT,
    LOAN,
    REFERENCE,
    SERIAL,
    TIME,
    DocumentForm,
)
from capss_mock.contract.model import Level
from capss_mock.domain.brief import Brief
from capss_mock.domain.deadlines import Deadlines
from capss_mock.domain.prologue import Fatal, at
from capss_mock.domain.reader import Reader, safe_parser
from capss_mock.domain.reading import Finding, Item, Reading, Record
from capss_mock.domain.validation import Interpreter, interpreter
from capss_mock.domain.values import BLANK, is_local_time, trimmed
from capss_mock.domain.wellformed import WellformedReader

_MORNING = re.compile(r".{10}T(0|1[0-2])")
_LICENCE = re.compile(r"\d+", re.ASCII)
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps makes one for each call


def _key(licence: str, time: str, values: dict[str, str | None]) -> str:
    loan, serial, article = trimmed(values.get(LOAN)), trimmed(values.get(SERIAL)), trimmed(values.get(ARTICLE))
    # XML has no U+0000, so no two different tuples join to the same text
    text = f"{licence}\0{time}\0{loan}\0{serial}\0{article}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def keep_item(fields: Mapping[str, str], key: str = "") -> Item:
    """An item as it is kept."""
    return Item(key, _json(fields), fields.get(REFERENCE), fields.get(LOAN), fields.get(SERIAL))


class DocumentParser(Reader):
    """Reads a document record by record.

    Args:
        brief: what is read and checked; by default an upload, everything, for the default profile.
        on_record: called with each record as soon as it is complete; without it, records gather in the reading.
        keep: whether items carry the fields that are kept with them; without, only their key and loanBuyNumber.
    """

    def __init__(
        self, brief: Brief | None = None, on_record: Callable[[Record], None] | None = None, *, keep: bool = True
    ) -> None:
        super().__init__(on_record)
        brief = brief or Brief()
        self._form: DocumentForm = brief.form
        self._is_judged_by_date = {rule: brief.checks.level(rule) is Level.ERROR for rule in ("DOC-LATE", "DOC-FUTURE")}
        self._deadlines = Deadlines(brief.now) if brief.now else None
        self.morning_only = True  # every transaction so far has a time before 13:00
        self.doubtful_dates: dict[str, list[int]] = {}  # of a rule: the first such record, and how many there are
        self._open: list[etree._Element] = []
        self._seen = 0
        self._keeps = keep
        kept = tuple(field.name for field in self._form.item.fields if field.kept)
        self._wanted: tuple[str, ...] = kept if keep else (LOAN, SERIAL, ARTICLE)
        self._interpreter: Interpreter = interpreter(self._form, brief.checks, self._wanted)

    @property
    def _record_name(self) -> str:
        return self._form.record.name

    def _stop(self, fatal: Fatal) -> None:
        self._open.clear()
        super()._stop(fatal)

    def _end(self) -> None:
        if not self._open[1:]:
            raise Fatal("DOC-ROOT", f"{self._form.container} is missing")
        if not self._seen:
            raise Fatal("DOC-EMPTY", f"there is no {self._form.record.name}")

    def _new_parser(self, root: str) -> etree.XMLPullParser:
        form = self._form
        if root != form.root:
            raise Fatal("DOC-ROOT", f"the root element is not {form.root} (in no namespace)")
        return safe_parser((form.root, form.container, form.record.name))

    def _take(self, events: Iterator[tuple[str, etree._Element]]) -> None:
        form = self._form
        for event, element in events:
            is_record = element.tag == form.record.name
            if event == "start":
                if not is_record:
                    self._enter(element)
            elif is_record and self._open[1:] and element.getparent() is self._open[1]:
                self._since_record = 0
                self._seen += 1
                self._on_record(self._record(element))
                element.clear()
        self._prune()

    def _enter(self, element: etree._Element) -> None:
        parent = element.getparent()
        if self._open and (parent is not self._open[0] or element.tag != self._form.container):
            return  # the root's or the container's name again, elsewhere
        if self._open:
            if self._open[1:]:
                raise Fatal("DOC-ROOT", f"{self._form.container} is there twice")
            licence = trimmed(element.get(self._form.licence))
            if not _LICENCE.fullmatch(licence):
                what = "is not digits only" if licence else "is missing"
                line: int = element.sourceline  # type: ignore[assignment]  # the stub knows no int here
                finding = Finding("DOC-LICENCE-FORMAT", at(line, None), f"{self._form.licence} {what}", line=line)
                self.reading.findings.append(finding)
            else:
                self.reading.licence = licence[:KEPT_LIMIT]
        self._open.append(element)

    def _prune(self) -> None:
        for parent in self._open:
            while len(parent) > 1:
                del parent[0]

    def _record(self, element: etree._Element) -> Record:
        form, ordinal = self._form, self._seen
        findings, taken = self._interpreter.check(element, ordinal)
        time = ""
        if form.items:
            time = trimmed(element.findtext(TIME))
            self.morning_only &= bool(_MORNING.match(time))
            if self._deadlines is not None and is_local_time(time):
                self._judge_date(self._deadlines.judge(time), findings)
        items = [self._item(time, dict(zip(self._wanted, texts, strict=True))) for texts in taken]
        return Record(ordinal, tuple(items), tuple(findings))

    def _item(self, time: str, texts: dict[str, str | None]) -> Item:
        key = _key(self.reading.licence, time, texts)
        if not self._keeps:
            return Item(key, "", None, trimmed(texts[LOAN]) or None)
        kept = {name: text.strip(BLANK)[:KEPT_LIMIT] for name, text in texts.items() if text is not None}
        if self._form.key != REFERENCE and self._form.key in kept:
            kept[REFERENCE] = kept.pop(self._form.key)
        return keep_item(kept, key)

    def _judge_date(self, rule: str, findings: list[Finding]) -> None:
        """Add a date that is an error to the record's findings; remember one that is doubtful."""
        if not rule:
            return
        if self._is_judged_by_date[rule]:
            findings.append(
                Finding(rule, f"{self._form.record.name} {self._seen}", DATES[rule], True, self._seen, path=(TIME,))
            )
        else:
            self.doubtful_dates.setdefault(rule, [self._seen, 0])[1] += 1


DATES = {"DOC-LATE": f"{TIME} is reported late", "DOC-FUTURE": f"{TIME} is in the future"}


def reader_for(
    brief: Brief, on_record: Callable[[Record], None] | None = None, *, keep: bool = True
) -> DocumentParser | WellformedReader:
    """What reads a document of this brief."""
    return WellformedReader(on_record) if brief.wellformed else DocumentParser(brief, on_record, keep=keep)


def read_document(chunks: Iterable[bytes], brief: Brief | None = None) -> Reading:
    """Read a whole document from its chunks."""
    reader = reader_for(brief or Brief())
    for chunk in chunks:
        reader.feed(chunk)
    return reader.finish()
