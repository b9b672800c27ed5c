"""One command from a fresh clone: makes .venv, installs what is needed, runs it. Standard library only.

python3 run.py serve [options of capss-mock serve]
python3 run.py test [options of pytest]
python3 run.py mock [any arguments of capss-mock]
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
EXTRAS = {"serve": "mock", "mock": "mock", "test": "test"}


def pip() -> list[str]:
    """How to install into .venv: its own pip or, where Python came without ensurepip, this one's."""
    if subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return [str(PYTHON), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def install(extra: str) -> None:
    """Make .venv hold the kit with ``extra``, unless it already does."""
    stamp = VENV / f"installed-{extra}"
    wanted = hashlib.sha256((HOME / "pyproject.toml").read_bytes()).hexdigest()
    for held in {extra, "test"}:  # the extra test includes the others
        done = VENV / f"installed-{held}"
        if done.is_file() and done.read_text() == wanted:
            return
    print(f"capss-kit: installing into {VENV} (once) …", file=sys.stderr, flush=True)
    if not PYTHON.exists():
        has_ensurepip = importlib.util.find_spec("ensurepip") is not None
        try:
            venv.create(VENV, with_pip=has_ensurepip)
        except subprocess.CalledProcessError:  # Debian ships ensurepip without its wheels
            venv.create(VENV, with_pip=False, clear=True)
    subprocess.run(
        [*pip(), "install", "--quiet", "--disable-pip-version-check", "--editable", f"{HOME}[{extra}]"],
        check=True,
    )
    stamp.write_text(wanted)


def main(arguments: list[str]) -> int:
    """Install, then run; returns the exit code."""
    if sys.version_info < (3, 11):
        print(f"capss-kit needs Python 3.11 or newer; this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    if not arguments or arguments[0] not in EXTRAS:
        print(__doc__, file=sys.stderr)
        return 2
    task, *rest = arguments
    try:
        install(EXTRAS[task])
    except subprocess.CalledProcessError as error:
        print(
            f"capss-kit: the installation failed (exit {error.returncode}); pip's message is above",
            file=sys.stderr,
        )
        return 2
    commands = {
        "serve": ["-m", "capss_mock", "serve"],
        "mock": ["-m", "capss_mock"],
        "test": ["-m", "pytest"],
    }
    command = [str(PYTHON), *commands[task], *rest]
    if task == "test":
        os.chdir(HOME)
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 - signals and the exit code are then its own
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
