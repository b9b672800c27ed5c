"""``capss-mock rules`` and ``capss-mock switches``: the contract, for people and programs."""

import json
from pathlib import Path
from typing import Any

import click

from capss_mock.cli.options import picked
from capss_mock.contract.model import Citation, Rule, Switch
from capss_mock.contract.rules import RULES
from capss_mock.contract.sources import SOURCES
from capss_mock.contract.switches import DIALECTS, SWITCHES


def cited(citations: tuple[Citation, ...]) -> str:
    """The sources, and where in them, in one line."""
    return "; ".join(f"{each.source}: {each.where}" for each in citations)


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "level": rule.level.value,
        "grade": rule.grade.value,
        "sentence": rule.sentence,
        "citations": [{"source": each.source, "where": each.where} for each in rule.citations],
        "status": rule.answer.status if rule.answer else None,
        "hint": rule.hint or None,
        "switch": rule.switch,
    }


def _switch_json(switch: Switch) -> dict[str, Any]:
    return {
        "id": switch.id,
        "question": switch.question,
        "default": switch.default,
        "options": [
            {"form": option.form, "meaning": option.meaning, "grade": option.grade.value} for option in switch.options
        ],
        "citations": [{"source": each.source, "where": each.where} for each in switch.citations],
    }


def _sources_json() -> list[dict[str, Any]]:
    names = ("id", "title", "publisher", "address", "read", "read_on", "note")
    return [{name: getattr(source, name) for name in names} for source in SOURCES.values()]


def _details(rule: Rule) -> None:
    click.echo(f"{rule.id}  [{rule.grade}]  {rule.level}")
    click.echo(f"  {rule.sentence}")
    if rule.answer:
        click.echo(f"  answer: {rule.answer.status}")
    if rule.hint:
        click.echo(f"  fix: {rule.hint}")
    if rule.switch:
        click.echo(f"  switch: {rule.switch} (default {SWITCHES[rule.switch].default})")
    click.echo(f"  known from: {cited(rule.citations)}")


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--unverified", is_flag=True, help="Only what the DOJ, or its unread document, can answer.")
@click.option(
    "--coverage",
    is_flag=True,
    help="In a checkout: where each rule is enforced, what shows it, who fails each check; exits 1 on a gap.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the sources.")
def rules(ids: tuple[str, ...], unverified: bool, coverage: bool, as_json: bool) -> int:
    """What is known of CAPSS, and how well: every rule with its grade and citations.

    Grades: documented (the DOJ says so), observed (a real client relies on it), inferred (from the server stack),
    assumed (our choice).

    \b
    Examples:
      capss-mock rules
      capss-mock rules TOK-EXPIRES-IN
      capss-mock rules --unverified --json
      capss-mock rules --coverage
    """
    if coverage:
        return _coverage(as_json)
    chosen = picked((each.upper() for each in ids), RULES, "rule")
    if unverified:
        chosen = [rule for rule in chosen if rule.grade.unverified]
    if as_json:
        values = {"version": 1, "sources": _sources_json(), "rules": [_rule_json(rule) for rule in chosen]}
        click.echo(json.dumps(values, indent=2))
        return 0
    if ids:
        for rule in chosen:
            _details(rule)
        return 0
    if unverified:
        unread = [source for source in SOURCES.values() if source.read_on is None]
        click.echo("Only the DOJ can answer these, or what nobody here has read:")
        for source in unread:
            click.echo(f"  {source.title}: {source.read} ({source.address})")
        click.echo("")
    for rule in chosen:
        click.echo(f"{rule.id:<24} [{rule.grade}] {rule.sentence}")
    if not unverified:
        counts = [f"{sum(r.grade.letter == letter for r in chosen)} {word}" for letter, word in _GRADES]
        click.echo(f"\n{len(chosen)} rules: {', '.join(counts)}. One in full: capss-mock rules ID")
    return 0


def _coverage(as_json: bool) -> int:
    from capss_mock.conformance import coverage as conformance
    from capss_mock.coverage import measure

    root = Path(__file__).parents[2]
    try:
        rows, strangers = measure(root)
        tables = conformance.tables(root)
    except FileNotFoundError as error:
        raise click.UsageError(f"--coverage needs a checkout of the project: there is no {error}") from None
    gaps = [f"{row.rule.id} {row.gap}" for row in rows if row.gap]
    gaps += [f"{id_} is shown, or has a reason, and is no rule" for id_ in strangers]
    gaps += conformance.gaps(tables)
    if as_json:
        values = [
            {"id": row.rule.id, "enforced": row.enforced, "shown": row.shown, "reason": row.reason or None}
            for row in rows
        ]
        checks = {"found_out": dict(tables.found_out), "liars": list(tables.liars)}
        click.echo(json.dumps({"version": 2, "rules": values, "checks": checks, "gaps": gaps}, indent=2))
        return bool(gaps)
    for row in rows:
        code = row.enforced[0] if row.enforced else "-"
        evidence = f"{len(row.shown)} x, e.g. {row.shown[0]}" if row.shown else f"not shown: {row.reason or '?'}"
        click.echo(f"{row.rule.id:<24} {code:<34} {evidence}")
    for check, scenarios in tables.found_out.items():
        more = f", and {len(scenarios) - 1} more" if len(scenarios) > 1 else ""
        click.echo(f"{check:<24} a broken program is found out in {scenarios[0]}{more}")
    for check in tables.liars:
        click.echo(f"{check:<24} a lying server is found out")
    with_reason = sum(bool(row.reason) for row in rows)
    click.echo(
        f"\n{len(rows)} rules, {with_reason} with a reason instead of evidence, {len(tables.found_out)} checks of"
        f" programs, {len(tables.liars)} of servers, {len(gaps)} gaps"
    )
    for gap in gaps:
        click.echo(f"gap: {gap}")
    return bool(gaps)


_GRADES = (("D", "documented"), ("O", "observed"), ("I", "inferred"), ("A", "assumed"))


@click.command()
@click.argument("ids", nargs=-1, metavar="[SWITCH]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the dialects.")
def switches(ids: tuple[str, ...], as_json: bool) -> None:
    """The open questions about CAPSS: options (the default is marked *), grades, who says what.

    \b
    Examples:
      capss-mock switches
      capss-mock switches progress
      capss-mock serve --set progress=immediate
    """
    chosen = picked(ids, SWITCHES, "switch")
    if as_json:
        dialects = [
            {"id": each.id, "sentence": each.sentence, "settings": dict(each.settings)} for each in DIALECTS.values()
        ]
        values = {"version": 1, "switches": [_switch_json(each) for each in chosen], "dialects": dialects}
        click.echo(json.dumps(values, indent=2))
        return
    for switch in chosen:
        default = switch.read(switch.default)
        click.echo(f"{switch.id}: {switch.question}")
        for option in switch.options:
            mark = "*" if option.value == default.value else " "
            form = str(default) if mark == "*" and option.argument else option.form
            click.echo(f"  {mark} {form:<18} [{option.grade}] {option.meaning}")
        click.echo(f"    known from: {cited(switch.citations)}")
    if not ids:
        click.echo("\nDialects (named sets of switches, --dialect NAME):")
        for dialect in DIALECTS.values():
            click.echo(f"  {dialect.id:<18} {dialect.sentence}")
