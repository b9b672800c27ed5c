"""Runs inside namespaces of its own (``intercept.py`` starts it): a network in which there is only the mock.

There is a loopback interface and nothing else. Every address leads to it, every name is resolved to it, and the two DOJ
names on port 443 are relayed, as they are, over a unix socket to the mock. Whatever else is asked for is noted, by
whatever protocol and port, and refused. Sockets of this machine's services (docker, name service) below /run are out of
sight. Linux only.

``python -m capss_mock.conformance.client.inside SPEC.json COMMAND…``; SPEC has ``socket`` (the mock's), ``hosts`` (the
DOJ's), ``notes`` (a file) and ``directory`` (for a hosts file and the like).
"""

import contextlib
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from capss_mock.conformance.client.pump import carry

_IFF_UP, _SIOCGIFFLAGS, _SIOCSIFFLAGS = 1, 0x8913, 0x8914
_TLS_PORTS, _PLAIN_PORTS = (443, 8443), (80, 8080, 3128)
_CHUNK = 64 * 1024
_HELLO_LIMIT = 16 * 1024
_DNS_PORT = 53
_DRAIN_S = 0.5
_RUN = Path("/run")
_OTHER = "127.66.0.1"  # what all other names are resolved to


def main(arguments: list[str]) -> int:
    """Set up the network, run the command; gives its exit code, 125 if that could not be done."""
    spec = json.loads(Path(arguments[0]).read_text("utf-8"))
    try:
        notes = Notes(Path(spec["notes"]))
        loopback_up()
        everything_is_local()
        hide_services(Path(spec["directory"]))
        resolve(Path(spec["directory"]), spec["hosts"])
        sniffer = Sniffer(notes)
        threads: list[threading.Thread] = [Names(notes, set(spec["hosts"])), sniffer]
        threads += [Listener(port, notes, spec, tls=port in _TLS_PORTS) for port in (*_TLS_PORTS, *_PLAIN_PORTS)]
        for each in threads:
            each.start()
    except OSError as error:
        print(f"capss-mock: the network could not be set up: {error}", file=sys.stderr)
        return 125
    notes.add(kind="ready")
    try:
        code = subprocess.run(arguments[1:], check=False).returncode  # noqa: S603 - the program under test
    except OSError as error:
        print(f"capss-mock: cannot start {arguments[1]}: {error.strerror}", file=sys.stderr)
        return 127
    sniffer.drain()
    for each in list(TAKEN):
        each.join(_DRAIN_S)
    if code < 0:  # it was ended by a signal: so are we
        with contextlib.suppress(OSError):  # some cannot be handled at all
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


TAKEN: set[threading.Thread] = set()  # connections that are being looked at


class Notes:
    """What was asked for besides CAPSS, a JSON object a line."""

    def __init__(self, file: Path) -> None:
        file.touch()
        self._file = file
        self._lock = threading.Lock()

    def add(self, **values: object) -> None:
        """Note a request."""
        with self._lock, self._file.open("a", encoding="utf-8") as notes:
            notes.write(json.dumps(values) + "\n")


