"""A program that reports to CAPSS, on the standard library alone: the judge passes it.

``python reference.py FILE`` does it well. ``python reference.py --wrong CHECK-ID FILE`` does one thing wrong, so that
everybody can see that check fail; ``WRONGS`` lists them. It knows nothing of the kit but the environment variables of
the contract with programs.
"""

import base64
import contextlib
import http.client
import json
import os
import shutil
import ssl
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

WRONGS = (
    "TRUTH-SAVED", "TRUTH-CONFIRM", "TRUTH-OUTCOME", "TRUTH-COUNTS", "ENDS-IN-TIME",
    "TOKEN-ASKED", "TOKEN-BASIC", "TOKEN-FORM", "TOKEN-GRANT", "TOKEN-SCOPE", "TOKEN-URL-SECRET", "TOKEN-REUSE",
    "TOKEN-REFRESH", "TOKEN-HAMMER", "TOKEN-RETRY-AFTER",
    "UPLOAD-SENT", "UPLOAD-BEARER", "UPLOAD-MULTIPART", "UPLOAD-PART", "UPLOAD-FILE", "UPLOAD-BYTES", "UPLOAD-ONCE",
    "UPLOAD-OLD-PATHS", "UPLOAD-RETRY-AFTER", "BEARER-HOST", "BEARER-TLS", "EGRESS",
    "STATUS-HREF", "STATUS-INTERVAL", "STATUS-GROWTH", "STATUS-RETRY-AFTER", "STATUS-STOPS",
    "PRIVACY-SECRET", "PRIVACY-TOKEN", "PRIVACY-PERSON", "PRIVACY-COPY", "PRIVACY-KEPT",
    "TLS-TRUST", "TLS-EXPIRY", "TLS-NAME",
)  # fmt: skip
SAVED, NOT_SAVED, UNKNOWN = 0, 1, 3
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME
_CHUNK = 64 * 1024


class GaveUp(Exception):
    """It cannot go on; ``code`` is what it then says."""

    def __init__(self, why: str, code: int) -> None:
        super().__init__(why)
        self.code = code


