"""The XML documents as data: elements, where they stand, what they hold, and the dated profiles.

What is known comes from two real integrators' generators (grade observed) unless a line says otherwise. No length
limits are known.
"""

import datetime as dt
import enum
from dataclasses import dataclass, replace

from capss_mock.contract.model import Grade, by_id


class Kind(enum.StrEnum):
    """What an element holds."""

    TEXT = "text"
    LOCAL_TIME = "local time"
    DATE = "date"
    AMOUNT = "amount"
    HEIGHT = "height"
    WEIGHT = "weight"
    YEAR = "year"
    IMAGE = "image"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Profile:
    """What is expected of documents from a day on."""

    id: str
    since: dt.date
    sentence: str
    details: bool  # the item's model … sizeUnit are mandatory
    on_file: bool  # fields that identify the seller or pledger must be "on file"
    reference: bool  # an item's referenceId is expected
    old_names: bool  # thumbprint still stands for fingerprint
    grade: Grade = Grade.OBSERVED


PROFILES = by_id(
    (
        Profile(
            "2018",
            dt.date(2018, 1, 1),
            "Person data is real; thumbprint may stand for fingerprint.",
            details=False,
            on_file=False,
            reference=False,
            old_names=True,
        ),
        Profile(
            "2020",
            dt.date(2020, 1, 1),
            "model … sizeUnit are mandatory; fingerprint only.",
            details=True,
            on_file=False,
            reference=False,
            old_names=False,
        ),
        Profile(
            "sb1317",
            dt.date(2023, 1, 1),
            "Senate Bill 1317: every field that identifies the seller or pledger is on file.",
            details=True,
            on_file=True,
            reference=False,
            old_names=False,
            grade=Grade.DOCUMENTED,
        ),
        Profile(
            "2026",
            dt.date(2026, 2, 1),
            "As sb1317, and every item has a referenceId.",
            details=True,
            on_file=True,
            reference=True,
            old_names=False,
        ),
    )
)
DEFAULT_PROFILE = "2026"


def profile_on(day: dt.date) -> Profile:
    """The profile in force on a day; before the first one, the first."""
    found = PROFILES["2018"]
    for profile in PROFILES.values():
        if profile.since <= day:
            found = profile
    return found


class Need(enum.StrEnum):
    """When an element must be there."""

    ALWAYS = "always"
    DETAILS = "since 2020"
    REFERENCE = "expected since 2026"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Field:
    """One element.

    ``either`` is an element that may be there instead; with ``either_old`` only in profiles with old names. ``twin``
    must be there when this one is nil. ``filler``: "on file" is a good value. ``personal``: it identifies the seller or
    pledger. ``kept``: remembered with a saved item, never for what can identify a person. ``reads``: watched for words
    that should not be there (firearms).
    """

    name: str
    kind: Kind = Kind.TEXT
    need: Need = Need.ALWAYS
    fields: tuple["Field", ...] = ()
    ordered: bool = False
    many: bool = False
    values: tuple[str, ...] = ()
    nillable: bool = False
    twin: str = ""
    either: str = ""
    either_old: bool = False
    filler: bool = False
    no_filler: bool = False
    personal: bool = False
    may_be_empty: bool = False
    kept: bool = False
    reads: bool = False
    grade: Grade = Grade.OBSERVED


ON_FILE = "on file"
REFERENCE, LOAN, SERIAL, ARTICLE, TIME = "referenceId", "loanBuyNumber", "serialNumber", "article", "transactionTime"
FIREARM_WORDS = ("firearm", "handgun", "pistol", "revolver", "rifle", "shotgun", "ammunition")
# words beside which the above are no firearms
NO_FIREARM_WORDS = ("toy", "bb", "airsoft", "paintball", "nerf", "scope", "case", "holster")


def _person(name: str, kind: Kind = Kind.TEXT, need: Need = Need.ALWAYS, **more: object) -> Field:
    return Field(name, kind, need, personal=True, filler=True, **more)  # type: ignore[arg-type]  # keywords of Field


def _optional(name: str) -> Field:
    return _person(name, need=Need.OPTIONAL)


