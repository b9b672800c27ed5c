"""Option types and the config file."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from capss_mock.settings import no_such

T = TypeVar("T")


class Moment(click.ParamType[datetime]):
    """An ISO 8601 date and time with a zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the option."""
        if not isinstance(value, datetime):
            try:
                value = datetime.fromisoformat(str(value))
            except ValueError:
                self.fail(f"{value!r} is not a time such as 2025-12-15T22:03:52Z", param, ctx)
        moment: datetime = value
        if moment.tzinfo is None:
            self.fail(f"{value!s} has no zone: write 2025-12-15T22:03:52Z or …-08:00", param, ctx)
        return moment


class SwitchSetting(click.ParamType[tuple[str, str]]):
    """``switch=value``; which ones there are is checked by the settings."""

    name = "switch=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Read the option."""
        if isinstance(value, tuple):
            return value
        name, equals, setting = str(value).partition("=")
        if not equals:
            self.fail(f"{value!r} is not switch=value, e.g. progress=immediate", param, ctx)
        return name.strip(), setting.strip()


def picked(ids: Iterable[str], known: Mapping[str, T], what: str) -> list[T]:
    """The named ones of ``known``, or all of them; an unknown name is a usage error that says which is meant."""
    chosen = list(ids)
    for each in chosen:
        if each not in known:
            raise click.UsageError(no_such(what, each, known, f"{click.get_current_context().command_path} lists them"))
    return [known[each] for each in chosen] or list(known.values())


def read_config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> dict[str, str]:
    """Make a TOML file's values the defaults of the options; returns its ``[switches]``."""
    if path is None:
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise click.BadParameter(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path} is not TOML: {error}") from None
    switches = values.pop("switches", {})
    if not isinstance(switches, dict):
        raise click.BadParameter(f"{path}: switches must be a table: [switches]")
    known = {option.lstrip("-") for param in ctx.command.params for option in param.opts} - {
        "config",
        "set",
        "help",
    }
    for name in values:
        if name not in known:
            raise click.BadParameter(f"{path}: {no_such('setting', name, {*known, '[switches]'})}")
    ctx.default_map = {name.replace("-", "_"): value for name, value in values.items()}
    return {name: str(value) for name, value in switches.items()}
