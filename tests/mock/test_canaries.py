"""Nothing that a sender tells in confidence is kept, logged or shown: unique words are sent in and looked for."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.helpers import AUTH, FIXTURES, GRANT, Serve, record, upload_of

PERSON = {
    name: f"Canary{number:02d}Qx"
    for number, name in enumerate(
        (
            "custLastName", "custFirstName", "custMiddleName", "race", "phoneNumber", "nonUSAddress", "gender",
            "hairColor", "eyeColor", "height", "weight", "dateOfBirth", "dateOfBirthText", "streetAddress", "city",
            "state", "postalCode", "signature", "fingerprint", "thumbprint", "noFingerText",
        )
    )
}  # fmt: skip
FREE_TEXT = {"description": "Canary50Qx", "inscription": "Canary51Qx", "ownerAppliedNumber": "Canary52Qx"}
CANARY = re.compile(rb"Canary\d\dQx|1907-07-0\d")


def personal(number: str, fault: str = "") -> bytes:
    known = {**PERSON, "dateOfBirth": "1907-07-07"}
    customer = "".join(f"<{name}>{word}</{name}>" for name, word in known.items())
    identity = (
        "<id><type>Canary30Qx</type><number>Canary31Qx</number><dateOfIssue>1907-07-08</dateOfIssue>"
        "<issueState>Canary32Qx</issueState><issueCountry>Canary33Qx</issueCountry>"
        "<yearOfExpiration>Canary34Qx</yearOfExpiration></id>"
    )
    body = record(number, person=customer + identity, employee="Canary40Qx", description=FREE_TEXT["description"])
    for name in ("inscription", "ownerAppliedNumber"):
        body = body.replace(f"<{name}>None", f"<{name}>{FREE_TEXT[name]}")
    return upload_of(body.replace("</item>", f"</item>{fault}"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serve]]:
    started: list[Serve] = []

    def start(*options: str) -> Serve:
        started.append(Serve(tmp_path, *options))
        return started[-1]

    yield start
    for each in started:
        each.close()


def files_below(*directories: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for each in directories for path in each.rglob("*") if path.is_file()}


def test_canaries_are_nowhere_afterwards(
    serve: Callable[..., Serve], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    store = tmp_path / "shop.sqlite"
    add = [sys.executable, "-m", "capss_mock", "clients", "add", "shop-7", "--license", "000000300", "--secret-stdin"]
    subprocess.run([*add, "--store", store], input="Canary60Qx", text=True, check=True, capture_output=True)
    running = serve("--store", str(store), "--set", "progress=immediate")

    with httpx.Client(base_url=running.url, trust_env=False, timeout=30) as http:
        reply = http.post("/oauth2/token", auth=("shop-7", "Canary60Qx"), data=GRANT)
        assert reply.status_code == 200
        token = reply.json()["access_token"]
        http.post("/oauth2/token", auth=("shop-7", "Canary61Qx"), data=GRANT)
        http.post("/oauth2/token", auth=("Canary62Qx", "x"), data=GRANT)
        http.post("/oauth2/token?client_secret=Canary63Qx", data={**GRANT, "client_secret": "Canary64Qx"})
        headers = {"Authorization": f"Bearer {token}"}
        texts: list[str] = []

        def send(document: bytes, path: str = "/api/bulkimport/save", part: str = "bulkUploadFile") -> None:
            reply = http.post(path, headers=headers, files={part: ("day.xml", document)})
            texts.append(reply.text)
            if reply.status_code == 202:
                texts.append(http.get(reply.json()["links"]["href"], headers=headers).text)

        send(personal("1"))
        send(personal("2", fault="<Canary70Qx attribute>"))
        send(personal("3").replace(b"10.00", b"Canary71Qx"))
        send(b"<!DOCTYPE Canary72Qx []>" + personal("4"))
        send(personal("5").replace(b'"000000300"', b'"Canary73Qx"'))
        send(personal("6").replace(b"capssUpload", b"Canary74Qx"))
        many = b"".join(personal(str(n)).split(b'"000000300">')[1].split(b"</bulk")[0] for n in range(1000, 2500))
        send(b'<capssUpload><bulkUploadData licenseNumber="000000300">' + many + b"</bulkUploadData></capssUpload>")
        assert '"savedCount":1500' in texts[-1]
        send(b"<capssUpload><itemUpdateData licenseNumber='000000300'><item><referenceId>R-1</referenceId><description>Canary75Qx</description></item></itemUpdateData></capssUpload>", "/api/itemupdate/updateItem", "itemUpdateFile")  # fmt: skip
        assert '"savedCount":1' in texts[-1]
        http.post("/api/bulkimport/save", headers=headers, data={"bulkUploadFile": "Canary76Qx"})
        http.get("/api/bulkimport/status/1?token=Canary77Qx", headers={"Authorization": "Bearer Canary78Qx"})
        http.get(f"/api/{token}", headers=headers)
        http.request("CANARY", "/x", headers={"Canary79Qx": "Canary79Qx"})
        http.post("/oauth2/token", auth=("apitest--slow", "Canary81Qx"), data=GRANT)
        http.get("/Canary82Qx here", headers={"User-Agent": "Canary83Qx\x7f", "Accept": "Canary84Qx\x7f"})
        files = {"Canary85Qx ?": ("Canary86Qx of ?.xml", personal("7"))}
        http.post("/api/bulkimport/save?x=Canary87Qx", headers=headers, files=files)
        # and of what the mock says of it all, on its own pages
        told = "".join(
            http.get(f"/__capss/{name}").text for name in ("journal", "journal.har", "feedback", "items", "submissions")
        )
    with socket.create_connection(("127.0.0.1", httpx.URL(running.url).port or 0), 5) as raw:
        raw.sendall(b"Canary80Qx Canary80Qx\r\n\r\n")
        raw.recv(1000)

    alive = files_below(tmp_path)
    running.stop(signal.SIGTERM)
    for name, data in {**alive, **files_below(tmp_path)}.items():
        assert not CANARY.search(data), f"{CANARY.findall(data)} in {name}"
        assert token.encode() not in data, name
        assert token.split(".")[2].encode() not in data, name
    assert b"Canary" in personal("1")
    assert any(path.name.startswith("shop.sqlite") and b"R-1" in data for path, data in alive.items())
    assert b"/api/bulkimport/save 202" in next(data for path, data in alive.items() if path.name == "serve.log")
    assert not [text for text in texts if CANARY.search(text.encode())]
    assert not CANARY.search(told.encode()), CANARY.findall(told.encode())
    assert token not in told
    assert told.count("/api/bulkimport/save") > 10


# what a fixture says of a person beside "on file", nothing, or a text with the word invented in it
OF_NOBODY = {
    "Female", "Brown", "Multi Color", "507", "5010", "160", "160 lbs", "1980-02-29", "02/29/1980", "California", "00000",
    "Drivers License", "2015-01-31", "CA", "USA", "2029", "29", "On  File", "Male", "Bald", "Hazel", "510", "185",
    "Passport", "United States", "1971-11-30", "555-0100",  # a number that is kept for films
    "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
}  # fmt: skip


def test_fixtures_hold_nobody() -> None:
    """Every field of a fixture that could identify somebody says ``on file``, or is marked as invented."""
    from lxml import etree

    documents = [path for path in FIXTURES.rglob("*.xml") if "DTD" not in path.name and "WELLFORMED" not in path.name]
    assert len(documents) > 30
    said = set()
    for path in documents:
        for customer in etree.parse(str(path)).iter("customer"):
            said |= {(element.text or "").strip() for element in customer.iter() if not len(element)}
        for clerk in etree.parse(str(path)).iter("employeeName"):
            assert clerk.text in ("Invented Clerk", "on file")
    assert {text for text in said if "invented" not in text.lower()} == {"on file", "", *OF_NOBODY}


def test_the_ready_made_credentials_are_the_sheets() -> None:
    assert AUTH == ("apitest", "Password1")
