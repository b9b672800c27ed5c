"""A program with the DOJ's hosts built in: it reaches the mock, nothing else, and what it tries is named."""

import shutil
import socket
import ssl
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from capss_mock.conformance.client import inside, intercept
from capss_mock.conformance.client.campaign import Plan, carry_out
from capss_mock.conformance.client.evidence import Stray
from capss_mock.conformance.client.inside import Names, Notes, host_of, peeked, server_name
from capss_mock.conformance.client.program import Command, ProgramError
from capss_mock.conformance.results import Report, Verdict
from tests.cli.test_commands import Run, run

__all__ = ["run"]  # a fixture

pytestmark = pytest.mark.usefixtures("one_key")

ROOT = Path(__file__).parents[2]
NAMESPACES = pytest.mark.skipif(bool(intercept.refused()), reason="it takes user namespaces")
SHEET = r"""#!/bin/sh
# the three commands of the DOJ's sheet, with bearer, href and file path filled in
set -eu
reply=$(curl -k -s -X POST -u "$CAPSS_CLIENT_ID:$CAPSS_CLIENT_SECRET" -d "scope=api" -d  "grant_type=client_credentials"  https://capss-sb.doj.ca.gov/oauth2/token)
token=$(printf %s "$reply" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
reply=$(curl -k -s -X POST -H "Authorization: Bearer $token" -F "bulkUploadFile=@$1" https://capss-sb.doj.ca.gov/api/bulkimport/save)
href=$(printf %s "$reply" | sed 's/.*"href":"\([^"]*\)".*/\1/')
curl -k -s -X GET -H "Authorization: Bearer $token" "$href" | grep -q '"isUploaded":true'
"""


def script(file: Path, text: str) -> str:
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def judged(command: tuple[str, ...], *scenarios: str, way: str = "namespaces", timeout_s: float = 15) -> Report:
    report = carry_out(Plan(Command(command, timeout_s=timeout_s), scenarios, intercept=way))
    assert report.faults == ()
    return report


def findings(report: Report) -> dict[str, str]:
    bad = report.with_verdict(Verdict.FAIL, Verdict.WARN)
    return {each.check.id: finding.actual for each in bad if (finding := each.plays[0][1].finding)}


@NAMESPACES
def test_the_sheets_own_lines_run_as_they_are(tmp_path: Path) -> None:
    report = judged((script(tmp_path / "sheet.sh", SHEET), "{file}"), "immediate", "untrusted-certificate")
    said = {each.name: (each.said, each.held) for each in report.plays}
    assert said["immediate"] == ("exit code 0: saved", "3 of 3 records saved, 1 submission")
    assert findings(report) == {"TLS-TRUST": "POST /oauth2/token"}  # -k
    assert [each.check.id for each in report.with_verdict(Verdict.BLOCKED)] == []


CALLS = """
import socket, ssl, sys, urllib.request, urllib.error
def tls(host, port=443):
    context = ssl._create_unverified_context()
    try:
        with socket.create_connection((host, port), 5) as raw, context.wrap_socket(raw, server_hostname=host): pass
    except OSError: pass
def http(url, **headers):
    try: urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5)
    except OSError: pass
tls("telemetry.vendor.test")
tls("93.184.216.34")
http("http://updates.vendor.test/version")
http("http://capss-sb.doj.ca.gov/api/x", Authorization="Bearer abc")
http("http://10.1.2.3:8080/x")
try: socket.getaddrinfo("only-a-name.test", 9999)
except OSError: pass
try: socket.create_connection(("192.0.2.7", 4444), 5); sys.exit(9)
except OSError: pass
try: socket.create_connection(("2001:db8::1", 443), 5); sys.exit(9)
except OSError: pass
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.8", 9999))
"""


@NAMESPACES
def test_whatever_else_is_called_fails_and_is_named(tmp_path: Path) -> None:
    program = tmp_path / "calls.py"
    program.write_text(CALLS)
    report = judged((sys.executable, str(program)), "immediate")
    seen = findings(report)
    assert seen["EGRESS"] == (
        "8 to telemetry.vendor.test, 93.184.216.34, updates.vendor.test, 10.1.2.3:8080, 192.0.2.7:4444,"
        " [2001:db8::1]:443, 192.0.2.8:9999, only-a-name.test"
    )
    assert seen["BEARER-TLS"] == "a token was sent over plain http"
    (play,) = report.plays
    assert "GET http://updates" not in " ".join(play.timeline)
    assert any(line.strip() == "GET /version HTTP/1.1  to updates.vendor.test" for line in play.timeline)


