"""The mock's own endpoints under ``/__capss/`` as data: what they take and give; and the OpenAPI document of that."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from capss_mock.contract.faults import STATUSES, Do
from capss_mock.contract.fields import FORMS
from capss_mock.contract.model import Switch
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.switches import DIALECTS, SWITCHES

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_YES_NO: dict[str, Any] = {"type": "boolean"}
_SCENARIO = {"type": "string", "enum": list(SCENARIOS)}
_STEERABLE = {"type": "string", "enum": [each.id for each in SCENARIOS.values() if each.steerable]}
_TIME = {"type": "string", "format": "date-time", "example": "2025-12-15T22:03:52Z"}


def _object(required: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _answer(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(name: str, **more: Any) -> dict[str, Any]:
    return _answer(**{name: {"type": "array", "items": {"type": "object"}}}, **more)


@dataclass(frozen=True, slots=True)
class Control:
    """One endpoint: its method, path and answer; ``takes`` is the schema of its JSON body, if it takes one."""

    method: str
    path: str
    summary: str
    gives: Mapping[str, Any]
    takes: Mapping[str, Any] | None = None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    code: int = 200
    missing: bool = False  # 404 is a possible answer
    limited: bool = False  # 429 is


_PAGE = {
    "after": {"type": "integer", "minimum": 0, "maximum": 2**62},
    "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
}
_WANTED = {
    **_PAGE,
    "method": _TEXT,
    "path": _TEXT,
    "rule": _TEXT,
    "scenario": _TEXT,
    "status": {"type": "integer", "minimum": 0, "maximum": 999},
}
_NEXT = {"type": ["integer", "null"]}


def _setting(switch: Switch) -> dict[str, Any]:
    """The schema of a switch's settings."""
    forms: list[dict[str, Any]] = []
    for option in switch.options:
        if option.is_name:
            taken = UPDATE.record.name if switch.id != "update-key" else "|".join(UPDATE.not_keys())
            forms.append({"pattern": f"^{option.value}:(?!({taken})$)[A-Za-z_][A-Za-z0-9_.-]{{0,99}}$"})
        elif option.argument:
            number = "[0-9]{1,12}" if option.whole else r"[0-9]{1,9}(\.[0-9]{1,6})?"
            forms.append({"pattern": f"^{option.value}:{number}$"})
        else:
            forms.append({"const": option.value})
    return {"type": "string", "anyOf": forms, "description": switch.question}


UPDATE = FORMS["update"]
_SWITCHES = _object(**{name: _setting(switch) for name, switch in SWITCHES.items()})
_SETTINGS = {"type": "object", "additionalProperties": _TEXT}
_CHANGES = _object(**{name: {"anyOf": [_setting(switch), {"type": "null"}]} for name, switch in SWITCHES.items()})
_FAULTS = _list("faults")
_CLOCK = _answer(now=_TEXT, pacific=_TEXT, frozen=_YES_NO)
_DESCRIBED = _answer(id=_TEXT, outcome=_TEXT, sentence=_TEXT, good=_TEXT, overridden={"type": "object"})
_RUN = _answer(id=_TEXT, url=_TEXT, client_id=_TEXT, client_secret=_TEXT, scenario=_TEXT)
_ENTRIES = _list("entries", total=_WHOLE, count=_WHOLE)
_FRAMING = ("content-length", "transfer-encoding", "connection")


def _spelt_anyhow(name: str) -> str:
    """A pattern for a name in capitals or not: JSON Schema's patterns know no (?i)."""
    return "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in name)


_NOT_FRAMING = f"(?!({'|'.join(map(_spelt_anyhow, _FRAMING))})$)"
_FAULT = _object(
    ("on",),
    on={"type": "string", "enum": ["token", "submit", "upload", "update", "status"]},
    do={"type": "string", "enum": [each.value for each in Do]},
    after=_YES_NO,
    first={"type": "integer", "minimum": 1, "maximum": 10**6},
    times={"anyOf": [{"type": "integer", "minimum": 1, "maximum": 10**6}, {"type": "null"}]},
    status={"type": "integer", "enum": list(STATUSES)},
    headers={
        "type": "object",
        "propertyNames": {"pattern": f"^{_NOT_FRAMING}[A-Za-z0-9-]{{1,100}}$"},
        "additionalProperties": {"type": "string", "pattern": "^([!-~]([ -~]{0,998}[!-~])?)?$"},
    },
    body=_TEXT,
    seconds={"type": "number", "minimum": 0, "maximum": 600},
    members={"type": "object"},
    removed={"type": "array", "items": _TEXT},
)

