"""What a request is served with. An application knows no run: each request brings its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flask import request

from capss_mock.clock import SteerableClock
from capss_mock.contract.faults import Fault
from capss_mock.settings import Settings
from capss_mock.usecases import Capss
from capss_mock.web.faults import Faults
from capss_mock.web.journal import Journal
from capss_mock.web.requestlog import RequestLog

KEY = "capss.context"  # in the WSGI environment


class Controls(Protocol):
    """What can be steered: a run."""

    settings: Settings
    capss: Capss
    clock: SteerableClock
    journal: Journal
    others: Any

    @property
    def faults(self) -> Faults: ...
    def configure(self, scenario: str | None = None, switches: Mapping[str, str | None] | None = None) -> None: ...
    def arm(self, faults: Iterable[Fault]) -> None: ...
    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What the request is for: CAPSS under the settings of its scenario, that scenario's faults, and the run."""

    capss: Capss
    faults: Faults
    journal: Journal
    log: RequestLog
    run: Controls


def here() -> Context:
    """The context of the request that is being served."""
    context: Context = request.environ[KEY]
    return context
