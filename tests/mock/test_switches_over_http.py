"""Every option of every switch changes what is seen from outside as it says. Expectations are typed by hand."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from capss_mock.contract.switches import DIALECTS, SWITCHES
from capss_mock.settings import SettingsError, read_switches
from tests.helpers import AUTH, BROKEN, GRANT, UPDATES, VALID, InProcess, record, upload_of

ONE = VALID / "one-transaction.xml"
BAD = BROKEN / "DOC-AMOUNT-FORMAT--dollar-sign-in-second.xml"
NOT_XML = BROKEN / "DOC-WELLFORMED--unescaped-ampersand.xml"
FORM_SECRET = {**GRANT, "client_id": "apitest", "client_secret": "Password1"}

Make = Callable[..., InProcess]
SEEN: dict[tuple[str, str], Callable[[InProcess], object]] = {}


def paths(mock: InProcess) -> list[int]:
    new = mock.http.post("/oauth2/token", auth=AUTH, data=GRANT)
    old = mock.http.post("/oauth/token", auth=AUTH, data=GRANT)
    token = (new if new.status_code == 200 else old).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    statuses = [new.status_code, old.status_code]
    for path in ("/api/bulkimport/save", "/api/bulkupload/save", "/api/itemupdate/updateItem"):
        statuses.append(mock.http.get(path, headers=headers).status_code)
    return statuses


def code(mock: InProcess) -> list[int]:
    return [mock.send(ONE).status_code, mock.update(ONE).status_code]


def pending(mock: InProcess) -> object:
    reply = mock.status(mock.send(ONE))
    return reply.status_code, reply.json["statusMessage"]


def progress(mock: InProcess) -> list[int]:
    accepted = mock.send(ONE)
    seen = [mock.status(accepted).status_code for _ in range(2)]
    mock.clock.advance(1.5)
    return [*seen, mock.status(accepted).status_code]


def duplicate(mock: InProcess) -> object:
    mock.final(ONE)
    values = mock.final(ONE)
    return values["savedCount"], values["isUploaded"], values["hasDuplicates"]


def one_bad(mock: InProcess) -> object:
    values = mock.final(BAD)
    return values["savedCount"], values["hasErrors"]


def unknown_query(mock: InProcess) -> int:
    return mock.send(ONE, onDup="whatever").status_code


def xml_fault(mock: InProcess) -> int:
    return mock.send(NOT_XML).status_code


def foreign_licence(mock: InProcess) -> int:
    return int(mock.final(upload_of(record("1"), licence="1"))["savedCount"])


def real_name(mock: InProcess) -> object:
    values = mock.final(BROKEN / "DOC-PERSON-DATA--invented-name.xml")
    return values["savedCount"], values["hasErrors"]


def other_order(mock: InProcess) -> object:
    values = mock.final(BROKEN / "DOC-ORDER--time-after-store.xml")
    return values["savedCount"], values["hasErrors"]


def of_their_time(mock: InProcess) -> list[int]:
    return [mock.final(VALID / path)["savedCount"] for path in ("2018/one-transaction.xml", "2020/one-transaction.xml")]


def no_such_status(mock: InProcess) -> int:
    return mock.http.get("/api/bulkimport/status/7", headers=mock.bearer()).status_code


def no_credentials(mock: InProcess) -> object:
    reply = mock.http.post("/oauth2/token", data=GRANT)
    return reply.status_code, reply.headers.get("Location")


def post_without_token(mock: InProcess) -> object:
    reply = mock.http.post("/api/bulkimport/save")
    get = mock.http.get("/api/bulkimport/save")
    return reply.status_code, reply.headers.get("WWW-Authenticate"), get.status_code


def secret_in_form(mock: InProcess) -> int:
    return mock.http.post("/oauth2/token", data=FORM_SECRET).status_code


def error_time(mock: InProcess) -> object:
    return mock.http.get("/api/x", headers=mock.bearer()).json["timestamp"]


def completed(mock: InProcess) -> object:
    mock.clock.advance(7.123456)
    return mock.final(ONE)["completedAt"]


def lifetime(mock: InProcess) -> object:
    return mock.http.post("/oauth2/token", auth=AUTH, data=GRANT).json["expires_in"]


def past_date(mock: InProcess) -> object:
    client = mock.capss.store.client("apitest")
    assert client is not None
    mock.capss.store.put_client(replace(client, expires_on=date(2025, 12, 15)))
    reply = mock.http.post("/oauth2/token", auth=AUTH, data=GRANT)
    return reply.status_code, reply.json["error"]


def old_token(mock: InProcess) -> int:
    headers = mock.bearer()
    client = mock.capss.store.client("apitest")
    assert client is not None
    mock.capss.store.put_client(replace(client, token_version=client.token_version + 1))
    return mock.http.get("/api/bulkimport/save", headers=headers).status_code


def big(mock: InProcess) -> list[int]:
    def send(size: int) -> int:
        files = {"bulkUploadFile": (io.BytesIO(b" " * size), "day.xml")}
        return mock.http.post("/api/bulkimport/save", headers=mock.bearer(), data=files).status_code

    return [send(10), send(2000)]


def a_week_late(mock: InProcess) -> object:
    values = mock.final(upload_of(record("1", time="2025-12-08T10:00:00")))
    return values["savedCount"], values["errorMessages"]


def foreign_update(mock: InProcess) -> object:
    """An update in a form of someone's own, for an item that is there."""
    mock.final(ONE)
    document = (
        '<updates><batch licenseNumber="000000300"><item><stockNumber>INV-1001</stockNumber><brand>NEW</brand></item>'
        "<item><stockNumber>INV-1001</stockNumber><model>M</model></item></batch></updates>"
    )
    values = mock.status(mock.update(document.encode())).json
    return values["savedCount"], values["hasErrors"]