def loopback_up() -> None:
    """Switch the loopback interface on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def everything_is_local() -> None:
    """Route every address to this machine (``ip route add local default dev lo``), so that nothing goes unseen."""
    index = socket.if_nametoindex("lo")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        for family in (socket.AF_INET, socket.AF_INET6):
            # rtmsg: family, dst_len, src_len, tos, table (local), protocol (boot), scope (host), type (local)
            scope = 254 if family == socket.AF_INET else 0
            message = struct.pack("BBBBBBBBI", family, 0, 0, 0, 255, 3, scope, 2, 0)
            message += struct.pack("HHi", 8, 4, index)  # RTA_OIF
            header = struct.pack("IHHII", 16 + len(message), 24, 0x605, 1, 0)  # NEWROUTE; REQUEST, ACK, CREATE, EXCL
            sock.send(header + message)
            answer = sock.recv(4096)
            code = struct.unpack_from("i", answer, 16)[0]
            if code and family == socket.AF_INET:
                raise OSError(-code, "no route to loopback for every address")


def hide_services(directory: Path) -> None:
    """Put an empty directory over /run: what listens below it could act on the real network for us."""
    if not _RUN.is_dir():
        return
    if directory.resolve().is_relative_to(_RUN.resolve()):
        raise OSError("TMPDIR is below /run, which is hidden from the program: set it to another directory")
    for place in dict.fromkeys(each.resolve() for each in (_RUN, Path("/var/run")) if each.is_dir()):
        _mount("-t", "tmpfs", "none", str(place))


def _mount(*words: str) -> None:
    try:
        subprocess.run(["mount", *words], check=True, capture_output=True, text=True)  # noqa: S603, S607 - util-linux's
    except subprocess.CalledProcessError as error:
        raise OSError(f"mount {' '.join(words)}: {error.stderr.strip()}") from None


def resolve(directory: Path, hosts: list[str]) -> None:
    """Let the DOJ's names be this machine, and let all others be asked of ourselves."""
    files = {
        "/etc/hosts": f"127.0.0.1 localhost {' '.join(hosts)}\n::1 localhost\n",
        "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    for name, text in files.items():
        target = Path(name).resolve()
        if target.is_relative_to(_RUN.resolve()) and not target.exists():  # a link to what is hidden now
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        if target.exists():
            copy = directory / Path(name).name
            copy.write_text(text)
            _mount("--bind", str(copy), str(target))


class Names(threading.Thread):
    """A name server: every name is an address of ours."""

    def __init__(self, notes: Notes, own: set[str]) -> None:
        super().__init__(daemon=True)
        self._notes, self._own = notes, own
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("0.0.0.0", _DNS_PORT))  # noqa: S104 - of a network with nobody else in it

    def run(self) -> None:
        """Answer."""
        while True:
            data, sender = self._socket.recvfrom(2048)
            with contextlib.suppress(ValueError, IndexError, struct.error, OSError):
                self._socket.sendto(self._answered(data), sender)

    def _answered(self, data: bytes) -> bytes:
        labels, place = [], 12
        while data[place]:
            labels.append(data[place + 1 : place + 1 + data[place]].decode("ascii", "replace"))
            place += 1 + data[place]
        question = data[12 : place + 5]
        kind = struct.unpack_from(">H", data, place + 1)[0]
        name = ".".join(labels).lower()
        is_own = name in self._own
        if not is_own:
            self._notes.add(kind="name", host=name)
        answers = b""
        if kind == 1:  # an IPv4 address
            address = socket.inet_aton("127.0.0.1" if is_own else _OTHER)
            answers = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + address
        head = data[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(answers), 0, 0)
        return head + question + answers


class Sniffer(threading.Thread):
    """Looks at every packet, and notes whoever begins to talk to an address that is not this machine's own."""

    def __init__(self, notes: Notes) -> None:
        super().__init__(daemon=True)
        self._notes = notes
        self._seen: set[tuple[str, str, int]] = set()
        self._over = threading.Event()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # all protocols
        self._socket.bind(("lo", 0))
        self._socket.settimeout(0.1)

    def run(self) -> None:
        """Look, until there is nothing more to be looked at."""
        while True:
            try:
                found = begun(self._socket.recv(256))
            except TimeoutError:
                if self._over.is_set():
                    return
                continue
            if found is not None and found not in self._seen:
                self._seen.add(found)
                protocol, address, port = found
                self._notes.add(kind="packet", protocol=protocol, address=address, port=port)

    def drain(self) -> None:
        """Wait until what was sent is looked at."""
        self._over.set()
        self.join(_DRAIN_S)


def begun(frame: bytes) -> tuple[str, str, int] | None:
    """Protocol, address and port of a packet that begins to talk to somebody else; None for any other."""
    kind = frame[12:14]
    try:
        if kind == b"\x08\x00":
            head = (frame[14] & 15) * 4
            protocol, address = frame[23], socket.inet_ntop(socket.AF_INET, frame[30:34])
            rest = frame[14 + head :]
            if address.startswith("127."):
                return None
        elif kind == b"\x86\xdd":
            protocol, address = frame[20], socket.inet_ntop(socket.AF_INET6, frame[38:54])
            rest = frame[54:]
            if address == "::1" or address.startswith("ff"):  # multicast: the kernel's own
                return None
        else:
            return None
        port = struct.unpack_from(">H", rest, 2)[0]
        if protocol == socket.IPPROTO_TCP and rest[13] & 0x12 == 0x02:  # SYN without ACK
            return "tcp", address, port
    except (IndexError, struct.error, ValueError):
        return None
    return ("udp", address, port) if protocol == socket.IPPROTO_UDP else None


