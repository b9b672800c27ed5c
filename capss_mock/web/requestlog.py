"""What happened, one line a request: for the console, and in batches for the store's journal.

Never in a line: the query, headers, bodies, credentials, tokens.
"""

import queue
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from capss_mock.store import Store

_PLAIN = re.compile(r"[A-Za-z0-9._-]{0,24}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
_PATH_LIMIT = 120
_NOTE_LIMIT = 2000
_BATCH_S = 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """One request and its answer. ``ms`` is the time in the mock; ``note`` what CAPSS thought of it."""

    at_ns: int
    method: str
    path: str
    status: int
    ms: float
    rule: str | None
    note: str


Sink = Callable[[Line], None]


def plain_path(path: str) -> str:
    """A path that can be shown: steps that are long or unusual (a token, a name) become an ellipsis."""
    steps = [step if _PLAIN.fullmatch(step) else "…" for step in path.split("/")]
    return "/".join(steps)[:_PATH_LIMIT]


def plain_name(name: str) -> str:
    """The name of a file or a part, if it is an ordinary one; else an ellipsis."""
    return name if _NAME.fullmatch(name) else "…"


def plain_note(note: str) -> str:
    """A note that can be shown: on one line, without control characters (a document or a header may hold them)."""
    if not note.isprintable():
        note = "".join(char if char.isprintable() else "\ufffd" for char in note)
    return note[:_NOTE_LIMIT]


def plain_method(method: str) -> str:
    """A method that can be shown."""
    return method if method.isalpha() and method.isascii() and len(method) <= 16 else "…"


class RequestLog:
    """Hands each line to ``sink`` and keeps the newest ``keep`` in the store, from a thread of its own (0: none)."""

    def __init__(self, store: Store, keep: int, sink: Sink | None = None) -> None:
        self._store = store
        self._keep = keep
        self._sink = sink
        self._lines: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        if keep:
            self._thread = threading.Thread(target=self._write, name="capss-journal", daemon=True)
            self._thread.start()

    def add(self, line: Line) -> None:
        """Note a request."""
        if self._sink:
            self._sink(line)
        if self._thread:
            self._lines.put(line)

    def close(self) -> None:
        """Write what is left."""
        if self._thread:
            self._closing.set()
            self._thread.join()

    def _write(self) -> None:
        while True:
            closing = self._closing.wait(_BATCH_S)
            rows = []
            while not self._lines.empty():
                line = self._lines.get()
                rows.append({name: getattr(line, name) for name in Line.__slots__})
            if rows:
                try:
                    self._store.add_journal(rows[-self._keep :], self._keep)
                except Exception as error:  # noqa: BLE001 - a full disk must not end the journal's thread
                    print(f"capss-mock: the journal was not written: {type(error).__name__}", file=sys.stderr)
            if closing:
                return
