"""The server that is asked: each question once, in good time, and what came of it remembered."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from random import Random
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from capss_mock.contract.fields import REFERENCE
from capss_mock.contract.operations import OPERATIONS
from capss_mock.samples.documents import LICENCE, Sample, update_document, write

RECORDS = 2
FILE = "capss-kit-invented.xml"
_GRANT = {"scope": "api", "grant_type": "client_credentials"}
_POLLS = 40
_NOBODY = ("capss-kit-nobody", "not-a-secret")  # nobody's account is locked by asking
_MULTIPART = {"Content-Type": "multipart/form-data; boundary=capss"}


class Unreachable(Exception):
    """The server cannot be asked at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and its answer; ``seconds`` since the first one."""

    line: str
    status: int
    seconds: float


class Server:
    """A server with one API client on it.

    Args:
        http: for the server's base URL.
        client: its id and secret.
        token_path: where tokens are given.
        pace_s: the pause between two requests.
        poll_s: the pause between two status requests.
        told: is called with the line of each request before it is sent.
    """

    def __init__(
        self,
        http: httpx.Client,
        client: tuple[str, str],
        token_path: str,
        pace_s: float = 0,
        poll_s: float = 0.05,
        told: Callable[[str], None] = lambda _line: None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http, self._client, self._token_path = http, client, token_path
        self._pace_s, self._poll_s, self._told, self._sleep = pace_s, poll_s, told, sleep
        self._begun = time.monotonic()
        self.asked: list[Asked] = []

    def ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        """One request; redirects are not followed, and nothing goes to another host.

        Raises:
            Unreachable: there was no answer.
        """
        whole = urljoin(str(self._http.base_url), url)
        if urlsplit(whole).netloc != self._http.base_url.netloc.decode():
            raise Unreachable(f"an answer leads to another host ({urlsplit(whole).hostname}): it is not asked")
        line = f"{method} {urlsplit(whole).path}"
        self._told(line)
        if self.asked and self._pace_s:
            self._sleep(self._pace_s)
        try:
            reply = self._http.request(method, whole, **more)
        except httpx.HTTPError as error:
            raise Unreachable(f"{line}: {_why(error)}") from None
        self.asked.append(Asked(line, reply.status_code, time.monotonic() - self._begun))
        return reply

    # -- tokens

    def token(self, form: object = None, auth: tuple[str, str] | bool | None = True, **more: Any) -> httpx.Response:
        """A token request; ``auth`` True: that of the API client."""
        credentials = self._client if auth is True else None if isinstance(auth, bool) else auth
        return self.ask("POST", self._token_path, data=_GRANT if form is None else form, auth=credentials, **more)

    @cached_property
    def token_reply(self) -> httpx.Response:
        """The answer to a good token request."""
        return self.token()

    @cached_property
    def access_token(self) -> str:
        """The token; empty if there is none."""
        value = values_of(self.token_reply).get("access_token")
        return value if isinstance(value, str) else ""

    @cached_property
    def claims(self) -> dict[str, Any]:
        """The claims of the token; empty if it cannot be read."""
        return _part(self.access_token, 1)

    @cached_property
    def header(self) -> dict[str, Any]:
        """The token's header."""
        return _part(self.access_token, 0)

    @cached_property
    def scopeless(self) -> httpx.Response:
        """The answer to a token request without a scope."""
        return self.token({"grant_type": "client_credentials"})

    def refusal(self, rule: str) -> httpx.Response:
        """The answer to a request that a rule refuses."""
        token, path = self.access_token, OPERATIONS["save-status"].path.format(id=1)
        save = OPERATIONS["save"].path
        head, _, rest = token.partition(".")
        body = rest.partition(".")[0]
        unsigned = _encoded({"alg": "none"})
        form = {"grant_type": "client_credentials"}
        asks: Mapping[str, Callable[[], httpx.Response]] = {
            "TOK-WRONG-SECRET": lambda: self.token(auth=_NOBODY),
            "TOK-NO-CREDENTIALS": lambda: self.token(auth=None),
            "TOK-BASIC-MALFORMED": lambda: self.token(auth=None, headers={"Authorization": "Basic !!!"}),
            "TOK-CLIENT-SECRET-POST": lambda: self.token(
                {**_GRANT, "client_id": self._client[0], "client_secret": self._client[1]}, auth=None
            ),
            "TOK-GET": lambda: self.ask("GET", self._token_path),
            "TOK-GRANT-MISSING": lambda: self.token({"scope": "api"}),
            "TOK-GRANT-UNSUPPORTED": lambda: self.token({**_GRANT, "grant_type": "password"}),
            "TOK-REFRESH-PARAMETER": lambda: self.token({"grant_type": "refresh_token"}),
            "TOK-CODE-PARAMETER": lambda: self.token({"grant_type": "authorization_code"}),
            "TOK-SCOPE-REFUSED": lambda: self.token({**form, "scope": "capss-kit-nothing"}),
            "TOK-SCOPE-TWICE": lambda: self.token({**form, "scope": ["api", "api"]}),
            "BEA-NONE": lambda: self.ask("GET", path),
            "BEA-MALFORMED": lambda: self.ask("GET", path, headers=bearer("not a token")),
            "BEA-NOT-JWT": lambda: self.ask("GET", path, headers=bearer("nothing")),
            "BEA-ALG-NONE": lambda: self.ask("GET", path, headers=bearer(f"{unsigned}.{body}.")),
            "BEA-SIGNATURE": lambda: self.ask("GET", path, headers=bearer(f"{head}.{body}.{'A' * 512}")),
            "BEA-SCOPE": lambda: self.ask("GET", path, headers=bearer(_member(self.scopeless, "access_token"))),
            "STA-UNKNOWN": lambda: self.status(f"{10**14}"),
            "STA-BAD-ID": lambda: self.status("abc"),
            "WEB-NOT-FOUND": lambda: self.ask("GET", "/api/capss-kit", headers=bearer(token)),
            "WEB-METHOD": lambda: self.ask("GET", save, headers=bearer(token)),
            "WEB-NO-PART": lambda: self.ask(
                "POST", save, headers=bearer(token), files={OPERATIONS["save"].part or "": (None, f"C:/{FILE}")}
            ),
            "WEB-NOT-MULTIPART": lambda: self.ask("POST", save, headers=bearer(token), data={"a": "b"}),
            "WEB-BROKEN-MULTIPART": lambda: self.ask(
                "POST", save, headers=bearer(token) | _MULTIPART, content=b"--capss\r\nContent-Disp"
            ),
        }
        return asks[rule]()

    def status(self, number: str, kind: str = "save-status") -> httpx.Response:
        """A status request."""
        return self.ask("GET", OPERATIONS[kind].path.format(id=number), headers=bearer(self.access_token))

    # -- an upload, and an update of what it saved

    @cached_property
    def document(self) -> bytes:
        """An invented document, of the token's licence."""
        licence = self.claims.get("license_id")
        sample = Sample(RECORDS, day=datetime.now(UTC).date(), licence=licence if isinstance(licence, str) else LICENCE)
        return b"".join(write(Random(), sample))  # noqa: S311 - invented data

    @cached_property
    def upload_reply(self) -> httpx.Response:
        """The answer to a good upload, as curl sends it."""
        return self._send("save", self.document, "application/xml")

    @cached_property
    def bare_upload_reply(self) -> httpx.Response:
        """The answer to an upload whose part has no Content-Type, as python-requests sends it; the same document."""
        body = (
            f'--capss\r\nContent-Disposition: form-data; name="{OPERATIONS["save"].part}"; filename="{FILE}"\r\n\r\n'
        ).encode()
        headers = bearer(self.access_token) | _MULTIPART
        path = OPERATIONS["save"].path
        return self.ask("POST", path, headers=headers, content=body + self.document + b"\r\n--capss--\r\n")

    @cached_property
    def statuses(self) -> list[httpx.Response]:
        """All answers about the upload, to the final one (or until it takes too long)."""
        return self._followed(self.upload_reply)

    @cached_property
    def update_reply(self) -> httpx.Response:
        """The answer to a good item update."""
        keys = [each.split(b"<", 1)[0].decode() for each in self.document.split(f"<{REFERENCE}>".encode())[1:]]
        licence = self.claims.get("license_id")
        document = update_document(Random(), keys, licence if isinstance(licence, str) else LICENCE)  # noqa: S311 - invented data
        return self._send("update", document, "application/xml")

    @cached_property
    def update_statuses(self) -> list[httpx.Response]:
        """All answers about the update."""
        return self._followed(self.update_reply)

    def _send(self, operation: str, document: bytes, kind: str) -> httpx.Response:
        found = OPERATIONS[operation]
        files = {found.part or "": (FILE, document, kind)}
        return self.ask("POST", found.path, headers=bearer(self.access_token), files=files)

    def _followed(self, reply: httpx.Response) -> list[httpx.Response]:
        href = href_of(reply)
        if not href:
            return []
        answers: list[httpx.Response] = []
        for _ in range(_POLLS):
            answers.append(self.ask("GET", href, headers=bearer(self.access_token)))
            values = values_of(answers[-1])
            if answers[-1].status_code not in (200, 202) or values.get("statusMessage") == "complete":
                break
            self._sleep(self._poll_s)
        return answers


_HINTS = {
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted: give the authority's with --ca-file",
    "WRONG_VERSION_NUMBER": "it does not speak TLS: http://, perhaps",
    "disconnected without sending a response": "it closed the connection: https://, perhaps",
    "Connection refused": "nobody listens there",
}


def _why(error: Exception) -> str:
    """Why there was no answer, for people."""
    text = str(error)
    return next((hint for mark, hint in _HINTS.items() if mark in text), f"{type(error).__name__}: {text}")


def values_of(reply: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer, in its order; empty if it is none."""
    try:
        values = json.loads(reply.content)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def href_of(reply: httpx.Response) -> str:
    """``links.href`` of an answer; empty if there is none."""
    links = values_of(reply).get("links")
    href = links.get("href") if isinstance(links, dict) else None
    return href if isinstance(href, str) else ""


def bearer(token: str) -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"Bearer {token}"}


def _member(reply: httpx.Response, name: str) -> str:
    return str(values_of(reply).get(name, ""))


def _encoded(values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _part(token: str, number: int) -> dict[str, Any]:
    try:
        text = token.split(".")[number]
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
