"""``capss-mock scenarios``: the situations that the mock can produce."""

import json

import click

from capss_mock.cli.knowledge import cited
from capss_mock.cli.options import picked
from capss_mock.contract.faults import Do, Scenario
from capss_mock.contract.scenarios import SCENARIOS

_MEANING = {
    "C": "a good program confirms that everything is saved",
    "N": "a good program does not say that everything is saved",
    "E": "it depends on what the program does next",
}
_TO_SEND = {
    "empty": "a file of no bytes",
    "large": "one of 60 MB: capss-mock sample --transactions 20000",
    "other-licence": "one of another licence: capss-mock sample --break DOC-LICENCE-MISMATCH",
}


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def scenarios(ids: tuple[str, ...], as_json: bool) -> int:
    """The situations that the mock can produce: what happens, what a good program then does, where it is known from.

    C: a good program confirms that everything is saved; N: it does not; E: it depends. Everywhere at most one accepted
    submission per file. That CAPSS does these things is mostly assumed; that servers like it do, the sources show.

    \b
    Examples:
      capss-mock scenarios
      capss-mock scenarios commit-then-504
      capss-mock serve --scenario commit-then-504
      curl -u apitest--slow:Password1 …      one request alone: by client id, or by a file name day--slow.xml
    """
    chosen = picked(ids, SCENARIOS, "scenario")
    if as_json:
        click.echo(json.dumps({"version": 1, "scenarios": [_json(each) for each in chosen]}, indent=2))
        return 0
    width = max(len(each.id) for each in chosen)
    for scenario in chosen:
        sent = f" (Send {_TO_SEND[scenario.document]}.)" if scenario.document and not ids else ""
        click.echo(f"{scenario.outcome}  {scenario.id:{width}}  {scenario.sentence}{sent}")
        if ids:
            click.echo(f"   {_MEANING[scenario.outcome]}")
            click.echo(f"   a good program: {scenario.good}")
            click.echo(f"   that CAPSS does this is {scenario.grade}; known from: {cited(scenario.citations)}")
            for line in _how(scenario):
                click.echo(f"   {line}")
            if scenario.switches:
                switches = ", ".join(f"{name}={value}" for name, value in scenario.switches.items())
                click.echo(f"   switches: {switches}")
    return 0


def _how(scenario: Scenario) -> list[str]:
    """What the mock does for it, besides its switches."""
    lines = [
        f"fault: {fault.on}, {fault.do}{f' {fault.status}' if fault.do is Do.ANSWER else ''}, "
        f"{'after the work is done' if fault.after else 'before anything is done'}, "
        f"{'always' if fault.times is None else f'{fault.times} x'}"
        for fault in scenario.faults
    ]
    words = {"force": "records are judged", "certificate": "certificate"}
    lines += [f"{word}: {getattr(scenario, name)}" for name, word in words.items() if getattr(scenario, name)]
    return [*lines, f"to be sent: {_TO_SEND[scenario.document]}"] if scenario.document else lines


def _json(scenario: Scenario) -> dict[str, object]:
    return {
        "id": scenario.id,
        "outcome": scenario.outcome.value,
        "sentence": scenario.sentence,
        "good": scenario.good,
        "grade": scenario.grade.value,
        "citations": [{"source": each.source, "where": each.where} for each in scenario.citations],
        "switches": dict(scenario.switches),
        "tls": scenario.needs_tls,
        "document": scenario.document or None,
        "how": _how(scenario),
    }
