"""What the reports look like: pinned, valid, and clean of what must not be in them."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree

from capss_mock.conformance import report as reports
from capss_mock.conformance.baseline import Known, applied
from capss_mock.conformance.report import html
from capss_mock.conformance.results import Finding, Report, Result, Verdict, concluded, tallied
from capss_mock.contract.checks import CHECKS, PROGRAM_CHECKS
from tests.conformance.pinned import HERE, PLAYS, made, written

JUNIT = etree.XMLSchema(etree.parse(str(Path(__file__).parents[1] / "schemas/junit-10.xsd")))
SCHEMA = json.loads(Path(html.__file__).with_name("report-1.schema.json").read_text("utf-8"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.parametrize("name", written())
def test_each_format_is_pinned(name: str) -> None:
    """After a change that is meant: ``python -m tests.conformance.pinned``, and read the difference."""
    assert written()[name] == (HERE / name).read_bytes()


def test_the_first_screen_says_what_it_is_not_and_what_it_rests_on() -> None:
    for name, data in written().items():
        head = data.decode() if name != "report.xml" else data.decode()[-2000:]
        head = re.sub(r"(?s)<style>.*</style>", "", head)[:2000]
        assert "no affiliation with the California DOJ" in head, name
        assert "no certification" in head, name
        if name != "report.xml":
            assert "progress" in head, name


def test_the_json_is_as_its_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    values = reports.as_json(made())
    validator.validate(values)
    assert values["version"] == SCHEMA["properties"]["version"]["const"]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**values, "verdict": "fine"})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**values, "more": 1})


@pytest.mark.parametrize("strict", [False, True])
def test_the_junit_is_valid_and_counts(strict: bool) -> None:
    root = etree.fromstring(reports.as_junit(made(strict=strict)))
    JUNIT.assertValid(root)
    failures = [
        (case.get("name"), case.find("failure").get("type"))
        for case in root.iter("testcase")
        if case.find("failure") is not None
    ]
    assert failures[0] == ("duplicates-refused", "TRUTH-SAVED")
    assert failures[1] == ("happy", "UPLOAD-SENT STATUS-GROWTH" if strict else "UPLOAD-SENT")  # TLS-NAME is excused
    assert root.get("failures") == str(len(failures)) == "3"
    assert root.get("errors") == "1"


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_needs_nothing_from_anywhere_and_runs_nothing() -> None:
    page = reports.as_html(made())
    parser = _Elements()
    parser.feed(page)
    assert {tag for tag, _ in parser.seen} & {"script", "link", "img", "iframe", "object", "embed", "form"} == set()
    assert not [
        name for _, attributes in parser.seen for name in attributes if name in ("src", "href") or name.startswith("on")
    ]
    assert not re.search(r"url\(|@import|https?:", re.search(r"(?s)<style>(.*)</style>", page)[1])  # type: ignore[index]  # there is one


HOSTILE = '<script>alert(1)</script> & "x" ]]> | `a` [b](c) \x1b[31m \x00 \ud800'


def test_what_a_program_brings_in_stays_text() -> None:
    """A command, a file name, an outcome file: all of them are somebody else's."""
    report = replace(made(), what=HOSTILE, plays=(replace(PLAYS[0], said=HOSTILE, timeline=(HOSTILE,)),))
    results = (Result(PROGRAM_CHECKS["TRUTH-SAVED"], Verdict.FAIL, Finding(HOSTILE, HOSTILE, HOSTILE)),)
    plays = (replace(PLAYS[0], results=results, timeline=(HOSTILE,)),)
    report = replace(report, plays=plays, tallies=tallied(plays, [PROGRAM_CHECKS["TRUTH-SAVED"]]))
    page = reports.as_html(report)
    assert "<script" not in page
    etree.fromstring(reports.as_junit(report))
    json.dumps(reports.as_json(report))
    table = [line for line in reports.as_markdown(report).splitlines() if line.startswith("| **TRUTH")]
    assert len(re.findall(r"(?<!\\)\|", table[0])) == 6  # five cells
    assert "\x1b" not in reports.as_text(report)


def test_a_verdict_is_drawn_from_the_worst_play() -> None:
    checks = [CHECKS[each] for each in ("TRUTH-SAVED", "STATUS-GROWTH", "EGRESS")]
    tallies = {each.check.id: each for each in tallied(PLAYS, checks)}
    assert tallies["TRUTH-SAVED"].verdict is Verdict.FAIL
    assert [play.name for play, _ in tallies["TRUTH-SAVED"].plays] == ["duplicates-refused"]
    assert tallies["STATUS-GROWTH"].verdict is Verdict.WARN
    assert tallies["EGRESS"].verdict is Verdict.UNSEEN


