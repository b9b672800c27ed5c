"""The command ``capss``: loads each subcommand, and httpx, only when it is called."""

import importlib
import io
import os
import signal
import sys
import traceback
from pathlib import Path

import click

from capss_client.cli.showing import tell

_COMMANDS = {
    "upload": ("capss_client.cli.sending", "upload", "Send an upload document and wait for what becomes of it."),
    "update": ("capss_client.cli.sending", "update", "Send an item update and wait for what becomes of it."),
    "status": ("capss_client.cli.looking", "status", "What became of a document that was sent."),
    "token": ("capss_client.cli.looking", "token", "Get a token, and say what is in it."),
    "doctor": ("capss_client.cli.doctor", "doctor", "Check address, certificate, credentials, clock and rights."),
    "validate": ("capss_client.cli.validate", "validate", "Check documents with capss-mock validate."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Unofficial: no affiliation with the California Department of Justice.",
)
@click.version_option(package_name="capss-kit", prog_name="capss")
def cli() -> None:
    """A client for CAPSS, the California DOJ's Pawn and Secondhand Dealer System.

    \b
    Where to and as whom (or by options):
      CAPSS_BASE_URL       https://capss-sb.doj.ca.gov, or that of a mock; there is no default
      CAPSS_CLIENT_ID      of an API client, made on the API Client page of CAPSS
      CAPSS_CLIENT_SECRET
      CAPSS_CA_FILE        certificates to trust, if not the system's

    \b
    Examples:
      capss doctor                   is all as it should be?
      capss upload day.xml           waits; exit code 0 only if everything is confirmed saved
      capss upload day.xml --json    for a program
      capss status URL               what became of it, later

    \b
    Exit codes:
      0  everything in the document is confirmed saved
      1  it was refused, or not all of it was saved
      2  usage: nothing was sent
      3  it cannot be known whether it was saved: look before sending it again
      4  nothing was sent: the server cannot be reached, or is busy
    """


def main() -> None:
    """Run the command; errors are told on stderr, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name or a text that the terminal cannot show
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # as Ctrl-C: what was sent, and where to ask, is then told
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        code = cli.main(prog_name="capss", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "capss"
        see = f" (see {where} --help)" if isinstance(error, click.UsageError) else ""
        tell(f"{where}: {' '.join(error.format_message().split())}{see}")
        sys.exit(2)
    except click.Abort:
        tell("capss: stopped")
        sys.exit(130)
    except OSError as error:  # those of files are told where they happen: this is the output of a help text
        tell(f"capss: cannot write the output: {error.strerror}")
        os._exit(2)  # what is still held for the output would fail again at exit
    except Exception as error:  # noqa: BLE001 - the last resort; the message could quote what was read
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        tell(f"capss: a fault of ours: {type(error).__name__} at {where}; please report it")
        sys.exit(3)
    sys.exit(code if isinstance(code, int) else 0)
