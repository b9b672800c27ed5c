"""What is known of one play: what the program did and said, and what the server saw and holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from capss_mock.contract.faults import Scenario
from capss_mock.contract.operations import OPERATIONS
from capss_mock.steering import Entry, Submission

_LATE = 0.7  # of a program's time


@dataclass(frozen=True, slots=True)
class Output:
    """What a program printed, as far as it is kept."""

    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def shown(self) -> bytes:
        """What tells most: its errors, or else the rest."""
        return self.stderr if self.stderr.strip() else self.stdout

    @property
    def last(self) -> str:
        """The end of it."""
        return self.shown.decode("utf-8", "replace").strip()[-200:]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program ended. ``code`` None: by a signal, or it was killed; ``killed``: it did not end in time.

    ``outcome`` is its outcome file's JSON (None: there is none); ``unreadable`` what is wrong with that file.
    """

    code: int | None
    seconds: float
    killed: bool = False
    outcome: Any = None
    unreadable: str = ""
    signal: int = 0
    output: Output = Output()
    by_hand: bool = False  # a person has started it, and says what it told

    @property
    def confirms(self) -> bool:
        """Whether it told its user that everything is confirmed saved."""
        return self.code == 0

    @property
    def words(self) -> str:
        """For people."""
        if self.by_hand:
            return f"it told: {'saved' if self.code == 0 else 'not saved, or not known'}"
        if self.killed:
            return f"it was killed after {self.seconds:.0f} s"
        if self.code is None:
            return f"it was ended by signal {self.signal}"
        return f"exit code {self.code}: {'saved' if self.code == 0 else 'not confirmed'}"


@dataclass(frozen=True, slots=True)
class Stray:
    """A request that went to another place than CAPSS: which (a host name), how, and with what."""

    host: str
    tls: bool
    bearer: bool
    line: str = ""
    downgrade: bool = False  # to CAPSS itself, without TLS


@dataclass(frozen=True, slots=True)
class Leak:
    """Something confidential that came out: ``kind`` secret, token or person; ``where`` stdout, stderr, a file's name.

    ``private``: in a file that only its owner can read.
    """

    kind: str
    where: str
    private: bool = False

    @property
    def in_file(self) -> bool:
        """Whether it is in a file."""
        return self.where not in ("stdout", "stderr")


@dataclass(frozen=True, slots=True)
class Sent:
    """The file that the program was to send: how many records, its SHA-256 in hex; None: it sends its own."""

    records: int
    digest: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that judges go by. ``program`` None: there is a recording only."""

    scenario: Scenario
    operation: str  # upload or update
    requests: tuple[Entry, ...]
    program: Ending | None = None
    sent: Sent | None = None
    submissions: tuple[Submission, ...] = ()
    in_urls: tuple[str, ...] = ()  # what stood in a URL: secret, token
    strays: tuple[Stray, ...] = ()
    leaks: tuple[Leak, ...] = ()
    printed: tuple[str, ...] = ()  # the last lines of its output, without what is confidential
    persons_known: bool = True
    intercepted: bool = False  # whatever else it called would have been seen
    proxied: bool = False  # some of it would have been
    old_only: bool = False  # only the old paths are served
    timeout_s: float = 0
    connected: bool = False  # whether anybody has connected to the server

    def of(self, *kinds: str) -> list[Entry]:
        """The requests of these kinds: token, upload, update, upload-status, update-status."""
        return [each for each in self.requests if kind_of(each) in kinds]

    @property
    def tokens(self) -> list[Entry]:
        """Those for a token."""
        return self.of("token")

    @property
    def submits(self) -> list[Entry]:
        """Those that send a document."""
        return self.of("upload", "update")

    @property
    def statuses(self) -> list[Entry]:
        """Those for a status."""
        return self.of("upload-status", "update-status")

    @property
    def out_of_time(self) -> bool:
        """Whether its time was nearly over when it ended: what it then has not done tells nothing."""
        return self.program is not None and self.program.seconds > self.timeout_s * _LATE

    @property
    def told(self) -> bool:
        """Whether the server has told the program that everything is there: saved, or (if told so) a duplicate.

        Of each document that it sent; of one that was taken more than once, at least once.
        """
        told = {each.path.rpartition("/")[2] for each in self.statuses if tells_all(each)}
        if not self.submissions:
            return bool(told)
        return all(any(str(each.status) in told for each in same) for same in self.documents)

    @property
    def documents(self) -> list[list[Submission]]:
        """What the server took, by document."""
        by_digest: dict[str, list[Submission]] = {}
        for each in self.submissions:
            by_digest.setdefault(each.digest, []).append(each)
        return list(by_digest.values())

    @property
    def held(self) -> tuple[int, int]:
        """How many records the server saved, of how many that the program was to send (or has sent)."""
        saved = sum(each.saved for each in self.submissions)
        total = self.sent.records if self.sent else sum(same[0].records for same in self.documents)
        return saved, total


def kind_of(entry: Entry) -> str:
    """The kind of operation that a request matched; empty for none."""
    return OPERATIONS[entry.operation].kind if entry.operation in OPERATIONS else ""


def arrived(entry: Entry) -> float:
    """When a request arrived, in seconds; its entry is written when it is answered."""
    return entry.at_ns / 1e9 - entry.ms / 1e3


def answered(entry: Entry) -> float:
    """When it was answered, in seconds."""
    return entry.at_ns / 1e9


def final(entry: Entry) -> bool:
    """Whether a status request was answered with a final status that could be read."""
    values = entry.answer
    return (
        entry.status == 200
        and isinstance(values, dict)
        and values.get("statusMessage") == "complete"
        and "sent half of the answer" not in (entry.fault or "")
    )


def tells_all(entry: Entry) -> bool:
    """Whether a final status says that every record is saved, or was there before."""
    values = entry.answer
    return (
        final(entry) and isinstance(values, dict) and values.get("isUploaded") is True and not values.get("hasErrors")
    )


def on_wire(entry: Entry) -> str:
    """A request as a report shows it."""
    return f"{entry.method} {entry.path} at {datetime.fromtimestamp(arrived(entry), UTC):%H:%M:%S.%f}"[:-3] + "Z"


def pairs(entries: list[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Each request with the one after it."""
    return pairwise(entries)
