"""Carries bytes between two sockets."""

import contextlib
import socket
import struct
import threading

_CHUNK = 64 * 1024


def carry(one: socket.socket, other: socket.socket) -> None:
    """Copy in both directions until both are at their end."""
    back = threading.Thread(target=_pumped, args=(other, one), daemon=True)
    back.start()
    _pumped(one, other)
    back.join()


def _pumped(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(_CHUNK):
            target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
    except OSError:  # a reset goes on as a reset
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
