"""The mock's own endpoints, under ``/__capss/``."""

from flask import Blueprint, Response, g, request

from capss_mock import __version__
from capss_mock.usecases import Capss
from capss_mock.web import wire

PAGE = 1000  # items in one answer, at most


class BadQuery(ValueError):
    """A query that cannot be answered; the message says what is allowed."""


def control(capss: Capss) -> Blueprint:
    """A blueprint with ``GET /__capss/health`` and ``GET /__capss/items``."""
    blueprint = Blueprint("control", __name__, url_prefix="/__capss")

    @blueprint.errorhandler(BadQuery)
    def bad_query(error: BadQuery) -> Response:
        g.note = str(error)
        return _json({"error": str(error)}, 400)

    @blueprint.get("/health")
    def health() -> Response:
        g.note = "the mock is up"
        values = {"status": "ok", "version": __version__, "run": capss.settings.run_id}
        return _json(values)

    @blueprint.get("/items")
    def items() -> Response:
        """Saved items, ``limit`` of them after the number ``after``; of all licences, or of ``licence``."""
        after, limit = _number("after", 0, 0, 2**62), _number("limit", PAGE, 1, PAGE)
        rows = capss.store.list_items(request.args.get("licence"), after, limit)
        g.note = f"{len(rows)} items"
        following = rows[-1]["item_id"] if len(rows) == limit else None
        values = {
            "items": [
                {
                    "number": row["item_id"],
                    "licence": row["license_id"],
                    "status": row["status_id"],
                    "record": row["record"],
                    "updatedBy": row["updated_by"],
                    "fields": row["fields"],
                }
                for row in rows
            ],
            "next": following,
        }
        return _json(values)

    return blueprint


def _number(name: str, default: int, least: int, most: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise BadQuery(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _json(values: object, status: int = 200) -> Response:
    return Response(wire.dumps(values), status=status, content_type="application/json")
