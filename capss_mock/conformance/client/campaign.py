"""Plays many scenarios to a program, several at a time, and draws the sum."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from capss_mock.conformance.client import papers
from capss_mock.conformance.client.attach import Ask, Say, attached
from capss_mock.conformance.client.decoy import Decoy
from capss_mock.conformance.client.intercept import by_proxy, in_namespaces
from capss_mock.conformance.client.play import PROXY_ONLY, Part, Stage, play
from capss_mock.conformance.client.program import Command, ProgramError, Programs
from capss_mock.conformance.client.trust import TrustStores
from capss_mock.conformance.results import Assumption, Play, Report, tallied
from capss_mock.contract.checks import PROGRAM_CHECKS, Check
from capss_mock.contract.faults import Do
from capss_mock.contract.scenarios import DEFAULT_SCENARIO, SCENARIOS
from capss_mock.contract.switches import DIALECTS, SWITCHES
from capss_mock.server import MockServer
from capss_mock.settings import read_settings

_HOPELESS = 4  # plays from the beginning on, in which it was killed and had asked for nothing
_LOOK_UP_S = 0.2
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
    recording: bool = False

    @property
    def chosen_checks(self) -> tuple[Check, ...]:
        """The checks that count."""
        return tuple(PROGRAM_CHECKS[each] for each in self.checks or PROGRAM_CHECKS)

    @property
    def partial(self) -> str:
        """Why this cannot be a pass; empty if it can."""
        if self.recording:
            return "a recording cannot tell what the program said"
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
                    if not why and operation == "update" and _is_old(DIALECTS[dialect].settings):
                        why = papers.NO_OLD_UPDATES
                    if why:
                        skipped.append(f"{part.name}: {why}")
                    else:
                        parts.append(part)
        if self.jobs > 1:
            parts.sort(key=_length, reverse=True)
        return parts, skipped


def _is_old(switches: Mapping[str, str]) -> bool:
    return switches.get("api-generation") == "old"


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
    programs = Programs()
    perform = None
    if plan.attend is not None:
        perform = attached(*plan.attend, len(plan.parts()[0]))
    elif plan.command is not None and plan.intercept:
        way = by_proxy if plan.intercept == PROXY_ONLY else in_namespaces
        perform = way(plan.command, programs)
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
            programs,
            own_data=plan.own_data,
            perform=perform,
            intercept=plan.intercept,
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
    if not parts:
        raise ProgramError(f"there is nothing to play: {'; '.join(skipped)}")
    with staged(plan) as stage:
        plays, faults, left_out = _played(stage, parts, plan.jobs, told)
    return report_of(plan, plays, time.monotonic() - begun, [*skipped, *left_out], faults)


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


class _Sequence:
    """Plays parts, one or several at a time, and remembers what came of each."""

    def __init__(self, stage: Stage, total: int, told: Callable[[Play, int, int], None]) -> None:
        self._stage, self._total, self._told = stage, total, told
        self._lock = threading.Lock()
        self._dead = 0
        self.plays: list[Play] = []
        self.faults: list[str] = []
        self.left_out: list[str] = []

    def stop(self) -> None:
        """End the programs that run, so that nobody waits for them."""
        self._stage.programs.stop()

    def one(self, part: Part) -> None:
        """Play one.

        Raises:
            ProgramError: the program cannot be run.
        """
        with self._lock:
            if self._dead >= _HOPELESS:
                self.left_out.append(part.name)
                return
        try:
            played = play(self._stage, part)
        except ProgramError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours must not look like one of the program
            with self._lock:
                self.faults.append(f"{part.name}: {type(error).__name__}: {error}")
            return
        with self._lock:
            self.plays.append(played)
            self._dead = self._dead + 1 if played.hopeless and self._dead == len(self.plays) - 1 else self._dead
            self._told(played, len(self.plays), self._total)


def _played(
    stage: Stage, parts: Sequence[Part], jobs: int, told: Callable[[Play, int, int], None]
) -> tuple[list[Play], list[str], list[str]]:
    sequence = _Sequence(stage, len(parts), told)
    try:
        # what moves 60 MB is played before the others, since it would take its time beside them
        heavy = [part for part in parts if SCENARIOS[part.scenario].document == "large"]
        alone = parts if jobs == 1 else heavy
        for part in alone:
            sequence.one(part)
        if jobs > 1:
            _all_at_once(sequence, [part for part in parts if part not in heavy], jobs)
    except BaseException:
        sequence.stop()
        raise
    order = {name: number for number, name in enumerate(SCENARIOS)}
    plays = sorted(sequence.plays, key=lambda each: (each.dialect, each.operation, order[each.name.split(" ")[0]]))
    hopeless = f"your program was killed {_HOPELESS} times, and had not asked for anything"
    left_out = [f"{len(sequence.left_out)} more scenarios: {hopeless}"] if sequence.left_out else []
    return plays, sequence.faults, left_out


def _all_at_once(sequence: _Sequence, parts: Sequence[Part], jobs: int) -> None:
    with ThreadPoolExecutor(jobs, "capss-judge") as pool:
        futures = [pool.submit(sequence.one, part) for part in parts]
        try:
            left = set(futures)
            while left:  # not without end: a signal that another thread took would not wake us up
                done, left = wait(left, timeout=_LOOK_UP_S, return_when=FIRST_EXCEPTION)
                for each in done:
                    each.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            sequence.stop()
            raise


def assumed(dialects: Iterable[str]) -> tuple[Assumption, ...]:
    """What the verdict rests on: every open question, and how it is answered here."""
    all_ = [read_settings(DEFAULT_SCENARIO, name).switches for name in dialects]
    rows = []
    for id_, switch in SWITCHES.items():
        grades = {option.value: option.grade for option in switch.options}
        settings = " / ".join(dict.fromkeys(str(each[id_]) for each in all_))
        rows.append(Assumption(id_, switch.question, settings, grades[all_[0][id_].value]))
    return tuple(rows)