CONTROLS = (
    Control("GET", "/health", "Is the mock up?", _answer(status=_TEXT, version=_TEXT, run=_TEXT)),
    Control("GET", "/scenarios", "All scenarios.", _list("scenarios")),
    Control("GET", "/scenario", "The scenario of this run.", _DESCRIBED),
    Control(
        "PUT",
        "/scenario",
        "Change the scenario of this run; its faults begin anew.",
        _DESCRIBED,
        _object(
            ("scenario",),
            scenario={"type": "string", "enum": [each.id for each in SCENARIOS.values() if each.steerable]},
        ),
    ),
    Control("GET", "/switches", "How the switches are set.", _SETTINGS),
    Control(
        "PATCH",
        "/switches",
        "Change some switches; null takes a change back.",
        _SETTINGS,
        _CHANGES,
    ),
    Control("GET", "/clock", "The mock's clock.", _CLOCK),
    Control(
        "POST",
        "/clock",
        "Stop the clock (freeze: true or a moment), move it forward (seconds), let it run.",
        _CLOCK,
        _object(
            freeze={"anyOf": [{"const": True}, {"type": "string", "format": "date-time"}]},
            advance={"type": "number", "minimum": 0, "exclusiveMaximum": 10**9},
            run=_YES_NO,
        ),
    ),
    Control(
        "POST",
        "/release",
        "Let the verdict on a pending submission be seen at the next poll; on all without status.",
        _answer(released=_WHOLE),
        _object(status={"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2**62}, {"type": "null"}]}),
    ),
    Control("GET", "/faults", "The faults that requests may meet, and how often they have.", _FAULTS),
    Control("POST", "/faults", "Let the next requests of a kind meet a fault.", _FAULTS, _FAULT, code=201),
    Control("DELETE", "/faults", "No faults any more.", _FAULTS),
    Control(
        "POST", "/reset", "Forget what was sent, the journal, and how often faults were met.", _answer(reset=_YES_NO)
    ),
    Control("GET", "/journal", "What was asked and answered.", _ENTRIES, query=_WANTED),
    Control("DELETE", "/journal", "Forget the journal.", _ENTRIES),
    Control(
        "GET",
        "/unmatched",
        "The first requests that matched no operation of CAPSS, and the operations nearest to them.",
        _list("entries", total=_WHOLE),
    ),
    Control(
        "GET", "/journal.har", "The journal as an HTTP Archive 1.2.", _answer(log={"type": "object"}), query=_WANTED
    ),
    Control(
        "GET",
        "/feedback",
        "What was wrong with requests, newest first, and how to mend it.",
        _list("feedback"),
        query=_WANTED,
    ),
    Control("GET", "/submissions", "What was sent and accepted.", _list("submissions", next=_NEXT), query=_PAGE),
    Control("GET", "/items", "What was saved.", _list("items", next=_NEXT), query={**_PAGE, "licence": _TEXT}),
    Control("GET", "/runs", "Other runs.", _list("runs")),
    Control(
        "POST",
        "/runs",
        "Start another run: its own port, credentials, clock, state, scenario, journal.",
        _RUN,
        _object(
            scenario=_SCENARIO,
            dialect={"type": "string", "enum": list(DIALECTS)},
            switches=_SWITCHES,
            now=_TIME,
        ),
        code=201,
        limited=True,
    ),
    Control("GET", "/runs/{run}", "One other run.", _RUN, missing=True),
    Control("DELETE", "/runs/{run}", "Stop a run.", _answer(closed=_TEXT), missing=True),
    Control("GET", "/openapi.json", "This document.", {"type": "object"}),
)
_ERROR = _answer(error=_TEXT)


def document(version: str) -> dict[str, Any]:
    """The control API as an OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for control in CONTROLS:
        paths[f"/__capss{control.path}"][control.method.lower()] = _described(control)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "capss-mock, control API",
            "version": version,
            "description": "Steers a run of capss-mock. For this machine alone, unless serve has a --control-token.",
        },
        "servers": [{"url": "/"}],
        "paths": dict(paths),
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Capss-Token"}},
        },
        "security": [{}, {"token": []}],
    }


def _described(control: Control) -> dict[str, Any]:
    answers: dict[str, Any] = {str(control.code): _content("done", control.gives)}
    if control.path != "/health":
        answers["403"] = _content("not from here, or without the token", _ERROR)
    if control.takes is not None or control.query:
        answers["400"] = _content("what was sent cannot be used; the error says what can", _ERROR)
        answers["413"] = {"description": "more than 1 MB"}
    if control.limited:
        answers["429"] = _content("there are as many runs as there may be", _ERROR)
    if control.missing:
        answers["404"] = _content("there is no such run", _ERROR)
    name = control.path.strip("/").replace("/{run}", "-one").replace(".", "-")
    values: dict[str, Any] = {
        "operationId": f"{control.method.lower()}-{name}",
        "summary": control.summary,
        "responses": answers,
    }
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in control.query.items()]
    if "{run}" in control.path:
        parameters.append({"name": "run", "in": "path", "required": True, "schema": _TEXT, "example": "run-1"})  # type: ignore[dict-item]  # mixed values
    if parameters:
        values["parameters"] = parameters
    if control.takes is not None:
        required = bool(control.takes["required"])
        values["requestBody"] = {"required": required, "content": {"application/json": {"schema": control.takes}}}
    return values


def _content(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
