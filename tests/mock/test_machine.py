"""Clients, tokens, uploads, polls, updates and time against a small model that shares no code with the mock."""

import base64
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from werkzeug.test import Client

from capss_mock.clock import Entropy, ManualClock
from capss_mock.domain.tokens import SigningKey
from capss_mock.run import Run
from capss_mock.settings import Settings, read_switches
from capss_mock.usecases.clients import Clients
from capss_mock.usecases.start import Preparation
from tests.helpers import multipart, record, upload_of

KEY = SigningKey.generate("00000000-0000-4000-8000-00000000beef")
START = datetime(2026, 3, 5, 20, 0, tzinfo=UTC)  # noon in California, three days before summer time begins
LICENCES = ("000000300", "000000301")
POLLS = 2
FRESH = st.sampled_from([True, True, True, False])


class Machine(RuleBasedStateMachine):
    """The model: what a CAPSS that keeps its word would answer."""

    tokens = Bundle("tokens")
    uploads = Bundle("uploads")
    updates = Bundle("updates")

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.clock = ManualClock(START)
        self.run = Run(Settings(read_switches()), Preparation(Entropy(), KEY), self.clock)
        self.http = Client(self.run)
        self.clients = Clients(self.run.capss.store, Entropy())
        self.secrets: dict[str, str] = {}
        self.licence: dict[str, str] = {}
        self.disabled: set[str] = set()
        self.saved: dict[tuple[str, str], str] = {}  # (licence, loan number) -> amount, as last saved or updated
        self.numbers = itertools.count(512627)
        self.submissions: dict[int, dict[str, Any]] = {}
        for number, licence in enumerate(LICENCES):
            name = f"shop-{number}"
            _, self.secrets[name] = self.clients.add(name, licence)
            self.licence[name] = licence

    def teardown(self) -> None:
        self.run.close()

    # -- clients and tokens

    @initialize(target=tokens)
    def first_tokens(self) -> Any:
        return multiple(self.token("shop-0", True), self.token("shop-1", True), self.token("shop-0", False))

    @rule(
        client=st.sampled_from(["shop-0", "shop-1"]), secret=st.sampled_from(["new", "disable", "", "x", "Password1"])
    )
    def manage(self, client: str, secret: str) -> None:
        """A new secret; the second client disabled; or a token asked for with a wrong secret."""
        if secret == "new":
            _, self.secrets[client] = self.clients.set_secret(client)
        elif secret == "disable":
            self.clients.disable("shop-1")
            self.disabled.add("shop-1")
        else:
            assert self.ask(client, secret, scope="api").status_code == (401 if secret else 400)

    def ask(self, client: str, secret: str, **form: str) -> Any:
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        return self.http.post(
            "/oauth2/token",
            headers={"Authorization": f"Basic {basic}"},
            data={"grant_type": "client_credentials", **form},
        )

    @rule(
        target=tokens, client=st.sampled_from(["shop-0", "shop-1"]), scoped=st.sampled_from([True, True, True, False])
    )
    def token(self, client: str, scoped: bool) -> Any:
        reply = self.ask(client, self.secrets[client], **({"scope": "api"} if scoped else {}))
        if client in self.disabled:
            assert (reply.status_code, reply.text) == (401, '{"error":"invalid_client"}')
            return multiple()
        # the model's own arithmetic: midnight in California five days on, by hand around 8 March 2026, 10:00Z
        day = (self.now - timedelta(hours=8 if self.now < datetime(2026, 3, 8, 10, tzinfo=UTC) else 7)).date()
        end = day + timedelta(days=5)
        hours = 8 if end <= datetime(2026, 3, 8).date() else 7  # noqa: DTZ001 - a date
        exp = datetime(end.year, end.month, end.day, hours, tzinfo=UTC)
        assert reply.status_code == 200
        assert reply.json["expires_in"] == int((exp - self.now).total_seconds()) - 2
        assert ("scope" in reply.json) == scoped
        return (reply.json["access_token"], client, exp, self.now, scoped)

    @rule(token=tokens, seconds=st.sampled_from([1, 3600, 86_400]), to_its_end=st.sampled_from([None, -1, 59, 60, 61]))
    def wait(self, token: Any, seconds: int, to_its_end: int | None) -> None:
        moment = self.now + timedelta(seconds=seconds)
        if to_its_end is not None:
            moment = max(moment, token[2] + timedelta(seconds=to_its_end))
        self.clock.advance((moment - self.now).total_seconds())
        self.now = moment
        reply = self.http.get("/api/bulkimport/status/1", headers={"Authorization": f"Bearer {token[0]}"})
        assert reply.status_code == (self.refused(token) or 404)

    # -- what a token opens

    def renewed(self, token: Any, fresh: bool) -> Any:
        """The token, or a new one of the same client where there can be one: most programs work with good tokens."""
        return self.token(token[1], True) if fresh and token[1] not in self.disabled else token

    def refused(self, token: Any) -> int | None:
        _, _, exp, _, scoped = token
        if self.now > exp + timedelta(seconds=60):
            return 401
        return None if scoped else 403

    def send(self, token: Any, path: str, part: str, document: bytes, **query: str) -> Any:
        return self.http.post(
            path,
            headers={"Authorization": f"Bearer {token[0]}"},
            data=multipart(part, "day.xml", document),
            content_type="multipart/form-data; boundary=test-boundary",
            query_string=query,
        )

    @rule(
        target=uploads,
        token=tokens,
        loans=st.lists(
            st.tuples(st.sampled_from("ABC"), st.sampled_from([True, True, True, False])), min_size=1, max_size=4
        ),
        on_dup=st.sampled_from(["", "reject", "submitWithDups", "submitWithoutDups"]),
        on_error=st.sampled_from(["", "reject", "submit"]),
        own=st.sampled_from([True, True, True, True, False]),
        fresh=FRESH,
    )
    def upload(
        self, token: Any, loans: list[tuple[str, bool]], on_dup: str, on_error: str, own: bool, fresh: bool
    ) -> Any:
        token = self.renewed(token, fresh)
        licence = self.licence[token[1]]
        named = licence if own else "000000999"
        document = upload_of(
            *(record(f"L{loan}", amount="10.00" if good else "$10") for loan, good in loans), licence=named
        )
        query = {name: value for name, value in (("onDup", on_dup), ("onError", on_error)) if value}
        reply = self.send(token, "/api/bulkimport/save", "bulkUploadFile", document, **query)
        if code := self.refused(token):
            assert reply.status_code == code
            return multiple()
        number = self.accepted(reply, "bulkimport", licence, self.judge(licence, loans, on_dup, on_error, own))
        if fresh:
            self.poll_to_the_end(token, number)
        return number

    def judge(
        self, licence: str, loans: list[tuple[str, bool]], on_dup: str, on_error: str, own: bool
    ) -> dict[str, Any]:
        bad = [loan for loan, good in loans if not good]
        seen: set[str] = set()
        again, fresh = [], []
        for loan, good in loans:
            if not good:
                continue
            (again if (own and (licence, loan) in self.saved) or loan in seen else fresh).append(loan)
            seen.add(loan)
        refuse = not own or (bool(bad) and on_error != "submit") or (bool(again) and on_dup in ("", "reject"))
        kept = [] if refuse else fresh + (again if on_dup == "submitWithDups" else [])
        for loan in kept:
            self.saved[licence, loan] = "10.00"
        return {
            "savedCount": len(kept),
            "hasErrors": bool(bad) or not own,
            "hasDuplicates": bool(again),
            "isUploaded": not refuse and bool(kept or not bad),
        }

    @rule(
        target=updates,
        token=tokens,
        loans=st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=3, unique=True),
        fresh=FRESH,
    )
    def update(self, token: Any, loans: list[str], fresh: bool) -> Any:
        token = self.renewed(token, fresh)
        licence = self.licence[token[1]]
        items = "".join(f"<item><referenceId>R-L{loan}</referenceId><amount>99.00</amount></item>" for loan in loans)
        document = f'<capssUpload><itemUpdateData licenseNumber="{licence}">{items}</itemUpdateData></capssUpload>'
        reply = self.send(token, "/api/itemupdate/updateItem", "itemUpdateFile", document.encode())
        if code := self.refused(token):
            assert reply.status_code == code
            return multiple()
        known = [loan for loan in loans if (licence, loan) in self.saved]
        for loan in known:
            self.saved[licence, loan] = "99.00"
        expected = {
            "savedCount": len(known),
            "hasErrors": len(known) < len(loans),
            "hasDuplicates": False,
            "isUploaded": bool(known),
        }
        return self.accepted(reply, "itemupdate", licence, expected)

    def accepted(self, reply: Any, path: str, licence: str, expected: dict[str, Any]) -> int:
        number = next(self.numbers)
        assert reply.status_code == 202, reply.text
        assert reply.json["links"]["href"] == f"http://localhost/api/{path}/status/{number}"
        assert reply.json["licenseNumber"] == licence
        self.submissions[number] = {"path": path, "licence": licence, "polls": 0, "expected": expected}
        return number

    @rule(token=tokens, number=uploads | updates)
    def poll(self, token: Any, number: int) -> None:
        known = self.submissions[number]
        reply = self.http.get(f"/api/{known['path']}/status/{number}", headers={"Authorization": f"Bearer {token[0]}"})
        if code := self.refused(token):
            assert reply.status_code == code
        elif self.licence[token[1]] != known["licence"]:
            assert reply.status_code == 404
        else:
            known["polls"] += 1
            if known["polls"] <= POLLS:
                assert (reply.status_code, reply.json["statusMessage"]) == (202, "processing")
            else:
                assert (reply.status_code, reply.json["statusMessage"]) == (200, "complete")
                assert {name: reply.json[name] for name in known["expected"]} == known["expected"]

    def poll_to_the_end(self, token: Any, number: int) -> None:
        for _ in range(POLLS + 1):
            self.poll(token, number)

    @rule(token=tokens, number=st.integers(0, 600_000))
    def poll_anything(self, token: Any, number: int) -> None:
        if number not in self.submissions:
            reply = self.http.get(f"/api/bulkimport/status/{number}", headers={"Authorization": f"Bearer {token[0]}"})
            assert reply.status_code == (self.refused(token) or 404)

    @invariant()
    def the_store_holds_what_the_model_saved(self) -> None:
        store = self.run.capss.store
        with store.read() as tx:
            for (licence, loan), amount in self.saved.items():
                found = store.find_item(tx, licence, {"reference": f"R-L{loan}"})
                assert found is not None
                assert found[1]["amount"] == amount


class TestMachine(Machine.TestCase):
    """A few runs in the plain suite."""

    settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.proof
class TestMachineAtLength(Machine.TestCase):
    """Long enough to believe it."""

    settings = settings(max_examples=1000, stateful_step_count=30, deadline=None)
