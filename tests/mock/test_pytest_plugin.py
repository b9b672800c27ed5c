"""The pytest plugin, as an integrator's project sees it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from capss_mock.server import MockServer
from tests.helpers import VALID, Live
from tests.recipes import my_program

RECIPES = Path(my_program.__file__).parent
TOKEN = """
import httpx
import pytest

GRANT = {"scope": "api", "grant_type": "client_credentials"}

def token(mock, http):
    return http.post("/oauth2/token", auth=(mock.client_id, mock.client_secret), data=GRANT)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a program and a document."""
    monkeypatch.delenv("CAPSS_MOCK_URL", raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n")
    pytester.makepyfile(my_program=(RECIPES / "my_program.py").read_text())
    (pytester.path / "day.xml").write_bytes((VALID / "one-transaction.xml").read_bytes())
    return pytester


def printed(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


def test_each_test_has_a_fresh_run(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from my_program import upload

        seen = set()

        @pytest.mark.parametrize("again", range(3))
        def test_it(capss_mock, again):
            upload("day.xml", capss_mock.url, capss_mock.client_id, capss_mock.client_secret)
            assert capss_mock.submissions.accepted == 1
            assert len(capss_mock.journal) >= 3
            seen.update({capss_mock.client_id, capss_mock.client_secret})
            assert len(seen) == 2 * (again + 1)
        """
    )
    project.runpytest().assert_outcomes(passed=3)


def test_the_three_lines_of_a_lost_answer(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from my_program import upload

        def test_resend(capss_mock):
            capss_mock.scenario("commit-then-504")
            assert upload("day.xml", capss_mock.url, capss_mock.client_id, capss_mock.client_secret) == "unknown"
            assert capss_mock.submissions.accepted == 1
        """
    )
    project.runpytest().assert_outcomes(passed=1)


def test_markers_of_class_and_test_add_up_and_the_nearest_wins(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.capss(scenario="slow", dialect="strict-order", set={"save-code": "200", "pending": "200-with-word"})
        class TestIt:
            @pytest.mark.capss(scenario="partial", set={"pending": "202"})
            def test_both(self, capss_mock):
                switches = capss_mock.call("GET", "/switches")
                assert capss_mock.call("GET", "/scenario")["id"] == "partial"
                assert (switches["element-order"], switches["save-code"], switches["pending"]) == ("strict", "200", "202")

            def test_one(self, capss_mock):
                assert capss_mock.call("GET", "/scenario")["id"] == "slow"

        def test_none(capss_mock):
            assert capss_mock.call("GET", "/scenario")["id"] == "happy"
            assert capss_mock.call("GET", "/switches")["save-code"] == "202"
        """
    )
    project.runpytest().assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ("scenaro='slow'", "@pytest.mark.capss: there is no argument 'scenaro': did you mean scenario?"),
        ("scenario='slo'", "there is no scenario 'slo': did you mean slow?"),
        ("dialect='old'", "there is no dialect 'old'"),
        ("set={'progres': 'hold'}", "there is no switch 'progres': did you mean progress?"),
        ("set={'progress': 'never'}", "progress"),
        ("set={'progress': 1}", "@pytest.mark.capss: set must be switches and their settings as texts"),
        ("set='progress=hold'", "@pytest.mark.capss: set must be a dict, not 'progress=hold'"),
        ("'slow'", "@pytest.mark.capss takes keywords only, such as scenario='slow'"),
    ],
)
def test_a_marker_that_cannot_be_used_is_an_error_of_one_line(project: pytest.Pytester, marker: str, says: str) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.capss({marker})
        def test_it(capss_mock):
            raise AssertionError("this is not reached")
        """
    )
    result = project.runpytest()
    result.assert_outcomes(errors=1)
    block = printed(result).split("ERROR at setup of test_it")[1].split("short test summary")[0].strip("_= \n")
    assert says in block
    assert len(block.splitlines()) == 1


def test_the_marker_is_known(project: pytest.Pytester) -> None:
    result = project.runpytest("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.capss(scenario=None, dialect=None, set={}, allow_unmatched=False): *"])


UNMATCHED = """
def test_it(capss_mock, capss_transport):
    with httpx.Client(transport=capss_transport, base_url="http://capss.test") as http:
        http.post("/oauth2/Token")
        http.get("/health")
        assert token(capss_mock, http).status_code == 200
