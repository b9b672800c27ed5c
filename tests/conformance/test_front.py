"""The suite as pytest tests; the whole of it is a proof (``tests/proof/test_judge.py``)."""

import subprocess
import sys
from pathlib import Path

import pytest

from capss_mock.conformance.programs import REFERENCE


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ((), 4, "name what is judged: --capss-command"),
        (("--capss-command", "no-such-program", "-k", "immediate"), 2, "cannot start no-such-program: not found"),
        (("--capss-target", "http://example.com", "-k", "NO-STORE"), 2, "example.com is not this machine: with --i-own-this-account"),
        (("--capss-command", f"{sys.executable} {REFERENCE} --wrong TRUTH-SAVED {{file}}", "-k", "complete-with-errors"), 1, "your program said saved; the server saved 0 of 3"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_the_exit_code_tells(
    tmp_path: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "capss_mock.conformance"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
