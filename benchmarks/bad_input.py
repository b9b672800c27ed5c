"""How long the mock, and validate, take over each case of bad input, and how much memory their processes hold at most.

python benchmarks/bad_input.py        prints the slowest and the largest; exits 1 when one is over 2 s or 200 MB
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.append(str(Path(__file__).parents[1]))

from run import Peak
from tests.bad_input import DOCUMENTS, WIRE
from tests.helpers import Serve
from tests.mock.test_bad_input import Target

LIMIT_S, LIMIT_MB = 2, 200


def validated() -> list[tuple[float, float, str]]:
    """``capss-mock validate`` of each document, as a process: seconds, MB, what it was."""
    figures = []
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "day.xml")
        for name, (document, _) in DOCUMENTS.items():
            path.write_bytes(document)
            begun = time.perf_counter()
            command = [sys.executable, "-m", "capss_mock", "validate", "--json", path]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process, Peak(process.pid) as peak:
                process.wait()
            figures.append((time.perf_counter() - begun, peak.mb, f"validate: {name}"))
    return figures


def main() -> int:
    """Play every case once."""
    figures: list[tuple[float, float, str]] = []
    with tempfile.TemporaryDirectory() as directory:
        serve = Serve(Path(directory), "--log", "json", "--set", "progress=immediate")
        target = Target(serve)
        try:
            for name, (document, _) in DOCUMENTS.items():
                begun = time.perf_counter()
                with Peak(serve.process.pid) as peak:
                    target.upload(document)
                    seconds = time.perf_counter() - begun
                figures.append((seconds, peak.mb, name))
            for name, case in WIRE.items():
                begun = time.perf_counter()
                with Peak(serve.process.pid) as peak:
                    target.raw(case.request, half_close=case.half_close)
                    seconds = time.perf_counter() - begun
                figures.append((seconds, peak.mb, name))
        except httpx.HTTPError as error:
            print(f"the mock fell over: {error!r}", file=sys.stderr)
            return 1
        finally:
            target.http.close()
            serve.close()
    figures += validated()
    figures.sort(reverse=True)
    for seconds, mb, name in figures[:10]:
        print(f"{seconds:6.3f} s {mb:6.0f} MB  {name}")
    largest = max(figures, key=lambda row: row[1])
    print(f"{len(figures)} cases; slowest {figures[0][0]:.3f} s, largest {largest[1]:.0f} MB ({largest[2]})")
    return int(figures[0][0] > LIMIT_S or largest[1] > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
