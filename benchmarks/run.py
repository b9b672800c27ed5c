"""Measures the kit beside its references in the same run: cold start, T, S, U, a 60 MB upload, validate.

    python benchmarks/run.py                          the mock and xmllint
    python benchmarks/run.py --references DIRECTORY    also WireMock, Prism, oauth2-mock-server (references.sh)

Needs curl, wrk and xmllint (apt-get install curl wrk libxml2-utils). Everything stays on loopback and is bounded in
time. Rounds are interleaved and medians are shown; quote the ratios, the absolute figures are this machine's.
"""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import documents
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HERE = Path(__file__).parent
SECONDS = 3
TRANSACTIONS = 20_000
CREDENTIALS = "apitest:Password1"
BASIC = "Basic YXBpdGVzdDpQYXNzd29yZDE="
TOKEN_LUA = f"""wrk.method = "POST"
wrk.body = "scope=api&grant_type=client_credentials"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "{BASIC}"
"""
# each upload is another document: the number of its one transaction is changed
UPLOAD_LUA = """local n = 0
local head = '--b\\r\\nContent-Disposition: form-data; name="bulkUploadFile"; filename="day.xml"'
  .. "\\r\\nContent-Type: application/xml\\r\\n\\r\\n"  -- Prism falls over a part without a type
local file = io.open("{path}", "rb")
local body = head .. file:read("*a") .. "\\r\\n--b--\\r\\n"
file:close()
wrk.headers["Content-Type"] = "multipart/form-data; boundary=b"
wrk.headers["Authorization"] = "Bearer {token}"
function request()
  n = n + 1
  return wrk.format("POST", nil, nil, (body:gsub("LB%-0000000", string.format("LB-%07d", n))))
end
"""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], ready: str) -> Iterator[tuple[int, float]]:
    """Start a server; gives its process id and the seconds until its first answered request."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(trust_env=False) as http:
            while True:
                try:
                    if http.get(ready, timeout=5).status_code == 200:
                        break
                except httpx.HTTPError:
                    if process.poll() is not None or time.perf_counter() - begun > 30:
                        raise RuntimeError(f"{command[:3]} did not start") from None
                    time.sleep(0.002)
        yield process.pid, time.perf_counter() - begun
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def wrk(url: str, connections: int, *options: str, seconds: int = SECONDS) -> tuple[float, float]:
    """Requests per second and the 99th percentile in milliseconds; fails when an answer is not 2xx."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", *options, url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(text)
    value, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]  # wrk always prints it
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", text)
    return float(rate[1]), float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]  # type: ignore[index]  # wrk always prints the rate, too


EXPAT = """import sys
from xml.parsers import expat
parser = expat.ParserCreate()
with open(sys.argv[1], "rb") as file:
    parser.ParseFile(file)
"""


