"""What CAPSS answers, as frozen values. Unknown members and other orders do no harm; what is missing is said.

The members are those of the DOJ's sheet, steps 6 to 11. What a reply looks like with errors or duplicates is assumed:
the sheet shows none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
COMPLETE = "complete"  # the only final word that is known
_PARTS = ("year", "month", "day", "hour", "minute", "second", "nanosecond")
# the sheet writes "Total Transations"
_COUNTS = {
    "total": re.compile(r"total trans\w*:\s*(\d{1,3}(?:,\d{3})+|\d{1,9})", re.IGNORECASE),
    "saved": re.compile(r"saved trans\w*:\s*(\d{1,3}(?:,\d{3})+|\d{1,9})", re.IGNORECASE),
    "errors": re.compile(r"error items:\s*(\d{1,3}(?:,\d{3})+|\d{1,9})", re.IGNORECASE),
}
_LONGEST_LIFE_S = 10**9  # of a token


class Hidden(str):
    """A text that is not shown: not in a repr, and so not among the locals of a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


class Unreadable(ValueError):
    """An answer that is not what it should be; the message says which member, and what was found."""


class OnDup(StrEnum):
    """What CAPSS shall do with a record that it has already (observed: only submitWithoutDups is known in use)."""

    REJECT = "reject"
    SUBMIT_WITH_DUPS = "submitWithDups"
    SUBMIT_WITHOUT_DUPS = "submitWithoutDups"


class OnError(StrEnum):
    """What CAPSS shall do with a file that has a record with errors (observed: only submit is known in use)."""

    REJECT = "reject"
    SUBMIT = "submit"


