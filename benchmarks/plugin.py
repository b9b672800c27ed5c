"""Measures the pytest plugin: what it adds to pytest's start, and what a test with a fresh run costs.

    python benchmarks/plugin.py

Starts are medians of several processes. Tests: the median of some hundred in one process, after the first (which starts
the session's mock), and of several such processes the quietest, since others use the machine, too. A test's time is
that of its setup, call and teardown. Beside them: pytest without the plugin, an empty test, the same requests answered
by a respx double that was written by hand and does nothing, and one bare signature, which the token cannot do without.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from run import signing_rate

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "fixtures/uploads/valid/one-transaction.xml"
STARTS = 15
TESTS = 300
ROUNDS = 5
CONFTEST = """
import json, time
import pytest

spent = {}

@pytest.hookimpl(wrapper=True)
def timed(item):
    begun = time.perf_counter()
    result = yield
    spent[item.nodeid] = spent.get(item.nodeid, 0) + (time.perf_counter() - begun) * 1000
    return result

pytest_runtest_setup = pytest_runtest_call = pytest_runtest_teardown = timed

def pytest_sessionfinish():
    times = {}
    for name, ms in spent.items():
        times.setdefault(name.split("::")[1].split("[")[0], []).append(ms)
    with open("times.json", "w") as file:
        json.dump(times, file)

@pytest.fixture(scope="session")
def capss_settings():
    from capss_mock.settings import read_settings
    return read_settings(changes={"progress": "immediate"})
"""
TEST = f"""
import httpx
import pytest
import respx

DOCUMENT = open({str(DOCUMENT)!r}, "rb").read()
GRANT = {{"scope": "api", "grant_type": "client_credentials"}}
N = pytest.mark.parametrize("n", range({TESTS}))

def flow(http, auth):
    token = http.post("/oauth2/token", auth=auth, data=GRANT).json()["access_token"]
    bearer = {{"Authorization": f"Bearer {{token}}"}}
    sent = http.post("/api/bulkimport/save", headers=bearer, files={{"bulkUploadFile": ("day.xml", DOCUMENT)}})
    assert http.get(sent.json()["links"]["href"], headers=bearer).json()["savedCount"] == 1

@N
def test_empty(n):
    pass

@N
def test_in_process(capss_mock, capss_transport, n):
    with httpx.Client(transport=capss_transport, base_url="http://capss.test") as http:
        flow(http, (capss_mock.client_id, capss_mock.client_secret))

@N
def test_live(capss_mock, n):
    with httpx.Client(base_url=capss_mock.url, trust_env=False, verify=False) as http:
        flow(http, (capss_mock.client_id, capss_mock.client_secret))

@N
def test_double(n):
    base = "https://capss.test"
    with respx.mock(base_url=base) as routes, httpx.Client(base_url=base) as http:
        routes.post("/oauth2/token").respond(json={{"access_token": "x"}})
        routes.post("/api/bulkimport/save").respond(json={{"links": {{"href": base + "/api/bulkimport/status/1"}}}})
        routes.get("/api/bulkimport/status/1").respond(json={{"savedCount": 1}})
        flow(http, ("a", "b"))
"""


def import_ms() -> float:
    """The plugin's import, pytest being there already."""
    code = "import pytest, capss_mock.pytest_plugin"
    command = [sys.executable, "-X", "importtime", "-c", code]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return int(re.findall(r"\|\s+(\d+) \| capss_mock\.pytest_plugin$", text, re.MULTILINE)[0]) / 1000


def start_ms(directory: Path, *options: str) -> float:
    """One start of pytest that collects a single test."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "--co", "test_one.py", *options]
    subprocess.run(command, capture_output=True, check=True, cwd=directory)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Measure, print the table."""
    environment = {name: text for name, text in os.environ.items() if name != "CAPSS_MOCK_URL"}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "test_one.py").write_text("def test_it(): pass\n")
        imports = statistics.median(import_ms() for _ in range(STARTS))
        pairs = [(start_ms(directory, "-p", "no:capss"), start_ms(directory)) for _ in range(STARTS)]
        without, with_it = (statistics.median(each) for each in zip(*pairs, strict=True))
        (directory / "conftest.py").write_text(CONFTEST)
        (directory / "test_many.py").write_text(TEST)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_many.py"]
        rounds = []
        for _ in range(ROUNDS):
            subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL, env=environment)
            times = json.loads((directory / "times.json").read_text())
            rounds.append({name: statistics.median(each[1:]) for name, each in times.items()})
            rounds[-1]["signature"] = 1000 / signing_rate()
    medians = {name: min(each[name] for each in rounds) for name in rounds[0]}
    print("| what | ms | bar | met |\n| --- | --- | --- | --- |")
    print(f"| import of the plugin | {imports:.1f} | < 15 | {'yes' if imports < 15 else 'no'} |")
    print(f"| start of pytest with one test, with the plugin; without | {with_it:.0f}; {without:.0f} | | |")
    one = medians["test_in_process"]
    print(f"| test: fresh run, token, upload, status in process | {one:.2f} | < 5 | {'yes' if one < 5 else 'no'} |")
    print(f"| the same over a socket, the run's own port | {medians['test_live']:.2f} | | |")
    print(f"| the same requests to a respx double | {medians['test_double']:.2f} | | |")
    print(f"| one bare signature | {medians['signature']:.2f} | | |")
    print(f"| an empty test | {medians['test_empty']:.2f} | | |")


if __name__ == "__main__":
    main()
