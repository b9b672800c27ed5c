"""Plays the raw request/answer pairs of ``*.http`` against a mock on a real socket.

The pairs are typed by hand from what is known of CAPSS and stand outside the contract: nothing here, and nothing in
them, is imported or generated from it. The form of a file:

    ### RULE-ID [RULE-ID …]: what is shown
    @set switch=value                 how the mock is set up: @set, @dialect, @client, @tls, @idle SECONDS (its patience
                                      with a silent client); @clock +60 moves its clock. progress
                                      is immediate here, but with @defaults
    > POST /oauth2/token              a request: its line (HTTP/1.1 is added), headers, an empty line, a body
    > Content-Type: text/plain        Host and Content-Length are added where they are not given; @raw adds nothing
    < 401                             the answer: status, every header but the ones in COMMON, an empty line, the body
    <
    < {"jti":"«jti=[0-9a-f-]{36}»"}   «name=regex» matches and remembers, «*» matches anything up to a quote
    = claims {"sub":"apitest",…}      what the remembered access_token holds: header, claims, signature (its bytes)

In a request, «name» stands for what was remembered, for «bearer» (a good token), «bearer:KIND» (a bad one, see
``forge``), «host», «repeat:N:TEXT», and «file:PATH» for a file of fixtures/.
"""

import base64
import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from capss_mock.clock import Entropy, ManualClock
from capss_mock.domain.tokens import SigningKey
from capss_mock.server import MockServer
from capss_mock.serving import threaded
from capss_mock.settings import Settings, read_switches
from capss_mock.usecases.clients import Clients
from capss_mock.usecases.start import Preparation

HERE = Path(__file__).parent
FIXTURES = HERE.parents[1] / "fixtures"
NOW = datetime(2025, 12, 15, 22, 3, 52, tzinfo=UTC)
# typed by hand, as the pairs are: what every answer carries, and what only the server's own layer adds
COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "0",
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "0",
    "X-Frame-Options": "DENY",
}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000 ; includeSubDomains"}
OURS = {"Date", "Server"}
SETUP = {"@set", "@dialect", "@client", "@tls", "@idle", "@defaults"}


@dataclass
class Exchange:
    """One request and its answer, as text."""

    request: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    decoded: list[str] = field(default_factory=list)
    raw: bool = False
    bare: bool = False


@dataclass
class Pair:
    """A section of a golden file."""

    rules: tuple[str, ...]
    title: str
    place: str
    setup: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)


def read(path: Path) -> Iterator[Pair]:
    """The sections of one file."""
    pair: Pair | None = None
    exchange = Exchange()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.startswith("### "):
            if pair is not None:
                yield pair
            rules, _, title = line[4:].partition(": ")
            pair = Pair(tuple(rules.split()), title, f"{path.name}:{number}")
            exchange = Exchange()
        elif pair is None or not line.strip():
            continue
        elif line.startswith((">", "@")):
            if exchange.answer or not pair.exchanges:
                exchange = Exchange()
                if line.startswith("@") and not pair.exchanges and line.split()[0] in SETUP:
                    pair.setup.append(line)
                    continue
                pair.exchanges.append(exchange)
            if line == "@raw":
                exchange.raw = True
            elif line == "@bare":
                exchange.bare = True
            elif line.startswith("@"):
                exchange.before.append(line)
            else:
                exchange.request.append(line[2:])
        elif line.startswith("<"):
            exchange.answer.append(line[2:])
        elif line.startswith("="):
            exchange.decoded.append(line[2:])
        else:
            raise ValueError(f"{path.name}:{number}: what is {line!r}?")
    if pair is not None:
        yield pair


