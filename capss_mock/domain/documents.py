"""Bytes to records: streaming, safe, in bounded memory.

lxml builds one record at a time, which is read and thrown away. Only the fields that the contract lists are looked at.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from lxml import etree

from capss_mock.contract import fields
from capss_mock.contract.fields import (
    ARTICLE,
    FORMS,
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
from capss_mock.domain.encodings import is_utf8
from capss_mock.domain.prologue import Fatal, at
from capss_mock.domain.reader import Reader, safe_parser
from capss_mock.domain.reading import Finding, Item, Reading, Record
from capss_mock.domain.shortcut import Shortcut
from capss_mock.domain.structure import letters, shown
from capss_mock.domain.validation import Interpreter, interpreter
from capss_mock.domain.values import BLANK, is_local_time, trimmed
from capss_mock.domain.wellformed import WellformedReader

_STRANGERS = 100  # unknown names that are counted
_WAITING = 256 * 1024  # bytes of an incomplete record that are kept from the parser
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
        keep: whether items carry the fields that are kept with them, and the reading the document's digest; without,
            only their key and loanBuyNumber.
    """

    def __init__(
        self, brief: Brief | None = None, on_record: Callable[[Record], None] | None = None, *, keep: bool = True
    ) -> None:
        super().__init__(on_record, digest=keep)
        brief = brief or Brief()
        self.form: DocumentForm = brief.form
        self._date_is_error = {rule: brief.checks.level(rule) is Level.ERROR for rule in ("DOC-LATE", "DOC-FUTURE")}
        self._deadlines = Deadlines(brief.now) if brief.now else None
        self.morning_only = True  # every transaction so far has a time before 13:00
        self.strangers: Counter[tuple[str, ...]] = Counter()  # beside the container, or the records: their paths
        self.doubtful_dates: dict[str, list[int]] = {}  # of a rule: the first such record, and how many there are
        self._open: list[etree._Element] = []
        self._ended = False  # the last thing that the parser has found was the end of a record
        self._clean = True  # nothing was found in the records of the last piece
        self._seen = 0
        self._keeps = keep or not self.form.items
        kept = tuple(field.name for field in self.form.item.fields if field.kept)
        self._wanted: tuple[str, ...] = kept if self._keeps else (LOAN, SERIAL, ARTICLE)
        self._interpreter: Interpreter = interpreter(self.form, brief.checks, self._wanted)
        self._shortcut = Shortcut(
            self._interpreter.group, self.form.item.name if self.form.items else "", TIME, self._wanted
        )
        self._end_tag = f"</{self.form.record.name}>".encode()
        self._waiting = b""  # what has come of a record that is not complete
        self._between = False  # the parser has read up to the end of a record, and nothing after it
        self._skipped = 0  # lines that the parser has not seen

    @property
    def _record_name(self) -> str:
        return self.form.record.name

    def _stop(self, fatal: Fatal) -> None:
        if fatal.finding.rule == "DOC-LIMIT" and self._open[1:]:  # what is too large is in the record that is open
            number = self._seen + 1
            where = f"{self.form.record.name} {number}"
            fatal.finding = replace(fatal.finding, where=where, record=number, line=0, column=0)
        elif self._skipped and fatal.finding.line:
            line = fatal.finding.line + self._skipped
            fatal.finding = replace(fatal.finding, where=at(line, None), line=line, column=0)
        self._open.clear()
        super()._stop(fatal)

    def _end(self) -> None:
        for depth, element in enumerate(self._open):
            self._meet(depth, element)
        if not self._open[1:]:
            raise Fatal("DOC-ROOT", f"{self.form.container} is missing{self._other_form()}")
        if not self._seen:
            raise Fatal("DOC-EMPTY", f"there is no {self.form.record.name}")

    def _new_parser(self, root: str) -> etree.XMLPullParser:
        form = self.form
        if root != form.root:
            namespace, _, name = root.rpartition(" ")
            why = ""
            if namespace and name == form.root:
                why = ": remove its xmlns"
            elif letters(name) == letters(form.root):
                why = ": its letters must be so"
            raise Fatal("DOC-ROOT", f"the root element is not {form.root} (in no namespace){why}")
        return safe_parser((form.root, form.container, form.record.name))

    def _take(self, events: Iterator[tuple[str, etree._Element]]) -> None:
        form = self.form
        for event, element in events:
            is_record = element.tag == form.record.name
            self._ended = False
            if event == "start":
                if not is_record:
                    self._enter(element)
            elif is_record and self._open[1:] and element.getparent() is self._open[1]:
                self._since_record = 0
                self._seen += 1
                record = self._record(element)
                self._clean &= not record.findings
                self._on_record(record)
                element.clear()
                self._ended = True
        self._prune()

    def _parse(self, data: bytes) -> None:
        """Read record by record: past the parser those that are written like one before, the others with it."""
        if not self._shortcut.pays or not is_utf8(self.encoding):
            data, self._waiting = self._waiting + data, b""
            if data:
                super()._parse(data)
            return
        data, at = self._waiting + data, 0
        self._waiting = b""
        while True:
            if self._between and (taken := self._shortcut.match(data, at)) is not None:
                self._skipped += data.count(b"\n", at, taken.end)
                self._seen += 1
                self._on_record(self._made(taken.time, taken.items, []))
                at = taken.end
                continue
            end = data.find(self._end_tag, at)
            if end < 0:
                break
            end += len(self._end_tag)
            self._parse_record(data[at:end])
            at = end
        self._waiting = data[at:]
        if len(self._waiting) > _WAITING:
            self._between, self._waiting = False, b""
            super()._parse(data[at:])

    def _parse_record(self, data: bytes) -> None:
        """Give the parser what ends in a record's end tag, and learn from it if it is a record."""
        was_between, seen = self._between, self._seen
        self._between = False
        self._clean = True
        super()._parse(data)
        # that the end tag is a record's is certain when one has ended there, and nothing can have hidden the tag
        plain = not any(mark in data for mark in (b"<!", b"<?"))
        self._between = plain and self._seen == seen + 1 and self._ended
        if self._between and was_between and self._clean:
            self._shortcut.learn(data)

    def _end_of_input(self) -> None:
        if self._waiting:
            data, self._waiting = self._waiting, b""
            super()._parse(data)

    def _enter(self, element: etree._Element) -> None:
        parent = element.getparent()
        if self._open and (parent is not self._open[0] or element.tag != self.form.container):
            return  # the root's or the container's name again, elsewhere
        if self._open:
            if self._open[1:]:
                raise Fatal("DOC-ROOT", f"{self.form.container} is there twice")
            licence = element.get(self.form.licence) or ""
            if not _LICENCE.fullmatch(licence):
                what = "is not digits only" if licence else f"is missing{self._other_licence(element)}"
                line: int = element.sourceline  # type: ignore[assignment]  # the stub knows no int here
                finding = Finding("DOC-LICENCE-FORMAT", at(line, None), f"{self.form.licence} {what}", line=line)
                self.reading.findings.append(finding)
            else:
                self.reading.licence = licence[:KEPT_LIMIT]
        self._open.append(element)

    def _other_licence(self, element: etree._Element) -> str:
        near = [name for name in map(str, element.attrib) if letters(name).startswith(("licen", "licn", "lisen"))]
        return f", but {shown(near[0])} is there" if near else ""

    def _other_form(self) -> str:
        """Words about a document that is one of another kind."""
        for form in FORMS.values():
            if form.kind != self.form.kind and (form.container,) in self.strangers:
                what = "an item update (--update)" if form.kind == "update" else "an upload (without --update)"
                return f": is it {what}?"
        return ""

    def _prune(self) -> None:
        """Let go of what is complete."""
        for depth, parent in enumerate(self._open):
            if len(parent) > 1:
                self._meet(depth, list(parent)[:-1])
                del parent[:-1]

    def _meet(self, depth: int, elements: Iterable[etree._Element]) -> None:
        """Count the children of the root (``depth`` 0) or of the container that are not what belongs there."""
        known, path = (self.form.record.name, (self.form.container,)) if depth else (self.form.container, ())
        for element in elements:
            name = str(element.tag)
            if name != known and (len(self.strangers) < _STRANGERS or (*path, name) in self.strangers):
                self.strangers[*path, name] += 1

    def _record(self, element: etree._Element) -> Record:
        form, ordinal = self.form, self._seen
        findings, taken = self._interpreter.check(element, ordinal)
        time = trimmed(element.findtext(TIME)) if form.items else ""
        return self._made(time, taken, findings)

    def _made(self, time: str, taken: Iterable[tuple[str | None, ...]], findings: list[Finding]) -> Record:
        if self.form.items:
            self.morning_only &= bool(_MORNING.match(time))
            if self._deadlines is not None and is_local_time(time):
                self._judge_date(self._deadlines.judge(time), findings)
        items = [self._item(time, dict(zip(self._wanted, texts, strict=True))) for texts in taken]
        if not self.form.items and items and not self._has_key(items[0]):
            where = f"{self.form.record.name} {self._seen}"
            what = f"has no {self.form.key}" + ("" if self.form.key in (LOAN, SERIAL) else f" and no {LOAN}")
            findings = [*findings, Finding("DOC-KEY", where, what, True, self._seen)]
        return Record(self._seen, tuple(items), tuple(findings))

    def _item(self, time: str, texts: dict[str, str | None]) -> Item:
        key = _key(self.reading.licence, time, texts)
        if not self._keeps:
            return Item(key, "", None, trimmed(texts[LOAN]) or None)
        kept = {name: text.strip(BLANK)[:KEPT_LIMIT] for name, text in texts.items() if text is not None}
        if self.form.key not in (REFERENCE, LOAN, SERIAL) and self.form.key in kept:
            kept[REFERENCE] = kept.pop(self.form.key)
        return keep_item(kept, key)

    def _has_key(self, item: Item) -> bool:
        match self.form.key:
            case fields.LOAN:
                return bool(item.loan)
            case fields.SERIAL:
                return bool(item.serial)
            case _:
                return bool(item.reference or item.loan)

    def _judge_date(self, rule: str, findings: list[Finding]) -> None:
        """Add a date that is an error to the record's findings; remember one that is doubtful."""
        if not rule:
            return
        if self._date_is_error[rule]:
            findings.append(
                Finding(rule, f"{self.form.record.name} {self._seen}", DATES[rule], True, self._seen, path=(TIME,))
            )
        else:
            self.doubtful_dates.setdefault(rule, [self._seen, 0])[1] += 1


DATES = {"DOC-LATE": f"{TIME} is reported late", "DOC-FUTURE": f"{TIME} is in the future"}


def reader_for(
    brief: Brief, on_record: Callable[[Record], None] | None = None, *, keep: bool = True
) -> DocumentParser | WellformedReader:
    """What reads a document of this brief."""
    return WellformedReader() if brief.wellformed else DocumentParser(brief, on_record, keep=keep)


def read_document(chunks: Iterable[bytes], brief: Brief | None = None) -> Reading:
    """Read a whole document from its chunks."""
    reader = reader_for(brief or Brief())
    for chunk in chunks:
        reader.feed(chunk)
    return reader.finish()
