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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from capss_mock.conformance.client.evidence import Ending, Leak, Output

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
_READ_LIMIT = 16 * 2**20
_MOST_FILES = 2000
_RUNNING: set[subprocess.Popen[bytes]] = set()
_LOCK = threading.Lock()
_CHUNK = 64 * 1024
_LEFT_S = 1.0
_LINES, _LINE = 8, 200  # of its output, in a timeline
_NOTHING = "it printed nothing"
_JWT_TEXT = re.compile(r"eyJ[\w-]{10,}[\w.-]*")
_JWT = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{20,}\.[\w-]{40,}")


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

    def filled(self, environ: Mapping[str, str], words: Sequence[str] | None = None) -> list[str]:
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
            raise ProgramError(f"cannot start {named}: {why}")
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


def run(command: Command, environ: Mapping[str, str], place: Place) -> Ending:
    """Run the program to its end, or kill it.

    Raises:
        ProgramError: it, or the setup, cannot be started, or the setup failed.
    """
    environ = {**environ, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(place.temporary))}
    if command.setup:
        setup = _Started(command.filled(environ, command.setup), environ, place)
        setup.wait()
        if code := setup.process.returncode:
            raise ProgramError(f"the setup command ended with exit code {code}: {setup.output().last or _NOTHING}")
    words = command.wrap(command.filled(environ))
    begun = time.monotonic()
    started = _Started(words, environ, place)
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

    def __init__(self, words: list[str], environ: Mapping[str, str], place: Place) -> None:
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
        with _LOCK:
            _RUNNING.add(self.process)
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
            end_all(self.process)
        for each in self._readers:
            each.join(_LEFT_S)  # what went out of its session may still hold on to it
        return in_time

    def output(self) -> Output:
        """What it printed."""
        return Output(bytes(self._kept["stdout"]), bytes(self._kept["stderr"]))


def stop_all() -> None:
    """Kill all programs that run: nobody waits for them any more."""
    with _LOCK:
        running = list(_RUNNING)
    for process in running:
        end_all(process)


def end_all(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and what it has started."""
    with _LOCK:
        _RUNNING.discard(process)
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)  # noqa: S603, S607 - Windows' own
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _outcome(file: Path) -> tuple[Any, str]:
    try:
        return json.loads(file.read_text("utf-8-sig")), ""
    except FileNotFoundError:
        return None, ""
    except (ValueError, OSError, RecursionError) as error:
        return None, f"it is no JSON ({type(error).__name__})"


@dataclass(frozen=True, slots=True)
class Canaries:
    """What must not come out: texts by kind (secret, token, person)."""

    texts: Mapping[str, Sequence[str]]

    def leaks(self, output: Output, place: Place, since: float) -> list[Leak]:
        """Where they came out: output, and files made or changed since a moment (seconds of the epoch)."""
        found = []
        for name in ("stdout", "stderr"):
            found += [Leak(kind, name) for kind in self._in(getattr(output, name))]
        for file, mode in _files(place, since):
            shown = str(file.relative_to(place.root if file.is_relative_to(place.root) else place.work))
            private = os.name != "nt" and not mode & 0o077
            with contextlib.suppress(OSError), file.open("rb") as opened:
                found += [Leak(kind, shown, private) for kind in self._in(opened.read(_READ_LIMIT))]
        return found

    def _in(self, data: bytes) -> Iterator[str]:
        for kind, texts in self.texts.items():
            if any(text.encode() in data for text in texts) or (kind == "token" and _JWT.search(data)):
                yield kind

    def hidden(self, output: Output) -> list[str]:
        """The last lines that it printed, without any of them."""
        text = output.shown.decode("utf-8", "replace")
        for each in sorted((each for texts in self.texts.values() for each in texts), key=len, reverse=True):
            text = text.replace(each, "…")
        text = _JWT_TEXT.sub("…", text)
        return [line[:_LINE] for line in text.splitlines() if line.strip()][-_LINES:]


def _files(place: Place, since: float) -> Iterator[tuple[Path, int]]:
    count = 0
    for root in (place.work, place.temporary):
        for path, _, names in os.walk(root):
            for name in names:
                file = Path(path) / name
                with contextlib.suppress(OSError):
                    seen = file.lstat()
                    if not file.is_symlink() and seen.st_mtime >= since - 1 and count < _MOST_FILES:
                        count += 1
                        yield file, seen.st_mode
        if place.outcome.exists() and root == place.work:
            yield place.outcome, place.outcome.stat().st_mode
