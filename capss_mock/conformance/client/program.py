"""Runs the program under test: its command, environment and directory, its end, and what it leaves behind."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from capss_mock.conformance.client.evidence import Ending, Output

GRACE_S = 10  # after its time is over, it is killed
_PLACE = re.compile(r"\{([a-z_]+)\}")
_PLACES = (
    "base_url",
    "token_url",
    "client_id",
    "client_secret",
    "file",
    "operation",
    "ca_file",
    "timeout_s",
    "outcome_file",
)
_READ_LIMIT = 16 * 2**20  # of its output
_CHUNK = 64 * 1024
_LEFT_S = 1.0
_SETUP_S = 120
_NOTHING = "it printed nothing"


class ProgramError(ValueError):
    """The program cannot be run; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Command:
    """How the program is started.

    ``words`` may hold ``{file}``, ``{base_url}`` and the like; ``inside`` is a directory to run in (None: a fresh one);
    ``setup`` is run before it each time; ``wrap`` puts something before the command (namespaces).
    """

    words: tuple[str, ...]
    inside: Path | None = None
    setup: tuple[str, ...] = ()
    timeout_s: float = 30
    wrap: Callable[[list[str]], list[str]] = field(default=list)

    def __post_init__(self) -> None:
        for word in (*self.words, *self.setup):
            for name in _PLACE.findall(word):
                if name not in _PLACES:
                    known = ", ".join(f"{{{each}}}" for each in _PLACES)
                    raise ProgramError(f"the command has {{{name}}} in it: known are {known}")

    def filled(self, environ: Mapping[str, str], words: Sequence[str] | None = None, what: str = "") -> list[str]:
        """The command with its places filled; what names a file is made absolute.

        Raises:
            ProgramError: there is no such program.
        """
        values = {name: environ.get(f"CAPSS_{name.upper()}", "") for name in _PLACES}
        filled = [_PLACE.sub(lambda found: values[found[1]], word) for word in words or self.words]
        if self.inside is None:
            filled = [_absolute(word) for word in filled]
        named = filled[0]
        is_path = "/" in named or os.sep in named
        wanted = str(self.inside / named) if self.inside and is_path else named
        found = shutil.which(wanted)
        if found is None:
            there = is_path and Path(wanted).exists()
            why = "it may not be executed: chmod +x, or name what runs it (sh, python3, …)" if there else "not found"
            if len(filled) == 1 and " " in named and shutil.which(named.split(" ", 1)[0]):
                why = "this is one word: take the quotes off"
            raise ProgramError(f"{what}cannot start {named}: {why}")
        return [found if is_path or os.name == "nt" else named, *filled[1:]]


def _absolute(word: str) -> str:
    """A word that names an existing file, from where we are."""
    path = Path(word)
    with contextlib.suppress(OSError):
        if word and not path.is_absolute() and path.exists() and ("/" in word or os.sep in word or path.is_file()):
            return str(path.resolve())
    return word


def environment(values: Mapping[str, str], ca_file: Path, trust_store: Path | None) -> dict[str, str]:
    """The environment of the program: ours, the contract's variables, and what its TLS library trusts."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CAPSS_", "PYTEST_", "COV_"))}
    environ |= values
    environ["CAPSS_CA_FILE"] = str(ca_file)
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        environ[name] = str(ca_file)
    if trust_store is not None:
        options = (
            f"-Djavax.net.ssl.trustStore={trust_store} -Djavax.net.ssl.trustStorePassword=changeit"
            " -Djavax.net.ssl.trustStoreType=PKCS12"
        )
        environ["JAVA_TOOL_OPTIONS"] = f"{environ.get('JAVA_TOOL_OPTIONS', '')} {options}".strip()
    for name in ("NO_PROXY", "no_proxy"):
        given = environ.get(name, "")
        environ[name] = ",".join(filter(None, [given, "localhost", "127.0.0.1", "::1"]))
    return environ


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run of the program happens; everything in it is new."""

    root: Path
    inside: Path | None = None

    @property
    def work(self) -> Path:
        """Its working directory."""
        return self.inside or self.root / "work"

    @property
    def temporary(self) -> Path:
        """Its TMPDIR."""
        return self.root / "tmp"

    @property
    def outcome(self) -> Path:
        """Its outcome file."""
        return self.root / "outcome.json"

    def make(self) -> None:
        """Make the directories."""
        for each in (self.work, self.temporary):
            each.mkdir(parents=True, exist_ok=True)


