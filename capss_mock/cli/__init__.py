"""The command ``capss-mock``: loads each subcommand only when it is called."""

import importlib
import io
import os
import sys
import traceback
from importlib.util import find_spec
from pathlib import Path

import click

from capss_mock import __version__

_COMMANDS = {
    "serve": ("capss_mock.cli.serve", "serve", "Start the mock and print commands to paste."),
    "clients": ("capss_mock.cli.clients", "clients", "Add, list, change and disable API clients of a store."),
    "rules": ("capss_mock.cli.knowledge", "rules", "What is known of CAPSS, and how well."),
    "switches": (
        "capss_mock.cli.knowledge",
        "switches",
        "The open questions: options, defaults, who says what.",
    ),
    "scenarios": ("capss_mock.cli.scenarios", "scenarios", "The situations that the mock can produce."),
    "validate": ("capss_mock.cli.validate", "validate", "What is wrong or doubtful in documents, and where."),
    "judge": ("capss_mock.cli.judge", "judge", "Does a program in any language do what it should?"),
    "verify": ("capss_mock.cli.verify", "verify", "Does a server do what is known of CAPSS?"),
    "sample": ("capss_mock.cli.sample", "sample", "An invented document, clean or broken in one way."),
    "fixtures": ("capss_mock.cli.fixtures", "fixtures", "Sample documents and replies, written out."),
    "openapi": ("capss_mock.cli.openapi", "openapi", "The CAPSS API as OpenAPI 3.1."),
    "explain": ("capss_mock.cli.explain", "explain", "A token or an answer, member by member, offline."),
}
_NEEDED = ("cheroot", "cryptography", "flask", "joserfc", "lxml", "multipart", "sqlalchemy", "trustme")


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
@click.version_option(__version__, prog_name="capss-mock")
def cli() -> None:
    """An offline mock of CAPSS, the California DOJ's Pawn and Secondhand Dealer System.

    \b
    Examples:
      capss-mock serve                     http://127.0.0.1:8080, nothing to configure
      capss-mock serve --tls --port 0      https on a free port, with a throw-away CA
      capss-mock rules --unverified        what only the DOJ can answer
    """


def _missing() -> list[str]:
    return [name for name in _NEEDED if find_spec(name) is None]


def main() -> None:
    """Run the command; errors are one line on stderr and exit code 2, never a traceback."""
    if missing := _missing():
        print(
            f"capss-mock: the mock is not installed (no {missing[0]}): pip install 'capss-kit[mock]'",
            file=sys.stderr,
        )
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name or a text that the terminal cannot show
    try:
        code = cli.main(prog_name="capss-mock", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "capss-mock"
        see = f" (see {where} --help)" if isinstance(error, click.UsageError) else ""
        print(f"{where}: {' '.join(error.format_message().split())}{see}", file=sys.stderr)
        sys.exit(2)
    except click.Abort:
        print("capss-mock: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away (… | head)
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:  # those of files are told where they happen: this is our output
        print(f"capss-mock: cannot write the output: {error.strerror}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(2)  # what is still held for the output would fail again at exit
    except Exception as error:  # noqa: BLE001 - the last resort; the message could quote what was read
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        print(f"capss-mock: a fault of ours: {type(error).__name__} at {where}; please report it", file=sys.stderr)
        sys.exit(3)
    sys.exit(code if isinstance(code, int) else 0)
