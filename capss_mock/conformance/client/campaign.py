"""Plays many scenarios to a program, several at a time, and draws the sum."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from capss_mock.conformance.client import papers
from capss_mock.conformance.client.attach import Ask, Say, attached
from capss_mock.conformance.client.decoy import Decoy
from capss_mock.conformance.client.intercept import PROXY_ONLY, by_proxy, in_namespaces
from capss_mock.conformance.client.play import Part, Stage, play
from capss_mock.conformance.client.program import Command, ProgramError, stop_all
from capss_mock.conformance.client.trust import TrustStores
from capss_mock.conformance.results import Assumption, Play, Report, tallied
from capss_mock.contract.checks import PROGRAM_CHECKS, Check
from capss_mock.contract.faults import Do
from capss_mock.contract.scenarios import DEFAULT_SCENARIO, SCENARIOS
from capss_mock.contract.switches import SWITCHES
from capss_mock.server import MockServer
from capss_mock.settings import read_settings

JOBS = max(4, min(10, 4 * (os.cpu_count() or 2)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: which scenarios, operations, dialects, checks; empty: all."""

    command: Command | None
    scenarios: tuple[str, ...] = ()
    operations: tuple[str, ...] = ("upload",)
    dialects: tuple[str, ...] = ("sheet",)
    checks: tuple[str, ...] = ()
    own_data: bool = False
    jobs: int = JOBS
    strict: bool = False
    what: str = ""
    setting: dict[str, str] = field(default_factory=dict)
    intercept: str = ""  # how: namespaces, or proxy-only
    attend: tuple[Say, Ask] | None = None  # a person starts the program

    @property
    def chosen_checks(self) -> tuple[Check, ...]:
        """The checks that count."""
        return tuple(PROGRAM_CHECKS[each] for each in self.checks or PROGRAM_CHECKS)

    @property
    def partial(self) -> str:
        """Why this cannot be a pass; empty if it can."""
        left_out = [name for name, given in (("--scenario", self.scenarios), ("--check", self.checks)) if given]
        return f"only a part was judged ({', '.join(left_out)})" if left_out else ""

    def parts(self) -> tuple[list[Part], list[str]]:
        """What is to be played, the longest first, and what is left out, with reasons."""
        parts, skipped = [], []
        for dialect in self.dialects:
            for operation in self.operations:
                for scenario in self.scenarios or SCENARIOS:
                    part = Part(scenario, operation, dialect)
                    why = papers.why_not(scenario, operation, own_data=self.own_data)
                    if not why and operation == "update" and dialect == "old-2025":
                        why = "no path for updates is known from before 2026"
                    if why:
                        skipped.append(f"{part.name}: {why}")
                    else:
                        parts.append(part)
        parts.sort(key=_length, reverse=True)
        return parts, skipped


def _length(part: Part) -> float:
    """About how long a play takes."""
    scenario = SCENARIOS[part.scenario]
    if scenario.switches.get("progress") == "hold":
        return 100
    endless = any(each.times is None and each.on == "status" and each.do is not Do.CHANGE for each in scenario.faults)
    if endless or scenario.document == "large":
        return 50
    return len(scenario.faults) + sum(each.seconds for each in scenario.faults) + 3 * ("slow" in part.scenario)


@contextmanager
def staged(plan: Plan) -> Iterator[Stage]:
    """What all plays of a plan share: a mock, a decoy, what programs are to trust.

    Raises:
        ProgramError: the program cannot be run in the way that is asked for.
    """
    perform = None
    if plan.attend is not None:
        perform = attached(*plan.attend)
    elif plan.command is not None and plan.intercept:
        perform = by_proxy(plan.command) if plan.intercept == PROXY_ONLY else in_namespaces(plan.command)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="capss-judge-")))
        decoy = Decoy()
        stack.callback(decoy.close)
        server = stack.enter_context(MockServer(port=None, tls=bool(plan.intercept)))
        trust = TrustStores(directory)
        yield Stage(
            server,
            decoy,
            trust,
            plan.command,
            plan.chosen_checks,
            own_data=plan.own_data,
            perform=perform,
            intercepted=bool(plan.intercept),
        )


def carry_out(plan: Plan, told: Callable[[Play, int, int], None] = lambda _play, _done, _all: None) -> Report:
    """Play all of it.

    Args:
        told: is called after each play, with how many are done, of how many.

    Raises:
        ProgramError: the program cannot be run.
    """
    begun = time.monotonic()
    parts, skipped = plan.parts()
    with staged(plan) as stage:
        plays, faults = _played(stage, parts, plan.jobs, told)
    return report_of(plan, plays, time.monotonic() - begun, skipped, faults)


def report_of(
    plan: Plan, plays: Sequence[Play], seconds: float = 0, skipped: Iterable[str] = (), faults: Iterable[str] = ()
) -> Report:
    """The report of what was played."""
    return Report(
        kind="judge",
        what=plan.what,
        plays=tuple(plays),
        tallies=tallied(plays, plan.chosen_checks),
        seconds=seconds,
        strict=plan.strict,
        partial=plan.partial,
        skipped=tuple(skipped),
        faults=tuple(faults),
        assumed=assumed(plan.dialects),
        setting=plan.setting,
    )


def _played(
    stage: Stage, parts: Sequence[Part], jobs: int, told: Callable[[Play, int, int], None]
) -> tuple[list[Play], list[str]]:
    lock = threading.Lock()
    done: dict[str, Play] = {}
    faults: list[str] = []

    def one(part: Part) -> None:
        try:
            played = play(stage, part)
        except ProgramError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours must not look like one of the program
            with lock:
                faults.append(f"{part.name}: {type(error).__name__}: {error}")
            return
        with lock:
            done[part.name] = played
            told(played, len(done), len(parts))

    with ThreadPoolExecutor(jobs, "capss-judge") as pool:
        futures = [pool.submit(one, part) for part in parts]
        try:
            for each in futures:
                each.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop_all()
            raise
    order = {name: number for number, name in enumerate(SCENARIOS)}
    plays = sorted(done.values(), key=lambda each: (each.dialect, each.operation, order[each.name.split(" ")[0]]))
    return plays, faults


def assumed(dialects: Iterable[str]) -> tuple[Assumption, ...]:
    """What the verdict rests on: every open question, and how it is answered here."""
    all_ = [read_settings(DEFAULT_SCENARIO, name).switches for name in dialects]
    rows = []
    for id_, switch in SWITCHES.items():
        grades = {option.value: option.grade for option in switch.options}
        settings = " / ".join(dict.fromkeys(str(each[id_]) for each in all_))
        rows.append(Assumption(id_, switch.question, settings, grades[all_[0][id_].value]))
    return tuple(rows)
