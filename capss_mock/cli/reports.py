"""How the findings of ``capss-mock validate`` are written: text for people, JSON for programs, JUnit XML for CI."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET  # it only writes here

from capss_mock.contract.fields import Profile
from capss_mock.contract.rules import RULES
from capss_mock.domain.checking import Placed, Report
from capss_mock.domain.structure import shown

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# what may be shown as a number: not a text in which a name may stand
_NUMBER = re.compile(r"[A-Za-z0-9._/#-]*[0-9][A-Za-z0-9._/#-]*", re.ASCII)
_NUMBER_LIMIT = 24


def _shown_number(text: str) -> str:
    return text if len(text) <= _NUMBER_LIMIT and _NUMBER.fullmatch(text) else ""


@dataclass(frozen=True, slots=True)
class Checked:
    """One document: its name as given, what was found, and how long it took in seconds."""

    name: str
    report: Report
    seconds: float


def _words(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _counts(errors: int, warnings: int) -> str:
    return f"{_words(errors, 'error')}, {_words(warnings, 'warning')}"


def _lines(name: str, placed: Placed) -> list[str]:
    finding = placed.finding
    rule = RULES[finding.rule]
    level = "error" if finding.is_error else "warning"
    place = f"{name}:{placed.line}:{placed.column}" if placed.line else name
    loan = f" (loanBuyNumber {placed.loan})" if _shown_number(placed.loan) else ""
    fix = finding.meant or rule.hint
    return [
        f"{place}  {level}  {rule.id}  [{rule.grade}]  {finding.message}",
        f"    {finding.where}{loan}   fix: {fix}   more: capss-mock rules {rule.id}",
    ]


def text(checked: Checked) -> Iterator[str]:
    """The lines about one document."""
    for placed in checked.report.findings:
        yield from _lines(checked.name, placed)
    if checked.report.more:
        yield f"{checked.name}: {checked.report.more} more are not shown (--max-findings)"


def summary(checked: Sequence[Checked], *, uploads: bool) -> str:
    """The last line: what was found in all of them."""

    def total(name: str) -> int:
        return sum(getattr(each.report, name) for each in checked)

    found = _counts(total("errors"), total("warnings"))
    size = _words(total("items"), "item")
    if uploads:
        size = f"{_words(total('transactions'), 'transaction')}, {size}"
    files = f" of {len(checked)} files" if len(checked) > 1 else ""
    return f"{found} in {size}{files} ({sum(each.seconds for each in checked):.2f} s)"


def as_json(checked: Sequence[Checked], profile: Profile) -> dict[str, Any]:
    """Everything, in the shape of version 1."""
    return {
        "version": 1,
        "profile": profile.id,
        "files": [
            {
                "file": each.name,
                "errors": each.report.errors,
                "warnings": each.report.warnings,
                "transactions": each.report.transactions,
                "items": each.report.items,
                "not_shown": each.report.more,
                "findings": [_finding_json(placed) for placed in each.report.findings],
            }
            for each in checked
        ],
    }


def _finding_json(placed: Placed) -> dict[str, Any]:
    finding = placed.finding
    rule = RULES[finding.rule]
    return {
        "rule": rule.id,
        "level": "error" if finding.is_error else "warning",
        "grade": rule.grade.value,
        "message": finding.message,
        "line": placed.line or None,
        "column": placed.column or None,
        "transaction": finding.record or None,
        "item": finding.item or None,
        "element": "/".join(map(shown, finding.path)) or None,
        "loanBuyNumber": _shown_number(placed.loan) or None,
        "meant": finding.meant or None,
        "fix": rule.hint,
    }


def as_junit(checked: Sequence[Checked]) -> bytes:
    """A test case per document: failed when it has errors, with its warnings as output."""
    bad = sum(bool(each.report.errors) for each in checked)
    total = {"tests": str(len(checked)), "failures": str(bad), "errors": "0"}
    seconds = f"{sum(each.seconds for each in checked):.3f}"
    suites = ET.Element("testsuites", {"name": "capss-mock", "time": seconds, **total})
    suite = ET.SubElement(suites, "testsuite", {"name": "capss-mock validate", "time": seconds, **total})
    for each in checked:
        attributes = {"name": _clean(each.name), "classname": "capss-mock.validate", "time": f"{each.seconds:.3f}"}
        case = ET.SubElement(suite, "testcase", attributes)
        report = each.report
        errors = [line for placed in report.findings if placed.finding.is_error for line in _lines(each.name, placed)]
        warnings = [
            line for placed in report.findings if not placed.finding.is_error for line in _lines(each.name, placed)
        ]
        if report.more:
            (errors if report.errors else warnings).append(f"{report.more} more are not shown (--max-findings)")
        if report.errors:
            rules = dict.fromkeys(placed.finding.rule for placed in report.findings if placed.finding.is_error)
            failure = {"message": _counts(report.errors, report.warnings), "type": " ".join(rules)}
            ET.SubElement(case, "failure", failure).text = _clean("\n".join(errors))
        if warnings:
            ET.SubElement(case, "system-out").text = _clean("\n".join(warnings))
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _clean(text: str) -> str:
    """A text without the characters that XML does not have."""
    return _NOT_XML.sub("�", text)
