"""A connection's two ends as files, on the C ``io`` module.

cheroot's own stand on the interpreter's Python copy of it, which costs a quarter of a small request; and it sends
headers and body apart, which costs a second segment.
"""

import io
import socket
from typing import Any

_HELD = 64 * 1024


class _Raw(socket.SocketIO):
    dry = False

    def readinto(self, buffer: Any) -> int | None:
        """Read from the socket, or say "nothing yet" while only the buffer above is asked about."""
        return None if self.dry else super().readinto(buffer)


class Reader(io.BufferedReader):
    """What comes in. ``bytes_read`` is there for cheroot's statistics, which are off."""

    bytes_read = 0

    def __init__(self, sock: socket.socket, size: int) -> None:
        self._socket_io = _Raw(sock, "r")
        super().__init__(self._socket_io, size)

    def has_data(self) -> bool:
        """True when bytes have been received that nobody has read; never waits."""
        self._socket_io.dry = True
        try:
            return bool(self.peek(1))
        finally:
            self._socket_io.dry = False


class Writer:
    """What goes out: at once, or held back between ``hold`` and ``release`` to be sent in one piece."""

    bytes_written = 0

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._held: bytearray | None = None
        self._dropped = False

    def write(self, data: bytes) -> int:
        """Send ``data``, or hold it."""
        if self._dropped:
            return len(data)
        if self._held is None:
            self._socket.sendall(data)
        else:
            self._held += data
            if len(self._held) > _HELD:
                self.release()
                self.hold()
        return len(data)

    def hold(self) -> None:
        """From now on gather what is written."""
        self._held = bytearray()

    def drop(self) -> None:
        """Send nothing more, and forget what was gathered."""
        self._dropped, self._held = True, None

    def release(self) -> None:
        """Send what was gathered."""
        held, self._held = self._held, None
        if held:
            self._socket.sendall(held)


def make_file(sock: socket.socket, mode: str = "r", bufsize: int = io.DEFAULT_BUFFER_SIZE) -> Reader | Writer:
    """The file that cheroot asks for."""
    return Reader(sock, bufsize) if "r" in mode else Writer(sock)