"""


def test_requests_that_matched_nothing_fail_the_test_with_what_they_came_near_to(project: pytest.Pytester) -> None:
    project.makepyfile(TOKEN + UNMATCHED)
    result = project.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    text = printed(result)
    assert (
        "2 requests matched no operation of CAPSS:\n"
        "  POST /oauth2/Token -> 401 BEA-NONE\n"
        "      nearest: POST /oauth2/token (paths are case-sensitive)\n"
        "  GET /health -> 401 BEA-NONE\n"
        "If the test sends them on purpose: @pytest.mark.capss(allow_unmatched=True), or capss_mock.allow_unmatched = "
        "True.\n"
    ) in text
    assert re.search(r"-+ capss_mock -+\nscenario happy, 3 requests:\n\S+ POST /oauth2/Token 401 ", text)


def test_the_ways_out_of_it_work(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_marker=TOKEN + UNMATCHED.replace("def test", "@pytest.mark.capss(allow_unmatched=True)\ndef test"),
        test_attribute=TOKEN + UNMATCHED + "    capss_mock.allow_unmatched = True\n",
    )
    project.runpytest().assert_outcomes(passed=2)


def test_a_test_that_failed_is_not_failed_twice_and_shows_them_too(project: pytest.Pytester) -> None:
    project.makepyfile(TOKEN + UNMATCHED + "        assert False\n")
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["      nearest: POST /oauth2/token (paths are case-sensitive)"])


@pytest.mark.parametrize(
    ("ends", "outcome"), [("pytest.skip('now')", "skipped"), ("pytest.xfail('now')", "xfailed"), ("pass", "errors")]
)
def test_only_a_test_that_passed_is_looked_into(project: pytest.Pytester, ends: str, outcome: str) -> None:
    project.makepyfile(TOKEN + UNMATCHED + f"        {ends}\n")
    outcomes = project.runpytest().parseoutcomes()
    assert outcome in outcomes
    assert ("errors" in outcomes) is (outcome == "errors")


def test_a_testcase_of_unittest_may_take_it_through_a_fixture(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import unittest
        import httpx
        import pytest

        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _mock(self, capss_mock, capss_transport):
                self.mock, self.transport = capss_mock, capss_transport

            def ask(self):
                with httpx.Client(transport=self.transport, base_url="http://capss.test") as http:
                    http.get("/nope")

            def test_it(self):
                self.ask()

            def test_skipped(self):
                self.ask()
                self.skipTest("now")

            @unittest.expectedFailure
            def test_expected(self):
                self.ask()
                self.assertEqual(1, 2)
        """
    )
    project.runpytest().assert_outcomes(passed=1, errors=1, skipped=1, xfailed=1)


def test_a_test_that_is_run_again_is_looked_into_again(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):  # as plugins do that run a failed test again
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            runtestprotocol(item, nextitem=nextitem, log=False)
            item._initrequest()
            runtestprotocol(item, nextitem=nextitem)
            item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            return True
        """
    )
    project.makepyfile(TOKEN + UNMATCHED + "    times.append(1)\n    assert len(times) == 2\n\ntimes = []\n")
    project.runpytest().assert_outcomes(passed=1, errors=1)


def test_a_fixture_that_fails_at_its_end_shows_what_the_mock_was_asked_too(project: pytest.Pytester) -> None:
    project.makepyfile(
        TOKEN
        + """
@pytest.fixture
def outer():
    yield
    assert False

def test_it(outer, capss_mock, capss_transport):
    with httpx.Client(transport=capss_transport, base_url="http://capss.test") as http:
        token(capss_mock, http)
"""
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    assert re.search(r"-+ capss_mock -+\nscenario happy, 1 request:\n\S+ POST /oauth2/token 200 ", printed(result))


def test_a_scenario_about_paths_allows_what_matches_nothing(project: pytest.Pytester) -> None:
    project.makepyfile(
        TOKEN
        + """
def test_it(capss_mock, capss_transport):
    capss_mock.scenario("old-generation")
    with httpx.Client(transport=capss_transport, base_url="http://capss.test") as http:
        assert token(capss_mock, http).status_code == 401
"""
    )
    project.runpytest().assert_outcomes(passed=1)


def test_a_setting_that_overrides_the_scenario_is_said(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.capss(scenario="slow", set={"progress": "immediate"})
        def test_it(capss_mock):
            assert False
        """
    )
    result = project.runpytest()
    result.stdout.fnmatch_lines(["scenario slow, but progress was set and the scenario wants polls:6, 0 requests:"])


