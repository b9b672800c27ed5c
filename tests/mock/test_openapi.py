"""The two OpenAPI documents: valid, complete, and true of the running mock."""

import json
import subprocess
import sys
from typing import Any

import pytest
from openapi_spec_validator import validate

from capss_mock import __version__, openapi
from capss_mock.app import create_app
from capss_mock.contract import controls
from capss_mock.contract.operations import OPERATIONS
from tests.helpers import InProcess

CAPSS, CONTROL = openapi.document(), controls.document(__version__)


@pytest.mark.parametrize("document", [CAPSS, CONTROL], ids=["capss", "control"])
def test_a_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_operation_of_capss_is_there_with_its_grade() -> None:
    described = {
        (method.upper(), path): values for path, methods in CAPSS["paths"].items() for method, values in methods.items()
    }
    assert set(described) == {(each.method, each.path) for each in OPERATIONS.values()}
    for operation in OPERATIONS.values():
        values = described[operation.method, operation.path]
        assert values["x-capss-grade"] == operation.grade.value
        assert values["x-capss-sources"]
    assert {"202", "400", "401", "403", "413"} <= described["POST", "/api/bulkimport/save"]["responses"].keys()
    properties = CAPSS["components"]["schemas"]["Status"]["properties"]
    assert properties["status"]["type"] == "integer"
    assert "never is" in properties["status"]["description"]


def listed(path: str, method: str = "post") -> set[str]:
    answers = CAPSS["paths"][path][method]["responses"].values()
    return {rule["id"] for answer in answers for rule in answer.get("x-capss-rules", ())}


def test_an_operation_lists_the_refusals_that_it_can_give_and_no_others() -> None:
    token, save = listed("/oauth2/token"), listed("/api/bulkimport/save")
    status = listed("/api/bulkimport/status/{id}", "get")
    assert {"TOK-WRONG-SECRET", "TOK-GRANT-MISSING"} <= token
    assert "TOK-INTROSPECT-PARAMETER" not in token
    assert {"TOK-INTROSPECT-PARAMETER", "TOK-WRONG-SECRET"} <= listed("/oauth2/introspect")
    assert "TOK-GRANT-MISSING" not in listed("/oauth2/introspect")
    for path in ("/oauth2/jwks", "/.well-known/oauth-authorization-server"):
        assert not {rule for rule in listed(path, "get") if rule.startswith(("TOK", "BEA", "STA"))}
    assert {"WEB-NO-PART", "WEB-TOO-LARGE", "BEA-EXPIRED", "UPL-UNREADABLE"} <= save
    assert {"STA-UNKNOWN", "BEA-EXPIRED"} <= status
    assert not status & {"WEB-NO-PART", "WEB-NOT-MULTIPART", "UPL-UNREADABLE"}
    assert all(not rule.startswith("TOK") for rule in save | status)


def test_every_endpoint_of_the_control_api_is_there_and_no_other() -> None:
    app = create_app("both")
    served = {
        (method, str(rule).replace("<name>", "{run}"))
        for rule in app.url_map.iter_rules()
        if str(rule).startswith("/__capss/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(method.upper(), path) for path, methods in CONTROL["paths"].items() for method in methods}
    assert described == served


def test_the_documents_are_printed_and_served(mock: InProcess) -> None:
    command = [sys.executable, "-m", "capss_mock", "openapi"]
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout) == CAPSS
    assert json.loads(subprocess.run([*command, "--control"], capture_output=True, check=True).stdout) == CONTROL
    assert mock.http.get("/__capss/openapi.json").json == CONTROL
