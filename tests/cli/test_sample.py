"""``capss-mock sample``: what it writes, and what it says when it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_validate import findings

SAMPLE = [sys.executable, "-m", "capss_mock", "sample"]


def sample(*arguments: str) -> bytes:
    return subprocess.run([*SAMPLE, *arguments], capture_output=True, check=True).stdout


def test_a_sample_is_clean_today_without_any_option() -> None:
    assert findings("--set", "report-dates=warn", "-", text=sample()) == []


def test_a_seed_repeats_the_document_and_none_makes_a_new_one() -> None:
    day = ("--day", "2025-12-15")
    assert sample("--seed", "7", *day) == sample("--seed", "7", *day)
    assert sample("--seed", "7", *day) != sample("--seed", "8", *day)
    assert sample(*day) != sample(*day)


def test_options_decide_length_profile_licence_and_day() -> None:
    document = sample("--transactions", "12", "--profile", "2018", "--license", "33131099", "--day", "2018-02-03")
    assert document.count(b"<propertyTransaction>") == document.count(b"<transactionTime>2018-02-03T") == 12
    assert b'licenseNumber="33131099"' in document
    assert findings("--profile", "2018", "-", text=document) == []


def test_a_rule_can_be_broken() -> None:
    document = sample("--break", "DOC-VALUE", "--seed", "3", "--transactions", "4")
    assert [each["rule"] for each in findings("-", text=document)] == ["DOC-VALUE"]


def test_a_file_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "day.xml"
    assert sample("--seed", "1", "--day", "2025-12-15", "-o", str(path)) == b""
    assert path.read_bytes() == sample("--seed", "1", "--day", "2025-12-15")


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--break", "DOC-XSD"], "DOC-XSD cannot be broken under profile 2026: DOC-AMOUNT-FORMAT,"),
        (["--break", "DOC-REFERENCE", "--profile", "2020"], "DOC-REFERENCE cannot be broken under profile 2020"),
        (["--license", "\x01"], "is not digits only"),
        (["--transactions", "0"], "0 is not in the range"),
        (["-o", "no/such/day.xml"], "cannot write no/such/day.xml: No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(arguments: list[str], match: str) -> None:
    done = subprocess.run([*SAMPLE, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert match in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_reader_that_stops_early_gets_no_traceback() -> None:
    with subprocess.Popen(
        [*SAMPLE, "--transactions", "2000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_full_disk_is_said_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*SAMPLE, "--transactions", "50"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"capss-mock: cannot write the output: No space left on device\n")


@pytest.mark.parametrize("rule", ["DOC-LATE", "DOC-FUTURE"])
def test_a_day_that_few_years_have_can_be_late_too(rule: str) -> None:
    document = sample("--day", "2024-02-29", "--break", rule)
    found = findings("--set", "report-dates=warn", "--as-of", "2024-03-01", "--profile", "2026", "-", text=document)
    assert [each["rule"] for each in found] == [rule]