_CUSTOMER = (
    _person("custLastName"),
    _person("custFirstName"),
    _optional("custMiddleName"),
    _person("gender", values=("Male", "Female")),
    _optional("race"),
    _person("hairColor", values=("Bald", "Black", "Blond", "Brown", "Gray", "Red", "Sandy", "White")),
    _person("eyeColor", values=("Black", "Blue", "Brown", "Gray", "Hazel", "Pink", "Green", "Multi Color", "Unknown")),
    _person("height", Kind.HEIGHT),
    _person("weight", Kind.WEIGHT),
    Field("dateOfBirth", Kind.DATE, personal=True, nillable=True, twin="dateOfBirthText"),
    _optional("dateOfBirthText"),
    _person("streetAddress"),
    _person("city"),
    _person("state"),
    _person("postalCode"),
    _optional("phoneNumber"),
    _optional("nonUSAddress"),
    Field(
        "id",
        Kind.GROUP,
        fields=(
            _person(
                "type",
                values=(
                    "Drivers License",
                    "Passport",
                    "State Id",
                    "Military Id",
                    "Matricula Consular",
                    "United States Id",
                ),
            ),
            _person("number"),
            Field("dateOfIssue", Kind.DATE, personal=True, nillable=True, either="dateOfIssueText"),
            _optional("dateOfIssueText"),
            _person("issueState"),
            _person("issueCountry"),
            Field("yearOfExpiration", Kind.YEAR, personal=True, may_be_empty=True, either="yearOfExpirationText"),
            _optional("yearOfExpirationText"),
        ),
    ),
    Field("noFinger", need=Need.OPTIONAL, nillable=True, personal=True, may_be_empty=True, filler=True),
    _optional("noFingerText"),
    _person("signature", Kind.IMAGE),
    _person("fingerprint", Kind.IMAGE, either="thumbprint", either_old=True),
    Field("thumbprint", Kind.IMAGE, Need.OPTIONAL, personal=True, filler=True),
)
_STORE = (
    Field("employeeName", no_filler=True),
    Field("signature", Kind.IMAGE, Need.OPTIONAL, may_be_empty=True, filler=True),
)


def _detail(name: str, *, kept: bool = True) -> Field:
    return Field(name, need=Need.DETAILS, kept=kept)


_ITEM = (
    Field(REFERENCE, need=Need.REFERENCE, kept=True),
    Field(
        "type", values=("BUY", "PAWN", "TRADE", "CONSIGN", "AUCTION"), kept=True
    ),  # BUY observed, the others inferred
    Field(LOAN, kept=True),
    Field("amount", Kind.AMOUNT, kept=True),
    Field(ARTICLE, kept=True, reads=True, grade=Grade.DOCUMENTED),
    Field("brand", kept=True),
    _detail("model"),
    _detail("ownerAppliedNumber", kept=False),
    _detail("inscription", kept=False),
    _detail("pattern"),
    _detail("color"),
    _detail("material"),
    _detail("itemSize"),
    _detail("sizeUnit"),
    Field(SERIAL, need=Need.OPTIONAL, kept=True),
    Field("description", reads=True),
)


@dataclass(frozen=True, slots=True)
class DocumentForm:
    """Where records and items stand in a kind of document; ``record`` is described as a group.

    ``key`` is the element by which an update finds its item.
    """

    kind: str
    root: str
    container: str
    licence: str
    record: Field
    items: tuple[str, str] | None  # the steps from the record to its items; None when the record is the item
    grade: Grade
    key: str = REFERENCE

    @property
    def item(self) -> Field:
        """The group that is an item."""
        if self.items is None:
            return self.record
        box = next(field for field in self.record.fields if field.name == self.items[0])
        return box.fields[0]

    def clash(self, root: str, container: str, key: str) -> str:
        """Why the form cannot have these names; empty when it can."""
        if self.record.name in (root, container):
            return f"root and container cannot be called {self.record.name}, like what they hold"
        if key in self.not_keys():
            return f"items are not found by {key}: only by {REFERENCE}, {LOAN}, {SERIAL} or an element of your own"
        return ""

    def not_keys(self) -> list[str]:
        """The known elements by which no item is found."""
        return [field.name for field in self.record.fields if field.name not in (REFERENCE, LOAN, SERIAL)]

    def renamed(self, root: str, container: str, key: str) -> "DocumentForm":
        """The form with other names (for one whose record is the item)."""
        if key in (LOAN, SERIAL):
            return replace(self, root=root, container=container, key=key)
        fields = tuple(replace(field, name=key) if field.name == self.key else field for field in self.record.fields)
        return replace(self, root=root, container=container, key=key, record=replace(self.record, fields=fields))


FORMS = {
    "upload": DocumentForm(
        "upload",
        "capssUpload",
        "bulkUploadData",
        "licenseNumber",
        Field(
            "propertyTransaction",
            Kind.GROUP,
            ordered=True,
            fields=(
                Field(TIME, Kind.LOCAL_TIME),
                Field("customer", Kind.GROUP, fields=_CUSTOMER, ordered=True),
                Field("store", Kind.GROUP, fields=_STORE),
                Field("items", Kind.GROUP, fields=(Field("item", Kind.GROUP, fields=_ITEM, many=True),)),
            ),
        ),
        ("items", "item"),
        Grade.OBSERVED,
    ),
    "update": DocumentForm(
        "update",
        "capssUpload",
        "itemUpdateData",
        "licenseNumber",
        Field(
            "item",
            Kind.GROUP,
            fields=tuple(
                Field(each.name, each.kind, Need.OPTIONAL, values=each.values, kept=each.kept, reads=each.reads)
                for each in _ITEM
            ),
        ),
        None,
        Grade.ASSUMED,
    ),
}
KEPT_LIMIT = 500  # characters of a kept field that are remembered
RECORD_LIMIT = 16 * 2**20  # bytes of one record (assumed)
ELEMENT_LIMIT = 100_000  # elements of one record (assumed)
PROLOGUE_LIMIT = 64 * 2**10  # bytes before the root element (assumed)