@NAMESPACES
def test_other_hosts_that_answers_lead_to_are_seen_as_well(tmp_path: Path) -> None:
    """As given away by ``links.href``, with the token."""
    from capss_mock.conformance.programs import reference_command

    report = judged(reference_command("BEARER-HOST"), "foreign-href", timeout_s=3)
    assert findings(report)["EGRESS"].endswith(" to capss-elsewhere.invalid")
    assert (
        judged(reference_command(), "foreign-href", "redirect-to-http").with_verdict(Verdict.FAIL, Verdict.WARN) == []
    )


@NAMESPACES
def test_what_the_program_says_and_its_exit_code_come_through(tmp_path: Path) -> None:
    report = judged((script(tmp_path / "a.sh", "#!/bin/sh\nexit 7\n"),), "never-completes")
    assert report.plays[0].said == "exit code 7: not confirmed"
    report = judged((script(tmp_path / "a.sh", "#!/bin/sh\ncat /etc/hosts > /dev/null; exit 0\n"),), "never-completes")
    assert findings(report)["TRUTH-SAVED"] == "your program said saved; the server saved 0 of 3"


def test_without_namespaces_it_refuses_and_says_what_can_be_done(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intercept, "refused", lambda: "user namespaces may not be made here (EPERM)")
    code, out, err = run("judge", "--intercept", "--scenario", "immediate", "--", "true")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "and user namespaces may not be made here (EPERM). What can be done: run it on Linux" in err
    assert "--intercept=proxy-only" in err


def test_why_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intercept.sys, "platform", "win32")
    assert intercept.refused() == "there are no namespaces on this system"
    monkeypatch.setattr(intercept.sys, "platform", "linux")
    monkeypatch.setattr(intercept.shutil, "which", lambda _name: None)
    assert intercept.refused() == "unshare and mount are not installed (util-linux)"
    monkeypatch.setattr(intercept.shutil, "which", lambda _name: "/bin/false")
    assert intercept.refused() == "user namespaces may not be made here (1)"
    monkeypatch.setattr(intercept.shutil, "which", lambda _name: "/no/such/unshare")
    assert intercept.refused().startswith("unshare failed: ")


