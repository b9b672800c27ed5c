"""Situations that the real system can produce, as data: what the server does, and what a good program then tells.

That CAPSS does these things is assumed, but for what the sheet shows; that servers of this kind do is what the
incidents show.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

from capss_mock.contract.model import Citation, Grade

ELSEWHERE = "https://capss-elsewhere.invalid"  # a host that RFC 2606 keeps from ever existing

STATUSES = tuple(status.value for status in HTTPStatus if status >= 200)


class Outcome(enum.StrEnum):
    """What a program may tell its user: that everything is confirmed saved, that it is not, either."""

    CONFIRM = "C"
    NOT = "N"
    EITHER = "E"


class Do(enum.StrEnum):
    """What a fault does with a request."""

    ANSWER = "answer"  # another answer than the real one
    CHANGE = "change"  # members of the real answer are changed
    DELAY = "delay"  # the real answer, later
    DRIP = "drip"  # the real answer, a byte at a time
    TRUNCATE = "truncate"  # half of the real answer, then the connection is closed
    RESET = "reset"  # no answer: the connection is reset


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to requests of a kind.

    ``on`` is ``token``, ``submit`` (upload and update), ``upload``, ``update`` or ``status``; ``after`` the work is
    done, or instead of it; from the ``first`` such request on, ``times`` times (None: always). ``body`` and header
    values may hold ``{base}``, ``{path}``, ``{http}`` (the same address without TLS) and ``{elsewhere}`` (another
    host's), which ``Settings.places`` can make addresses where somebody listens. ``members``
    are set in a JSON answer (``links.href`` is one in another); ``removed`` are taken out; ``reverse`` turns the order
    of members around.
    """

    on: str
    do: Do = Do.ANSWER
    after: bool = False
    first: int = 1
    times: int | None = 1
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    seconds: float = 0
    members: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    removed: tuple[str, ...] = ()
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation.

    ``sentence`` says what happens, ``good`` what a good program then does. ``force`` is how records are judged whatever
    they are: ``duplicates`` (all), ``errors`` (all), ``one-error`` (the first) or ``unreadable`` (the whole file);
    an item update knows no duplicates.
    ``certificate`` is ``untrusted``, ``expired`` or ``wrong-name``: these need TLS, as ``tls`` says of others.
    ``document`` is what must be sent for it: ``empty``, ``large`` or ``other-licence``. ``grade`` is how sure we are
    that CAPSS itself does this.
    """

    id: str
    outcome: Outcome
    sentence: str
    good: str
    citations: tuple[Citation, ...]
    switches: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    faults: tuple[Fault, ...] = ()
    force: str = ""
    certificate: str = ""
    tls: bool = False
    document: str = ""
    grade: Grade = Grade.ASSUMED

    @property
    def steerable(self) -> bool:
        """Whether a run that has begun with another one can be put into it."""
        return not self.needs_tls

    @property
    def needs_tls(self) -> bool:
        """Whether it is about TLS."""
        return bool(self.certificate or self.tls)
