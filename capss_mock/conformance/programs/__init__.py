"""Programs that the judge is tried on: a good one, which can be made to do one thing wrong."""

import sys
from pathlib import Path

REFERENCE = Path(__file__).with_name("reference.py")


def reference_command(wrong: str = "") -> tuple[str, ...]:
    """The command of the good program, or of one that fails the check ``wrong`` and no other one."""
    more = ("--wrong", wrong) if wrong else ()
    return (sys.executable, str(REFERENCE), *more, "{file}")