def measured(command: list[str], codes: tuple[int, ...]) -> tuple[float, float]:
    """Seconds and peak memory in MB of a command that ends with one of these codes."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with Peak(process.pid) as peak:  # not ru_maxrss: it begins with what this process holds
        code = process.wait()
        seconds = time.perf_counter() - begun
    assert code in codes, command
    return seconds, peak.mb


def signing_rate() -> float:
    """Bare RS256 signatures with 3072 bits per second, on one thread."""
    key = rsa.generate_private_key(65537, 3072)
    begun = time.perf_counter()
    for _ in range(600):
        key.sign(b"x" * 600, padding.PKCS1v15(), hashes.SHA256())
    return 600 / (time.perf_counter() - begun)


def family_rss_mb(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    total = 0
    children = Path(f"/proc/{pid}/task/{pid}/children")
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    pids = {str(pid), *" ".join(path.read_text() for path in tasks).split()} if children.exists() else {str(pid)}
    for each in pids:
        try:
            status = Path(f"/proc/{each}/status").read_text()
        except OSError:
            continue
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        total += int(found[1]) if found else 0
    return total / 1000


class Peak:
    """The highest memory of a process family while the block runs."""

    def __init__(self, pid: int) -> None:
        self._pid, self._stop, self.mb = pid, threading.Event(), 0.0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            try:
                self.mb = max(self.mb, family_rss_mb(self._pid))
            except OSError:
                continue


class Bench:
    """Collects figures by name, one per round."""

    def __init__(self, directory: Path, references: Path | None) -> None:
        self.directory, self.references = directory, references
        self.figures: dict[str, list[float]] = defaultdict(list)
        self.big, self.small = directory / "big.xml", directory / "small.xml"
        documents.write(self.big, TRANSACTIONS)
        documents.write(self.small, 1)
        # every hundredth amount is none: a finding in each
        self.faulty, self.huge = directory / "faulty.xml", directory / "huge.xml"
        text = self.big.read_text("utf-8")
        self.faulty.write_text(re.sub(r"(LB-\d{5}00</loanBuyNumber>\s*<amount>)", r"\1$", text), "utf-8")
        documents.write(self.huge, 5 * TRANSACTIONS)
        self.token_lua = directory / "token.lua"
        self.token_lua.write_text(TOKEN_LUA)

    def add(self, name: str, value: float) -> None:
        self.figures[name].append(value)

    def upload_lua(self, token: str) -> Path:
        path = self.directory / "upload.lua"
        path.write_text(UPLOAD_LUA.format(path=self.small, token=token))
        return path

    def mock(self) -> None:
        """All figures of the mock in one start."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        serve = [sys.executable, "-m", "capss_mock", "serve", "--port", str(port), "--quiet"]
        options = ["--set", "progress=immediate", "--set", "on-dup-default=submitWithDups"]
        with running([*serve, *options], f"{url}/__capss/health") as (pid, seconds):
            self.add("cold start s", seconds)
            form = {"scope": "api", "grant_type": "client_credentials"}
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
                reply = http.post("/oauth2/token", auth=("apitest", "Password1"), data=form).json()
                headers = {"Authorization": f"Bearer {reply['access_token']}"}
                files = {"bulkUploadFile": ("day.xml", self.small.read_bytes())}
                href = http.post("/api/bulkimport/save", headers=headers, files=files).json()["links"]["href"]
                assert http.get(href, headers=headers).status_code == 200
            bearer = ["-H", f"Authorization: {headers['Authorization']}"]
            self.add("T/16 rps", wrk(f"{url}/oauth2/token", 16, "-s", str(self.token_lua))[0])
            rate, idle = wrk(href, 1, *bearer)
            self.add("S/1 rps", rate)
            self.add("S/1 p99 idle ms", idle)
            self.add("S/16 rps", wrk(href, 16, *bearer)[0])
            lua = self.upload_lua(reply["access_token"])
            self.add("U/1 rps", wrk(f"{url}/api/bulkimport/save", 1, "-s", str(lua))[0])
            self.big_upload(url, pid, bearer, href)

    def big_upload(self, url: str, pid: int, bearer: list[str], href: str) -> None:
        """60 MB: time and memory alone; then the latency of S while such uploads go on."""
        curl = ["curl", "-s", "-o", os.devnull, "-w", "%{http_code} %{time_total}", *bearer, "-H", "Expect:"]
        command = [*curl, "-F", f"bulkUploadFile=@{self.big}", f"{url}/api/bulkimport/save"]
        with Peak(pid) as peak:
            self.add("60 MB s", self._curl(command))
        self.add("60 MB RSS MB", peak.mb)
        busy = threading.Event()

        def uploads() -> None:
            while not busy.is_set():
                self._curl(command)

        thread = threading.Thread(target=uploads)
        thread.start()
        self.add("S/1 p99 during 60 MB ms", wrk(href, 1, *bearer)[1])
        busy.set()
        thread.join()

    @staticmethod
    def _curl(command: list[str]) -> float:
        code, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert code == "202", code
        return float(seconds)

    def xmllint(self) -> None:
        begun = time.perf_counter()
        schema = ["--schema", str(HERE / "upload.xsd")]
        subprocess.run(["xmllint", "--stream", "--noout", *schema, str(self.big)], check=True, capture_output=True)
        self.add("xmllint --stream --schema s", time.perf_counter() - begun)

    def validate(self) -> None:
        """The document checker as a whole process: a clean file, one with findings, a huge one, a small one."""
        command = [sys.executable, "-m", "capss_mock", "validate", "--as-of", "2026-03-09"]
        for name, path, codes in (
            ("validate 60 MB s", self.big, (0,)),
            ("validate 60 MB with findings s", self.faulty, (1,)),
            ("validate 312 MB", self.huge, (0,)),
            ("validate one small file s", self.small, (0,)),
        ):
            seconds, peak = measured([*command, str(path)], codes)
            if name.endswith(" s"):
                self.add(name, seconds)
            else:
                self.add(f"{name} peak MB", peak)
                self.add(f"{name} s", seconds)
        self.add("capss-mock --help s", measured([*command[:3], "--help"], (0,))[0])
        self.add("capss --help s", measured([sys.executable, "-m", "capss_client", "--help"], (0,))[0])
        self.add("bare expat 60 MB s", measured([sys.executable, "-c", EXPAT, str(self.big)], (0,))[0])

    def signing(self) -> None:
        self.add("bare signatures/s", signing_rate())

    def wiremock(self) -> None:
        assert self.references
        port = free_port()
        jar = next(self.references.glob("node_modules/wiremock/build/wiremock-standalone-*.jar"))
        command = ["java", "-jar", str(jar), "--bind-address", "127.0.0.1", "--port", str(port)]
        with running(
            [*command, "--root-dir", str(self.directory)], f"http://127.0.0.1:{port}/__admin/health"
        ) as started:
            self.add("WireMock cold start s", started[1])

    def prism(self) -> None:
        assert self.references
        port = free_port()
        command = [str(self.references / "node_modules/.bin/prism"), "mock", "-h", "127.0.0.1", "-p", str(port)]
        description = self.directory / "prism.yaml"
        text = (HERE / "prism.yaml").read_text() + "  /ready:\n    get:\n      responses: {'200': {description: up}}\n"
        description.write_text(text)
        with running([*command, str(description)], f"http://127.0.0.1:{port}/ready"):
            url = f"http://127.0.0.1:{port}/api/bulkimport/save"
            self.add("Prism U/1 rps", wrk(url, 1, "-s", str(self.upload_lua("none")))[0])

    def oauth2_mock_server(self) -> None:
        assert self.references
        port = free_port()
        command = [str(self.references / "node_modules/.bin/oauth2-mock-server"), "-a", "127.0.0.1", "-p", str(port)]
        with running(command, f"http://127.0.0.1:{port}/.well-known/openid-configuration"):
            rate, _ = wrk(f"http://127.0.0.1:{port}/token", 16, "-s", str(self.token_lua))
            self.add("oauth2-mock-server T/16 rps", rate)

    def parts(self) -> list[Callable[[], None]]:
        """What a round measures."""
        mine = [self.mock, self.xmllint, self.validate, self.signing]
        return [*mine, self.wiremock, self.prism, self.oauth2_mock_server] if self.references else mine