class Members:
    """Reads the members of a JSON object.

    Raises:
        Unreadable: it is no object, or a member is missing or of another type.
    """

    def __init__(self, values: object, name: str) -> None:
        if not isinstance(values, Mapping):
            raise Unreadable(f"{name} is {_kind(values)}, not an object")
        self._values, self._name = values, name

    def _get(self, member: str, kind: type, words: str) -> Any:
        if member not in self._values:
            raise Unreadable(f"{self._name} has no member {member}")
        value = self._values[member]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise Unreadable(f"{member} in {self._name} is {_kind(value)}, not {words}")
        return value

    def has(self, member: str) -> bool:
        """Whether there is one, and it is not null."""
        return self._values.get(member) is not None

    def text(self, member: str) -> str:
        """A text."""
        return str(self._get(member, str, "a text"))

    def whole(self, member: str) -> int:
        """A whole number, not below zero."""
        value = int(self._get(member, int, "a whole number"))
        if value < 0:
            raise Unreadable(f"{member} in {self._name} is below zero")
        return value

    def flag(self, member: str) -> bool:
        """True or false."""
        return bool(self._get(member, bool, "true or false"))

    def texts(self, member: str) -> tuple[str, ...]:
        """A list of texts; null, or none, is an empty one."""
        if not self.has(member):
            return ()
        values: Sequence[object] = self._get(member, list, "a list")
        if not all(isinstance(each, str) for each in values):
            raise Unreadable(f"{member} in {self._name} has something other than texts")
        return tuple(str(each) for each in values)

    def inner(self, member: str) -> "Members":
        """An object."""
        return Members(self._get(member, Mapping, "an object"), f"{self._name}.{member}")

    def moment(self, member: str) -> datetime | None:
        """A time in California as a list of 5, 6 or 7 numbers; None for null, or where there is none."""
        value = self._values.get(member)
        if value is None:
            return None
        name = f"{member} in {self._name}"
        if not isinstance(value, list) or not 5 <= len(value) <= 7:
            raise Unreadable(f"{name} is {_kind(value)}, not a list of 5 to 7 numbers")
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in value):
            raise Unreadable(f"{name} has something other than whole numbers")
        parts = dict(zip(_PARTS, (*value, 0, 0), strict=False))
        try:
            return datetime(
                parts["year"], parts["month"], parts["day"], parts["hour"], parts["minute"], parts["second"],
                parts["nanosecond"] // 1000, tzinfo=PACIFIC,
            )  # fmt: skip
        except (ValueError, OverflowError):
            raise Unreadable(f"{name} is no date and time") from None


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """An access token. ``expires_in`` is in seconds from when it was asked for."""

    value: str
    expires_in: int
    scope: str

    @classmethod
    def parse(cls, values: object) -> "Token":
        """From a token reply (RFC 6749, 5.1)."""
        read = Members(values, "the token reply")
        token_type = read.text("token_type")
        if token_type.lower() != "bearer":
            raise Unreadable("token_type in the token reply is not Bearer")
        token = Hidden(read.text("access_token"))
        if not re.fullmatch(r"[\x21-\x7e]+", token):  # it goes into a header
            raise Unreadable("access_token in the token reply is no token")
        life = read.whole("expires_in")
        if life > _LONGEST_LIFE_S:
            raise Unreadable("expires_in in the token reply is no number of seconds")
        return cls(Hidden(token), life, read.text("scope") if read.has("scope") else "")

    def __repr__(self) -> str:
        return f"Token(expires_in={self.expires_in}, scope={self.scope!r})"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What CAPSS answers to a document that it took: where to ask what became of it.

    ``href`` is absolute, and on the host that the document was sent to.
    """

    license_number: str
    submission_id: str
    href: str
    status: str = ""

    @classmethod
    def parse(cls, values: object) -> "Receipt":
        """From the answer to an upload; ``href`` is as it was written there."""
        read = Members(values, "the answer")
        return cls(
            license_number=read.text("licenseNumber"),
            submission_id=read.inner("submission").text("submissionId"),
            href=read.inner("links").text("href"),
            status=read.text("status"),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a document.

    ``completed_at`` is an aware time in California, or None where CAPSS gives none (item updates). ``total`` is the
    number of records that CAPSS counted, None if it does not say.
    """

    file_name: str
    status: int
    status_message: str
    saved: int
    is_uploaded: bool
    has_errors: bool
    has_duplicates: bool
    success_messages: tuple[str, ...]
    errors: tuple[str, ...]
    statistics: tuple[str, ...]
    completed_at: datetime | None
    total: int | None
    notify: bool = False

    @classmethod
    def parse(cls, values: object) -> "Result":
        """From a status, final or not.

        Raises:
            Unreadable: with the member that is missing or of another type.
        """
        read = Members(values, "the status")
        statistics = read.texts("jobStatisticsMessageList")
        notify = read.flag("notifyDupsOrErrors") if read.has("notifyDupsOrErrors") else False
        return cls(
            file_name=read.text("fileName") if read.has("fileName") else "",
            status=read.whole("status"),
            status_message=read.text("statusMessage"),
            saved=read.whole("savedCount"),
            is_uploaded=read.flag("isUploaded"),
            has_errors=read.flag("hasErrors"),
            has_duplicates=read.flag("hasDuplicates"),
            success_messages=read.texts("successMessages"),
            errors=read.texts("errorMessages"),
            statistics=statistics,
            completed_at=read.moment("completedAt"),
            total=_counted("total", statistics),
            notify=notify,
        )

    @property
    def final(self) -> bool:
        """Whether this is CAPSS's last word."""
        return self.status_message == COMPLETE

    @property
    def duplicates(self) -> bool:
        """Whether CAPSS had records of the document already."""
        return self.has_duplicates

    @property
    def confirmed(self) -> bool:
        """Whether everything in the document is saved.

        Duplicates that were saved all the same are saved: then CAPSS's count of the records says so. Where it gives
        none, a document with duplicates is not confirmed; where what it says does not fit together, none is.
        """
        if not (self.final and self.is_uploaded) or self.has_errors or self.errors or not self.saved:
            return False
        if self.notify and not self.has_duplicates:
            return False  # of what, then?
        if _counted("saved", self.statistics) not in (None, self.saved) or _counted("errors", self.statistics):
            return False
        if self.total is None:
            return not self.has_duplicates and not self.statistics
        return self.saved == self.total


def _counted(what: str, statistics: Sequence[str]) -> int | None:
    """A number in the job statistics; None where it is not among them."""
    found = (_COUNTS[what].fullmatch(line.strip()) for line in statistics)
    return next((int(each[1].replace(",", "")) for each in found if each), None)


def _kind(value: object) -> str:
    """What a value is, without saying what is in it."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list"}
    return "null" if value is None else names.get(type(value), "an object")
