"""For a program with the DOJ's hosts built in, unchanged: it runs in a network of its own, where these are the mock.

On Linux, in namespaces of its own (``unshare``, of util-linux): nothing but loopback exists there (``inside.py``), so
that nothing can reach the DOJ, or anybody else. Elsewhere there are only the proxy variables, which a program may
ignore, and then reach the network: that must be asked for by name (``proxy-only``).
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from capss_mock.conformance.client.evidence import Stray
from capss_mock.conformance.client.play import Opened, Performed
from capss_mock.conformance.client.program import Command, Place, ProgramError, Programs, run
from capss_mock.conformance.client.pump import carry
from capss_mock.contract.defaults import DOJ_HOSTS
from capss_mock.contract.operations import served
from capss_mock.settings import LOOPBACK

HOST = DOJ_HOSTS[0]
_START = (  # this copy of the package, whatever is installed, and nothing of the program's directory
    "import sys; sys.path[:0] = [sys.argv.pop(1)]; from capss_mock.conformance.client.inside import main;"
    " sys.exit(main(sys.argv[1:]))"
)
_PACKAGE = Path(__file__).parents[3]
_CHUNK = 64 * 1024
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")  # there is none inside
_TRIED_S = 10
PROXY_WARNING = (
    "proxy-only: programs that ignore proxy variables (Java's HttpClient and Node's fetch do) reach the real network,"
    " and the DOJ"
)


def refused() -> str:
    """Why namespaces cannot be had here; empty if they can."""
    if sys.platform != "linux":
        return "there are no namespaces on this system"
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("mount") is None:
        return "unshare and mount are not installed (util-linux)"
    try:
        done = subprocess.run(  # noqa: S603 - nothing of the user's in it
            [unshare, "-rnm", "true"], capture_output=True, text=True, timeout=_TRIED_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"unshare failed: {error}"
    return f"user namespaces may not be made here ({done.stderr.strip() or done.returncode})" if done.returncode else ""


def in_namespaces(command: Command, programs: Programs) -> Callable[[Opened, dict[str, str], Place], Performed]:
    """What is done instead of running a program as it is.

    Raises:
        ProgramError: there are no namespaces here.
    """
    if why := refused():
        raise ProgramError(
            f"--intercept needs a network of its own for the program, and {why}. What can be done: run it on Linux,"
            " where unprivileged user namespaces are allowed (docker run --privileged, or sysctl"
            " kernel.apparmor_restrict_unprivileged_userns=0), or take --intercept=proxy-only, where programs that"
            " ignore proxy variables reach the network."
        )
    unshare = str(shutil.which("unshare"))

    def perform(opened: Opened, environ: dict[str, str], place: Place) -> Performed:
        notes, spec = place.root / "notes.jsonl", place.root / "inside.json"
        notes.touch()
        path = place.root / "mock.sock"
        values = {"socket": str(path), "hosts": list(DOJ_HOSTS), "notes": str(notes), "directory": str(place.root)}
        spec.write_text(json.dumps(values), "utf-8")
        inside = [unshare, "-rnm", "--", sys.executable, "-I", "-c", _START, str(_PACKAGE), str(spec)]
        wrapped = Command(
            command.words, command.inside, command.setup, command.timeout_s, lambda words: [*inside, *words]
        )
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        listening.listen(128)
        with Bridge(listening, opened.mock.url):
            known = {name: text for name, text in environ.items() if name.lower() not in _PROXIES}
            ending = run(wrapped, {**known, **_addresses(opened)}, place, programs)
        if '"kind": "ready"' not in notes.read_text("utf-8"):
            raise ProgramError(f"--intercept: {ending.output.last or ending.words}")
        return Performed(ending, tuple(_strays(notes)))

    return perform


def _addresses(opened: Opened) -> dict[str, str]:
    """Where CAPSS is, seen from inside."""
    generation = opened.mock.run.settings.choice("api-generation").value
    token = next(each.path for each in served(generation) if each.kind == "token")
    return {"CAPSS_BASE_URL": f"https://{HOST}", "CAPSS_TOKEN_URL": f"https://{HOST}{token}"}


def _strays(notes: Path) -> list[Stray]:
    """Who was asked besides CAPSS: connections, and names of which nothing but the name was asked."""
    rows = [json.loads(line) for line in notes.read_text("utf-8").splitlines()]
    requests = [each for each in rows if each["kind"] == "request"]
    strays = [
        Stray(
            host=each["host"] if each["port"] in (80, 443) else f"{each['host']}:{each['port']}",
            tls=each["tls"],
            bearer=each["bearer"],
            line=each["line"] or f"a connection to port {each['port']}",
            downgrade=each["host"] in DOJ_HOSTS and not each["tls"],
        )
        for each in requests
    ]
    named = {each["host"] for each in requests}
    known = {(each["address"], each["port"]) for each in requests}
    packets = [
        Stray(_address(each), tls=False, bearer=False, line=f"{each['protocol']} to port {each['port']}")
        for each in rows
        if each["kind"] == "packet" and (each["address"], each["port"]) not in known
    ]
    names = dict.fromkeys(each["host"] for each in rows if each["kind"] == "name")
    asked_for = [
        Stray(each, tls=False, bearer=False, line="its address was asked for") for each in names if each not in named
    ]
    return strays + packets + asked_for


def _address(row: dict[str, Any]) -> str:
    host = f"[{row['address']}]" if ":" in row["address"] else row["address"]
    return f"{host}:{row['port']}"


class Bridge:
    """A socket that leads to the mock's port: the only way out of the program's network.

    Args:
        listening: where it takes connections.
        url: the mock's.
    """

    def __init__(self, listening: socket.socket, url: str) -> None:
        self._port = int(url.rpartition(":")[2])
        self._socket = listening
        self._thread = threading.Thread(target=self._accept, name="capss-bridge", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                inner, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(inner,), daemon=True).start()

    def _carry(self, inner: socket.socket) -> None:
        with inner, contextlib.suppress(OSError):
            self._out(inner)

    def _out(self, inner: socket.socket) -> None:
        with socket.create_connection((LOOPBACK, self._port)) as outer:
            carry(inner, outer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._socket.close()
        self._thread.join()


class Proxy(Bridge):
    """An HTTP proxy on a free port of the loopback interface: CONNECT to the DOJ's names leads to the mock."""

    def __init__(self, url: str) -> None:
        self.strays: list[Stray] = []
        listening = socket.create_server((LOOPBACK, 0))
        self.port = listening.getsockname()[1]
        super().__init__(listening, url)

    def _carry(self, inner: socket.socket) -> None:
        with inner, contextlib.suppress(OSError):
            inner.settimeout(_TRIED_S)
            head = b""
            while b"\r\n\r\n" not in head and len(head) < _CHUNK and (data := inner.recv(_CHUNK)):
                head += data
            first, _, _ = head.partition(b"\r\n")
            method, target = ([*first.decode("ascii", "replace").split(" "), "", ""])[:2]
            host = target if method == "CONNECT" else urlsplit(target).netloc
            if method == "CONNECT" and host in {f"{each}:443" for each in DOJ_HOSTS}:
                inner.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                inner.settimeout(None)
                self._out(inner)
                return
            name = host.removesuffix(":443").removesuffix(":80")
            bearer = b"\nauthorization: bearer" in head.lower()
            line = f"{method} {target}"[:100]
            self.strays.append(Stray(name, method == "CONNECT", bearer, line, downgrade=name in DOJ_HOSTS))
            inner.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def by_proxy(command: Command, programs: Programs) -> Callable[[Opened, dict[str, str], Place], Performed]:
    """Only the proxy variables: what ignores them reaches the network."""

    def perform(opened: Opened, environ: dict[str, str], place: Place) -> Performed:
        with Proxy(opened.mock.url) as proxy:
            values = {**environ, **_addresses(opened)}
            for name in ("HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY"):
                values[name] = f"http://{LOOPBACK}:{proxy.port}"
            values["NO_PROXY"] = values["no_proxy"] = ""
            java = " ".join(
                f"-D{scheme}.proxyHost={LOOPBACK} -D{scheme}.proxyPort={proxy.port}" for scheme in ("http", "https")
            )
            values["JAVA_TOOL_OPTIONS"] = f"{values.get('JAVA_TOOL_OPTIONS', '')} {java}".strip()
            ending = run(command, values, place, programs)
            return Performed(ending, tuple(proxy.strays))

    return perform