class Answer:
    """A status, headers and a body."""

    def __init__(self, status: int, headers: "dict[str, str]", body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def values(self) -> "dict[str, object]":
        """Its JSON object; empty if it is none."""
        try:
            values = json.loads(self.body)
        except ValueError:
            return {}
        return values if isinstance(values, dict) else {}

    @property
    def retry_after(self) -> float:
        """How long to wait before another try, in seconds."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdigit() else 1.0


class Program:
    """One run: a token, the file, its status to the end."""

    def __init__(self, environ: "dict[str, str]", file: str, wrong: str) -> None:
        self.base = environ["CAPSS_BASE_URL"].rstrip("/")
        self.token_url = environ["CAPSS_TOKEN_URL"]
        self.id, self.secret = environ["CAPSS_CLIENT_ID"], environ["CAPSS_CLIENT_SECRET"]
        self.ca_file = environ.get("CAPSS_CA_FILE")
        self.update = environ.get("CAPSS_OPERATION") == "update"
        self.deadline = time.monotonic() + float(environ.get("CAPSS_TIMEOUT_S", "30")) - 1
        self.outcome_file = environ.get("CAPSS_OUTCOME_FILE")
        self.file, self.wrong = file, wrong
        self.token = ""
        if wrong == "ENDS-IN-TIME":
            self.deadline += 10**6

    # -- the steps

    def run(self) -> int:
        """Everything; gives the exit code."""
        self._be_indiscreet()
        self.get_token()
        if self.wrong == "PRIVACY-TOKEN":
            print(f"DEBUG token {self.token}")
        if self.wrong == "PRIVACY-KEPT":
            kept = Path("token.txt")
            kept.touch(0o600)
            kept.write_text(self.token)
        accepted = self.send()
        href = (accepted.values.get("links") or {}).get("href") if accepted.values else None  # type: ignore[attr-defined]  # an object, or it fails below
        if not isinstance(href, str):
            raise GaveUp(f"answer {accepted.status} says nothing of what became of the file", UNKNOWN)
        status = self.follow(self.within(urljoin(self.base + "/", href)))
        if self.wrong == "STATUS-STOPS":
            self.ask("GET", urljoin(self.base + "/", href), self.bearer())
        return self.concluded(status.values)

    def get_token(self) -> None:
        """A token, or GaveUp."""
        form = {"grant_type": "client_credentials", "scope": "api"}
        basic = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        url, method = self.token_url, "POST"
        match self.wrong:
            case "TOKEN-ASKED":
                method = "GET"
            case "TOKEN-BASIC":
                form |= {"client_id": self.id, "client_secret": self.secret}
                del headers["Authorization"]
            case "TOKEN-FORM":
                headers["Content-Type"] = "application/json"
            case "TOKEN-GRANT":
                form["grant_type"] = "password"
            case "TOKEN-SCOPE":
                del form["scope"]
            case "TOKEN-URL-SECRET":
                url += f"?client_secret={self.secret}"
            case "UPLOAD-OLD-PATHS":
                url = f"{self.base}/oauth/token"
        body = (json.dumps(form) if self.wrong == "TOKEN-FORM" else urlencode(form)).encode()
        for attempt in range(9):
            answer = self.ask(method, url, headers, body)
            again = answer.status in (429, 503) or (self.wrong == "TOKEN-HAMMER" and answer.status == 401)
            if not again or (attempt >= 3 and self.wrong != "TOKEN-HAMMER"):
                break
            hurry = self.wrong == "TOKEN-RETRY-AFTER" or answer.status == 401
            self.pause(0.1 if hurry else answer.retry_after)
        token = answer.values.get("access_token")
        if answer.status != 200 or not isinstance(token, str):
            raise GaveUp(f"no token: answer {answer.status}", NOT_SAVED)
        self.token = token

    def bearer(self) -> "dict[str, str]":
        """The header with the token."""
        if self.wrong == "TOKEN-REUSE":
            self.get_token()
        return {"Authorization": f"Bearer {' ' if self.wrong == 'UPLOAD-BEARER' else ''}{self.token}"}

    def send(self) -> Answer:
        """The file; an answer that says that it was taken, or GaveUp."""
        path = "/api/itemupdate/updateItem" if self.update else "/api/bulkimport/save"
        if self.wrong == "UPLOAD-OLD-PATHS" and not self.update:
            path = "/api/bulkupload/save"
        if self.wrong == "UPLOAD-SENT":
            path = "/api/bulkimport/upload"
        if self.wrong == "UPLOAD-BYTES":
            changed = Path(tempfile.mkdtemp()) / Path(self.file).name
            changed.write_bytes(Path(self.file).read_bytes().replace(b"\n", b"\r\n"))
        source = str(changed) if self.wrong == "UPLOAD-BYTES" else self.file
        try:
            if Path(source).stat().st_size == 0:
                raise GaveUp("the file is empty: it is not sent", NOT_SAVED)
            return self._sent(self.base + path, source)
        finally:
            if self.wrong == "UPLOAD-BYTES":
                shutil.rmtree(changed.parent)

    def _sent(self, url: str, source: str) -> Answer:
        for _ in range(4):
            try:
                answer = self.post_file(url, source)
            except (OSError, http.client.HTTPException) as error:
                if self.wrong == "UPLOAD-ONCE":
                    continue
                # whether it arrived is not known: it is not sent again
                raise GaveUp(f"the answer was lost ({type(error).__name__})", UNKNOWN) from None
            if self.wrong == "UPLOAD-ONCE" and (
                answer.status in (500, 502, 504) or (answer.status == 202 and not answer.values)
            ):
                continue
            if answer.status in (429, 503):  # before anything was done
                self.pause(0.1 if self.wrong == "UPLOAD-RETRY-AFTER" else answer.retry_after)
                continue
            break
        else:
            raise GaveUp("the server stays busy", NOT_SAVED)
        if answer.status not in (200, 202):
            raise GaveUp(f"answer {answer.status}", UNKNOWN if answer.status >= 500 else NOT_SAVED)
        return answer

    def post_file(self, url: str, source: str) -> Answer:
        """The file as one part, streamed; each part of the head in the order that curl has."""
        boundary = f"----{os.urandom(12).hex()}"
        part = "itemUpdateFile" if self.update else "bulkUploadFile"
        if self.wrong == "UPLOAD-PART":
            part = "file"
        named = "" if self.wrong == "UPLOAD-FILE" else f'; filename="{Path(source).name}"'
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"{named}\r\n\r\n'.encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        headers = {**self.bearer(), "Content-Type": f"multipart/form-data; boundary={boundary}"}
        if self.wrong == "UPLOAD-FILE":
            return self.ask("POST", url, headers, head + source.encode() + tail)
        size = Path(source).stat().st_size
        if self.wrong == "UPLOAD-MULTIPART":
            headers["Content-Type"], head, tail = "application/xml", b"", b""

        def pieces() -> "object":
            yield head
            with Path(source).open("rb") as opened:
                while data := opened.read(_CHUNK):
                    yield data
            yield tail

        headers["Content-Length"] = str(len(head) + size + len(tail))
        return self.ask("POST", url, headers, pieces())

    def follow(self, url: str) -> Answer:
        """The final status, or GaveUp."""
        if self.wrong == "STATUS-HREF":
            url = f"{self.base}/api/bulkimport/status/1"
        wait, refreshed = 0.6, False
        while True:
            answer = None
            with contextlib.suppress(OSError, http.client.HTTPException):  # it can be asked for as often as one likes
                answer = self.ask("GET", url, self.bearer())
            if answer is not None and answer.status == 200 and answer.values.get("statusMessage") == "complete":
                return answer
            if answer is not None and answer.status == 401 and not refreshed and self.wrong != "TOKEN-REFRESH":
                refreshed = True
                self.get_token()
            elif answer is not None and answer.status in (301, 302, 303, 307, 308):
                url = self.within(urljoin(url, answer.headers.get("location", "")))
            elif answer is not None and answer.status not in (200, 202, 404, 429, 500, 502, 503, 504):
                raise GaveUp(f"status {answer.status}", UNKNOWN)
            hurry = self.wrong == "STATUS-RETRY-AFTER"
            told = answer.retry_after if answer is not None and answer.status in (429, 503) and not hurry else 0
            self.pause(max(0.1 if self.wrong == "STATUS-INTERVAL" else wait, told))
            if self.wrong != "STATUS-GROWTH":
                wait = min(wait * 1.25, 15)

    def within(self, url: str) -> str:
        """An address, if it is one of the server that it was told; else GaveUp."""
        here, there = urlsplit(self.base), urlsplit(url)
        if (here.scheme, here.netloc) == (there.scheme, there.netloc):
            return url
        downgrade = here.scheme == "https" and there.scheme == "http"
        if self.wrong == ("BEARER-TLS" if downgrade else "BEARER-HOST"):
            return url
        raise GaveUp("the answer leads to another host: the token is not sent there", UNKNOWN)

    def concluded(self, values: "dict[str, object]") -> int:
        """What the final status means."""
        saved, lines = values.get("savedCount"), values.get("errorMessages") or []
        saved = saved if isinstance(saved, int) else 0
        good = values.get("isUploaded") is True and values.get("hasErrors") is False and saved > 0
        code = SAVED if good else NOT_SAVED
        if self.wrong == "TRUTH-CONFIRM" and values.get("status") != "complete":  # as client A tests it: never true
            code = NOT_SAVED
        if self.wrong not in ("TRUTH-SAVED", "TRUTH-CONFIRM"):
            told = saved + 1 if self.wrong == "TRUTH-COUNTS" else saved
            self.write_outcome({"confirmed": code == SAVED, "saved": told})
        print(f"saved {saved}; {len(lines) if isinstance(lines, list) else 0} messages about errors")
        return code

    def write_outcome(self, values: "dict[str, object]") -> None:
        """For whoever reads it."""
        if self.wrong == "TRUTH-OUTCOME":
            values["confirmed"] = not values["confirmed"]
        if self.outcome_file:
            Path(self.outcome_file).write_text(json.dumps(values))

    # -- below

    def ask(self, method: str, url: str, headers: "dict[str, str]", body: object = None) -> Answer:
        """One request on a connection of its own."""
        parts = urlsplit(url)
        left = self.left()
        if parts.scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=left, context=self.trust(parts.hostname, parts.port)
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=left)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, headers)  # type: ignore[arg-type]  # bytes, or pieces of them
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def trust(self, host: "str | None", port: "int | None") -> ssl.SSLContext:
        """What certificates are held against."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.wrong == "TLS-NAME":
            context.check_hostname = False
        elif self.wrong == "TLS-EXPIRY":
            context.verify_flags |= _NO_CHECK_TIME
        elif self.wrong == "TLS-TRUST":  # whatever it is shown
            context.load_verify_locations(cadata=ssl.get_server_certificate((host or "", port or 443)))
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    def left(self) -> float:
        """How many seconds there are."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise GaveUp("the time is over", UNKNOWN)
        return min(left, 20)

    def pause(self, seconds: float) -> None:
        """Wait, if there is time for it."""
        if seconds >= self.deadline - time.monotonic():
            raise GaveUp("the time is over", UNKNOWN)
        time.sleep(seconds)

    def _be_indiscreet(self) -> None:
        match self.wrong:
            case "PRIVACY-SECRET":
                print(f"DEBUG logging in with {self.secret}", file=sys.stderr)
            case "PRIVACY-PERSON":
                print(Path(self.file).read_bytes()[:3000].decode(errors="replace"))
            case "PRIVACY-COPY":
                shutil.copy(self.file, Path(tempfile.gettempdir()) / "last-upload.xml")
            case "EGRESS":
                try:
                    connection = http.client.HTTPSConnection("telemetry.vendor.test", timeout=5)
                    connection.request("GET", "/ping")
                except OSError:
                    pass


def main(arguments: "list[str]") -> int:
    """Send a file; 0: it is confirmed saved, 1: it is not saved, 3: it is not known."""
    wrong = ""
    if arguments[:1] == ["--wrong"]:
        wrong = arguments[1]
        if wrong not in WRONGS:
            print(f"there is nothing wrong called {wrong}: known are {', '.join(WRONGS)}", file=sys.stderr)
            return 2
        arguments = arguments[2:]
    program = Program(dict(os.environ), arguments[0], wrong)
    try:
        code = program.run()
        return SAVED if wrong == "TRUTH-SAVED" else code
    except GaveUp as error:
        print(f"not confirmed: {error}", file=sys.stderr)
        code = error.code
    except (OSError, http.client.HTTPException) as error:
        print(f"not sent: {type(error).__name__}", file=sys.stderr)
        code = NOT_SAVED
    if wrong == "TRUTH-SAVED":
        print("uploaded")
        return SAVED
    program.write_outcome({"confirmed": False if code == NOT_SAVED else "unknown", "saved": None})
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
