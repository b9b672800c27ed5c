"""A server is held to what is known of CAPSS: the mock passes, and each lie is found out, and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from capss_mock.conformance.results import Report, Verdict
from capss_mock.conformance.server.asking import Server, Unreachable
from capss_mock.conformance.server.campaign import carry_out
from capss_mock.conformance.server.target import Target, TargetError
from capss_mock.contract.checks import SERVER_CHECKS, Severity
from capss_mock.server import MockServer
from capss_mock.settings import read_settings
from capss_mock.transports import CapssTransport
from tests.conformance.liars import LIES, Lie
from tests.helpers import AUTH

BASE = "http://capss.test"
# these lies make others untellable, or are seen by a second check that looks at the same thing
ALSO = {
    "SRV-TOK-EXP-MIDNIGHT": {"SRV-TOK-JWKS"},  # claims that were changed are not those that were signed
    "SRV-TOK-JWT-CLAIMS": {"SRV-TOK-JWKS"},
    "SRV-TOK-JWT-HEADER": {"SRV-TOK-JWKS"},
    "SRV-TOK-KEY-SIZE": {"SRV-TOK-JWKS"},
    "SRV-NO-STORE": {"SRV-WEB-HEADERS"},
    # the mock has nothing under such an id
    "SRV-UPL-STATUS-ID": {"SRV-STA-REPLY", "SRV-STA-PENDING-CODE", "SRV-STA-PENDING-BODY"},
}
UNUSABLE = {"SRV-TOK-JWT-HEADER", "SRV-TOK-JWT-CLAIMS", "SRV-TOK-KEY-SIZE", "SRV-TOK-EXP-MIDNIGHT"}  # such a token


class Liar(httpx.BaseTransport):
    """The mock in this process, and a lie."""

    def __init__(self, mock: MockServer, lie: Lie | None) -> None:
        self._real, self._lie = CapssTransport(mock), lie

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        reply = self._real.handle_request(request)
        reply.read()
        reply.request = request
        return (self._lie(request, reply) if self._lie else None) or reply


@pytest.fixture(scope="module")
def mocks() -> Iterator[MockServer]:
    with MockServer(port=None) as server:
        yield server


def asked(mocks: MockServer, lie: Lie | None = None, checks: tuple[str, ...] = (), **switches: str) -> Report:
    settings = read_settings(changes={name.replace("_", "-"): value for name, value in switches.items()})
    with mocks.open_run(settings) as mock, httpx.Client(transport=Liar(mock, lie), base_url=BASE) as http:
        client = mock.client_id, mock.client_secret
        return carry_out(Server(http, client, "/oauth2/token", sleep=lambda _seconds: None), BASE, checks)


def found(report: Report) -> dict[str, Verdict]:
    return {each.check.id: each.verdict for each in report.tallies if each.verdict.is_finding}


def test_the_mock_is_as_is_known(mocks: MockServer) -> None:
    report = asked(mocks)
    assert {each.verdict for each in report.tallies} == {Verdict.PASS}
    assert (report.exit_code, len(report.tallies)) == (0, len(SERVER_CHECKS))


def test_every_check_has_a_lie() -> None:
    assert LIES.keys() == SERVER_CHECKS.keys()


@pytest.mark.parametrize("check", LIES)
def test_a_lie_is_found_out_and_nothing_else(mocks: MockServer, check: str) -> None:
    report = asked(mocks, LIES[check])
    verdicts = {Severity.FAIL: Verdict.FAIL, Severity.WARN: Verdict.WARN, Severity.INFO: Verdict.INFO}
    seen = found(report)
    assert seen.pop(check) is verdicts[SERVER_CHECKS[check].severity]
    if check not in UNUSABLE:  # with a token that is not good, all of /api answers 401
        assert set(seen) == ALSO.get(check, set())
    told = {SERVER_CHECKS[each].severity for each in {check, *ALSO.get(check, ())}}
    assert (report.exit_code == 1) is (Severity.FAIL in told or check in UNUSABLE)


@pytest.mark.parametrize(
    ("switches", "check", "words"),
    [
        ({"missing_credentials": "302"}, "SRV-TOK-NO-CREDENTIALS", "switch missing-credentials=302"),
        ({"status_not_found": "403"}, "SRV-STA-UNKNOWN", "403"),
        ({"client_secret_post": "accept"}, "SRV-TOK-CLIENT-SECRET-POST", "200"),
        ({"save_code": "200"}, "SRV-UPL-CODE", "200"),
        ({"pending": "200-with-word"}, "SRV-STA-PENDING-CODE", "200"),
        ({"completed_at": "null"}, "SRV-STA-COMPLETED-AT", "null"),
        ({"error_timestamp": "iso"}, "SRV-WEB-ERROR-BODY", "str"),
    ],
)
def test_another_setting_of_a_switch_is_told(
    mocks: MockServer, switches: dict[str, str], check: str, words: str
) -> None:
    report = asked(mocks, **switches)
    (tally,) = [each for each in report.tallies if each.check.id == check]
    finding = tally.plays[0][1].finding
    assert finding is not None
    assert words in finding.actual


def test_what_cannot_be_seen_is_no_pass(mocks: MockServer) -> None:
    report = asked(mocks, progress="immediate")
    unseen = {each.check.id for each in report.tallies if each.verdict is Verdict.UNSEEN}
    assert unseen == {"SRV-STA-PENDING-CODE", "SRV-STA-PENDING-BODY"}


def test_one_check_asks_what_it_needs_and_is_no_pass(mocks: MockServer) -> None:
    report = asked(mocks, checks=("SRV-STA-MESSAGE",))
    assert [each.check.id for each in report.tallies] == ["SRV-STA-MESSAGE"]
    assert (report.tallies[0].verdict, report.exit_code) == (Verdict.PASS, 4)


def test_a_status_on_another_host_is_not_asked_for(mocks: MockServer) -> None:
    hosts: list[str] = []

    def lie(request: httpx.Request, reply: httpx.Response) -> httpx.Response | None:
        hosts.append(request.url.host)
        if request.url.path != "/api/bulkimport/save" or not reply.is_success:
            return None
        values = json.loads(reply.content)
        values["links"]["href"] = values["links"]["href"].replace("capss.test", "elsewhere.test")
        return httpx.Response(202, json=values, request=request)

    report = asked(mocks, lie)
    assert found(report)["SRV-STA-REPLY"] is Verdict.FAIL
    assert set(hosts) == {"capss.test"}


def test_no_token_is_in_the_report(mocks: MockServer) -> None:
    report = asked(mocks, LIES["SRV-TOK-REPLY"])
    assert "eyJ" not in repr(report)
    assert AUTH[1] not in repr(report)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with httpx.Client(transport=httpx.MockTransport(refuse), base_url=BASE) as http, pytest.raises(Unreachable):
        carry_out(Server(http, AUTH, "/oauth2/token"), BASE)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"access_token":null}', b'{"access_token":"a.b.c"}', b"\xff", b"[" * 100_000]
)
def test_whatever_a_server_answers_there_is_a_report(body: bytes) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
    with httpx.Client(transport=transport, base_url=BASE) as http:
        report = carry_out(Server(http, AUTH, "/oauth2/token", sleep=lambda _seconds: None), BASE)
    assert report.exit_code == 1


@pytest.mark.parametrize(
    ("url", "owned", "words"),
    [
        ("https://capss.doj.ca.gov", True, "production"),
        ("https://CAPSS.doj.ca.gov./", True, "production"),
        ("https://capss-sb.doj.ca.gov", False, "--i-own-this-account"),
        ("http://capss-sb.doj.ca.gov", True, "https only"),
        ("https://capss-sb.doj.ca.gov", True, "--client-id"),
        ("https://capss。doj.ca.gov", True, "production"),
        ("https://localhost/gateway", False, "has no path"),
        ("http://localhost:99999", False, "no port|not an address"),
        ("ftp://localhost", False, "not an address"),
        ("http://user@localhost", False, "not an address"),
        ("localhost:8080", False, "not an address"),
    ],
)
def test_what_may_not_be_asked(url: str, owned: bool, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        Target(url, owned=owned)


def test_elsewhere_it_takes_its_time() -> None:
    target = Target("https://sandbox.test", "a", "b", owned=True)
    waited: list[float] = []
    with target.client() as http:
        server = target.server(http)
        server._http = httpx.Client(
            transport=httpx.MockTransport(lambda _request: httpx.Response(401)), base_url=target.url
        )
        server._sleep = waited.append
        carry_out(server, target.url)
    assert len(waited) == len(server.asked) - 1
    assert min(waited) >= 1


def test_certificates_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    for file in (tmp_path / "none.pem", tmp_path / "empty.pem"):
        with pytest.raises(TargetError, match="cannot use"):
            Target("http://localhost", ca_file=file).client()
        (tmp_path / "empty.pem").touch()
