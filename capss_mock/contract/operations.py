"""The endpoints, of both API generations."""

from capss_mock.contract.model import Citation, Grade, Operation, by_id

_STEP6 = (Citation("sheet", "step 6"),)
_OLD = (Citation("client-a", "paths until December 2025; changed to the new ones on 2026-02-18"),)
_OLD_STATUS = (Citation("kit", "client A follows links.href; the old status path itself is not known"),)

OPERATIONS = by_id(
    (
        Operation("token", "token", "POST", "/oauth2/token", "new", Grade.DOCUMENTED, _STEP6, public=True),
        Operation(
            "jwks",
            "jwks",
            "GET",
            "/oauth2/jwks",
            "both",
            Grade.INFERRED,
            (Citation("spring", "Spring Authorization Server, JWK Set endpoint"), Citation("rfc7517", "5")),
            public=True,
        ),
        Operation(
            "introspect",
            "introspect",
            "POST",
            "/oauth2/introspect",
            "both",
            Grade.INFERRED,
            (Citation("spring", "Spring Authorization Server, token introspection endpoint"), Citation("rfc7662", "2")),
            public=True,
        ),
        Operation(
            "revoke",
            "revoke",
            "POST",
            "/oauth2/revoke",
            "both",
            Grade.INFERRED,
            (Citation("spring", "Spring Authorization Server, token revocation endpoint"), Citation("rfc7009", "2")),
            public=True,
        ),
        Operation(
            "metadata",
            "metadata",
            "GET",
            "/.well-known/oauth-authorization-server",
            "both",
            Grade.INFERRED,
            (Citation("spring", "Spring Authorization Server, metadata endpoint"), Citation("rfc8414", "3")),
            public=True,
        ),
        Operation(
            "save",
            "upload",
            "POST",
            "/api/bulkimport/save",
            "new",
            Grade.DOCUMENTED,
            (Citation("sheet", "step 8"),),
            part="bulkUploadFile",
        ),
        Operation(
            "save-status",
            "upload-status",
            "GET",
            "/api/bulkimport/status/{id}",
            "new",
            Grade.DOCUMENTED,
            (Citation("sheet", "step 9"),),
        ),
        Operation(
            "update",
            "update",
            "POST",
            "/api/itemupdate/updateItem",
            "new",
            Grade.DOCUMENTED,
            (Citation("sheet", "step 10"),),
            part="itemUpdateFile",
        ),
        Operation(
            "update-status",
            "update-status",
            "GET",
            "/api/itemupdate/status/{id}",
            "new",
            Grade.DOCUMENTED,
            (Citation("sheet", "step 11"),),
        ),
        Operation("token-old", "token", "POST", "/oauth/token", "old", Grade.OBSERVED, _OLD, public=True),
        Operation(
            "save-old",
            "upload",
            "POST",
            "/api/bulkupload/save",
            "old",
            Grade.OBSERVED,
            _OLD,
            part="bulkUploadFile",
        ),
        Operation(
            "save-status-old",
            "upload-status",
            "GET",
            "/api/bulkupload/status/{id}",
            "old",
            Grade.ASSUMED,
            _OLD_STATUS,
        ),
    )
)

STATUS_OF = {"save": "save-status", "update": "update-status", "save-old": "save-status-old"}
"""Which operation answers ``links.href`` of a submission made through which operation."""


def served(generation: str) -> tuple[Operation, ...]:
    """The operations of an API generation: ``new``, ``old`` or ``both``."""
    if generation == "both":
        return tuple(OPERATIONS.values())
    return tuple(op for op in OPERATIONS.values() if op.generation in (generation, "both"))
