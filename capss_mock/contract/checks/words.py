"""What a check is."""

import enum
from dataclasses import dataclass

from capss_mock.contract.model import Citation, Grade


class Severity(enum.StrEnum):
    """What it means when a check is not met."""

    FAIL = "fail"
    WARN = "warn"  # a failure with --strict
    INFO = "info"


class Obligation(enum.Enum):
    """Why it is owed: the words, and how bad it is not to meet it."""

    SHEET = ("the DOJ's sheet", Severity.FAIL)
    MUST = ("an RFC's MUST", Severity.FAIL)
    KIT = ("the kit's contract with programs", Severity.FAIL)
    SHOULD = ("an RFC's SHOULD, or ought to", Severity.WARN)
    OBSERVED = ("what integrators' programs do", Severity.WARN)
    MANNERS = ("good manners, in the kit's view", Severity.WARN)
    CONTESTED = ("an RFC's MUST that the DOJ's own commands pass over", Severity.WARN)
    NOTE = ("nothing: it is only said", Severity.INFO)

    @property
    def words(self) -> str:
        """For people."""
        return self.value[0]

    @property
    def severity(self) -> Severity:
        """What it means when it is not met."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a program (or a server) is held to.

    ``sentence`` says it of a good one; ``fix`` how to mend it. ``needs`` names the checks without which this one cannot
    be told: where one of them is not met, this one is *blocked*, not failed.
    """

    id: str
    area: str
    sentence: str
    obligation: Obligation
    citations: tuple[Citation, ...]
    stimulus: Grade
    fix: str
    needs: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """What it means when it is not met."""
        return self.obligation.severity


def at(source: str, where: str) -> tuple[Citation, ...]:
    """One place in one source."""
    return (Citation(source, where),)


PROGRAM = at("kit", "the contract with a program under test")
