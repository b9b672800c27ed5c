"""Whatever datum of the contract is changed, a pair typed by hand turns red."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from capss_mock.contract.model import Answer, Rule
from capss_mock.contract.rules import RULES
from capss_mock.contract.unproved import UNPROVED
from capss_mock.domain.tokens import SigningKey
from tests.golden.runner import Pair, Player, all_pairs

ROOT = Path(__file__).parents[2]
PAIRS = all_pairs()

# file of the contract, what stands there, what it is changed to
CHANGES = [
    ("responses.py", '"fileName",\n        "status",', '"status",\n        "fileName",'),
    ("responses.py", '"Total Transations"', '"Total Transactions"'),
    ("responses.py", "EXPIRES_IN_SHORTFALL = 2", "EXPIRES_IN_SHORTFALL = 1"),
    ("responses.py", "LEEWAY_S = 60", "LEEWAY_S = 61"),
    ("responses.py", 'PENDING_WORD = "processing"', 'PENDING_WORD = "pending"'),
    ("responses.py", '"update": "complete"', '"update": "new"'),
    ("responses.py", "record(s) at {date}.", "records at {date}."),
    ("responses.py", 'OAUTH_JSON = "application/json;charset=UTF-8"', 'OAUTH_JSON = "application/json"'),
    ("responses.py", '("Pragma", "no-cache")', '("Pragma", "none")'),
    ("responses.py", "KEY_BITS = 3072", "KEY_BITS = 2048"),
    ("responses.py", "ROLLING_DAYS = 5", "ROLLING_DAYS = 6"),
    ("responses.py", '("kid", "alg")', '("alg", "kid")'),
    ("responses.py", 'ISSUER = "https://capss.tst', 'ISSUER = "https://capss'),
    ("operations.py", '"/api/itemupdate/updateItem"', '"/api/itemupdate/update"'),
    ("operations.py", 'part="itemUpdateFile"', 'part="updateFile"'),
    ("defaults.py", "FIRST_STATUS_ID = 512627", "FIRST_STATUS_ID = 1"),
    ("defaults.py", "TOKEN_VERSION = 3", "TOKEN_VERSION = 4"),
    ("switches.py", '"polls:2",', '"polls:3",'),
    ("switches.py", '            "202",\n            (Citation("client-a", "treats', '            "200",\n            (Citation("client-a", "treats'),
    ("switches.py", '"bytes:104857600"', '"bytes:1000"'),
    ("fields.py", 'Field("amount", Kind.AMOUNT, kept', 'Field("amount", kept'),
    ("rules/bearer.py", "Jwt expired at {at}", "Jwt expired on {at}"),
    ("rules/token.py", "#section-5.2", "#section-5"),
]  # fmt: skip


def turns_red(pair: Pair, key: SigningKey) -> bool:
    try:
        Player(pair, key).play()
    except AssertionError:
        return True
    return False


def variants(answer: Answer) -> Iterator[Answer]:
    """The answer with one datum changed, for every datum."""
    yield replace(answer, status=418)
    yield replace(answer, close=not answer.close)
    if answer.body is None:
        yield replace(answer, body="")
    else:
        yield replace(answer, body=answer.body + "x")
    if answer.content_type:
        yield replace(answer, content_type="text/plain")
    for number, (name, value) in enumerate(answer.headers):
        others = answer.headers[:number] + answer.headers[number + 1 :]
        yield replace(answer, headers=others)
        yield replace(answer, headers=((name, value + "x"), *others))
    yield replace(answer, headers=(*answer.headers, ("X-New", "1")))


ANSWERED = [rule for rule in RULES.values() if rule.answer and rule.id not in UNPROVED]
# answered below Flask: only the status of their answer goes over the wire, the rest is always the same
# refused with the body unread: the connection is closed for that reason too
CLOSED_ANYHOW = {"WEB-TOO-LARGE", "WEB-BAD-REQUEST", "WEB-TIMEOUT"}
BARE = {"WEB-UNREADABLE", "WEB-HEADERS-TOO-LARGE", "WEB-VERSION", "WEB-TRANSFER"}


@pytest.mark.proof
@pytest.mark.parametrize("rule", ANSWERED, ids=lambda rule: rule.id)
def test_a_changed_answer_turns_a_pair_of_its_rule_red(
    rule: Rule, signing_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rule.answer
    pairs = [pair for pair in PAIRS if rule.id in pair.rules]
    assert pairs
    for changed in [replace(rule.answer, status=418)] if rule.id in BARE else variants(rule.answer):
        if changed == replace(rule.answer, close=not rule.answer.close) and rule.id in CLOSED_ANYHOW:
            continue
        monkeypatch.setitem(RULES, rule.id, replace(rule, answer=changed))
        assert any(turns_red(pair, signing_key) for pair in pairs), changed


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mock and its pairs, to be changed."""
    target = tmp_path_factory.mktemp("mutants")
    for name in ("capss_mock", "tests", "fixtures"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def run_pairs(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "tests/golden", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(directory)}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.proof
def test_the_pairs_are_green_on_an_unchanged_copy(copy: Path) -> None:
    done = run_pairs(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.proof
@pytest.mark.parametrize(("name", "old", "new"), CHANGES, ids=[f"{name}:{new[:30]!r}" for name, _, new in CHANGES])
def test_a_changed_datum_turns_a_pair_red(copy: Path, name: str, old: str, new: str) -> None:
    path = copy / "capss_mock/contract" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    try:
        done = run_pairs(copy)
    finally:
        path.write_text(text, "utf-8")
    assert done.returncode == 1, done.stdout
    assert "AssertionError" in done.stdout or "assert" in done.stdout, done.stdout
