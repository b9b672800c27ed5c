"""Reading an HTTP/1.1 request: cheroot's reader where it is right, and the contract's answers where it refuses."""

import contextlib
import io
import re
import socket
import ssl
import time
from http import HTTPStatus
from typing import Any

from cheroot import server

from capss_mock.contract.rules import RULES
from capss_mock.serving.socketfiles import Reader

_DRAIN_S = 0.2  # of silence
_DRAIN_MOST_S = 2
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;[^\r\n]*)?\r\n")
_LINE = 1024
_SLASHES = re.compile(rb"(\S+ )(//\S*)( HTTP/\d\.\d\r\n)")
_TRAILERS = 32
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = re.compile(rb"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
LISTS = {b"Accept", b"Accept-Encoding", b"Accept-Language", b"Connection", b"Expect", b"Te", b"Transfer-Encoding"}
_BELOW_HTTP = {
    "408": "WEB-TIMEOUT",
    "413": "WEB-HEADERS-TOO-LARGE",
    "414": "WEB-HEADERS-TOO-LARGE",
    "500": "WEB-FAULT",
    "501": "WEB-TRANSFER",
    "505": "WEB-VERSION",
}


class _Headers(server.HeaderReader):
    """Reads header fields. cheroot's own loses the first line of a folded field and keeps the last of two."""

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """Read to the empty line.

        Raises:
            ValueError: what is read are no header fields.
        """
        found: dict[bytes, bytes] = {} if hdict is None else hdict
        lines: list[bytes] = []
        while (line := rfile.readline()) != b"\r\n":
            if not line.endswith(b"\r\n"):
                raise ValueError("a header line does not end with CRLF")
            if line[:1] not in b" \t":
                lines.append(line.strip())
            elif lines:  # folded: RFC 9112, 5.2 lets a server read it as a space
                lines[-1] += b" " + line.strip()
            else:
                raise ValueError("the first header line begins with white space")
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not _NAME.fullmatch(name):
                raise ValueError("a header line has no name")
            key, value = name.title(), value.strip()
            if b"_" in key:
                continue  # it would look like its twin with a hyphen
            if key in LISTS:
                found[key] = b", ".join(filter(None, (found.get(key), value)))
            elif found.setdefault(key, value) != value and key == b"Content-Length":
                raise ValueError("Content-Length is there twice")
        return found


class _Chunks(io.RawIOBase):
    """A chunked body. cheroot's own holds a whole chunk in memory, however long, and reads on after a broken one."""

    def __init__(self, source: Reader) -> None:
        self._source = source
        self._left = 0
        self._ended = self._broken = False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Take what is there of the current chunk, or of the next.

        Raises:
            ValueError: this is not the chunked coding; whoever asks again is told so again.
        """
        if self._ended:
            return 0
        if self._broken:
            raise ValueError("the chunked body is broken")
        self._broken = True  # until this has gone well
        if not self._left:
            self._begin()
        if not self._ended:
            self._left -= (taken := self._take(buffer))
            if not self._left and self._source.readline(3) != b"\r\n":
                raise ValueError("a chunk is longer than it says")
        self._broken = False
        return 0 if self._ended else taken

    def _begin(self) -> None:
        size = _CHUNK.match(self._source.readline(_LINE))
        if not size:
            raise ValueError("a chunk has no size")
        self._left = int(size[1], 16)
        if not self._left:
            for _ in range(_TRAILERS):
                if self._source.readline(_LINE) == b"\r\n":
                    self._ended = True
                    return
            raise ValueError("the trailer does not end")

    def _take(self, buffer: Any) -> int:
        data = self._source.read1(min(len(buffer), self._left))
        if not data:
            raise ValueError("the chunked body breaks off")
        buffer[: len(data)] = data
        return len(data)


class _FirstLine:
    """A reader whose first line is one that cheroot understands: it takes the target //x/y for the host x."""

    def __init__(self, rfile: Any) -> None:
        self._rfile = rfile
        self.target = b""

    def readline(self, *size: int) -> bytes:
        line: bytes = self._rfile.readline(*size)
        found = _SLASHES.fullmatch(line)
        if not found or self.target:
            return line
        self.target = found[2]
        return found[1] + b"/" + found[2].lstrip(b"/") + found[3]


class Request(server.HTTPRequest):
    """A request; what cannot be read as one is answered as the contract says, not in cheroot's words."""

    header_reader = _Headers()

    def read_request_line(self) -> bool:
        rfile = self.rfile
        self.rfile = first = _FirstLine(rfile)
        good: bool = super().read_request_line()  # type: ignore[no-untyped-call]  # cheroot has no types
        self.rfile = rfile
        if good and first.target:
            self.uri, self.path = first.target, first.target.partition(b"?")[0]
        return good

    def read_request_headers(self) -> bool:
        if not super().read_request_headers():  # type: ignore[no-untyped-call]  # cheroot has no types
            return False
        headers: dict[bytes, bytes] = self.inheaders
        length, host = headers.get(b"Content-Length", b"0"), headers.get(b"Host", b"")
        good_host = _HOST.fullmatch(host) or (not host and self.request_protocol == b"HTTP/1.0")
        if not length.isdigit() or not good_host:
            self.simple_response("400 Bad Request")
            return False
        return True

    def respond(self) -> None:
        if self.chunked_read:
            self.rfile = io.BufferedReader(_Chunks(self.conn.rfile))
            self.server.gateway(self).respond()
        else:
            super().respond()
        if self.close_connection and not self._read_whole():
            _drain(self.conn.socket)

    def _read_whole(self) -> bool:
        """Whether nothing of the body is left unread."""
        return not self.chunked_read and getattr(self.rfile, "remaining", 0) == 0

    def send_headers(self) -> None:
        if (b"Connection", b"close") in self.outheaders:
            self.close_connection = True  # cheroot would send the header and keep the connection
        super().send_headers()

    def simple_response(self, status: str | int, msg: str = "") -> None:
        rule = RULES[_BELOW_HTTP.get(str(status)[:3], "WEB-UNREADABLE")]
        assert rule.answer is not None  # noqa: S101 - a refusal's rule has one
        self.close_connection = True
        self.server.refused(f"{rule.id} [{rule.grade}] {msg}{'; ' if msg else ''}fix: {rule.hint}")
        phrase = HTTPStatus(rule.answer.status).phrase
        head = f"HTTP/1.1 {rule.answer.status} {phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(OSError):
            self.conn.wfile.write(head.encode())
        _drain(self.conn.socket)


def _drain(sock: socket.socket) -> None:
    """Take in what the client is still sending, for a moment: a close in the middle would reset the connection
    and take the answer with it."""
    end = time.monotonic() + _DRAIN_MOST_S
    with contextlib.suppress(OSError):
        sock.settimeout(_DRAIN_S)
        if not isinstance(sock, ssl.SSLSocket):
            sock.shutdown(socket.SHUT_WR)
        while time.monotonic() < end and sock.recv(65536):
            pass
