"""What is to be read, and how: one value, which also goes to the child process that reads long documents."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from capss_mock.contract.fields import FORMS, PROFILES, DocumentForm, Profile
from capss_mock.contract.model import Choice
from capss_mock.domain.values import Checks

# warnings that a switch makes errors
_RAISED = {
    "DOC-PERSON-DATA": ("on-file", "refuse"),
    "DOC-ORDER": ("element-order", "strict"),
    "DOC-LATE": ("report-dates", "error"),
    "DOC-FUTURE": ("report-dates", "error"),
}
UPDATE_NAMES = ("update-root", "update-container", "update-key")
DOCUMENT_SWITCHES = (*dict.fromkeys(switch for switch, _ in _RAISED.values()), "update-document", *UPDATE_NAMES)
"""The switches that concern documents alone, wherever they are read."""


@dataclass(frozen=True, slots=True)
class Brief:
    """The form of a document and the checks that are made.

    ``now``: the Pacific wall-clock time by which dates are judged; None: they are not. ``names`` are the root, the
    container and the key of an update where they are not the kit's. ``wellformed``: any XML will do, and is counted.
    """

    kind: str = "upload"
    checks: Checks = field(default_factory=Checks)
    now: datetime | None = None
    names: tuple[str, ...] = ()
    wellformed: bool = False

    @property
    def form(self) -> DocumentForm:
        """Where things stand in the document."""
        form = FORMS[self.kind]
        return form.renamed(*self.names) if self.names else form

    def pack(self) -> str:
        """The brief as one line of text, for ``unpack``."""
        return json.dumps(
            [
                self.kind,
                self.checks.profile.id,
                sorted(self.checks.raised),
                self.checks.warnings,
                self.now.isoformat() if self.now else None,
                self.names,
                self.wellformed,
            ]
        )

    @classmethod
    def unpack(cls, text: str) -> "Brief":
        """The brief that ``pack`` wrote."""
        kind, profile, raised, warnings, now, names, wellformed = json.loads(text)
        checks = Checks(PROFILES[profile], frozenset(raised), warnings)
        return cls(kind, checks, datetime.fromisoformat(now) if now else None, tuple(names), wellformed)


def brief_of(
    kind: str, switches: Mapping[str, Choice], profile: Profile, now: datetime, *, warnings: bool = True
) -> Brief:
    """The brief for a document of an ``upload`` or ``update``, as the switches say.

    Args:
        now: Pacific wall-clock time.
        warnings: whether warnings are reported.
    """
    raised = frozenset(rule for rule, (switch, option) in _RAISED.items() if switches[switch].value == option)
    judged = kind == "upload" and switches["report-dates"].value != "off" and (warnings or "DOC-LATE" in raised)
    is_update = kind == "update"
    return Brief(
        kind,
        Checks(profile, raised, warnings),
        now.replace(tzinfo=None) if judged else None,
        tuple(switches[name].name for name in UPDATE_NAMES) if is_update else (),
        is_update and switches["update-document"].value == "wellformed",
    )