class Listener(threading.Thread):
    """Takes connections to a port of whatever address."""

    def __init__(self, port: int, notes: Notes, spec: dict[str, object], *, tls: bool) -> None:
        super().__init__(daemon=True)
        self._port, self._notes, self._spec, self._tls = port, notes, spec, tls
        self._socket = socket.create_server(("", port), family=socket.AF_INET, backlog=128)

    def run(self) -> None:
        """Take them, each in a thread of its own."""
        while True:
            connection, _ = self._socket.accept()
            looking = threading.Thread(target=self._taken, args=(connection,), daemon=True)
            TAKEN.add(looking)
            looking.start()

    def _taken(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            address = connection.getsockname()[0]
            connection.settimeout(20)
            head = peeked(connection, tls=self._tls)
            connection.settimeout(None)
            host = (server_name(head) if self._tls else host_of(head)) or address
            own = self._spec["hosts"]
            assert isinstance(own, list)  # noqa: S101 - it is written by intercept.py
            if self._tls and self._port == 443 and (host in own or (host == address and address == "127.0.0.1")):
                relayed(connection, str(self._spec["socket"]))
            else:
                first = head.partition(b"\r\n")[0][:100].decode("ascii", "replace") if not self._tls else ""
                bearer = b"\nauthorization: bearer" in head.lower()
                self._notes.add(
                    kind="request",
                    host=host,
                    address=address,
                    port=self._port,
                    tls=self._tls,
                    line=first,
                    bearer=bearer,
                )
        TAKEN.discard(threading.current_thread())


def peeked(connection: socket.socket, *, tls: bool) -> bytes:
    """The first bytes of a connection, left where they are: a TLS hello, or the head of a request."""
    wanted, head = 5, b""
    while True:
        connection.recv(1, socket.MSG_PEEK)  # waits for the first byte
        head = connection.recv(_HELLO_LIMIT, socket.MSG_PEEK)
        if not head:
            return head
        if tls:
            wanted = 5 + struct.unpack_from(">H", head, 3)[0] if len(head) >= 5 else 5
            if len(head) >= min(wanted, _HELLO_LIMIT) or head[0] != 22:
                return head
        elif b"\r\n\r\n" in head or len(head) >= _HELLO_LIMIT:
            return head
        more = connection.recv(len(head) + 1, socket.MSG_PEEK | socket.MSG_WAITALL)
        if len(more) <= len(head):
            return head


def server_name(hello: bytes) -> str:
    """The name that a TLS hello asks for (RFC 6066); empty for none."""
    try:
        place = 5 + 4 + 2 + 32
        place += 1 + hello[place]
        place += 2 + struct.unpack_from(">H", hello, place)[0]
        place += 1 + hello[place]
        end = place + 2 + struct.unpack_from(">H", hello, place)[0]
        place += 2
        while place + 4 <= end:
            kind, size = struct.unpack_from(">HH", hello, place)
            if kind == 0:
                length = struct.unpack_from(">H", hello, place + 7)[0]
                name = hello[place + 9 : place + 9 + length]
                return name.decode("ascii").lower() if len(name) == length else ""
            place += 4 + size
    except (IndexError, struct.error, UnicodeDecodeError):
        pass
    return ""


def host_of(head: bytes) -> str:
    """The host that a request is for, without its port."""
    found = re.search(rb"\nhost:[ \t]*([^\s]+)", head, re.IGNORECASE) or re.match(rb"CONNECT ([^\s]+)", head)
    return (
        found[1].decode("ascii", "replace").rpartition(":")[0] or found[1].decode("ascii", "replace") if found else ""
    )


def relayed(connection: socket.socket, path: str) -> None:
    """Let it talk to the mock, byte by byte."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.connect(path)
        carry(connection, other)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