class Programs:
    """Those that run, so that all of them can be ended when nobody waits any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def add(self, process: subprocess.Popen[bytes]) -> None:
        """One has begun; it is ended at once if all are to be."""
        with self._lock:
            self._running.add(process)
            stopped = self._stopped
        if stopped:
            self.end(process)

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a program and what it has started."""
        if sys.platform == "win32":
            if process.poll() is None:
                subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)  # noqa: S603, S607 - Windows' own
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with self._lock:
            self._running.discard(process)

    def stop(self) -> None:
        """Kill all that run, and whatever begins."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            self.end(process)


def run(command: Command, environ: Mapping[str, str], place: Place, programs: Programs) -> Ending:
    """Run the program to its end, or kill it.

    Raises:
        ProgramError: it, or the setup, cannot be started, or the setup failed.
    """
    environ = {**environ, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(place.temporary))}
    if command.setup:
        setup = _Started(command.filled(environ, command.setup, "--setup: "), environ, place, programs)
        if not setup.wait(_SETUP_S):
            raise ProgramError(f"the setup command did not end within {_SETUP_S} s")
        if code := setup.process.returncode:
            raise ProgramError(f"the setup command ended with exit code {code}: {setup.output().last or _NOTHING}")
    words = command.wrap(command.filled(environ))
    begun = time.monotonic()
    started = _Started(words, environ, place, programs)
    killed = not started.wait(command.timeout_s + GRACE_S)
    seconds = time.monotonic() - begun
    code = started.process.returncode
    outcome, unreadable = _outcome(place.outcome)
    return Ending(
        code=None if killed or code < 0 else code,
        seconds=seconds,
        killed=killed,
        outcome=outcome,
        unreadable=unreadable,
        signal=0 if killed or code >= 0 else -code,
        output=started.output(),
    )


class _Started:
    """A process whose output is taken in, but kept only so far: a program may print without end."""

    def __init__(self, words: list[str], environ: Mapping[str, str], place: Place, programs: Programs) -> None:
        try:
            self.process = subprocess.Popen(  # noqa: S603 - it is the user's own command
                words,
                cwd=place.work,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=os.name != "nt",
            )
        except OSError as error:
            raise ProgramError(f"cannot start {words[0]}: {error.strerror}") from None
        self._programs = programs
        programs.add(self.process)
        self._kept: dict[str, bytearray] = {}
        self._readers = [self._reader(name) for name in ("stdout", "stderr")]

    def _reader(self, name: str) -> threading.Thread:
        stream, kept = getattr(self.process, name), self._kept.setdefault(name, bytearray())

        def read() -> None:
            with stream, contextlib.suppress(OSError, ValueError):
                while data := stream.read1(_CHUNK):
                    kept.extend(data[: max(0, _READ_LIMIT - len(kept))])

        thread = threading.Thread(target=read, name="capss-output", daemon=True)
        thread.start()
        return thread

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, and end what it has started; False if it did not end in time."""
        try:
            self.process.wait(seconds)
            in_time = True
        except subprocess.TimeoutExpired:
            in_time = False
        finally:
            self._programs.end(self.process)
        for each in self._readers:
            each.join(_LEFT_S)  # what went out of its session may still hold on to it
        return in_time

    def output(self) -> Output:
        """What it printed."""
        return Output(bytes(self._kept["stdout"]), bytes(self._kept["stderr"]))


def _outcome(file: Path) -> tuple[Any, str]:
    if not file.is_file():
        return None, "" if not file.exists() else "it is no file"
    try:
        with file.open("rb") as opened:
            return json.loads(opened.read(_READ_LIMIT).decode("utf-8-sig")), ""
    except (ValueError, OSError, RecursionError) as error:
        return None, f"it is no JSON ({type(error).__name__})"
