"""Independent libraries take the mock for an OAuth 2.0 server: tokens, keys, uploads, over TLS that is verified."""

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from authlib.integrations.requests_client import OAuth2Session
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as RequestsOAuthlibSession

from tests.helpers import VALID, Live

ONE = VALID / "one-transaction.xml"


@pytest.fixture
def live(make_live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return make_live(tls=True, progress="immediate")


def upload_and_poll(session: Any, live: Live) -> dict[str, Any]:
    with ONE.open("rb") as file:
        accepted = session.post(
            f"{live.server.url}/api/bulkimport/save",
            files={"bulkUploadFile": (ONE.name, file)},
            verify=str(live.server.ca_file),
        )
    assert accepted.status_code == 202, accepted.text
    reply = session.get(accepted.json()["links"]["href"], verify=str(live.server.ca_file))
    assert reply.status_code == 200
    values: dict[str, Any] = reply.json()
    return values


def test_requests_oauthlib_gets_a_token_and_uploads(live: Live) -> None:
    with RequestsOAuthlibSession(client=BackendApplicationClient(client_id="apitest", scope="api")) as session:
        token = session.fetch_token(
            f"{live.server.url}/oauth2/token",
            auth=HTTPBasicAuth("apitest", "Password1"),
            scope="api",
            verify=str(live.server.ca_file),
        )
        assert token["token_type"] == "Bearer"
        assert upload_and_poll(session, live)["savedCount"] == 1


def test_authlib_gets_a_token_and_uploads(live: Live) -> None:
    with OAuth2Session(
        "apitest", "Password1", scope="api", token_endpoint_auth_method="client_secret_basic"
    ) as session:
        session.fetch_token(
            f"{live.server.url}/oauth2/token", grant_type="client_credentials", verify=str(live.server.ca_file)
        )
        assert upload_and_poll(session, live)["savedCount"] == 1


def test_the_token_verifies_with_pyjwt_from_the_published_keys(live: Live) -> None:
    token = live.bearer()["Authorization"].removeprefix("Bearer ")
    keys = live.http.get("/oauth2/jwks").json()
    assert [list(key) for key in keys["keys"]] == [["kty", "e", "kid", "n"]]
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, ["RS256"], audience="apitest", issuer="https://capss.tst.doj.ca.gov")
    assert claims["license_id"] == "000000300"
    head, body, signature = token.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{body}.{signature[:-4]}AAAA", key, ["RS256"], audience="apitest")
