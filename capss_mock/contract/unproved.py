"""Rules for which the mock shows no request/answer pair and no broken document, each with the reason.

``capss-mock rules --coverage`` fails on a rule that is in neither place, and on a reason that is no longer needed.
"""

_PAGE = "the page comes with the console; capss-mock clients does the same work from the command line"
_HOSTS = "a fact about the DOJ's hosts: the mock answers under whatever name it is called"

UNPROVED = {
    "WEB-HOST-SANDBOX": _HOSTS,
    "WEB-HOST-PRODUCTION": _HOSTS,
    "WEB-INSECURE-TLS": "a fact about those who call; there is nothing for a server to do",
    "WEB-CLIENT-PAGE": _PAGE,
    "WEB-CLIENT-SECRET": _PAGE,
    "WEB-CLIENT-FIELDS": _PAGE,
    "DOC-LIMIT": "its documents are too large to keep as files; the tests build them",
    "STA-REFUSED": "it takes a scenario; tests/mock/test_scenarios.py plays all of them",
    "DOC-XSD": "it takes a schema of the user's: the DOJ's is not public; test_schema.py has an invented one",
}
