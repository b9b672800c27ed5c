"""The mock's own endpoints, under ``/__capss/``: JSON, for this machine alone unless there is a token.

They steer one run. ``contract/controls.py`` lists them; from that comes their OpenAPI document, and a test holds both
against each other.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, g, request

from capss_mock import __version__
from capss_mock.clock import SteerableClock
from capss_mock.contract.controls import document
from capss_mock.contract.defaults import DOJ_HOSTS
from capss_mock.contract.model import Choice
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.domain.times import pacific
from capss_mock.settings import SettingsError, TooManyError
from capss_mock.web import journal as journals
from capss_mock.web import near
from capss_mock.web.context import Controls, here
from capss_mock.web.controlinput import (
    FAULT_MEMBERS,
    BadRequest,
    read_body,
    read_fault,
    read_moment,
    read_number,
    read_text,
    read_whole,
    steer_clock,
)
from capss_mock.web.journal import moment

_BODY_LIMIT = 2**20
_OWN_SITE = (None, "none", "same-origin")
PAGE = 1000  # items, submissions or entries in one answer, at most
TOKEN_HEADER = "X-Capss-Token"
_LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1", *DOJ_HOSTS}


class NotFound(ValueError):
    """There is no such thing; the message says what there is."""


def health() -> Blueprint:
    """A blueprint with ``GET /__capss/health``."""
    blueprint = Blueprint("health", __name__, url_prefix="/__capss")

    @blueprint.get("/health")
    def up() -> Response:
        g.note = "the mock is up"
        return _json({"status": "ok", "version": __version__, "run": here().capss.settings.run_id})

    return blueprint


def controls() -> Blueprint:
    """A blueprint that steers the run that the request is for."""
    blueprint = Blueprint("control", __name__, url_prefix="/__capss")

    @blueprint.before_request
    def guard() -> Response | None:
        request.max_content_length = _BODY_LIMIT  # not the switch size-limit, which is about CAPSS
        return _guarded(_run().settings.control_token)

    @blueprint.errorhandler(BadRequest)
    @blueprint.errorhandler(SettingsError)
    def bad_request(error: Exception) -> Response:
        g.note = str(error)
        return _json({"error": str(error)}, 400)

    @blueprint.errorhandler(TooManyError)
    def too_many(error: Exception) -> Response:
        g.note = str(error)
        return _json({"error": str(error)}, 429)

    @blueprint.errorhandler(NotFound)
    def not_found(error: Exception) -> Response:
        g.note = str(error)
        return _json({"error": str(error)}, 404)

    _add_state(blueprint)
    _add_steering(blueprint)
    _add_journal(blueprint)
    _add_runs(blueprint)
    return blueprint


def _run() -> Controls:
    return here().run


def _others() -> Any:
    others = _run().others
    if others is None:
        raise NotFound("this is one of another mock's runs: it has none itself")
    return others


def _guarded(token: str | None) -> Response | None:
    """Nothing for whoever may steer: this machine, called by a name of it, or who knows the token.

    A page in a browser on this machine can send requests here, but its browser then says where the page is from.
    """
    origin = request.headers.get("Origin")
    if origin not in (None, request.host_url.rstrip("/")) or request.headers.get("Sec-Fetch-Site") not in _OWN_SITE:
        return _json({"error": "a page of another site may not steer the mock"}, 403)
    if token is not None:
        given = request.headers.get(TOKEN_HEADER, "")
        if hmac.compare_digest(given.encode(), token.encode()):
            return None
        return _json({"error": f"the header {TOKEN_HEADER} must have the token of serve --control-token"}, 403)
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    host = host.lower().rstrip(".")
    address = request.remote_addr or "127.0.0.1"
    if host in _LOOPBACK and (address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1")):
        return None
    return _json({"error": "only this machine may steer the mock, as localhost; others need --control-token"}, 403)


def _add_state(blueprint: Blueprint) -> None:
    @blueprint.get("/items")
    def items() -> Response:
        rows = _run().capss.store.list_items(request.args.get("licence"), *_page())
        g.note = f"{len(rows)} items"
        return _paged("items", [_item(row) for row in rows], "number")

    @blueprint.get("/submissions")
    def submissions() -> Response:
        rows = [
            {
                "status": each.status_id,
                "submissionId": each.submission_id,
                "kind": each.kind,
                "licence": each.license_id,
                "size": each.size,
                "digest": each.digest,
                "visible": each.completed_ns is not None,
                "polls": each.polls,
                "acceptedAt": moment(each.accepted_ns),
                "records": each.verdict.total,
                "saved": each.verdict.saved,
                "duplicates": each.verdict.duplicates,
                "errors": each.verdict.errors,
                "uploaded": each.verdict.is_uploaded,
                "rules": list(each.verdict.rules),
            }
            for each in _run().capss.store.list_submissions(*_page())
        ]
        g.note = f"{len(rows)} submissions"
        return _paged("submissions", rows, "status")

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return _json(document(__version__))

    @blueprint.get("/scenarios")
    def scenarios() -> Response:
        return _json({"scenarios": [described(each) for each in SCENARIOS]})


def _add_steering(blueprint: Blueprint) -> None:
    def current() -> Response:
        return _json({**described(_run().settings.scenario), "overridden": _run().settings.overridden})

    @blueprint.get("/scenario")
    def scenario() -> Response:
        return current()

    @blueprint.put("/scenario")
    def set_scenario() -> Response:
        _run().configure(scenario=read_text(read_body("scenario"), "scenario"))
        g.note = f"scenario {_run().settings.scenario}"
        return current()

    @blueprint.get("/switches")
    def switches() -> Response:
        return _json(_switches(_run().settings.switches))

    @blueprint.patch("/switches")
    def set_switches() -> Response:
        values = read_body()
        _run().configure(switches={name: None if values[name] is None else read_text(values, name) for name in values})
        g.note = ", ".join(f"{name}={_run().settings.choice(name)}" for name in values)
        return _json(_switches(_run().settings.switches))

    @blueprint.get("/clock")
    def clock() -> Response:
        return _clock(_run().clock)

    @blueprint.post("/clock")
    def set_clock() -> Response:
        steer_clock(_run().clock, read_body("freeze", "run", "advance"))
        return _clock(_run().clock)

    @blueprint.post("/release")
    def release() -> Response:
        status = read_body("status").get("status")
        if status is not None:
            status = read_whole(status, "status", 1, 2**62, ", that of a submission; or left out for all of them")
        released = _run().capss.submissions.release(status)
        g.note = f"released {released}"
        return _json({"released": released})

    @blueprint.get("/faults")
    def faults() -> Response:
        return _json({"faults": _run().faults.listed()})

    @blueprint.post("/faults")
    def arm() -> Response:
        _run().arm([read_fault(read_body(*FAULT_MEMBERS))])
        g.note = "a fault is armed"
        return _json({"faults": _run().faults.listed()}, 201)

    @blueprint.delete("/faults")
    def disarm() -> Response:
        _run().faults.disarm()
        g.note = "no faults"
        return _json({"faults": []})

    @blueprint.post("/reset")
    def reset() -> Response:
        _run().reset()
        g.note = "reset"
        return _json({"reset": True})


def _add_journal(blueprint: Blueprint) -> None:
    def wanted(after: int) -> list[journals.Entry]:
        return _run().journal.entries(
            after=after,
            method=request.args.get("method"),
            path=request.args.get("path"),
            rule=request.args.get("rule"),
            scenario=request.args.get("scenario"),
            status=read_number("status", 0, 0, 999) if "status" in request.args else None,
        )

    @blueprint.get("/journal")
    def journal() -> Response:
        after, limit = _page()
        found = wanted(after)
        entries = [each.as_json() for each in found[:limit]]
        return _json({"total": _run().journal.total, "count": len(found), "entries": entries})

    @blueprint.delete("/journal")
    def clear() -> Response:
        _run().journal.clear()
        return _json({"total": 0, "count": 0, "entries": []})

    @blueprint.get("/unmatched")
    def unmatched() -> Response:
        generation = _run().settings.choice("api-generation").value
        entries = [
            each.as_json() | {"nearest": [asdict(one) for one in near.nearest(each.method, each.path, generation)]}
            for each in _run().journal.unmatched()
        ]
        return _json({"total": _run().journal.unmatched_total, "entries": entries})

    @blueprint.get("/journal.har")
    def har() -> Response:
        after, limit = _page()
        return _json(journals.har(wanted(after)[:limit], request.host_url.rstrip("/")))

    @blueprint.get("/feedback")
    def feedback() -> Response:
        after, limit = _page()
        return _json({"feedback": journals.feedback(wanted(after))[:limit]})


def _add_runs(blueprint: Blueprint) -> None:
    @blueprint.get("/runs")
    def runs() -> Response:
        return _json({"runs": _others().listed()})

    @blueprint.post("/runs")
    def open_run() -> Response:
        values = read_body("scenario", "dialect", "switches", "now")
        switches = values.get("switches", {})
        if not isinstance(switches, dict):
            raise BadRequest("switches must be an object of switch names and their settings")
        opened = _others().open(
            scenario=read_text(values, "scenario", "happy"),
            dialect=read_text(values, "dialect", "sheet"),
            changes={name: read_text(switches, name) for name in switches},
            now=read_moment(values["now"]) if "now" in values else None,
        )
        g.note = f"run {opened['id']}"
        return _json(opened, 201)

    @blueprint.get("/runs/<name>")
    def one_run(name: str) -> Response:
        found = _others().get(name)
        if found is None:
            raise NotFound(f"there is no run {name[:40]!a}")
        return _json(found)

    @blueprint.delete("/runs/<name>")
    def close_run(name: str) -> Response:
        if not _others().close(name):
            raise NotFound(f"there is no run {name[:40]!a}")
        return _json({"closed": name})


def described(scenario: str) -> dict[str, Any]:
    """A scenario for people and programs."""
    found = SCENARIOS[scenario]
    return {
        "id": found.id,
        "outcome": found.outcome.value,
        "sentence": found.sentence,
        "good": found.good,
        "sources": [f"{each.source}: {each.where}" for each in found.citations],
        "needsTls": found.needs_tls,
    }


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": row["item_id"],
        "licence": row["license_id"],
        "status": row["status_id"],
        "record": row["record"],
        "updatedBy": row["updated_by"],
        "fields": row["fields"],
    }


def _switches(switches: Mapping[str, Choice]) -> dict[str, str]:
    return {name: str(choice) for name, choice in switches.items()}


def _clock(clock: SteerableClock) -> Response:
    now_ns = clock.now_ns()
    return _json({"now": moment(now_ns), "pacific": pacific(now_ns).isoformat(), "frozen": clock.frozen})


def _page() -> tuple[int, int]:
    return read_number("after", 0, 0, 2**62), read_number("limit", PAGE, 1, PAGE)


def _paged(name: str, rows: list[dict[str, Any]], number: str) -> Response:
    full = len(rows) == read_number("limit", PAGE, 1, PAGE)
    return _json({name: rows, "next": rows[-1][number] if full else None})


def _json(values: object, status: int = 200) -> Response:
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"  # people read it with curl
    return Response(text.encode("utf-8", "replace"), status=status, content_type="application/json")
