"""``capss validate``: the document checker of ``capss-mock``, run as a process if it is there."""

import shutil
import subprocess
import sys
from importlib.util import find_spec

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def validate(arguments: tuple[str, ...]) -> int:
    """Check documents before they are sent: all arguments go to capss-mock validate."""
    command = _command()
    if command is None:
        raise click.UsageError("the document checker is not installed: pip install 'capss-kit[mock]'")
    return subprocess.run([*command, "validate", *arguments], check=False).returncode  # noqa: S603 - no shell


def _command() -> list[str] | None:
    if find_spec("capss_mock") is not None:
        return [sys.executable, "-m", "capss_mock"]
    found = shutil.which("capss-mock")
    return [found] if found else None
