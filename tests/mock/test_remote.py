"""A mock in another process: what is said when there is none, and what is never asked."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import respx

from capss_mock.domain.tokens import SigningKey
from capss_mock.remote import RemoteMock
from capss_mock.server import MockServer
from capss_mock.settings import Settings, read_settings
from capss_mock.steering import SteeringError
from tests.helpers import Live, prepared


@pytest.mark.parametrize(
    "url", ["https://capss-sb.doj.ca.gov", "https://capss.doj.ca.gov./", "http://CAPSS.doj.ca.gov"]
)
def test_the_dojs_hosts_are_never_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("something was looked up"))
    with pytest.raises(SteeringError, match="is the DOJ's, no mock: nothing was sent"):
        RemoteMock(url)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://"])
def test_what_is_no_url_is_named(url: str) -> None:
    with pytest.raises(SteeringError, match=r"is no URL of a mock: such as http://127\.0\.0\.1:8080"):
        RemoteMock(url)


def test_where_nothing_answers_it_says_what_to_start() -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SteeringError, match=r"no mock answers at .*: start one, capss-mock serve"):
            RemoteMock(f"http://127.0.0.1:{taken.getsockname()[1]}")


def test_doubles_of_httpx_do_not_get_hold_of_it(make_live: Callable[..., Live]) -> None:
    live = make_live()
    with respx.mock:
        assert RemoteMock(live.server.url).submissions.accepted == 0


def test_a_control_token_is_sent(signing_key: SigningKey) -> None:
    with MockServer(Settings(control_token="s3cret"), prepared=prepared(signing_key)) as server:
        with RemoteMock(server.url, "s3cret").open_run() as run:
            assert run.submissions.accepted == 0
        with pytest.raises(SteeringError, match="must have the token"):
            _ = RemoteMock(server.url).submissions


def test_a_run_behind_a_bad_certificate_can_still_be_steered(make_live: Callable[..., Live]) -> None:
    parent = RemoteMock(make_live().server.url)
    with parent.open_run(read_settings("expired-certificate")) as run:
        assert run.url.startswith("https://")
        assert run.ca_file is not None
        assert run.submissions.accepted == 0


def test_a_run_of_a_mock_that_listens_everywhere_is_reached_as_its_parent_is(signing_key: SigningKey) -> None:
    with MockServer(host="0.0.0.0", prepared=prepared(signing_key)) as server:  # noqa: S104 - what is tested
        parent = RemoteMock(server.url.replace("0.0.0.0", "127.0.0.1"))  # noqa: S104 - the same
        with parent.open_run() as run:
            assert run.url.startswith("http://127.0.0.1:")
            assert run.submissions.accepted == 0


def test_its_settings_go_with_it_or_are_refused(make_live: Callable[..., Live]) -> None:
    parent = RemoteMock(make_live().server.url)
    moment = "2025-12-15T22:03:52+00:00"
    settings = read_settings("slow", "strict-order", {"save-code": "200"})
    with parent.open_run(settings) as run:
        assert run.call("GET", "/scenario")["id"] == "slow"
        switches = run.call("GET", "/switches")
        assert (switches["save-code"], switches["element-order"]) == ("200", "strict")
    from datetime import datetime

    with parent.open_run(Settings(now=datetime.fromisoformat(moment))) as run:
        assert run.now.isoformat().startswith("2025-12-15T22:03:5")
    with pytest.raises(SteeringError, match="no seed"), parent.open_run(Settings(seed=7)):
        pass


@pytest.mark.parametrize("url", ["http://127.0.0.1:abc", "http://[::1", "http://127.0.0.1:99999"])
def test_a_port_or_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(SteeringError, match="is no URL of a mock"):
        RemoteMock(url)


def test_what_does_not_speak_http_is_no_mock() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        done = pool.submit(answer)
        with pytest.raises(SteeringError, match="no mock answers at"):
            RemoteMock(f"http://127.0.0.1:{listening.getsockname()[1]}")
        done.result()


def test_a_certificate_that_is_not_trusted_is_told_as_that(make_live: Callable[..., Live]) -> None:
    with pytest.raises(SteeringError, match="its certificate is not trusted: SSL_CERT_FILE must name"):
        RemoteMock(make_live(tls=True).server.url)
