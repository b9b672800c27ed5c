"""The CAPSS API as OpenAPI 3.1, generated from the contract; no public one exists.

Grades, citations and rule ids are extensions (``x-capss-…``), so that a reader can tell what is known from what is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from capss_mock import __version__
from capss_mock.contract import members, responses
from capss_mock.contract.model import Citation, Level, Operation, Rule
from capss_mock.contract.operations import OPERATIONS
from capss_mock.contract.rules import RULES
from capss_mock.contract.switches import SWITCHES

_NOTE = (
    "Unofficial: written by the capss-kit project from what is known of CAPSS, with no affiliation with the California "
    "DOJ. Every statement carries its grade in x-capss-grade: documented, observed, inferred or assumed."
)
_TEXT, _WHOLE, _YES_NO = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_TEXTS = {"type": "array", "items": _TEXT}
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "expires_in": _WHOLE,
    "status": _WHOLE,
    "savedCount": _WHOLE,
    "hasDuplicates": _YES_NO,
    "isUploaded": _YES_NO,
    "hasErrors": _YES_NO,
    "notifyDupsOrErrors": _YES_NO,
    "successMessages": _TEXTS,
    "errorMessages": _TEXTS,
    "jobStatisticsMessageList": _TEXTS,
    "completedAt": {"type": ["array", "null"], "items": _WHOLE, "minItems": 5, "maxItems": 7},
    "timestamp": {"type": ["integer", "string"]},
    "keys": {"type": "array", "items": {"type": "object"}},
    "active": _YES_NO,
    "deleted": _WHOLE,
    "disabled": _WHOLE,
    "exp": _WHOLE,
    "iat": _WHOLE,
    "nbf": _WHOLE,
    "scope": {"type": ["string", "array"], "items": _TEXT},
}
_AREAS = {"upload": "UPL", "update": "UPD"}
_TOKEN_ENDPOINTS = {"INTROSPECT": "introspect", "REVOKE": "revoke"}
# what is wrong with credentials is so at each endpoint that takes a client's
_CREDENTIALS = ("SECRET", "CREDENTIALS", "BASIC", "DISABLED")
_MULTIPART_RULES = {
    "WEB-NO-PART",
    "WEB-NOT-MULTIPART",
    "WEB-BROKEN-MULTIPART",
    "WEB-PARTS-LIMIT",
    "WEB-TOO-LARGE",
}
_REPLIES = {
    "token": "Token",
    "jwks": "Keys",
    "introspect": "Introspection",
    "metadata": "Metadata",
    "upload": "Accepted",
    "update": "AcceptedUpdate",
    "upload-status": "Status",
    "update-status": "Status",
}
_SUMMARIES = {
    "token": "Get an access token",
    "jwks": "The public keys, as a JWK Set",
    "introspect": "What a token says (RFC 7662)",
    "revoke": "Revoke a token (RFC 7009)",
    "metadata": "Authorization server metadata (RFC 8414)",
    "upload": "Upload a document of property transactions",
    "update": "Update items that were uploaded before",
    "upload-status": "What became of an upload",
    "update-status": "What became of an item update",
}
_MULTIPART, _FORM = "multipart/form-data", "application/x-www-form-urlencoded"


def document() -> dict[str, Any]:
    """The CAPSS API as an OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in OPERATIONS.values():
        paths[operation.path][operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CAPSS, the California Pawn and Secondhand Dealer System",
            "version": __version__,
            "description": _NOTE,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "http://127.0.0.1:8080", "description": "capss-mock serve; the DOJ's hosts are not named here"}
        ],
        "paths": dict(paths),
        "components": {
            "securitySchemes": {
                "client": {"type": "http", "scheme": "basic", "description": "client id and secret (RFC 6749 2.3.1)"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
            "schemas": _schemas(),
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    values: dict[str, Any] = {
        "operationId": operation.id,
        "summary": _SUMMARIES[operation.kind],
        "tags": ["OAuth 2.0" if operation.public else "CAPSS"],
        "security": [{"token": []}] if not operation.public else [],
        "responses": _responses(operation),
        "x-capss-grade": operation.grade.value,
        "x-capss-sources": _cited(operation.citations),
        "x-capss-generation": operation.generation,
    }
    if operation.kind in ("token", "introspect", "revoke"):
        values["security"] = [{"client": []}]
        values["requestBody"] = _form(operation.kind)
    if operation.part:
        values["requestBody"] = _file(operation.part)
    if operation.kind == "upload":
        values["parameters"] = [_query("onDup", "on-dup-default"), _query("onError", "on-error-default")]
    if "{id}" in operation.path:
        number = {"type": "string", "pattern": "^[0-9]{1,18}$"}
        values["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": number, "example": "512627"}]
    return values


def _form(kind: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"token": {"type": "string", "minLength": 1}, "token_type_hint": _TEXT}
    required = ["token"]
    if kind == "token":
        properties = {
            "grant_type": {"type": "string", "const": responses.GRANT},
            # a blank one is taken, and gives a token that opens nothing (TOK-SCOPE-NONE)
            "scope": {"type": "string", "enum": [responses.SCOPE, ""]},
        }
        required = ["grant_type"]
    schema = {"type": "object", "properties": properties, "required": required}
    return {"required": True, "content": {_FORM: {"schema": schema}}}


def _file(part: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {part: {"type": "string", "contentMediaType": "application/xml"}},
        "required": [part],
    }
    return {"required": True, "content": {_MULTIPART: {"schema": schema}}}


def _query(name: str, switch: str) -> dict[str, Any]:
    options = SWITCHES[switch].options
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": "; ".join(f"{option.value}: {option.meaning}" for option in options),
        "schema": {"type": "string", "enum": [option.value for option in options]},
        "x-capss-grade": "observed",
    }


def _responses(operation: Operation) -> dict[str, Any]:
    good = {"upload": (202, 200), "update": (202, 200), "upload-status": (200, 202), "update-status": (200, 202)}
    answers: dict[str, Any] = {}
    for code in good.get(operation.kind, (200,)):
        answers[str(code)] = {"description": _GOOD.get((operation.kind, code), HTTPStatus(code).phrase)}
        if name := _REPLIES.get(operation.kind):
            kind = responses.JSON if not operation.public or operation.kind == "jwks" else "application/json"
            answers[str(code)]["content"] = {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    for status, rules in sorted(_refusals(operation).items()):
        answers.setdefault(str(status), _refusal(status, rules))
    return answers


_GOOD = {
    ("upload", 202): "accepted: what became of it is told by the status (observed)",
    ("upload", 200): "accepted, if the switch save-code says so (assumed)",
    ("update", 202): "accepted (assumed)",
    ("update", 200): "accepted, if the switch update-code says so (assumed)",
    ("upload-status", 202): "the work is going on (observed; the body is assumed)",
    ("update-status", 202): "the work is going on (observed; the body is assumed)",
}


def _refusals(operation: Operation) -> dict[int, list[Rule]]:
    """The rules that may refuse a request of the operation, by the status that they answer."""
    found: dict[int, list[Rule]] = defaultdict(list)
    for rule in RULES.values():
        if rule.level is Level.REFUSAL and rule.answer is not None and _may_refuse(rule, operation):
            found[rule.answer.status].append(rule)
    return found


def _may_refuse(rule: Rule, operation: Operation) -> bool:
    """Whether a rule can have a say in an operation."""
    area = rule.id.partition("-")[0]
    if rule.id in _MULTIPART_RULES:
        return operation.part is not None
    if area == "TOK":
        only = next((kind for word, kind in _TOKEN_ENDPOINTS.items() if word in rule.id), None)
        shared = any(word in rule.id for word in _CREDENTIALS)
        takes_client = operation.kind in ("token", *_TOKEN_ENDPOINTS.values())
        return takes_client and (operation.kind == (only or "token") or (only is None and shared))
    if area == "BEA":
        return not operation.public
    if area == "STA":
        return operation.kind.endswith("-status")
    return area == "WEB" or area == _AREAS.get(operation.kind)


def _refusal(status: int, rules: list[Rule]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "description": "; ".join(rule.sentence for rule in rules[:8]) or HTTPStatus(status).phrase,
        "x-capss-rules": [{"id": rule.id, "grade": rule.grade.value} for rule in rules],
    }
    bodies = [rule.answer.body for rule in rules if rule.answer is not None]
    if all(body is None for body in bodies):
        values["content"] = {responses.JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    elif all(body != "" for body in bodies):  # where some answers are empty, OpenAPI cannot say so
        values["content"] = {responses.JSON: {"schema": {"type": "object"}}}
    return values


def _schemas() -> dict[str, Any]:
    link = _object(responses.LINKS.members)
    accepted = _object(responses.ACCEPTED.members, members.ACCEPTED)
    accepted["properties"]["status"] = {
        "type": "string",
        "description": "new or complete",
        "x-capss-grade": "documented",
    }
    accepted["properties"] |= {"submission": _object(responses.SUBMISSION.members), "links": link}
    token = _object(responses.TOKEN.members, members.TOKEN)
    token["properties"]["scope"] = dict(_TEXT)
    token["required"].remove("scope")  # a token that was asked for without one has none
    metadata = _object(responses.METADATA.members, members.METADATA)
    for values in metadata["properties"].values():
        values["type"] = ["string", "array"]
    return {
        "Token": token,
        "Keys": _object(("keys",)),
        "Introspection": _object(("active",), members.INTROSPECTION),
        "Metadata": metadata,
        "Accepted": accepted,
        "AcceptedUpdate": accepted,
        "Status": _object(responses.STATUS.members, members.STATUS),
        "Error": _object(responses.ERROR.members, members.ERROR),
    }


def _object(names: Iterable[str], kind: members.Kind | None = None) -> dict[str, Any]:
    meanings = {each.name: each for each in kind.members} if kind else {}
    properties: dict[str, Any] = {}
    for name in names:
        properties[name] = dict(_TYPES.get(name) or _TEXT)
        if name in meanings:
            member = meanings[name]
            properties[name]["description"] = ". ".join(filter(None, (member.meaning, member.trap)))
            properties[name]["x-capss-grade"] = member.grade.value
    return {"type": "object", "properties": properties, "required": list(properties)}


def _cited(citations: Iterable[Citation]) -> list[str]:
    return [f"{each.source}: {each.where}" for each in citations]
