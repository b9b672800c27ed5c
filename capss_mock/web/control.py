"""The mock's own endpoints, under ``/__capss/``."""

from flask import Blueprint, Response, g

from capss_mock import __version__
from capss_mock.usecases import Capss
from capss_mock.web import wire


def control(capss: Capss) -> Blueprint:
    """A blueprint with ``GET /__capss/health``."""
    blueprint = Blueprint("control", __name__, url_prefix="/__capss")

    @blueprint.get("/health")
    def health() -> Response:
        g.note = "the mock is up"
        values = {"status": "ok", "version": __version__, "run": capss.settings.run_id}
        return Response(wire.dumps(values), content_type="application/json")

    return blueprint