def own_update(mock: InProcess) -> object:
    mock.final(ONE)
    values = mock.status(mock.update(UPDATES / "one-item.xml")).json
    return values["savedCount"], values["hasErrors"]


CASES = [
    ("api-generation=both", paths, [200, 200, 405, 405, 405]),
    ("api-generation=new", paths, [200, 401, 405, 404, 405]),
    ("api-generation=old", paths, [401, 200, 404, 405, 404]),
    ("save-code=202", code, [202, 202]),
    ("save-code=200", code, [200, 202]),
    ("update-code=202", code, [202, 202]),
    ("update-code=200", code, [202, 200]),
    ("pending=202", pending, (202, "processing")),
    ("pending=200-with-word", pending, (200, "processing")),
    ("progress=polls:1", progress, [202, 200, 200]),
    ("progress=polls:0", progress, [200, 200, 200]),
    ("progress=immediate", progress, [200, 200, 200]),
    ("progress=seconds:1.5", progress, [202, 202, 200]),
    ("progress=hold", progress, [202, 202, 202]),
    ("on-dup-default=reject", duplicate, (0, False, True)),
    ("on-dup-default=submitWithDups", duplicate, (1, True, True)),
    ("on-dup-default=submitWithoutDups", duplicate, (0, True, True)),
    ("on-error-default=reject", one_bad, (0, True)),
    ("on-error-default=submit", one_bad, (2, True)),
    ("unknown-query=ignore", unknown_query, 202),
    ("unknown-query=400", unknown_query, 400),
    ("xml-faults=status", xml_fault, 202),
    ("xml-faults=save-400", xml_fault, 400),
    ("licence-mismatch=error", foreign_licence, 0),
    ("licence-mismatch=ignore", foreign_licence, 1),
    ("document-profile=2018", of_their_time, [1, 1]),
    ("document-profile=2020", of_their_time, [0, 1]),
    ("document-profile=sb1317", of_their_time, [0, 1]),
    ("document-profile=2026", of_their_time, [0, 1]),
    ("on-file=accept", real_name, (1, False)),
    ("on-file=refuse", real_name, (0, True)),
    ("element-order=any", other_order, (1, False)),
    ("element-order=strict", other_order, (0, True)),
    ("report-dates=off", a_week_late, (1, [])),
    ("report-dates=warn", a_week_late, (1, [])),
    (
        "report-dates=error",
        a_week_late,
        (0, ["propertyTransaction 1: transactionTime is reported late (DOC-LATE)"]),
    ),
    ("update-document=kit", foreign_update, (0, True)),
    ("update-document=wellformed", foreign_update, (2, False)),
    ("update-root=name:updates", own_update, (0, True)),
    ("update-container=name:batch", own_update, (0, True)),
    ("update-key=name:stockNumber", own_update, (0, True)),
    ("status-not-found=404", no_such_status, 404),
    ("status-not-found=403", no_such_status, 403),
    ("missing-credentials=401", no_credentials, (401, None)),
    ("missing-credentials=302", no_credentials, (302, "http://localhost/login/auth")),
    ("post-without-token=401", post_without_token, (401, "Bearer", 401)),
    ("post-without-token=403", post_without_token, (403, None, 401)),
    ("client-secret-post=refuse", secret_in_form, 401),
    ("client-secret-post=accept", secret_in_form, 200),
    ("error-timestamp=number", error_time, 1765836232000),
    ("error-timestamp=iso", error_time, "2025-12-15T22:03:52.000+00:00"),
    ("completed-at=full", completed, [2025, 12, 15, 14, 3, 59, 123456000]),
    ("completed-at=trimmed-6", completed, [2025, 12, 15, 14, 3, 59]),
    ("completed-at=trimmed-5", completed, [2025, 12, 15, 14, 3]),
    ("completed-at=null", completed, None),
    ("token-lifetime=pacific-midnight", lifetime, 381366),
    ("token-lifetime=ttl:60", lifetime, 58),
    ("past-date=401", past_date, (401, "invalid_client")),
    ("past-date=500", past_date, (500, "Internal Server Error")),
    ("old-tokens=valid", old_token, 405),
    ("old-tokens=401", old_token, 401),
    ("size-limit=bytes:1000", big, [202, 413]),
]
ELSEWHERE = {("signing-key", "store"), ("signing-key", "per-start")}  # test_server.py: they need two starts


