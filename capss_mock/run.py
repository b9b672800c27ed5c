"""A run: one mock with its own store, clock, credentials, journal and faults, whose settings can be changed."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from capss_mock.app import create_app
from capss_mock.clock import Clock, SteerableClock
from capss_mock.contract.faults import Fault
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.switches import SWITCHES
from capss_mock.domain.clients import ApiClient
from capss_mock.settings import Settings, SettingsError, no_such, read_settings
from capss_mock.store import Databases
from capss_mock.usecases import Capss
from capss_mock.usecases.start import Preparation, start, system_clock
from capss_mock.web.choice import Choice
from capss_mock.web.context import KEY, Context
from capss_mock.web.faults import ASKED_FOR, Faults
from capss_mock.web.journal import Journal
from capss_mock.web.requestlog import RequestLog, Sink


def _begin(scenario: str, more: str) -> str:
    return f'begin with it, serve{more} --scenario {scenario}, or @pytest.mark.capss(scenario="{scenario}")'


class Run:
    """A WSGI application that can be steered while it runs.

    There is a context for each scenario that has been asked for: that of the run, and those that single requests
    choose by their credentials or file names (``web/choice.py``). They share everything but their settings and faults.

    Args:
        others: what ``/__capss/runs`` steers; None: there are no other runs.
        client: the API client that it starts with; None: the well-known one.
        databases: where a temporary store is taken from, and given back to.
        secure: whether it is served over TLS.

    Raises:
        StoreError: the store cannot be used.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        prepared: Preparation | None = None,
        clock: Clock | None = None,
        sink: Sink | None = None,
        others: Any = None,
        client: ApiClient | None = None,
        databases: Databases | None = None,
        *,
        secure: bool = False,
    ) -> None:
        self.settings = (settings or Settings()).with_changes()
        self._secure = secure
        self.closed = False
        self._stopping = threading.Event()
        self.clock = SteerableClock(clock or system_clock(self.settings))
        self.capss: Capss = start(self.settings, prepared, self.clock, client, databases)
        self.journal = Journal()
        self.others = others
        self._log = RequestLog(self.capss.store, self.settings.journal_rows, sink)
        self._lock = threading.RLock()
        self._contexts: dict[str, Context] = {}
        self._faults: dict[str, Faults] = {}
        self._choice = Choice()
        self.witness: Callable[[dict[str, Any]], None] | None = None  # sees each request of CAPSS as it came

    @property
    def faults(self) -> Faults:
        """The faults of requests that choose no scenario."""
        return self._faults_of(self.settings.scenario)

    def configure(self, scenario: str | None = None, switches: Mapping[str, str | None] | None = None) -> None:
        """Change the scenario, and switches (those given; None: as if it had never been set; the others stay).

        Requests under way end as they began. Faults that were asked for stay; the scenario's begin anew.

        Raises:
            SettingsError: there is no such scenario, switch or option, or the scenario needs a start of its own;
                nothing is changed then.
        """
        with self._lock:
            old = self.settings
            chosen = old.scenario if scenario is None else scenario
            if scenario is not None and scenario in SCENARIOS:
                self._check(scenario)
            for name in (switches or {}).keys() - SWITCHES.keys():  # also one that is to be taken back
                raise SettingsError(no_such("switch", name, SWITCHES))
            changes = {name: text for name, text in {**old.changes, **(switches or {})}.items() if text is not None}
            new = read_settings(chosen, old.dialect, changes)
            self.settings = replace(old, switches=new.switches, scenario=chosen, changes=new.changes)
            self.capss = self.capss.under(self.settings)
            self._contexts.clear()
            if scenario is not None:
                asked = [fault for faults in self._faults.values() for fault in faults.asked_for()]
                self._faults.clear()
                self.arm(asked)

    def _check(self, scenario: str) -> None:
        found = SCENARIOS[scenario]
        if found.certificate and scenario != self.settings.scenario:
            raise SettingsError(f"{scenario} needs a certificate of its own: {_begin(scenario, '')}")
        if found.tls and not self._secure:
            raise SettingsError(f"{scenario} needs https: {_begin(scenario, ' --tls')}")

    def arm(self, faults: Iterable[Fault]) -> None:
        """Let the next requests meet these faults."""
        self.faults.arm(faults, ASKED_FOR)

    def reset(self) -> None:
        """Forget what was sent, the journal, and how often faults were met; settings, faults and clock stay."""
        with self._lock:
            self.capss.store.clear()
            self.journal.clear()
            for faults in self._faults.values():
                faults.rewind()
            self._choice.clear()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        if self.witness is not None and not str(environ.get("PATH_INFO", "")).startswith("/__capss/"):
            self.witness(environ)
        limit = self.settings.choice("size-limit").count
        scenario = self._choice.of(environ, limit)
        if scenario and environ.get("capss.first"):  # by hand, each time is the first
            self._faults_of(scenario).rewind()
        scenario = scenario or self.settings.scenario
        context = environ[KEY] = self._context(scenario)
        app = create_app(context.capss.settings.choice("api-generation").value)
        return app.wsgi_app(environ, start_response)

    def interrupt(self) -> None:
        """Let no request wait any longer for what a fault wants."""
        self._stopping.set()

    def close(self) -> None:
        """Write the request log and close the store."""
        self.closed = True
        self._log.close()
        self.capss.store.close()

    def _faults_of(self, scenario: str) -> Faults:
        with self._lock:
            if scenario not in self._faults:
                faults = self._faults[scenario] = Faults(self._stopping)
                faults.arm(SCENARIOS[scenario].faults, f"scenario {scenario}")
            return self._faults[scenario]

    def _context(self, scenario: str) -> Context:
        context = self._contexts.get(scenario)
        if context is not None:
            return context
        with self._lock:
            if scenario not in self._contexts:
                settings, capss = self.settings, self.capss
                if scenario != settings.scenario:
                    switches = read_settings(scenario, settings.dialect, settings.changes).switches
                    capss = capss.under(replace(settings, switches=switches, scenario=scenario))
                faults = self._faults_of(scenario)
                self._contexts[scenario] = Context(capss, faults, self.journal, self._log, self)
            return self._contexts[scenario]
