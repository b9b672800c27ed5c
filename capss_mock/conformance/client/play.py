"""Plays one scenario to the program, and gathers the evidence."""

import base64
import io
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from werkzeug.test import Client

from capss_mock.conformance.client import papers
from capss_mock.conformance.client.decoy import Decoy
from capss_mock.conformance.client.evidence import Ending, Evidence, Stray, arrived, kind_of
from capss_mock.conformance.client.judges import judged
from capss_mock.conformance.client.leaks import Canaries
from capss_mock.conformance.client.program import Command, Place, Programs, environment, run
from capss_mock.conformance.client.trust import TrustStores
from capss_mock.conformance.results import Play
from capss_mock.contract.checks import Check
from capss_mock.contract.operations import OPERATIONS, served
from capss_mock.contract.scenarios import DEFAULT_SCENARIO, SCENARIOS
from capss_mock.server import MockServer
from capss_mock.settings import read_settings

_MOST_ENTRIES = 50_000
PROXY_ONLY = "proxy-only"
_SHOWN = 40  # requests in a timeline


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be played: a scenario, an operation, a dialect."""

    scenario: str
    operation: str = "upload"
    dialect: str = "sheet"

    @property
    def name(self) -> str:
        """For people: what is not the usual is named."""
        more = [self.operation] if self.operation != "upload" else []
        more += [self.dialect] if self.dialect != "sheet" else []
        return f"{self.scenario} ({', '.join(more)})" if more else self.scenario


@dataclass(frozen=True, slots=True)
class Stage:
    """What all plays share."""

    server: MockServer
    decoy: Decoy
    trust: TrustStores
    command: Command | None
    checks: tuple[Check, ...]
    programs: Programs
    own_data: bool = False
    # runs the program: another one asks a person instead, or does it in namespaces
    perform: "Callable[[Opened, dict[str, str], Place], Performed] | None" = None
    intercept: str = ""


@dataclass(frozen=True, slots=True)
class Performed:
    """What came of running the program: its end, and who it went to besides."""

    ending: Ending
    strays: tuple[Stray, ...] = ()


@dataclass(slots=True)
class Witness:
    """Sees each request as it came, and notes what stands in its URL that must not."""

    secret: str
    in_urls: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def __call__(self, environ: dict[str, Any]) -> None:
        """Look at a request (PEP 3333)."""
        kind, _, value = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if kind.lower() == "bearer" and value.count(".") == 2 and len(value) > 100:
            self.tokens.add(value)
        url = unquote_plus(f"{environ.get('PATH_INFO', '')}?{environ.get('QUERY_STRING', '')}")
        if self.secret in url:
            self.in_urls.append("secret")
        if "access_token=" in url or ".eyJ" in url or any(each in url for each in self.tokens):
            self.in_urls.append("token")


@dataclass(frozen=True, slots=True)
class Opened:
    """A run that waits for the program, and what the program is told."""

    part: Part
    mock: MockServer
    paper: papers.Paper | None
    witness: Witness
    decoy_key: str
    values: Mapping[str, str]


@contextmanager
def opened(stage: Stage, part: Part, place: Place, timeout_s: float) -> Iterator[Opened]:
    """A run in the state that the scenario begins in."""
    place.make()
    paper = None if stage.own_data else papers.make(place.root, part.scenario, part.operation)
    key, places = stage.decoy.places()
    before = paper.before if paper else b""
    begin = DEFAULT_SCENARIO if before else part.scenario
    settings = read_settings(begin, part.dialect, places={} if stage.intercept else places)
    with stage.server.open_run(settings) as mock:
        if before:
            _save(mock, before)
            mock.scenario(part.scenario)
            mock.call("DELETE", "/journal")
        mock.run.journal.kept = _MOST_ENTRIES
        witness = Witness(mock.client_secret)
        mock.run.witness = witness
        values = {
            **mock.environ,
            "CAPSS_FILE": str(paper.file) if paper else "",
            "CAPSS_OPERATION": part.operation,
            "CAPSS_TIMEOUT_S": f"{timeout_s:g}",
            "CAPSS_OUTCOME_FILE": str(place.outcome),
            "CAPSS_SCENARIO": part.scenario,
        }
        yield Opened(part, mock, paper, witness, key, values)


def _save(mock: MockServer, document: bytes) -> None:
    """Let the run hold what an update is to change."""
    http = Client(mock.run)
    generation = mock.run.settings.choice("api-generation").value
    paths = {each.kind: each for each in served(generation) if each.generation != "old"}
    form = {"scope": "api", "grant_type": "client_credentials"}
    reply = http.post(paths["token"].path, data=form, auth=(mock.client_id, mock.client_secret))
    bearer = {"Authorization": f"Bearer {reply.get_json()['access_token']}"}
    files = {paths["upload"].part: (io.BytesIO(document), "before.xml")}
    http.post(paths["upload"].path, data=files, headers=bearer)
    mock.release()


def told_to(stage: Stage, run_: Opened) -> dict[str, str]:
    """The environment of the program."""
    ca_file = run_.mock.ca_file or stage.trust.ca_file
    return environment(run_.values, ca_file, stage.trust.java(ca_file))


def play(stage: Stage, part: Part) -> Play:
    """Play it, and judge.

    Raises:
        ProgramError: the program cannot be run.
    """
    root = Path(tempfile.mkdtemp(prefix="capss-judge-"))
    command = stage.command
    timeout_s = command.timeout_s if command else 0
    place = Place(root, command.inside if command else None)
    try:
        with opened(stage, part, place, timeout_s) as run_:
            environ = told_to(stage, run_)
            begun = time.time()
            if stage.perform is not None:
                performed = stage.perform(run_, environ, place)
            else:
                assert command is not None  # noqa: S101 - one of the two is there
                performed = Performed(run(command, environ, place, stage.programs))
            seen = _evidence(stage, run_, performed, place, begun)
            return _played(part, seen, judged(seen, stage.checks), begun)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _evidence(stage: Stage, run_: Opened, performed: Performed, place: Place, begun: float) -> Evidence:
    mock, paper = run_.mock, run_.paper
    basic = base64.b64encode(f"{mock.client_id}:{mock.client_secret}".encode()).decode()
    people = paper.people if paper else ()
    texts = {"secret": (mock.client_secret, basic), "token": tuple(run_.witness.tokens), "person": people}
    canaries, output = Canaries(texts), performed.ending.output
    submissions = tuple(each for each in mock.submissions if each.kind == run_.part.operation)
    return Evidence(
        scenario=SCENARIOS[run_.part.scenario],
        operation=run_.part.operation,
        requests=tuple(mock.run.journal.entries()),
        program=performed.ending,
        sent=paper.sent if paper else None,
        submissions=submissions,
        in_urls=tuple(run_.witness.in_urls),
        strays=(*stage.decoy.strays(run_.decoy_key), *performed.strays),
        leaks=tuple(canaries.leaks(output, place, begun)),
        printed=tuple(canaries.hidden(output)) if paper else (),  # who is in its own documents is not known
        persons_known=bool(people),
        intercepted=bool(stage.intercept) and stage.intercept != PROXY_ONLY,
        proxied=stage.intercept == PROXY_ONLY,
        old_only=mock.run.settings.is_set("api-generation", "old"),
        connected=mock.connections > 0,
        timeout_s=stage.command.timeout_s if stage.command else 0,
    )


def _played(part: Part, seen: Evidence, results: Any, begun: float) -> Play:
    held, total = seen.held
    taken = len(seen.submissions)
    words = "nothing" if not taken else f"{held} of {total} records saved, {taken} submission{'s' * (taken > 1)}"
    return Play(
        name=part.name,
        sentence=seen.scenario.sentence,
        outcome=seen.scenario.outcome.value,
        grade=seen.scenario.grade,
        results=results,
        timeline=tuple(timeline(seen, begun)),
        said=seen.program.words if seen.program else "",
        held=words,
        seconds=seen.program.seconds if seen.program else 0,
        dialect=part.dialect,
        operation=part.operation,
        hopeless=bool(seen.program and seen.program.killed and not seen.requests),
    )


def timeline(seen: Evidence, begun: float) -> Iterator[str]:
    """What happened, a line each, in seconds from the start of the program."""
    entries = seen.requests
    left = len(entries) - _SHOWN
    for number, entry in enumerate(entries):
        if left > 0 and number == _SHOWN - 5:
            yield f"         … {left} more …"
        if left > 0 and _SHOWN - 5 <= number < len(entries) - 5:
            continue
        status = entry.status or "no answer"
        unmatched = "" if kind_of(entry) or entry.operation in OPERATIONS else "  [no operation of CAPSS]"
        note = f"  {entry.note[:200]}" if entry.note else ""
        yield f"{arrived(entry) - begun:+7.2f} s  {entry.method} {entry.path}  {status}{unmatched}{note}"
    strays = Counter(
        f"         {stray.line}  to {stray.host}{', with a token' if stray.bearer else ''}" for stray in seen.strays
    )
    yield from (f"{line}  x {times}" if times > 1 else line for line, times in strays.items())
    yield from (f"         | {line}" for line in seen.printed)
    if seen.program:
        yield f"{seen.program.seconds:+7.2f} s  {seen.program.words}"