@pytest.mark.parametrize(("setting", "look", "expected"), CASES, ids=[case[0] for case in CASES])
def test_an_option_does_what_it_says(
    make_mock: Make, setting: str, look: Callable[[InProcess], object], expected: object
) -> None:
    name, _, value = setting.partition("=")
    shows_at_once = {} if name in ("progress", "pending") else {"progress": "immediate"}
    mock = make_mock(**shows_at_once, **{name: value})
    assert look(mock) == expected


def test_an_update_with_other_names_finds_its_item(make_mock: Make) -> None:
    names = {"update-root": "name:updates", "update-container": "name:batch", "update-key": "name:stockNumber"}
    mock = make_mock(progress="immediate", **names)
    assert foreign_update(mock) == (2, False)
    (item,) = mock.http.get("/__capss/items").json["items"]
    assert (item["fields"]["brand"], item["fields"]["model"], item["fields"]["referenceId"]) == ("NEW", "M", "INV-1001")


def test_every_option_of_every_switch_has_a_case() -> None:
    tested = {(name, value.partition(":")[0]) for name, _, value in (case[0].partition("=") for case in CASES)}
    options = {(switch.id, option.value) for switch in SWITCHES.values() for option in switch.options}
    assert tested | ELSEWHERE == options


@pytest.mark.parametrize(
    ("dialect", "look", "expected"),
    [
        ("sheet", paths, [200, 200, 405, 405, 405]),
        ("old-2025", paths, [401, 200, 404, 405, 404]),
        ("post-401-to-403", post_without_token, (403, None, 401)),
        ("pending-200", pending, (200, "processing")),
        ("strict-order", lambda mock: mock.send(ONE).status_code, 202),
    ],
)
def test_a_dialect_is_its_switches(
    make_mock: Make, dialect: str, look: Callable[[InProcess], object], expected: object
) -> None:
    assert look(make_mock(dialect)) == expected


def test_every_dialect_has_a_case() -> None:
    assert set(DIALECTS) == {"sheet", "old-2025", "strict-order", "post-401-to-403", "pending-200"}


def test_the_dialect_strict_order_refuses_another_order_to_the_end(make_mock: Make) -> None:
    mock = make_mock("strict-order", progress="immediate")
    assert other_order(mock) == (0, True)


def test_a_change_wins_over_the_dialect() -> None:
    assert read_switches("pending-200", {"pending": "202"})["pending"].value == "202"


@pytest.mark.parametrize(
    ("dialect", "changes", "match"),
    [
        ("sheets", {}, "no dialect 'sheets': did you mean sheet"),
        ("sheet", {"progres": "hold"}, "no switch 'progres': did you mean progress"),
        ("sheet", {"zzz": "hold"}, "known are api-generation, "),
        ("sheet", {"progress": "now"}, "switch 'progress' cannot be 'now': allowed are polls:N, immediate"),
    ],
)
def test_what_cannot_be_set_is_named_with_what_can(dialect: str, changes: dict[str, str], match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        read_switches(dialect, changes)
