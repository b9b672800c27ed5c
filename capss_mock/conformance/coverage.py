"""Is every rule checked, every check judged, and has every check, and every scenario, found somebody out?

Set comparisons between the contract, the judges and, in a checkout, the tables of ``tests/conformance`` by which tests
play broken programs (``found_out.py``) and lying servers (``liars.py``).
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from capss_mock.conformance.client.judges import JUDGES
from capss_mock.conformance.programs.reference import WRONGS
from capss_mock.conformance.server.judges import JUDGES as SERVER_JUDGES
from capss_mock.contract.checks import PROGRAM_CHECKS, SERVER_CHECKS
from capss_mock.contract.checks.servers import ASKED
from capss_mock.contract.rules import RULES
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.unchecked import UNCHECKED

_DOCUMENTS = ("DOC-", "DUP-")  # what validate checks, and the broken documents show


@dataclass(frozen=True, slots=True)
class Tables:
    """What tests play: scenarios by the check that a broken program fails in them, and the checks that liars fail."""

    found_out: Mapping[str, tuple[str, ...]]
    liars: tuple[str, ...]


def tables(root: Path) -> Tables:
    """Read them from a checkout.

    Raises:
        FileNotFoundError: ``root`` is no checkout.
    """
    found_out = _literal(root / "tests/conformance/found_out.py", "FOUND_OUT")
    liars = _keys(root / "tests/conformance/liars.py", "LIES")
    return Tables({check: tuple(scenarios) for check, scenarios in found_out.items()}, liars)


def gaps(seen: Tables) -> Iterator[str]:
    """What is missing, a sentence each."""
    documents = {each for each in RULES if each.startswith(_DOCUMENTS)}
    checked = set(ASKED) | documents
    for rule in RULES.keys() - checked - UNCHECKED.keys():
        yield f"{rule} is checked by nothing, and has no reason"
    for rule in UNCHECKED.keys() & checked:
        yield f"{rule} has a reason for not being checked, and is checked"
    for rule in (UNCHECKED.keys() | ASKED.keys()) - RULES.keys():
        yield f"{rule} is no rule"
    yield from _differ(PROGRAM_CHECKS.keys(), JUDGES.keys(), "judge")
    yield from _differ(SERVER_CHECKS.keys(), SERVER_JUDGES.keys(), "judge")
    yield from _differ(PROGRAM_CHECKS.keys(), set(WRONGS), "broken program")
    yield from _differ(
        PROGRAM_CHECKS.keys(), {each for each in seen.found_out if seen.found_out[each]}, "scenario that shows it fail"
    )
    yield from _differ(SERVER_CHECKS.keys(), set(seen.liars), "lying server")
    shown = {scenario for scenarios in seen.found_out.values() for scenario in scenarios}
    for scenario in SCENARIOS.keys() - shown:
        yield f"scenario {scenario} has found nobody out"
    for scenario in shown - SCENARIOS.keys():
        yield f"{scenario} is no scenario"


def _differ(checks: Iterable[str], others: Iterable[str], what: str) -> Iterator[str]:
    known, there = set(checks), set(others)
    for check in sorted(known - there):
        yield f"check {check} has no {what}"
    for check in sorted(there - known):
        yield f"{check} has a {what}, and is no check"


def _assigned(file: Path, name: str) -> ast.expr:
    for node in ast.parse(file.read_text("utf-8")).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(each, ast.Name) and each.id == name for each in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)  # noqa: S101 - they have targets
            assert node.value is not None  # noqa: S101 - a table has a value
            return node.value
    raise FileNotFoundError(f"{file}: {name}")


def _literal(file: Path, name: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = ast.literal_eval(_assigned(file, name))
    return values


def _keys(file: Path, name: str) -> tuple[str, ...]:
    value = _assigned(file, name)
    keys = value.keys if isinstance(value, ast.Dict) else []
    return tuple(str(each.value) for each in keys if isinstance(each, ast.Constant))
