"""How one mock is set up: frozen values, read once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from capss_mock.contract.fields import FORMS
from capss_mock.contract.model import Choice
from capss_mock.contract.scenarios import DEFAULT_SCENARIO, SCENARIOS
from capss_mock.contract.switches import DIALECTS, SWITCHES

LOOPBACK = "127.0.0.1"
JOURNAL_ROWS = 10_000


class SettingsError(ValueError):
    """A setting that cannot be used; the message says which, and what is allowed."""


class TooManyError(Exception):
    """There are as many runs as there may be; the message says how many."""


def no_such(what: str, name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Say that there is no such thing, and which may be meant; if none is close, ``otherwise`` or all known ones."""
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    hint = f"did you mean {close[0]}?" if close else otherwise or f"known are {', '.join(names)}"
    return f"there is no {what} {name!r}: {hint}"


def read_settings(
    scenario: str = DEFAULT_SCENARIO, dialect: str = "sheet", changes: Mapping[str, str] | None = None, **more: Any
) -> "Settings":
    """The settings of a mock: a dialect, changed by a scenario, changed by ``changes``.

    Raises:
        SettingsError: an unknown scenario, dialect, switch or option.
    """
    if scenario not in SCENARIOS:
        raise SettingsError(no_such("scenario", scenario, SCENARIOS))
    changes = _checked(changes)
    switches = read_switches(dialect, {**SCENARIOS[scenario].switches, **changes})
    return Settings(switches, scenario=scenario, dialect=dialect, changes=MappingProxyType(changes), **more)


def read_switches(dialect: str = "sheet", changes: Mapping[str, str] | None = None) -> Mapping[str, Choice]:
    """Every switch's setting: the defaults, changed by a dialect, changed by ``changes``.

    Raises:
        SettingsError: an unknown dialect, switch or option.
    """
    return _read_switches(dialect, tuple(_checked(changes).items()))


def _checked(changes: Mapping[str, str] | None) -> dict[str, str]:
    given: object = {} if changes is None else changes
    if not isinstance(given, Mapping) or not all(isinstance(each, str) for pair in given.items() for each in pair):
        raise SettingsError(f"changes must be switches and their settings as texts, not {given!r}")
    return dict(given)


@lru_cache(256)  # each test of a suite reads its own, mostly the same
def _read_switches(dialect: str, changes: tuple[tuple[str, str], ...]) -> Mapping[str, Choice]:
    if dialect not in DIALECTS:
        raise SettingsError(no_such("dialect", dialect, DIALECTS))
    texts = {name: switch.default for name, switch in SWITCHES.items()}
    for name, text in {**DIALECTS[dialect].settings, **dict(changes)}.items():
        if name not in SWITCHES:
            raise SettingsError(no_such("switch", name, SWITCHES))
        texts[name] = text
    try:
        read = {name: SWITCHES[name].read(text) for name, text in texts.items()}
    except ValueError as error:
        raise SettingsError(str(error)) from None
    names = [read[name].name for name in ("update-root", "update-container", "update-key")]
    if clash := FORMS["update"].clash(*names):
        raise SettingsError(clash)
    return MappingProxyType(read)


@dataclass(frozen=True, slots=True)
class Settings:
    """One mock's setting. ``store`` None: a private temporary one; ``now`` None: the machine's clock.

    ``scenario``, ``dialect`` and ``changes`` are what ``switches`` was read from (``read_settings``).
    """

    switches: Mapping[str, Choice] = field(default_factory=read_switches)
    store: Path | None = None
    seed: int | None = None
    now: datetime | None = None
    run_id: str = "main"
    scenario: str = DEFAULT_SCENARIO
    dialect: str = "sheet"
    changes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    journal_rows: int = JOURNAL_ROWS
    control_token: str | None = field(default=None, repr=False)  # None: only this machine steers
    places: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # of faults: elsewhere, http

    def choice(self, switch: str) -> Choice:
        """The setting of a switch."""
        return self.switches[switch]

    def with_changes(self) -> "Settings":
        """The settings with the changes that they were made by, also if only the outcome was given."""
        before = read_settings(self.scenario, self.dialect, self.changes).switches
        if before is self.switches:
            return self
        more = {name: str(choice) for name, choice in self.switches.items() if str(choice) != str(before[name])}
        return replace(self, changes=MappingProxyType({**self.changes, **more}))

    @property
    def overridden(self) -> dict[str, str]:
        """The switches of the scenario that were set to something else, and what the scenario wants of them."""
        wanted = SCENARIOS[self.scenario].switches
        return {name: text for name, text in wanted.items() if str(self.switches[name]) != text}

    def is_set(self, switch: str, value: str) -> bool:
        """True when a switch is at this option."""
        return self.switches[switch].value == value
