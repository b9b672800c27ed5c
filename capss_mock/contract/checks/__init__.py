"""What programs, and servers, are held to: each check has an id that is never reused.

A check carries two grades. The *obligation* says why a program owes it, and decides how bad it is not to do it. The
*stimulus* says how sure we are that the real CAPSS puts anybody into that situation, so that a reader can weigh it.
"""

from capss_mock.contract.checks.programs import PROGRAM_CHECKS
from capss_mock.contract.checks.servers import SERVER_CHECKS
from capss_mock.contract.checks.words import Check, Obligation, Severity

__all__ = ["CHECKS", "PROGRAM_CHECKS", "SERVER_CHECKS", "Check", "Obligation", "Severity"]

CHECKS = {**PROGRAM_CHECKS, **SERVER_CHECKS}
