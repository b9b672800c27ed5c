"""How a client may be set up, and what is refused."""

import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest

from capss_client import AsyncClient, Client, ConfigError, InsecureWarning, _paths
from capss_client._config import configure
from capss_mock.contract.defaults import DOJ_HOSTS
from capss_mock.contract.operations import OPERATIONS

GOOD = {"base_url": "https://capss.test", "client_id": "a", "client_secret": "s3cret"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"base_url": ""}, "the base URL is empty; expected a URL such as https://capss-sb.doj.ca.gov"),
        ({"base_url": "capss.test"}, "the base URL is no URL"),
        ({"base_url": "ftp://capss.test"}, "the base URL is no URL"),
        ({"base_url": "https://u:p@capss.test"}, "the base URL is no URL"),
        ({"base_url": "https://capss.test?x=1"}, "the base URL has a query or a fragment"),
        ({"base_url": "https://capss.test/#x"}, "the base URL has a query or a fragment"),
        ({"base_url": "https://capss.doj.ca.gov"}, "capss.doj.ca.gov is the DOJ's production host"),
        ({"base_url": "https://CAPSS.doj.ca.gov./"}, "capss.doj.ca.gov is the DOJ's production host"),
        ({"base_url": "http://capss.test"}, "http to capss.test sends the secret in the clear"),
        ({"base_url": "http://127.0.0.1.evil.test"}, "sends the secret in the clear"),
        ({"token_url": "http://capss.test/x"}, "http to capss.test sends the secret in the clear"),
        ({"token_url": "x"}, "the token URL is no URL"),
        ({"token_url": "https://capss.doj.ca.gov/oauth2/token"}, "capss.doj.ca.gov is the DOJ's production host"),
        ({"base_url": "https://capss。doj。ca。gov"}, "the base URL is no URL"),
        ({"client_secret": "\udce9"}, "no text in UTF-8"),
        ({"client_id": ""}, "the client id is empty"),
        ({"client_secret": ""}, "the client secret is empty"),
        ({"ca_file": "/nowhere/ca.pem"}, "the CA file /nowhere/ca.pem cannot be used (No such file or directory)"),
        ({"ca_file": __file__}, "cannot be used"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_reason(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as error:
        configure(**{**GOOD, **changes})
    assert says in str(error.value)
    assert "s3cret" not in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("base", "more"),
    [
        ("https://capss-sb.doj.ca.gov/", {}), ("http://127.0.0.1:8080", {}), ("http://localhost:8080/", {}), ("http://[::1]:1", {}),
        ("https://capss.doj.ca.gov", {"production": True}),
    ],
)  # fmt: skip
def test_what_may_be_is_taken(base: str, more: dict[str, Any]) -> None:
    found = configure(**{**GOOD, "base_url": base, **more})
    assert found.base == base.rstrip("/")
    assert found.token_url == f"{found.base}/oauth2/token"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_insecure_warns_every_time(kind: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            kind("https://capss.test", "a", "b", insecure=True)
    assert [each.category for each in caught if issubclass(each.category, InsecureWarning)] == [InsecureWarning] * 2
    assert caught[0].filename == __file__


def test_certificates_are_checked_unless_told_otherwise() -> None:
    context = configure(**GOOD).context()
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


def test_nothing_of_the_secret_is_shown() -> None:
    shown = repr(configure(**GOOD))
    with Client("https://capss.test", "a", "s3cret") as client:
        shown += repr(client) + str(client)
    assert "s3cret" not in shown
    assert configure(**GOOD).basic not in shown


def test_paths_parts_and_hosts_are_those_of_the_contract() -> None:
    kinds = {each.kind: each for each in OPERATIONS.values() if each.generation == "new"}
    assert kinds["token"].path == _paths.TOKEN
    assert (kinds["upload"].path, kinds["upload"].part) == (_paths.UPLOAD, _paths.UPLOAD_PART)
    assert (kinds["update"].path, kinds["update"].part) == (_paths.UPDATE, _paths.UPDATE_PART)
    assert kinds["upload-status"].path == _paths.UPLOAD_STATUS + "{id}"
    assert DOJ_HOSTS == (_paths.SANDBOX, _paths.PRODUCTION)


def test_a_ca_file_is_what_is_trusted(tmp_path: Path) -> None:
    from capss_mock.serving.certificates import throw_away

    file = tmp_path / "ca.pem"
    throw_away(file)
    context = configure(**GOOD, ca_file=file).context()
    assert isinstance(context, ssl.SSLContext)
    assert len(context.get_ca_certs()) == 1


def test_a_base_url_is_the_same_however_its_host_is_written() -> None:
    assert configure(**{**GOOD, "base_url": "HTTPS://CAPSS.test/Path/"}).base == "https://capss.test/Path"
