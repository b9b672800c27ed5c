"""Every rule is enforced and shown, or there is a reason; and the measure can tell when not."""

import shutil
from pathlib import Path

import pytest

from capss_mock.contract.model import Grade, Level, Rule
from capss_mock.contract.rules import RULES
from capss_mock.contract.unproved import UNPROVED
from capss_mock.coverage import measure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the evidence, to be damaged."""
    shutil.copytree(ROOT / "tests/golden", tmp_path / "tests/golden")
    for name in ("fixtures/uploads/broken", "fixtures/updates/broken"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def gaps(root: Path, rules: dict[str, Rule] = RULES) -> dict[str, str]:
    rows, strangers = measure(root, rules)
    return {row.rule.id: row.gap for row in rows if row.gap} | dict.fromkeys(strangers, "no rule")


def test_every_rule_is_enforced_and_shown_or_has_a_reason() -> None:
    assert gaps(ROOT) == {}


def test_a_pair_that_goes_missing_is_noticed(checkout: Path) -> None:
    path = checkout / "tests/golden/bearer.http"
    path.write_text(path.read_text("utf-8").replace("### BEA-SIGNATURE", "### BEA-KEY"))
    assert gaps(checkout) == {"BEA-SIGNATURE": "is shown by no pair and no document, and has no reason"}


def test_a_document_that_goes_missing_is_noticed(checkout: Path) -> None:
    (checkout / "fixtures/uploads/broken/DOC-DTD--entity.xml").unlink()
    assert set(gaps(checkout)) == {"DOC-DTD"}


def test_a_pair_for_no_rule_is_noticed(checkout: Path) -> None:
    (checkout / "tests/golden/new.http").write_text("### BEA-INVENTED: x\n> GET /\n< 200\n")
    assert gaps(checkout) == {"BEA-INVENTED": "no rule"}


def test_a_refusal_that_no_code_makes_is_noticed(checkout: Path) -> None:
    rule = Rule("BEA-INVENTED", Level.REFUSAL, Grade.ASSUMED, "x", ())
    (checkout / "tests/golden/new.http").write_text("### BEA-INVENTED: x\n> GET /\n< 200\n")
    assert gaps(checkout, {**RULES, rule.id: rule}) == {"BEA-INVENTED": "is enforced nowhere in the code"}


def test_a_reason_that_is_no_longer_needed_is_noticed(checkout: Path) -> None:
    (checkout / "tests/golden/new.http").write_text("### WEB-CLIENT-PAGE: x\n> GET /\n< 200\n")
    assert gaps(checkout) == {"WEB-CLIENT-PAGE": "has a reason for not being shown, and is shown"}


def test_every_reason_is_a_sentence() -> None:
    assert all(len(reason.split()) > 5 for reason in UNPROVED.values())
