"""What a program that reports to CAPSS is held to."""

from capss_mock.contract.checks import calls, care, truth, uploads
from capss_mock.contract.model import by_id

_ALL = by_id((*truth.CHECKS, *calls.CHECKS, *uploads.CHECKS, *care.CHECKS))
_AREAS = ("truth", "token", "upload", "status", "privacy", "tls")

PROGRAM_CHECKS = {each.id: each for area in _AREAS for each in _ALL.values() if each.area == area}