@NAMESPACES
def test_a_network_that_cannot_be_set_up_is_no_verdict(tmp_path: Path) -> None:
    """Inside, without the right to: no namespaces of its own."""
    spec = tmp_path / "spec.json"
    spec.write_text('{"notes": "/no/such/directory/notes", "hosts": [], "socket": "", "directory": ""}')
    command = [sys.executable, "-I", "-m", "capss_mock.conformance.client.inside", str(spec), "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith("capss-mock: the network could not be set up: ")) == (125, True)


@pytest.mark.skipif(shutil.which("curl") is None, reason="it takes curl")
def test_proxy_only_warns_and_carries_what_obeys(run: Run, tmp_path: Path) -> None:
    text = (
        SHEET.replace(" -k ", " ")
        + "\ncurl -s https://telemetry.vendor.test/ || true\ncurl -s http://updates.vendor.test/v || true\n"
    )
    command = (script(tmp_path / "sheet.sh", text), "{file}")
    code, out, err = run("judge", "--intercept=proxy-only", "--scenario", "immediate", "--", *command)
    assert code == 1
    assert "warning: proxy-only: programs that ignore proxy variables" in err
    assert "FAIL  EGRESS" in out
    assert "2 to telemetry.vendor.test, updates.vendor.test" in out
    assert "exit code 0: saved" in out


# -- the parts


@pytest.fixture
def two() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def hello(name: str | None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def test_the_name_in_a_hello_is_read_and_nothing_from_what_is_none() -> None:
    assert server_name(hello("Telemetry.Vendor.test")) == "telemetry.vendor.test"
    assert server_name(hello(None)) == ""
    whole = hello("a.test")
    assert all(server_name(whole[:size]) in ("", "a.test") for size in range(len(whole)))
    assert server_name(b"GET / HTTP/1.1\r\n") == ""


@pytest.mark.parametrize(
    ("head", "host"),
    [
        (b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test"),
        (b"GET / HTTP/1.1\r\nhOst:   a.test:8080\r\n\r\n", "a.test"),
        (b"CONNECT b.test:443 HTTP/1.1\r\n\r\n", "b.test"),
        (b"GET / HTTP/1.0\r\n\r\n", ""),
    ],
)
def test_the_host_of_a_request_is_read(head: bytes, host: str) -> None:
    assert host_of(head) == host


@pytest.mark.parametrize("tls", [True, False])
def test_the_first_bytes_are_looked_at_and_left(two: tuple[socket.socket, socket.socket], tls: bool) -> None:
    one, other = two
    data = hello("a.test") if tls else b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
    other.sendall(data)
    assert peeked(one, tls=tls) == data
    assert one.recv(len(data)) == data
    other.shutdown(socket.SHUT_WR)
    assert peeked(one, tls=tls) == b""


@NAMESPACES
def test_the_users_proxy_is_none_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://10.9.8.7:3128")
    report = judged((script(tmp_path / "sheet.sh", SHEET.replace(" -k ", " ")), "{file}"), "immediate")
    assert findings(report) == {}
    assert report.plays[0].said == "exit code 0: saved"


@NAMESPACES
def test_services_of_this_machine_are_out_of_sight_and_a_signal_comes_through(tmp_path: Path) -> None:
    text = "#!/bin/sh\nls /run | grep -v ^mount && exit 0  # mount notes there what it does\nkill -9 $$\n"
    report = judged((script(tmp_path / "a.sh", text),), "never-completes")
    assert report.plays[0].said == "it was ended by signal 9"


def packet(address: str, protocol: int = 6, flags: int = 2, port: int = 443) -> bytes:
    version = socket.AF_INET6 if ":" in address else socket.AF_INET
    rest = struct.pack(">HHIIBBHHH", 1, port, 0, 0, 5 << 4, flags, 0, 0, 0)
    if version == socket.AF_INET6:
        head = struct.pack(">IHBB", 6 << 28, len(rest), protocol, 1) + bytes(16) + socket.inet_pton(version, address)
        return bytes(12) + b"\x86\xdd" + head + rest
    head = struct.pack(">BBHIBBH", 0x45, 0, 0, 0, 1, protocol, 0) + bytes(4) + socket.inet_pton(version, address)
    return bytes(12) + b"\x08\x00" + head + rest


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (packet("8.8.8.8"), ("tcp", "8.8.8.8", 443)),
        (packet("8.8.8.8", flags=0x12), None),  # an answer
        (packet("8.8.8.8", flags=0x10), None),
        (packet("8.8.8.8", protocol=17, port=53), ("udp", "8.8.8.8", 53)),
        (packet("8.8.8.8", protocol=1), None),
        (packet("127.0.0.1"), None),
        (packet("2001:db8::1"), ("tcp", "2001:db8::1", 443)),
        (packet("::1"), None),
        (packet("ff02::16", protocol=17), None),
        (bytes(12) + b"\x08\x06" + bytes(40), None),
        (packet("8.8.8.8")[:30], None),
        (b"", None),
    ],
)
def test_a_packet_that_begins_to_talk_to_somebody_else_is_told_apart(
    frame: bytes, found: tuple[str, str, int] | None
) -> None:
    assert inside.begun(frame) == found


def question(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    return struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def test_every_name_is_an_address_of_ours_and_others_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "_DNS_PORT", 0)
    names = Names(Notes(tmp_path / "notes"), {"capss-sb.doj.ca.gov"})
    own, other = names._answered(question("capss-sb.doj.ca.gov", 1)), names._answered(question("A.test", 1))
    assert own[-4:] == socket.inet_aton("127.0.0.1")
    assert other[-4:] == socket.inet_aton(inside._OTHER)
    assert struct.unpack_from(">H", names._answered(question("a.test", 28)), 6)[0] == 0  # no IPv6 address
    assert (tmp_path / "notes").read_text().splitlines() == ['{"kind": "name", "host": "a.test"}'] * 2
    names._socket.close()


def test_strays_are_told_apart(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.write_text(
        '{"kind": "name", "host": "a.test"}\n{"kind": "name", "host": "b.test"}\n'
        '{"kind": "request", "host": "a.test", "address": "127.66.0.1", "port": 443, "tls": true, "line": "", "bearer": false}\n'
        '{"kind": "request", "host": "capss.doj.ca.gov", "address": "127.0.0.1", "port": 80, "tls": false, "line": "GET /", "bearer": true}\n'
        '{"kind": "packet", "protocol": "tcp", "address": "127.66.0.1", "port": 443}\n'
        '{"kind": "packet", "protocol": "udp", "address": "2001:db8::1", "port": 9}\n'
    )
    assert intercept._strays(notes) == [
        Stray("a.test", tls=True, bearer=False, line="a connection to port 443"),
        Stray("capss.doj.ca.gov", tls=False, bearer=True, line="GET /", downgrade=True),
        Stray("[2001:db8::1]:9", tls=False, bearer=False, line="udp to port 9"),
        Stray("b.test", tls=False, bearer=False, line="its address was asked for"),
    ]


def test_a_program_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(ProgramError, match="not found"):
        judged(("no-such-program-at-all",), "immediate", way="proxy-only")
