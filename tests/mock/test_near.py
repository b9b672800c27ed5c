"""What a request that matched nothing came near to, and what it should have been."""

import pytest

from capss_mock.web.near import instead, nearest


@pytest.mark.parametrize(
    ("method", "path", "request_", "differs"),
    [
        ("POST", "/api/bulkImport/save", "POST /api/bulkimport/save", "paths are case-sensitive"),
        ("GET", "/oauth2/token", "POST /oauth2/token", "the method is GET, not POST"),
        ("POST", "/api/bulkimport/save/", "POST /api/bulkimport/save", "there is a slash too many"),
        ("GET", "//api/bulkimport/status/7", "GET /api/bulkimport/status/{id}", "there is a slash too many"),
        ("POST", "/capss/api/bulkimport/save", "POST /api/bulkimport/save", "nothing may stand before the path: /capss"),
        ("POST", "/api/bulkimport/satus/512627", "GET /api/bulkimport/status/{id}", "the path differs; the method is POST, not GET"),
        ("GET", "/api/bulkimport/status", "GET /api/bulkimport/status/{id}", "the path differs"),
        ("PUT", "/api/itemUpdate/UpdateItem", "POST /api/itemupdate/updateItem", "paths are case-sensitive; the method is PUT, not POST"),
    ],
)  # fmt: skip
def test_a_slip_is_named(method: str, path: str, request_: str, differs: str) -> None:
    found = nearest(method, path)
    assert (found[0].request, found[0].differs) == (request_, differs)


def test_the_path_of_a_generation_that_is_not_served_is_named_as_that() -> None:
    found = nearest("POST", "/api/bulkimport/save", "old")
    assert found[0].request == "POST /api/bulkimport/save"
    assert found[0].differs == "it is not served here: switch api-generation"


def test_one_answer_is_enough_when_it_is_sure_and_two_at_most_when_not() -> None:
    assert len(nearest("POST", "/api/bulkimport/Save")) == 1
    assert len(nearest("POST", "/api/bulk/save")) == 2


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/x/y/z"])
def test_what_is_near_to_nothing_gets_no_answer(path: str) -> None:
    assert nearest("GET", path) == []
    assert instead("GET", path, "http://x") == ""