def all_pairs() -> list[Pair]:
    """Every pair of every file."""
    return [pair for path in sorted(HERE.glob("*.http")) for pair in read(path)]


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def forge(kind: str, good: str, key: SigningKey) -> str:
    """A token that must not be taken, made from a good one with an independent library."""
    head, body, signature = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    private = serialization.load_pem_private_key(key.pem(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    header = jwt.get_unverified_header(good)
    match kind:
        case "none":
            return f"{_b64(json.dumps({'alg': 'none'}).encode())}.{body}."
        case "hs256":  # the public key taken for an HMAC secret
            secret = private.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            import hashlib
            import hmac

            text = f"{_b64(json.dumps({'kid': header['kid'], 'alg': 'HS256'}).encode())}.{body}"
            return f"{text}.{_b64(hmac.digest(secret, text.encode(), hashlib.sha256))}"
        case "foreign-key":
            other = rsa.generate_private_key(65537, 2048)
            return jwt.encode(claims, other, "RS256", headers={"kid": header["kid"]})
        case "unknown-kid":
            return jwt.encode(claims, private, "RS256", headers={"kid": "00000000-0000-4000-8000-000000000000"})
        case "path-kid":
            return jwt.encode(claims, private, "RS256", headers={"kid": "../../../dev/null"})
        case "rs384":
            return jwt.encode(claims, private, "RS384", headers={"kid": header["kid"]})
        case "edited":
            return f"{head}.{_b64(json.dumps({**claims, 'license_id': '000000301'}).encode())}.{signature}"
        case "cut":
            return good[:-6]
        case "no-signature":
            return f"{head}.{body}."
        case "five-parts":
            return f"{head}.{body}.{signature}.{body}.{signature}"
        case "not-json":
            return f"{head}.{_b64(b'nothing')}.{signature}"
        case _:
            raise ValueError(kind)


class Player:
    """One mock for one pair."""

    def __init__(self, pair: Pair, key: SigningKey, settings: Settings | None = None) -> None:
        self.pair, self.key = pair, key
        changes, dialect, tls = {"progress": "immediate"}, "sheet", False
        clients: list[list[str]] = []
        idle_s = threaded.IDLE_S
        for line in pair.setup:
            what, *words = line.split()
            if what == "@set":
                changes |= dict([words[0].split("=", 1)])
            elif what == "@defaults":
                changes = {}
            elif what == "@dialect":
                dialect = words[0]
            elif what == "@tls":
                tls = True
            elif what == "@idle":
                idle_s = float(words[0])
            else:
                clients.append(words)
        if dialect == "pending-200":
            changes["progress"] = "polls:1"
        self.clock = ManualClock(NOW)
        self.notes: list[str] = []
        self.server = MockServer(
            settings or Settings(read_switches(dialect, changes)),
            clock=self.clock,
            tls=tls,
            prepared=Preparation(Entropy(), key),
            sink=lambda line: self.notes.append(line.note),
            report=self.notes.append,
            idle_s=idle_s,
        )
        self.tls = tls
        self.names: dict[str, str] = {"host": self.server.url.split("//")[1]}
        for client_id, licence, secret, *more in clients:
            self._client(client_id, licence, secret, more)

    def _client(self, client_id: str, licence: str, secret: str, more: list[str]) -> None:
        store = self.server.capss.store
        known = Clients(store, Entropy())
        if store.client(client_id) is None:
            known.add(client_id, licence, secret.replace("¶", " "))
        client = store.client(client_id)
        assert client is not None
        for word in more:
            match word.partition("=")[::2]:
                case "no-grant", _:
                    client = replace(client, granted=False)
                case "disabled", _:
                    client = replace(client, enabled=False)
                case "date", day:
                    client = replace(client, expires_on=date.fromisoformat(day))
                case "version", number:
                    client = replace(client, token_version=int(number))
        store.put_client(client)

    def play(self) -> None:
        """Send every request and compare every answer.

        Raises:
            AssertionError: an answer differs.
        """
        try:
            for exchange in self.pair.exchanges:
                self._exchange(exchange)
        finally:
            self.server.stop()

    def _exchange(self, exchange: Exchange) -> None:
        for line in exchange.before:
            what, *words = line.split()
            if what == "@clock":
                self.clock.advance(float(words[0]))
            elif what == "@client":
                self._client(words[0], words[1], words[2], words[3:])
        sent = self._request(exchange)
        status, headers, body = self.ask(sent)
        wanted = exchange.answer
        gap = wanted.index("") if "" in wanted else len(wanted)
        expected = dict(line.split(": ", 1) for line in wanted[1:gap])
        where = f"{self.pair.place} {self.pair.title}: {self.notes[-1:]}"
        code = int(wanted[0])
        assert status == f"{code} {HTTPStatus(code).phrase}", where
        length = headers.pop("Content-Length")
        assert length == str(len(body)), where
        common = {} if exchange.bare else {**COMMON, **(HTTPS_ONLY if self.tls else {})}
        seen = {name: value for name, value in headers.items() if name not in OURS}
        assert sorted(seen) == sorted({**common, **expected}), where
        for name, value in {**common, **expected}.items():
            self._match(value, seen[name], f"{where} {name}")
        self._match("\n".join(wanted[gap + 1 :]), body.decode(), where)
        parts = self.names.get("access_token", "").split(".")
        for line in exchange.decoded:
            what, _, text = line.partition(" ")
            bytes_of = base64.urlsafe_b64decode(parts[("header", "claims", "signature").index(what)] + "==")
            self._match(text, str(len(bytes_of)) if what == "signature" else bytes_of.decode(), f"{where} {what}")

    def _match(self, pattern: str, found: str, where: str) -> None:
        pieces = re.split(r"«([^»]*)»", pattern)
        expression, names = "", []
        for number, piece in enumerate(pieces):
            if number % 2 == 0:
                expression += re.escape(piece)
            elif piece == "*":
                expression += r'[^"]*'
            elif "=" in piece:
                name, _, form = piece.partition("=")
                names.append(name)
                expression += f"({form})"
            else:
                expression += re.escape(self._value(piece))
        match = re.fullmatch(expression, found)
        assert match, f"{where}\nexpected {pattern}\nfound    {found}"
        self.names |= dict(zip(names, match.groups(), strict=True))

    def _value(self, name: str) -> str:
        if name in self.names:
            return self.names[name]
        if name == "bearer":
            self.names[name] = self.token()
            return self.names[name]
        if name.startswith("bearer:"):
            return forge(name.partition(":")[2], self._value("bearer"), self.key)
        if name.startswith("repeat:"):
            _, times, text = name.split(":", 2)
            return text.replace("¶", "\r\n") * int(times)
        if name.startswith("file:"):
            return (FIXTURES / name.partition(":")[2]).read_text("utf-8").replace("\r\n", "\n")
        raise ValueError(f"{self.pair.place}: nothing is known as {name!r}")

    def token(self) -> str:
        """A good token of the default client."""
        body = b"grant_type=client_credentials&scope=api"
        path = "/oauth2/token" if self.server.capss.settings.choice("api-generation").value != "old" else "/oauth/token"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YXBpdGVzdDpQYXNzd29yZDE=\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return str(json.loads(self.ask(head.encode() + body)[2])["access_token"])

    def _request(self, exchange: Exchange) -> bytes:
        lines = [re.sub(r"«([^»]*)»", lambda match: self._value(match[1]), line) for line in exchange.request]
        gap = lines.index("") if "" in lines else len(lines)
        body = "\r\n".join(lines[gap + 1 :]).encode()
        head = lines[:gap]
        if not exchange.raw:
            head[0] += " HTTP/1.1"
            names = {line.split(":")[0].lower() for line in head[1:]}
            if "host" not in names:
                head.append(f"Host: {self.names['host']}")
            if body and "content-length" not in names:
                head.append(f"Content-Length: {len(body)}")
        return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body

    def ask(self, sent: bytes) -> tuple[str, dict[str, str], bytes]:
        """Send bytes on a connection of their own; gives the status line's rest, the headers, the body."""
        address = ("127.0.0.1", int(self.names["host"].rsplit(":", 1)[1]))
        with socket.create_connection(address, 10) as plain:
            if not self.tls:
                plain.sendall(sent)
                return answer(plain.recv)
            context = ssl.create_default_context(cafile=str(self.server.ca_file))
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(sent)
                return answer(secure.recv)


def answer(recv: Callable[[int], bytes]) -> tuple[str, dict[str, str], bytes]:
    """Read one answer to its end."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = recv(65536)
        assert chunk, f"the connection ended after {received!r}"
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines), f"a header is there twice: {lines}"
    while len(body) < int(headers["Content-Length"]):
        chunk = recv(65536)
        assert chunk, f"the connection ended after {body!r}"
        body += chunk
    protocol, _, status = first.partition(" ")
    assert protocol == "HTTP/1.1", first
    return status, headers, body
