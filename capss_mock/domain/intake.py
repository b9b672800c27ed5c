"""Takes a document in as it arrives: short ones are read here, long ones in a child process.

lxml and expat hold the GIL, so a long document read here would stall every other request. The document's bytes
go from memory to the parser; they are never written to disk.
"""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

from capss_mock.domain.brief import Brief
from capss_mock.domain.documents import reader_for
from capss_mock.domain.errors import KitFault
from capss_mock.domain.reading import Reading, unpack

INLINE_LIMIT = 2**20  # bytes; above this a child process reads
_PIPE = 2**20
_PACKAGE_ROOT = str(Path(__file__).parents[2])


class Intake:
    """A sink for one document. Call ``write`` as bytes come, then ``finish``, or ``abort``."""

    def __init__(self, brief: Brief, inline_limit: int = INLINE_LIMIT) -> None:
        self._brief = brief
        self._limit = inline_limit
        self._buffer = bytearray()
        self._child: _Child | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._child is not None:
            self._child.write(data)
            return
        self._buffer += data
        if len(self._buffer) > self._limit:
            self._child = _Child(self._brief)
            self._child.write(bytes(self._buffer))
            self._buffer.clear()

    def finish(self) -> Reading:
        """The document is complete.

        Raises:
            KitFault: the child process died.
        """
        if self._child is not None:
            return self._child.finish()
        reader = reader_for(self._brief)
        reader.feed(bytes(self._buffer))
        return reader.finish()

    def abort(self) -> None:
        """The document will not be completed: let go of what was held."""
        self._buffer.clear()
        if self._child is not None:
            self._child.abort()


class _Child:
    """A child process that reads. Its messages are taken in as they come, by a thread."""

    def __init__(self, brief: Brief) -> None:
        try:
            self._process = self._started(brief, _PIPE)
        except OSError:  # this user has too many large pipes open: the usual ones do, in smaller steps
            self._process = self._started(brief, -1)
        assert self._process.stdin is not None  # noqa: S101 - asked for in _started
        assert self._process.stdout is not None  # noqa: S101 - asked for, too
        self._pipe, self._messages = self._process.stdin, self._process.stdout
        self._reading: Reading | None = None
        self._taker = threading.Thread(target=self._take, name="capss-intake", daemon=True)
        self._taker.start()

    @staticmethod
    def _started(brief: Brief, pipe_size: int) -> "subprocess.Popen[bytes]":
        path = os.pathsep.join(filter(None, (_PACKAGE_ROOT, os.environ.get("PYTHONPATH"))))
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "capss_mock.domain.child", brief.pack()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback could quote the document
            pipesize=pipe_size,  # where it can be set: neither side then waits for the other in small steps
            env={**os.environ, "PYTHONPATH": path},
        )

    def _take(self) -> None:
        with contextlib.suppress(ValueError):  # no end: finish() says so
            self._reading = unpack(self._messages)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # finish() finds out why
            self._pipe.write(data)

    def finish(self) -> Reading:
        self._end()
        if self._reading is None:
            code = self._process.returncode
            raise KitFault(f"the process that reads documents ended with code {code} before its end")
        return self._reading

    def abort(self) -> None:
        self._process.kill()
        self._end()

    def _end(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._pipe.close()
        self._taker.join()
        self._messages.close()
        self._process.wait()
