"""The report as JUnit XML: a test case per play."""

import re
from xml.etree import ElementTree as ET  # it only writes here

from capss_mock.conformance.report import words
from capss_mock.conformance.results import Play, Report, Verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report) -> bytes:
    """A test case per play: failed when a check that counts is not met in it, skipped when nothing could be told."""
    excused = {each.check.id for each in report.excused}
    bad = {Verdict.FAIL, Verdict.WARN} if report.strict else {Verdict.FAIL}
    cases = [_case(report, play, bad, excused) for play in report.plays]
    cases += [_broken(report, "fault of the kit", each) for each in report.faults]
    cases += [_broken(report, "baseline", each, "failure") for each in report.stale]
    total = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
    }
    suites = ET.Element("testsuites", {"name": "capss-mock", "time": f"{report.seconds:.3f}", **total})
    suite = ET.SubElement(suites, "testsuite", {"name": words.title(report), "time": f"{report.seconds:.3f}", **total})
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = _clean(f"{words.UNOFFICIAL}\n{words.headline(report)}")
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _case(report: Report, play: Play, bad: set[Verdict], excused: set[str]) -> ET.Element:
    attributes = {"name": _clean(play.name), "classname": f"capss-mock.{report.kind}", "time": f"{play.seconds:.3f}"}
    case = ET.Element("testcase", attributes)
    failed = [each for each in play.results if each.verdict in bad and each.check.id not in excused]
    noted = [each for each in play.results if each.verdict.is_finding and each not in failed]
    if failed:
        types = " ".join(each.check.id for each in failed)
        message = "; ".join(each.finding.actual for each in failed if each.finding)
        text = "\n".join([*(words.in_full(each, play.grade) for each in failed), "", *play.timeline])
        ET.SubElement(case, "failure", {"message": _clean(message), "type": types}).text = _clean(text)
    elif all(each.verdict in (Verdict.UNSEEN, Verdict.BLOCKED) for each in play.results):
        ET.SubElement(case, "skipped", {"message": "nothing in it could be told"})
    if noted:
        ET.SubElement(case, "system-out").text = _clean("\n".join(words.in_full(each, play.grade) for each in noted))
    return case


def _broken(report: Report, name: str, text: str, kind: str = "error") -> ET.Element:
    case = ET.Element("testcase", {"name": _clean(f"{name}: {text}"[:200]), "classname": f"capss-mock.{report.kind}"})
    ET.SubElement(case, kind, {"message": _clean(text), "type": name})
    return case


def _clean(text: str) -> str:
    """A text without the characters that XML does not have."""
    return _NOT_XML.sub("\ufffd", text)
