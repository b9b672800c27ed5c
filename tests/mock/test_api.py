"""The endpoints in process: replies, refusals, headers, and what the console says of them."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from capss_mock.contract.rules import RULES
from tests.conftest import SHEET_DAY
from tests.helpers import AUTH, BROKEN, GRANT, UPDATES, VALID, InProcess, record, upload_of

ONE = VALID / "one-transaction.xml"
INVALID_CLIENT = b'{"error":"invalid_client"}'
SAVE = "/api/bulkimport/save"


def test_health_needs_no_token(mock: InProcess) -> None:
    reply = mock.http.get("/__capss/health")
    assert (reply.status_code, reply.json["status"]) == (200, "ok")


@pytest.mark.parametrize(
    ("auth", "form", "status", "body"),
    [
        (("apitest", "wrong"), GRANT, 401, INVALID_CLIENT),
        (("nobody", "Password1"), GRANT, 401, INVALID_CLIENT),
        (None, GRANT, 401, b""),
        (None, {**GRANT, "client_id": "apitest", "client_secret": "Password1"}, 401, INVALID_CLIENT),
        (("", "x"), GRANT, 400, b'{"error":"invalid_request"}'),
        (AUTH, {"scope": "api"}, 400, b'{"error_description":"OAuth 2.0 Parameter: grant_type","error":"invalid_request","error_uri":"https://datatracker.ietf.org/doc/html/rfc6749#section-5.2"}'),
        (AUTH, {"scope": "api", "grant_type": "password"}, 400, b'{"error_description":"OAuth 2.0 Parameter: grant_type","error":"unsupported_grant_type","error_uri":"https://datatracker.ietf.org/doc/html/rfc6749#section-5.2"}'),
        (AUTH, {**GRANT, "scope": "admin"}, 400, b'{"error":"invalid_scope"}'),
    ],
)  # fmt: skip
def test_a_bad_token_request_gets_the_stacks_answer(
    mock: InProcess, auth: tuple[str, str] | None, form: dict[str, str], status: int, body: bytes
) -> None:
    reply = mock.http.post("/oauth2/token", auth=auth, data=form)
    assert (reply.status_code, reply.data) == (status, body)
    assert reply.headers.get("Content-Type") == ("application/json;charset=UTF-8" if body else None)
    assert "WWW-Authenticate" not in reply.headers


def test_a_json_token_request_has_no_grant_type(mock: InProcess) -> None:
    reply = mock.http.post("/oauth2/token", auth=AUTH, json=GRANT)
    assert (reply.status_code, reply.json["error"]) == (400, "invalid_request")


def test_get_on_the_token_endpoint_is_401_bearer(mock: InProcess) -> None:
    reply = mock.http.get("/oauth2/token")
    assert (reply.status_code, reply.headers["WWW-Authenticate"], reply.data) == (401, "Bearer", b"")


def test_the_token_reply_is_compact_and_in_order(mock: InProcess) -> None:
    reply = mock.http.post("/oauth2/token", auth=AUTH, data=GRANT)
    assert reply.text == json.dumps(reply.json, separators=(",", ":"))
    assert list(reply.json) == ["access_token", "scope", "token_type", "expires_in"]
    assert reply.headers["Content-Type"] == "application/json;charset=UTF-8"


def test_a_token_without_scope_gets_403_on_the_api(mock: InProcess) -> None:
    token = mock.http.post("/oauth2/token", auth=AUTH, data={"grant_type": "client_credentials"}).json["access_token"]
    reply = mock.http.get("/api/bulkimport/status/1", headers={"Authorization": f"Bearer {token}"})
    assert (reply.status_code, reply.data) == (403, b"")
    assert reply.headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_scope", error_description="The request requires higher privileges than provided '
        'by the access token.", error_uri="https://tools.ietf.org/html/rfc6750#section-3.1"'
    )


def test_an_expired_token_is_refused_with_its_moment(mock: InProcess) -> None:
    header = mock.bearer()
    mock.clock.advance(381368 + 61)
    reply = mock.http.get("/api/bulkimport/status/1", headers=header)
    assert (reply.status_code, reply.data) == (401, b"")
    assert reply.headers["WWW-Authenticate"] == (
        'Bearer error="invalid_token", error_description="An error occurred while attempting to decode the Jwt: '
        'Jwt expired at 2025-12-20T08:00:00Z", error_uri="https://tools.ietf.org/html/rfc6750#section-3.1"'
    )


@pytest.mark.parametrize("path", [SAVE, "/api/nothing", "/", "/oauth2/other"])
def test_without_a_token_every_path_is_401(mock: InProcess, path: str) -> None:
    for reply in (mock.http.get(path), mock.http.post(path)):
        assert (reply.status_code, reply.headers["WWW-Authenticate"], reply.data) == (401, "Bearer", b"")


def test_a_token_in_the_query_is_no_token(mock: InProcess) -> None:
    assert mock.http.get(f"/api/bulkimport/status/1?access_token={mock.token()}").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/api/nothing", 404, "Not Found"),
        ("GET", "/api/bulkimport/status/1", 404, "Not Found"),
        ("GET", "/api/bulkimport/status/99999999999999999999", 400, "Bad Request"),
        ("GET", "/api/bulkimport/status/abc", 400, "Bad Request"),
        ("GET", "/api/bulkimport/status/512627/", 404, "Not Found"),
        ("GET", "/api//bulkimport/status/1", 400, "Bad Request"),
        ("GET", SAVE, 405, "Method Not Allowed"),
        ("OPTIONS", SAVE, 405, "Method Not Allowed"),
        ("DELETE", "/api/bulkimport/status/1", 405, "Method Not Allowed"),
        ("POST", SAVE, 500, "Internal Server Error"),
    ],
)
def test_an_error_is_the_stacks_json(mock: InProcess, method: str, path: str, status: int, error: str) -> None:
    reply = mock.http.open(path, method=method, headers=mock.bearer())
    stamp = int(SHEET_DAY.timestamp() * 1000)
    assert reply.status_code == status
    assert reply.text == f'{{"timestamp":{stamp},"status":{status},"error":"{error}","path":"{path}"}}'
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers.get("Connection") == ("close" if status in (400, 500) else None)


@pytest.mark.parametrize(("path", "allow"), [(SAVE, "POST"), ("/api/bulkimport/status/1", "GET")])
def test_405_names_the_method_to_use(mock: InProcess, path: str, allow: str) -> None:
    assert mock.http.patch(path, headers=mock.bearer()).headers["Allow"] == allow


def test_every_answer_carries_the_security_headers(mock: InProcess) -> None:
    replies = [
        mock.http.get("/__capss/health"),
        mock.http.get("/"),
        mock.http.post("/oauth2/token", auth=AUTH, data=GRANT),
    ]
    for reply in replies:
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["X-XSS-Protection"] == "0"
        assert reply.headers["Cache-Control"] == "no-cache, no-store, max-age=0, must-revalidate"
        assert reply.headers["Pragma"] == "no-cache"
        assert reply.headers["Expires"] == "0"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert "Strict-Transport-Security" not in reply.headers
    secure = mock.http.get("/", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000 ; includeSubDomains"


def test_an_upload_without_its_file_is_400_and_the_console_says_why(mock: InProcess) -> None:
    reply = mock.http.post(
        SAVE, headers=mock.bearer(), data={"bulkUploadFile": "C:/day.xml"}, content_type="multipart/form-data"
    )
    assert reply.status_code == 400
    assert reply.headers["Connection"] == "close"
    assert "did you forget the @" in mock.lines[-1].note
    assert "C:/day.xml" not in mock.lines[-1].note


def test_a_wrong_part_name_is_400_and_named(mock: InProcess) -> None:
    assert mock.send(ONE, part="itemUpdateFile").status_code == 400
    assert "named 'itemUpdateFile', not bulkUploadFile" in mock.lines[-1].note


def test_a_body_over_the_limit_is_413_and_empty(make_mock: Callable[..., InProcess]) -> None:
    mock = make_mock(size_limit="bytes:2000")
    reply = mock.send(b"x" * 3000)
    assert (reply.status_code, reply.data, reply.headers["Connection"]) == (413, b"", "close")


def test_an_upload_of_another_licence_is_not_seen(mock: InProcess) -> None:
    from capss_mock.clock import Entropy
    from capss_mock.usecases.clients import Clients

    _, secret = Clients(mock.capss.store, Entropy()).add("other", "000000301")
    accepted = mock.send(ONE)
    token = mock.http.post("/oauth2/token", auth=("other", secret), data=GRANT).json["access_token"]
    path = accepted.json["links"]["href"].removeprefix("http://localhost")
    assert mock.http.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 404
    assert mock.http.get(path, headers=mock.bearer()).status_code == 200
    # nor is it a duplicate for the other licence
    theirs = upload_of(record("1"), licence="000000301")
    mock.send(upload_of(record("1")))
    reply = mock.send(theirs, headers={"Authorization": f"Bearer {token}"})
    path = reply.json["links"]["href"].removeprefix("http://localhost")
    assert mock.http.get(path, headers={"Authorization": f"Bearer {token}"}).json["hasDuplicates"] is False


def test_an_upload_id_is_not_an_update_id(mock: InProcess) -> None:
    number = mock.send(ONE).json["links"]["href"].rsplit("/", 1)[1]
    assert mock.http.get(f"/api/itemupdate/status/{number}", headers=mock.bearer()).status_code == 404


def test_href_names_the_host_that_was_called(mock: InProcess) -> None:
    reply = mock.http.post(
        SAVE,
        base_url="https://capss-sb.doj.ca.gov",
        headers=mock.bearer(),
        data={"bulkUploadFile": (io.BytesIO(ONE.read_bytes()), "day.xml")},
    )
    assert reply.json["links"]["href"].startswith("https://capss-sb.doj.ca.gov/api/bulkimport/status/")


def test_polls_are_pending_until_the_third_and_then_stay_final(make_mock: Callable[..., InProcess]) -> None:
    mock = make_mock()
    accepted = mock.send(ONE)
    replies = [mock.status(accepted) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [202, 202, 200, 200]
    assert replies[0].text == (
        '{"fileName":"day.xml","status":200,"successMessages":[],"errorMessages":[],"savedCount":0,'
        '"hasDuplicates":false,"isUploaded":false,"hasErrors":false,"completedAt":null,'
        '"statusMessage":"processing","notifyDupsOrErrors":false,"jobStatisticsMessageList":[]}'
    )
    assert replies[2].data == replies[3].data


def test_an_update_changes_the_saved_item_and_can_be_updated_again(mock: InProcess) -> None:
    mock.final(ONE)
    reply = mock.status(mock.update(UPDATES / "one-item.xml"))
    assert reply.json["savedCount"] == 1
    with mock.capss.store.read() as tx:
        found = mock.capss.store.find_item(tx, "000000300", {"reference": "INV-1001"})
    assert found is not None
    assert found[1]["serialNumber"] == "SN-INV-1001-B"
    assert found[1]["amount"] == "713.00"


def test_an_update_of_nothing_known_is_refused(mock: InProcess) -> None:
    values: dict[str, Any] = mock.status(mock.update(UPDATES / "unknown-item.xml")).json
    assert (values["isUploaded"], values["hasErrors"], values["savedCount"]) == (False, True, 0)
    assert values["successMessages"] == []
    assert values["errorMessages"] == ["item 1: no saved item has this key (UPD-UNKNOWN-ITEM)"]


def test_a_refused_upload_leaves_no_items_to_collide_with(mock: InProcess) -> None:
    mock.final(BROKEN / "DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml")
    assert mock.final(VALID / "three-transactions.xml")["savedCount"] == 3


def test_a_long_upload_is_read_by_a_child_and_saved(mock: InProcess) -> None:
    document = upload_of(*(record(f"N{number}") for number in range(6000)))
    assert len(document) > 1 << 20
    values = mock.final(document)
    assert values["savedCount"] == 6000
    assert values["jobStatisticsMessageList"][1] == "Total Transations: 6000"


def test_a_fault_of_the_mock_is_500_without_a_traceback(
    mock: InProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Canary-In-Message")

    header = mock.bearer()
    monkeypatch.setattr(mock.capss.submissions, "accept_upload", broken)
    reply = mock.send(ONE, headers=header)
    assert (reply.status_code, reply.json["error"]) == (500, "Internal Server Error")
    printed = capsys.readouterr()
    assert "RuntimeError in" in printed.err
    assert "Canary" not in printed.err + printed.out + reply.text + mock.lines[-1].note
    assert "Traceback" not in printed.err
    monkeypatch.undo()
    assert mock.send(ONE, headers=header).status_code == 202


def test_every_refusal_in_the_log_names_rule_grade_and_fix(mock: InProcess) -> None:
    mock.http.get("/api/nothing")
    line = mock.lines[-1]
    assert line.rule == "BEA-NONE"
    assert line.note.startswith("BEA-NONE [inferred]")
    assert RULES["BEA-NONE"].hint in line.note


def test_a_revoked_token_stays_revoked_within_the_leeway(make_mock: Callable[..., InProcess]) -> None:
    mock = make_mock(old_tokens="401", token_lifetime="ttl:100")
    first = mock.token()
    mock.http.post("/oauth2/revoke", auth=AUTH, data={"token": first})
    mock.clock.advance(130)
    mock.http.post("/oauth2/revoke", auth=AUTH, data={"token": mock.token()})
    reply = mock.http.get("/api/x", headers={"Authorization": f"Bearer {first}"})
    assert reply.status_code == 401
    assert "Token was revoked" in reply.headers["WWW-Authenticate"]


def test_two_updates_of_an_item_in_one_file_both_count(mock: InProcess) -> None:
    mock.final(ONE)
    changes = "".join(
        f"<item><referenceId>INV-1001</referenceId><{name}>Z</{name}></item>" for name in ("brand", "model")
    )
    document = f'<capssUpload><itemUpdateData licenseNumber="000000300">{changes}</itemUpdateData></capssUpload>'
    assert mock.status(mock.update(document.encode())).json["savedCount"] == 2
    with mock.capss.store.read() as tx:
        found = mock.capss.store.find_item(tx, "000000300", {"reference": "INV-1001"})
    assert found is not None
    assert (found[1]["brand"], found[1]["model"]) == ("Z", "Z")


def test_notes_stay_on_their_line_and_quote_no_header(mock: InProcess) -> None:
    forged = upload_of(record("A&#10;00:00:00Z GET /forged&#x9b;31m"))
    mock.final(forged)
    mock.send(forged)
    assert all(line.note.isprintable() for line in mock.lines)
    mock.http.post(SAVE, headers={**mock.bearer(), "Content-Type": "x/Canary"}, data=b"x")
    assert "Canary" not in mock.lines[-1].note


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ({"onDup": "bogus"}, "unknown value of onDup ignored (UPL-QUERY-UNKNOWN [assumed]): known are reject, "),
        ({"ondup": "reject"}, "1 unknown parameter(s) ignored: known are onDup and onError, spelt so"),
    ],
)
def test_what_is_passed_over_in_the_query_is_said(mock: InProcess, query: dict[str, str], note: str) -> None:
    mock.send(ONE, **query)
    assert note in mock.lines[-1].note


def test_a_token_asked_for_at_the_wrong_path_is_shown_the_right_one(make_mock: Callable[..., InProcess]) -> None:
    mock = make_mock("old-2025")
    assert mock.http.post("/oauth2/token", auth=AUTH, data=GRANT).status_code == 401
    assert "no such path; tokens are given by POST /oauth/token" in mock.lines[-1].note


def test_a_refused_document_is_told_how_to_mend_it(mock: InProcess) -> None:
    mock.send(BROKEN / "DOC-LICENCE-MISMATCH--lost-leading-zeros.xml")
    assert RULES["DOC-LICENCE-MISMATCH"].hint in mock.lines[-1].note
    assert "more: capss-mock rules DOC-LICENCE-MISMATCH" in mock.lines[-1].note
