"""What can go wrong, as one small tree.

    CapssError
    ├── ConfigError     the client cannot be used like that; nothing was sent
    │   └── AlreadySent     the ledger has the document: it was sent before, and is not sent again
    ├── NotSent         the document was not taken, for a reason that may pass; it can be sent again
    ├── Refused         CAPSS says no; the document was not taken, and will not be like that
    └── Undetermined    whether the document was taken cannot be known from here: look before sending it again

Every message says what was expected, what was found, and what to do next; none has a secret, a token or what is in a
document.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capss_client._models import Receipt, Result


class CapssError(Exception):
    """Something went wrong.

    Attributes:
        expected, found, next_step: the parts of the message.
    """

    exit_code = 1

    def __init__(self, found: str, *, expected: str, next_step: str) -> None:
        super().__init__(f"{found}; expected {expected}. {next_step}")
        self.found, self.expected, self.next_step = found, expected, next_step


class ConfigError(CapssError, ValueError):
    """The client cannot be used like that: an address, a file, a setting. Nothing was sent."""

    exit_code = 2


class AlreadySent(ConfigError):
    """The ledger has the content of the document, and it is not known that it was not saved. Nothing was sent now.

    Attributes:
        saved: whether it is known to be saved.
        href: where to ask what became of it, if CAPSS said so.
    """

    def __init__(self, found: str, *, expected: str, next_step: str, saved: bool, href: str | None) -> None:
        super().__init__(found, expected=expected, next_step=next_step)
        self.saved, self.href = saved, href
        self.exit_code = 0 if saved else 3


class NotSent(CapssError):
    """The document was not taken, for a reason that may pass: no connection, no token, the server busy."""

    exit_code = 4


class Refused(CapssError):
    """CAPSS says no: wrong credentials, no right to it, or a request that it cannot read. The document was not taken.

    Attributes:
        status: the HTTP status of the refusal.
        code: the OAuth error code, such as ``invalid_client``; empty if there was none.
    """

    def __init__(self, found: str, *, expected: str, next_step: str, status: int, code: str = "") -> None:
        super().__init__(found, expected=expected, next_step=next_step)
        self.status, self.code = status, code


class Undetermined(CapssError):
    """Whether the document was taken, or saved, cannot be known from here. It is never sent again by itself.

    Attributes:
        receipt: what CAPSS answered to the upload; None if that answer was lost.
        last: the last status that could be read; None if there was none.
    """

    exit_code = 3

    def __init__(
        self,
        found: str,
        *,
        expected: str,
        next_step: str,
        receipt: "Receipt | None" = None,
        last: "Result | None" = None,
    ) -> None:
        super().__init__(found, expected=expected, next_step=next_step)
        self.receipt, self.last = receipt, last