def report(verdict: Verdict, *, strict: bool = False, partial: str = "", **more: Any) -> Report:
    results = (Result(PROGRAM_CHECKS["TRUTH-SAVED"], verdict, Finding("a", "b") if verdict.is_finding else None),)
    plays = (replace(PLAYS[0], results=results),)
    tallies = tallied(plays, [PROGRAM_CHECKS["TRUTH-SAVED"]])
    return Report("judge", "x", plays, tallies, strict=strict, partial=partial, **more)


@pytest.mark.parametrize(
    ("made_up", "code"),
    [
        (report(Verdict.PASS), 0),
        (report(Verdict.UNSEEN), 0),
        (report(Verdict.FAIL), 1),
        (report(Verdict.FAIL, partial="--scenario"), 1),
        (report(Verdict.WARN), 0),
        (report(Verdict.WARN, strict=True), 1),
        (report(Verdict.INFO, strict=True), 0),
        (report(Verdict.PASS, partial="--scenario"), 4),
        (report(Verdict.PASS, faults=("x",)), 3),
        (report(Verdict.FAIL, faults=("x",)), 1),
        (report(Verdict.PASS, stale=("x",)), 1),
    ],
)
def test_exit_codes(made_up: Report, code: int) -> None:
    assert made_up.exit_code == code


@pytest.mark.parametrize(
    ("verdict", "stale"), [(Verdict.PASS, 1), (Verdict.UNSEEN, 0), (Verdict.BLOCKED, 0), (Verdict.FAIL, 0)]
)
def test_an_entry_is_stale_when_its_check_is_met_not_when_this_run_cannot_show_it(verdict: Verdict, stale: int) -> None:
    known = Known("TRUTH-SAVED", "ticket 7")
    assert len(applied(report(verdict), [known], date(2026, 11, 26)).stale) == stale
    assert applied(report(verdict, partial="x"), [known], date(2026, 11, 26)).stale == ()


def test_what_needs_something_that_is_not_met_is_blocked_through_and_through() -> None:
    checks = [
        PROGRAM_CHECKS[each] for each in ("TOKEN-ASKED", "TOKEN-BASIC", "TOKEN-FORM", "TOKEN-GRANT", "TOKEN-SCOPE")
    ]
    results = {
        each.check.id: each
        for each in concluded(
            {
                "TOKEN-ASKED": Finding("a", "b"),
                "TOKEN-BASIC": True,
                "TOKEN-GRANT": Finding("c", "d"),
                "TOKEN-FORM": None,
            },
            checks,
        )
    }
    assert results["TOKEN-ASKED"].verdict is Verdict.FAIL
    assert (results["TOKEN-BASIC"].verdict, results["TOKEN-BASIC"].blocked_by) == (Verdict.BLOCKED, ("TOKEN-ASKED",))
    assert results["TOKEN-GRANT"].blocked_by == ("TOKEN-ASKED",)  # what it all comes from
    assert results["TOKEN-FORM"].verdict is Verdict.UNSEEN
    assert results["TOKEN-SCOPE"].verdict is Verdict.UNSEEN


@pytest.mark.proof
@pytest.mark.skipif(CHROMIUM is None, reason="it takes Chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_serious_in_the_page(tmp_path: Path, scheme: str, width: int) -> None:
    import axe_core_python

    axe = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")
    page = reports.as_html(made()).replace("<details>", "<details open>")
    run = "axe.run().then(found => { document.documentElement.setAttribute('data-axe', JSON.stringify(found.violations.map(each => [each.id, each.impact, each.nodes.length]).concat([['passes', 'none', found.passes.length]]))) })"
    (tmp_path / "page.html").write_text(
        page.replace("</body>", f"<script>{axe}</script><script>{run}</script></body>"), "utf-8"
    )
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
        f"--window-size={width},900", f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
        "--virtual-time-budget=20000", "--dump-dom", (tmp_path / "page.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True, env={**os.environ, "HOME": str(tmp_path)}
    )
    found = re.search(r'data-axe="([^"]*)"', done.stdout)
    assert found, done.stderr[-500:]
    violations = json.loads(found[1].replace("&quot;", '"'))
    assert violations[-1][2] > 15  # it has looked
    assert [each for each in violations if each[1] in ("serious", "critical")] == []
