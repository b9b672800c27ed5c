"""Is every rule carried out and shown? Set comparisons between the contract, the code and the evidence in a checkout.

A rule is *enforced* where its id stands in the code that acts (or in the contract's data that this code interprets),
and *shown* by a raw request/answer pair of ``tests/golden`` or by a broken document of ``fixtures/uploads/broken``.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from capss_mock.contract.model import Level, Rule
from capss_mock.contract.rules import RULES
from capss_mock.contract.unproved import UNPROVED

_PACKAGE = Path(__file__).parent
_ACTING = ("domain", "usecases", "web", "serving", "app.py", "contract/responses.py", "contract/fields.py")
_SECTION = re.compile(r"^### ([A-Z0-9 -]+):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """What is there for one rule: places in the code, pairs and documents, or the reason for there being none."""

    rule: Rule
    enforced: tuple[str, ...]
    shown: tuple[str, ...]
    reason: str = ""

    @property
    def gap(self) -> str:
        """What is missing; empty when nothing is."""
        if self.reason:
            return "has a reason for not being shown, and is shown" if self.shown else ""
        if not self.shown:
            return "is shown by no pair and no document, and has no reason"
        if self.rule.level is not Level.BEHAVIOUR and not self.enforced:
            return "is enforced nowhere in the code"
        return ""


def enforced(package: Path = _PACKAGE) -> Mapping[str, list[str]]:
    """Where rule ids stand as text in the code that acts: ``module:line`` by id."""
    places: dict[str, list[str]] = defaultdict(list)
    for name in _ACTING:
        path = package / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and node.value in RULES:
                    places[str(node.value)].append(f"{file.relative_to(package)}:{node.lineno}")
    for rule in RULES.values():
        for _, other in rule.otherwise:
            places[other].append(f"contract: instead of {rule.id}")
    return places


def shown(root: Path) -> Mapping[str, list[str]]:
    """Which pairs and broken documents of a checkout name a rule.

    Raises:
        FileNotFoundError: ``root`` is no checkout.
    """
    golden = root / "tests/golden"
    if not golden.is_dir():
        raise FileNotFoundError(golden)
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(golden.glob("*.http")):
        for match in _SECTION.finditer(path.read_text("utf-8")):
            for rule in match[1].split():
                places[rule].append(f"tests/golden/{path.name}")
    for directory in ("fixtures/uploads/broken", "fixtures/updates/broken"):
        for path in sorted((root / directory).glob("*--*")):
            places[path.name.split("--")[0]].append(f"{directory}/{path.name}")
    return places


def measure(root: Path, rules: Mapping[str, Rule] = RULES) -> tuple[list[Row], list[str]]:
    """A row per rule, and the ids that are named somewhere without being rules.

    Raises:
        FileNotFoundError: ``root`` is no checkout.
    """
    code, evidence = enforced(), shown(root)
    rows = [
        Row(rule, tuple(code.get(id_, ())), tuple(evidence.get(id_, ())), UNPROVED.get(id_, ""))
        for id_, rule in rules.items()
    ]
    return rows, sorted((evidence.keys() | UNPROVED.keys()) - rules.keys())