def test_a_connection_that_failed_below_http_is_in_the_section(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import socket
        import httpx

        def test_it(capss_mock):
            with socket.create_connection(("127.0.0.1", int(capss_mock.url.rpartition(":")[2]))) as sock:
                sock.sendall(b"nonsense\\r\\n\\r\\n")
                sock.recv(1000)
            assert False
        """
    )
    result = project.runpytest()
    result.stdout.fnmatch_lines(["scenario happy, 0 requests:", "WEB-UNREADABLE *"])


def test_a_shared_mock_that_dies_in_a_test_fails_it_without_a_traceback_of_ours(
    project: pytest.Pytester, make_live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = make_live()
    monkeypatch.setenv("CAPSS_MOCK_URL", live.server.url)
    monkeypatch.setattr(MockServer, "to_kill", live.server, raising=False)
    project.makepyfile(
        """
        def test_it(capss_mock):
            from capss_mock.server import MockServer
            MockServer.to_kill.stop()
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    block = printed(result).split("ERROR at teardown of test_it")[1].split("short test summary")[0]
    assert "capss_mock: no mock answers at " in block
    assert "Traceback" not in block
    assert "remote.py" not in block


def test_settings_that_a_server_cannot_begin_with_are_an_error_of_one_line(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def capss_settings():
            from capss_mock.settings import read_settings

            return read_settings("redirect-to-http")
        """
    )
    project.makepyfile("def test_it(capss_mock): pass\n")
    result = project.runpytest()
    result.assert_outcomes(errors=1)
    assert "\ncapss_settings: the scenario redirect-to-http needs https (--tls)\n=" in printed(result)


def test_more_misses_than_are_shown_are_counted(project: pytest.Pytester) -> None:
    project.makepyfile(TOKEN + UNMATCHED + "        for _ in range(30): http.get('/x')\n")
    result = project.runpytest()
    result.stdout.fnmatch_lines(["32 requests matched no operation of CAPSS:", "  and 12 more"])


def test_a_failing_test_shows_what_its_mock_was_asked_and_no_secret(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from my_program import upload

        secrets = []

        def test_it(capss_mock):
            capss_mock.scenario("commit-then-504")
            with open("secret", "w") as file:
                file.write(capss_mock.client_secret)
            url, client_id = capss_mock.url, capss_mock.client_id
            upload("day.xml", url, client_id, capss_mock.client_secret)
            assert False
        """
    )
    result = project.runpytest("--showlocals")
    result.assert_outcomes(failed=1)
    text = printed(result)
    section = text.split(" capss_mock -")[1].split("short test summary")[0]
    assert "scenario commit-then-504, 2 requests:" in section
    assert re.search(
        r"POST /api/bulkimport/save 504 .*\[scenario commit-then-504: answered 504 after the work", section
    )
    assert (project.path / "secret").read_text() not in text


def test_a_passing_test_shows_nothing(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(capss_mock): pass\n")
    assert "capss_mock -" not in printed(project.runpytest("-rA"))


def test_no_more_than_the_last_requests_are_shown(project: pytest.Pytester) -> None:
    project.makepyfile(
        TOKEN
        + """
def test_it(capss_mock, capss_transport):
    with httpx.Client(transport=capss_transport, base_url="http://capss.test") as http:
        for _ in range(60):
            http.get("/oauth2/jwks")
    assert False
"""
    )
    text = printed(project.runpytest())
    assert "scenario happy, 60 requests, the last 50 of them:" in text
    assert text.count(" GET /oauth2/jwks 200 ") == 50


def test_what_is_not_possible_in_process_fails_a_test_that_swallows_it(project: pytest.Pytester) -> None:
    project.makepyfile(
        TOKEN
        + """
@pytest.mark.capss(scenario="save-reset-first")
def test_it(capss_mock, capss_transport):
    with httpx.Client(transport=capss_transport, base_url="http://capss.test") as http:
        bearer = {"Authorization": "Bearer " + token(capss_mock, http).json()["access_token"]}
        try:
            http.post("/api/bulkimport/save", headers=bearer, files={"bulkUploadFile": ("day.xml", b"<x/>")})
        except Exception:
            pass
"""
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["scenario save-reset-first: reset the connection*let the program talk to capss_mock.url"]
    )


def test_asynchronous_tests_under_anyio_use_the_transport(project: pytest.Pytester) -> None:
    project.makepyfile(
        TOKEN
        + """
@pytest.mark.anyio
async def test_it(capss_mock, capss_async_transport):
    async with httpx.AsyncClient(transport=capss_async_transport, base_url="http://capss.test") as http:
        assert (await token(capss_mock, http)).status_code == 200
    assert [each.operation for each in capss_mock.journal] == ["token"]
"""
    )
    project.runpytest("-p", "anyio").assert_outcomes(passed=2)  # asyncio, trio


def test_hosts_that_are_built_in_are_answered_by_the_mock(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import httpx
        import pytest
        from my_program import upload_to_the_sandbox

        def test_it(capss_mock, capss_respx):
            assert upload_to_the_sandbox("day.xml", capss_mock.client_id, capss_mock.client_secret) == "saved"
            assert capss_mock.submissions.saved == 1
            with pytest.raises(AssertionError):
                httpx.get("https://example.org/")
        """
    )
    project.runpytest().assert_outcomes(passed=1)


def test_settings_and_server_can_be_overridden(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def capss_settings():
            from capss_mock.settings import read_settings

            return read_settings("slow", changes={"save-code": "200"})

        @pytest.fixture(scope="session")
        def capss_server(capss_settings):
            from capss_mock.server import MockServer

            with MockServer(capss_settings, port=None, tls=True) as server:
                yield server
        """
    )
    project.makepyfile(
        """
        import pytest

        def test_it(capss_mock):
            assert capss_mock.url.startswith("https://127.0.0.1:")
            assert capss_mock.ca_file.read_text().startswith("-----BEGIN CERTIFICATE")
            assert capss_mock.call("GET", "/scenario")["id"] == "slow"

        @pytest.mark.capss(scenario="happy")
        def test_marker(capss_mock):
            assert capss_mock.call("GET", "/scenario")["id"] == "happy"
            assert capss_mock.call("GET", "/switches")["save-code"] == "200"
        """
    )
    project.runpytest().assert_outcomes(passed=2)


def test_a_scenario_with_a_certificate_of_its_own_is_played_by_a_marker(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import ssl
        import httpx
        import pytest

        @pytest.mark.capss(scenario="expired-certificate")
        def test_it(capss_mock):
            context = ssl.create_default_context(cafile=capss_mock.ca_file)
            with httpx.Client(verify=context, trust_env=False) as http, pytest.raises(httpx.ConnectError, match="expired"):
                http.get(capss_mock.url)

        def test_too_late(capss_mock):
            with pytest.raises(ValueError, match="begin with it, serve --scenario expired-certificate, or @pytest.mark.capss"):
                capss_mock.scenario("expired-certificate")
        """
    )
    project.runpytest().assert_outcomes(passed=2)


def test_a_running_mock_is_shared_by_its_url(
    project: pytest.Pytester, make_live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = make_live()
    monkeypatch.setenv("CAPSS_MOCK_URL", live.server.url)
    project.makepyfile(
        """
        import pytest
        from my_program import upload

        @pytest.mark.capss(scenario="commit-then-504")
        def test_it(capss_mock, capss_server):
            assert capss_mock.url != capss_server.url
            assert upload("day.xml", capss_mock.url, capss_mock.client_id, capss_mock.client_secret) == "unknown"
            assert capss_mock.submissions.accepted == 1

        @pytest.mark.parametrize("fixture", ["capss_transport", "capss_async_transport", "capss_respx"])
        def test_in_process(request, fixture):
            request.getfixturevalue(fixture)

        def test_fails(capss_mock):
            upload("day.xml", capss_mock.url, capss_mock.client_id, capss_mock.client_secret)
            assert False
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1, failed=4)
    text = printed(result)
    for fixture in ("capss_transport", "capss_async_transport", "capss_respx"):
        assert (
            f"{fixture} answers in this process, but CAPSS_MOCK_URL names a mock in another: let the program talk to "
            "capss_mock.url, or unset CAPSS_MOCK_URL"
        ) in text
    assert re.search(r"scenario happy, \d requests:\n\S+ POST /oauth2/token 200 ", text)
    assert live.server.call("GET", "/runs") == {"runs": []}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://capss-sb.doj.ca.gov", "CAPSS_MOCK_URL: capss-sb.doj.ca.gov is the DOJ's, no mock: nothing was sent"),
        ("here", "CAPSS_MOCK_URL: 'here' is no URL of a mock: such as http://127.0.0.1:8080"),
    ],
)
def test_a_url_that_is_no_mocks_is_an_error_of_one_line(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    monkeypatch.setenv("CAPSS_MOCK_URL", url)
    project.makepyfile("def test_it(capss_mock): pass\n")
    result = project.runpytest()
    result.assert_outcomes(errors=1)
    assert f"\n{says}\n=" in printed(result)


@pytest.mark.parametrize("missing", ["flask", "respx"])
def test_a_missing_library_is_named_with_how_to_install_it(project: pytest.Pytester, missing: str) -> None:
    project.makeconftest(f"import sys\nsys.modules['{missing}'] = None\n")
    project.makepyfile("def test_it(capss_respx): pass\n")
    result = project.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    install = {"flask": "pip install 'capss-kit[mock]'", "respx": "pip install respx"}[missing]
    assert install in printed(result)
    assert "Traceback" not in printed(result)


CROWD = """
import os
import httpx
import pytest
from my_program import upload_with

@pytest.mark.parametrize("number", range(COUNT))
def test_it(capss_mock, number):
    scenario, outcome, accepted = [
        ("happy", "saved", 1), ("commit-then-504", "unknown", 1), ("save-500-first", "unknown", 0)
    ][number % 3]
    capss_mock.scenario(scenario)
    with httpx.Client(base_url=capss_mock.url, trust_env=False, verify=False) as http:  # 20 ms faster
        assert upload_with(http, "day.xml", capss_mock.client_id, capss_mock.client_secret) == outcome
    assert capss_mock.submissions.accepted == accepted
    with open(f"urls-{os.getpid()}", "a") as file:
        print(capss_mock.url, file=file)
"""


@pytest.mark.parametrize(
    ("count", "workers", "shared"),
    [
        pytest.param(200, 4, False, marks=pytest.mark.proof),
        pytest.param(60, 4, True, marks=pytest.mark.proof),
    ],
)
def test_many_tests_in_several_processes_do_not_meet(
    project: pytest.Pytester, make_live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch, count: int, workers: int,
    shared: bool,
) -> None:  # fmt: skip
    if shared:
        monkeypatch.setenv("CAPSS_MOCK_URL", make_live().server.url)
    project.makepyfile(CROWD.replace("COUNT", str(count)))
    result = project.runpytest_subprocess("-n", str(workers), "-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=count)
    files = list(project.path.glob("urls-*"))
    assert len(files) == workers
    ports = {line.rpartition(":")[2] for file in files for line in file.read_text().splitlines()}
    assert len(ports) > count / 5  # none of them is fixed


COVERED = """
def said(name):
    if name:
        return f"hello {name}"
    return "hello"

never = lambda: 1
"""


@pytest.mark.proof
def test_the_coverage_of_a_project_is_unchanged(project: pytest.Pytester) -> None:
    project.makepyfile(shop=COVERED)
    project.makepyfile(
        "import shop\n\ndef test_it(request):\n    assert shop.said('') == 'hello'\n"
        "    if request.config.pluginmanager.hasplugin('capss'):\n        request.getfixturevalue('capss_mock').url\n"
    )
    reports = []
    for plugin in (["-p", "no:capss"], []):
        command = [sys.executable, "-m", "pytest", "-q", "--cov=shop", "--cov-branch", "--cov-report=term-missing"]
        environment = {name: text for name, text in os.environ.items() if not name.startswith("COV")}
        done = subprocess.run(
            [*command, *plugin], capture_output=True, text=True, cwd=project.path, env=environment, check=True
        )
        reports.append(re.search(r"^shop\.py .*$", done.stdout, re.MULTILINE))
    assert reports[0] is not None
    assert reports[1] is not None
    assert reports[0][0] == reports[1][0]
    assert not reports[0][0].endswith("100%")


def test_pytest_starts_without_anything_of_the_kit_but_the_plugin(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.startswith("capss_")}
            assert ours == {"capss_mock", "capss_mock.pytest_plugin"}
            assert not {"flask", "sqlalchemy", "lxml", "httpx", "cryptography"} & set(sys.modules)
        """
    )
    project.runpytest_subprocess("-p", "no:anyio", "-p", "no:respx").assert_outcomes(passed=1)


def test_the_mock_tells_what_it_is() -> None:
    with MockServer(port=None) as mock:
        assert repr(mock) == "<MockServer main: scenario happy, 0 requests>"