BARS = [
    # name, our figure, its reference, whether the figure is to be at most or at least, factor of the bar
    ("1 cold start", "cold start s", "WireMock cold start s", "<=", 0.5),
    ("3 T/16 to oauth2-mock-server (2048 bits)", "T/16 rps", "oauth2-mock-server T/16 rps", ">=", 1.5),
    ("3 T/16 to one thread's bare signatures", "T/16 rps", "bare signatures/s", ">=", 0.75),
    ("4 U/1 to Prism", "U/1 rps", "Prism U/1 rps", ">=", 1.0),
    ("5 60 MB upload to xmllint", "60 MB s", "xmllint --stream --schema s", "<=", 2.5),
    ("5 RSS of all processes, MB", "60 MB RSS MB", None, "<=", 200.0),
    ("6 validate, a clean file, to xmllint", "validate 60 MB s", "xmllint --stream --schema s", "<=", 2.0),
    ("6 validate, with findings", "validate 60 MB with findings s", "xmllint --stream --schema s", "<=", 3.5),
    ("6 peak at 312 MB, MB", "validate 312 MB peak MB", None, "<=", 60.0),
    ("8 capss-mock --help, s", "capss-mock --help s", None, "<=", 0.2),
    ("8 capss --help, s", "capss --help s", None, "<=", 0.25),
    ("8 validate of one small file, s", "validate one small file s", None, "<=", 0.4),
    ("5 S p99 during it to idle", "S/1 p99 during 60 MB ms", "S/1 p99 idle ms", "<=", 10.0),
]


def main() -> None:
    """Run the rounds and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=Path, help="where references.sh installed them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(Path(directory), options.references)
        for number in range(options.rounds):
            for part in bench.parts():
                print(f"round {number + 1} of {options.rounds}: {part.__name__}", file=sys.stderr)
                part()
    medians = {name: statistics.median(values) for name, values in bench.figures.items()}
    if options.json:
        print(json.dumps(medians, indent=2))
        return
    print("| figure | median |\n| --- | --- |")
    for name, value in medians.items():
        print(f"| {name} | {value:.3g} |" if value < 100 else f"| {name} | {value:.0f} |")
    print("\n| bar | measured | wanted | met |\n| --- | --- | --- | --- |")
    for name, ours, reference, sense, factor in BARS:
        if reference and reference not in medians:
            continue
        ratio = medians[ours] / (medians[reference] if reference else 1)
        met = ratio <= factor if sense == "<=" else ratio >= factor
        print(f"| {name} | {ratio:.3g} | {sense} {factor:g} | {'yes' if met else 'no'} |")


if __name__ == "__main__":
    main()
