"""``capss-mock serve`` as its user sees it: what it prints, its ready file, its exit codes."""

import json
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from capss_mock.cli.console import banner, curl_lines
from capss_mock.settings import Settings, read_settings
from tests.helpers import AUTH, GRANT, VALID, Serve


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serve]]:
    started: list[Serve] = []

    def start(*options: str) -> Serve:
        started.append(Serve(tmp_path, *options))
        return started[-1]

    yield start
    for each in started:
        each.close()


def failed(*options: str) -> str:
    """Run serve, which must end with exit code 2 and one line on stderr."""
    command = [sys.executable, "-m", "capss_mock", "serve", "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_it_prints_where_it_is_and_what_to_paste(serve: Callable[..., Serve]) -> None:
    running = serve()
    printed = running.printed()
    for text in (running.url, "apitest", "Password1", "000000300", "unofficial"):
        assert text in printed
    lines = [line for line in printed.splitlines() if re.match(r"  \d\. curl", line)]
    assert len(lines) == 5
    assert not any("'" in line or "\\\n" in line for line in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_0_and_without_a_traceback(serve: Callable[..., Serve], number: signal.Signals) -> None:
    running = serve()
    assert running.stop(number) == 0
    assert "Traceback" not in running.printed()
    assert not running.ready_file.exists()


def test_the_printed_lines_work_when_pasted(serve: Callable[..., Serve]) -> None:
    running = serve("--tls", "--set", "progress=immediate")
    lines = [line.split(". ", 1)[1] for line in running.printed().splitlines() if re.match(r"  \d\. curl", line)]
    answers: list[dict[str, object]] = []
    token = href = ""
    for line in lines:
        words = shlex.split(line.replace("URL", href).replace("TOKEN", token))  # a token may have URL in it
        done = subprocess.run([*words, "-s"], capture_output=True, text=True, check=True, timeout=30)
        answers.append(json.loads(done.stdout))
        token = str(answers[-1].get("access_token", token))
        links = answers[-1].get("links")
        href = links["href"] if isinstance(links, dict) else href
    assert [list(answer)[0] for answer in answers] == [
        "access_token", "licenseNumber", "fileName", "licenseNumber", "fileName",
    ]  # fmt: skip
    assert [answer.get("savedCount") for answer in answers] == [None, None, 1, None, 1]


def test_each_request_is_one_line(serve: Callable[..., Serve]) -> None:
    running = serve("--now", "2025-12-15T22:03:52Z")
    httpx.post(f"{running.url}/oauth2/token", auth=AUTH, data=GRANT, trust_env=False)
    httpx.post(f"{running.url}/oauth2/token", auth=("apitest", "Guess99"), data=GRANT, trust_env=False)
    running.stop(signal.SIGINT)
    last = running.printed().splitlines()[-2:]
    assert re.fullmatch(
        r"22:03:5\dZ POST /oauth2/token 200 \d+\.\d ms  token for apitest, licence 000000300, until 2025-12-20T08:00:00Z",
        last[0],
    )
    assert re.fullmatch(
        r"22:03:5\dZ POST /oauth2/token 401 \d+\.\d ms  TOK-WRONG-SECRET \[inferred\] wrong secret for 'apitest'; fix: .*",
        last[1],
    )
    assert "Guess99" not in running.printed()


def test_json_logging_is_json_lines(serve: Callable[..., Serve]) -> None:
    running = serve("--log", "json")
    httpx.get(f"{running.url}/__capss/health", trust_env=False)
    running.stop(signal.SIGINT)
    ready, line = (json.loads(text) for text in running.printed().splitlines())
    assert (ready["event"], ready["url"]) == ("ready", running.url)
    assert {**line, "time": "", "ms": 0} == {
        "time": "", "method": "GET", "path": "/__capss/health", "status": 200, "ms": 0, "rule": None,
        "note": "the mock is up",
    }  # fmt: skip


def test_quiet_prints_nothing(serve: Callable[..., Serve]) -> None:
    running = serve("--quiet")
    httpx.get(f"{running.url}/nothing", trust_env=False)
    running.stop(signal.SIGINT)
    assert running.printed() == ""


def test_the_ready_file_is_whole_and_private(serve: Callable[..., Serve]) -> None:
    running = serve("--tls")
    assert set(running.ready) == {"url", "client_id", "client_secret", "ca_file"}
    assert stat.S_IMODE(running.ready_file.stat().st_mode) == 0o600
    ca_file = Path(running.ready["ca_file"])
    assert "BEGIN CERTIFICATE" in ca_file.read_text()
    running.stop(signal.SIGTERM)
    assert not ca_file.exists()


def test_the_ca_file_can_be_put_where_the_user_wants_it(serve: Callable[..., Serve], tmp_path: Path) -> None:
    running = serve("--ca-file", str(tmp_path / "my-ca.pem"))
    assert running.url.startswith("https://")
    done = subprocess.run(
        ["curl", "-s", "--cacert", str(tmp_path / "my-ca.pem"), f"{running.url}/__capss/health"],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert json.loads(done.stdout)["status"] == "ok"


def test_the_users_own_certificate_is_used(serve: Callable[..., Serve], tmp_path: Path) -> None:
    import trustme

    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    leaf.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "own.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    running = serve("--tls-cert", str(tmp_path / "own.pem"))
    subprocess.run(
        ["curl", "-sf", "--cacert", str(tmp_path / "ca.pem"), f"{running.url}/__capss/health"], check=True, timeout=30,
        capture_output=True,
    )  # fmt: skip


def test_a_config_file_sets_options_and_switches_and_the_command_line_wins(
    serve: Callable[..., Serve], tmp_path: Path
) -> None:
    config = tmp_path / "mock.toml"
    config.write_text('quiet = true\nnow = 2025-12-15T22:03:52Z\n[switches]\nprogress = "hold"\nsave-code = 200\n')
    running = serve("--config", str(config), "--set", "progress=immediate")
    with httpx.Client(base_url=running.url, trust_env=False) as http:
        reply = http.post("/oauth2/token", auth=AUTH, data=GRANT).json()
        assert reply["expires_in"] in range(381350, 381367)
        headers = {"Authorization": f"Bearer {reply['access_token']}"}
        one = VALID / "one-transaction.xml"
        saved = http.post(
            "/api/bulkimport/save", headers=headers, files={"bulkUploadFile": (one.name, one.read_bytes())}
        )
        assert saved.status_code == 200
        assert http.get(saved.json()["links"]["href"], headers=headers).status_code == 200
    assert running.printed() == ""


def test_a_seed_repeats_the_ids(serve: Callable[..., Serve]) -> None:
    one = VALID / "one-transaction.xml"
    ids = []
    for _ in range(2):
        running = serve("--seed", "7", "--quiet")
        with httpx.Client(base_url=running.url, trust_env=False) as http:
            token = http.post("/oauth2/token", auth=AUTH, data=GRANT).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            files = {"bulkUploadFile": (one.name, one.read_bytes())}
            ids.append(http.post("/api/bulkimport/save", headers=headers, files=files).json()["submission"])
        running.stop(signal.SIGTERM)
    assert ids[0] == ids[1]


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert failed("--port", str(port)) == (
            f"capss-mock: port {port} on 127.0.0.1 is in use: stop the other program, or choose --port N (0: any free port)\n"
        )


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (["--set", "progress=now"], "switch 'progress' cannot be 'now': allowed are polls:N, immediate, seconds:S, hold"),
        (["--set", "progress"], "'progress' is not switch=value, e.g. progress=immediate"),
        (["--set", "progres=hold"], "no switch 'progres': did you mean progress?"),
        (["--dialect", "sheets"], "no dialect 'sheets': did you mean sheet?"),
        (["--now", "yesterday"], "'yesterday' is not a time such as 2025-12-15T22:03:52Z"),
        (["--now", "2025-12-15T22:03:52"], "has no zone"),
        (["--port", "99999"], "99999 is not in the range"),
        (["--log", "xml"], "'xml' is not one of"),
        (["--host", "192.0.2.1"], "192.0.2.1 is not an address of this machine"),
        (["--tls-cert", "no-such.pem"], "cannot read the certificate no-such.pem: No such file"),
        (["--tls-cert", __file__], "cannot use the certificate"),
        (["--tls-key", "k.pem"], "--tls-key needs --tls-cert"),
        (["--tls", "--tls-cert", "c.pem"], "--tls-cert is your own certificate"),
        (["--tls", "--ca-file", "no/such/dir/ca.pem"], "cannot write the CA certificate to no/such/dir/ca.pem"),
        (["--store", "no/such/dir/s.sqlite"], "cannot use the store no/such/dir/s.sqlite: there is no directory no/such/dir"),
        (["--ready-file", "no/such/dir/r.json"], "cannot write the ready file no/such/dir/r.json: No such file or directory"),
        (["--config", "no-such.toml"], "cannot read no-such.toml: No such file"),
        (["--config", __file__], "is not TOML"),
        (["--frobnicate"], "No such option"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_clear_line_and_exit_2(options: list[str], match: str) -> None:
    assert match in failed(*options)


def test_an_unknown_setting_in_the_config_file_is_named(tmp_path: Path) -> None:
    config = tmp_path / "mock.toml"
    config.write_text("prot = 1\n")
    assert "there is no setting 'prot': did you mean port?" in failed("--config", str(config))
    config.write_text("switches = 3\n")
    assert "switches must be a table" in failed("--config", str(config))


@pytest.mark.parametrize(("generation", "count"), [("both", 5), ("new", 5), ("old", 3)])
def test_the_lines_follow_the_generation(generation: str, count: int) -> None:
    lines = curl_lines("http://h", None, generation)
    assert len(lines) == count
    assert ("/oauth/token" in lines[0]) == (generation == "old")


def test_the_banner_tells_the_scenario_and_what_stands_against_it() -> None:
    lines = banner("http://h", None, None, read_settings("never-completes", changes={"progress": "immediate"}))
    assert "  scenario       never-completes: The status stays pending for ever." in lines
    assert "                 but progress was set to immediate: the scenario wants hold" in lines


def test_the_banner_names_the_ca_and_the_store() -> None:
    text = "\n".join(banner("https://h", Path("/x/ca.pem"), Path("shop.sqlite"), Settings()))
    assert '--cacert "/x/ca.pem"' in text
    assert "shop.sqlite" in text
