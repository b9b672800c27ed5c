"""The client stands alone: what it imports, how long its help takes to load, what its users may rely on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import capss_client

ROOT = Path(__file__).parents[2]


def modules_after(code: str) -> set[str]:
    environment = {name: text for name, text in os.environ.items() if "COV" not in name}  # it would import more
    command = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_it_imports_nothing_of_the_mock_and_its_libraries() -> None:
    code = "\n".join(f"from capss_client import {name}" for name in capss_client.__all__)
    loaded = modules_after(
        code
        + "\nimport capss_client.cli.sending, capss_client.cli.looking, capss_client.cli.doctor, capss_client.cli.validate"
    )
    assert "httpx" in loaded
    assert not loaded & {
        "capss_mock",
        "flask",
        "werkzeug",
        "lxml",
        "sqlalchemy",
        "cryptography",
        "joserfc",
        "cheroot",
        "pytest",
    }


def test_the_commands_help_loads_no_httpx() -> None:
    loaded = modules_after(
        "from capss_client.cli import cli\ntry: cli.main(['--help'], standalone_mode=False)\nexcept SystemExit: pass"
    )
    assert "click" in loaded
    assert not loaded & {"httpx", "anyio", "ssl", "sqlite3"}


def test_all_that_is_offered_is_there_and_nothing_else() -> None:
    for name in capss_client.__all__:
        assert getattr(capss_client, name).__name__ == name
        assert getattr(capss_client, name).__doc__
    assert set(capss_client.__all__) <= set(dir(capss_client))
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = capss_client.Clint


USER = """
from datetime import datetime
from typing import assert_type
from capss_client import AsyncClient, CapssError, Client, OnDup, Options, Progress, Receipt, Result, Token, Undetermined

def told(progress: Progress) -> None:
    assert_type(progress.polls, int)

def main(options: Options) -> bool:
    with Client("https://capss.test", "a", "b", on_progress=told, timeout=5, ledger="x.sqlite") as capss:
        receipt = capss.upload("day.xml", on_dup=OnDup.REJECT)
        assert_type(receipt, Receipt)
        result = capss.wait(receipt, deadline=60)
        assert_type(result, Result)
        assert_type(result.errors, tuple[str, ...])
        assert_type(result.completed_at, datetime | None)
        assert_type(capss.status(receipt.href), Result | None)
        assert_type(capss.token(), Token)
    try:
        Client("https://capss.test", "a", "b", **options)
    except Undetermined as error:
        assert_type(error.receipt, Receipt | None)
    except CapssError as error:
        assert_type(error.next_step, str)
    return result.confirmed

async def amain() -> Result:
    async with AsyncClient("https://capss.test", "a", "b", ca_file="ca.pem") as capss:
        receipt = await capss.update("fixes.xml")
        assert_type(receipt, Receipt)
        return await capss.wait(receipt)
"""
WRONG = """
from capss_client import Client

Client("https://capss.test", "a", "b", timeoutt=5)
Client("https://capss.test", "a", "b").upload("day.xml", on_dup="reject")
Client("https://capss.test", "a", "b").wait(5)
"""


@pytest.mark.proof
@pytest.mark.parametrize(
    "checker",
    [["mypy", "--strict", "--no-incremental"], ["pyright", "--pythonpath", sys.executable]],
    ids=["mypy", "pyright"],
)
@pytest.mark.parametrize(("code", "errors"), [(USER, 0), (WRONG, 3)], ids=["right", "wrong"])
def test_users_types_are_checked_strictly(tmp_path: Path, checker: list[str], code: str, errors: int) -> None:
    (tmp_path / "user.py").write_text(code)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    done = subprocess.run(
        [sys.executable, "-m", *checker, "user.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=170,
    )
    assert (done.returncode == 0) is (errors == 0), done.stdout + done.stderr
    if errors:
        assert f"{errors} errors" in done.stdout
