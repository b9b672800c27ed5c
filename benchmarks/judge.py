"""How long the judge takes: the whole catalogue on ``capss``, and on a program that starts at once.

    .venv/bin/python benchmarks/judge.py

Scenarios are played several at a time; what the program itself waits for (never-completes: until CAPSS_TIMEOUT_S, 30 s,
is over) is not shortened, so that the first figure cannot be under 28 s. The bar is 90 s on 2 cores.
"""

import os
import subprocess
import sys
import time

from capss_mock.conformance.programs import REFERENCE

COMMANDS = {
    "capss, 61 scenarios": [sys.executable, "-m", "capss_client", "upload", "{file}"],
    "the reference program, 61 scenarios": [sys.executable, str(REFERENCE), "{file}"],
}


def main() -> None:
    """Measure each once."""
    for name, command in COMMANDS.items():
        begun, cpu = time.monotonic(), os.times()
        done = subprocess.run(
            [sys.executable, "-m", "capss_mock", "judge", "-q", "--", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        used = os.times()
        seconds = used.children_user + used.children_system - cpu.children_user - cpu.children_system
        print(f"{name}: {time.monotonic() - begun:.1f} s wall, {seconds:.0f} s of CPU; {done.stdout.strip()}")


if __name__ == "__main__":
    main()
