"""One invented transaction: every element that the contract knows, in every form that is clean under a profile."""

import base64
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random
from xml.etree.ElementTree import Element, SubElement

from capss_mock.contract.fields import FORMS, LOAN, ON_FILE, REFERENCE, SERIAL, TIME, Field, Kind, Need, Profile

NIL = "xsi:nil"
_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_LETTERS = "abcdefghijklmnopqrstuvwxyz ABCÉñüß-'&<>\"\u4e2d\u6587\U0001f3b8"
_TEXTS: dict[str, tuple[str, ...]] = {
    "custLastName": ("Invented-Lastname", "O'Invented", "Inventada"),
    "custFirstName": ("Invented-Firstname", "Invent", "José-Inventado"),
    "custMiddleName": ("I", "Invented"),
    "race": ("Invented",),
    "streetAddress": ("1 Invented Street", "22 Nowhere Avenue, Unit 3"),
    "city": ("Inventedtown", "Nowhere"),
    "state": ("CA", "California"),
    "postalCode": ("00000", "00000-0001"),
    "phoneNumber": ("555-0100", "(555) 555-0199"),
    "nonUSAddress": ("1 Invented Road, Nowhere",),
    "number": ("INVENTED-1", "X0000000"),
    "issueState": ("CA", "California", "NV"),
    "issueCountry": ("USA", "United States"),
    "employeeName": ("Invented Clerk", "Ana Inventada"),
    "article": ("GUITAR", "RING", "CELL PHONE", "LAPTOP COMPUTER", "a pair of cuff links", "TOY PISTOL"),
    "brand": ("UNKNOWN", "INVENTED", "Invented & Sons"),
    "color": ("Other", "Black", "Silver"),
    "material": ("Unknown", "Wood", "Gold"),
    "itemSize": ("Unknown", "7", "15.6"),
    "sizeUnit": ("Unknown", "inches"),
}
_NONE = ("None", "Invented 1")  # model, ownerAppliedNumber, inscription, pattern


class Maker:
    """Makes the records of one document.

    Args:
        day: on which everything was sold.
        prefix: of the numbers, so that two documents share none.
    """

    def __init__(self, random: Random, profile: Profile, day: date, prefix: str) -> None:
        self._random, self._profile, self._day, self._prefix = random, profile, day, prefix
        self._serials = 0
        self._kinds: dict[Kind, Callable[[], str]] = {
            Kind.DATE: lambda: (date(1950, 1, 1) + timedelta(days=random.randrange(20_000))).isoformat(),
            Kind.AMOUNT: self._amount,
            Kind.HEIGHT: lambda: f"{random.randint(4, 6)}{random.randint(0, 11):02d}",
            Kind.WEIGHT: lambda: str(random.randint(90, 320)),
            Kind.YEAR: lambda: str(random.randint(2026, 2039)),
            Kind.IMAGE: lambda: base64.b64encode(_GIF + random.randbytes(random.randint(0, 30))).decode(),
        }

    def record(self, ordinal: int, *, morning: bool) -> Element:
        """A propertyTransaction; ``morning``: before 13:00, else from then on."""
        form = FORMS["upload"]
        record = Element(form.record.name)
        hour = self._random.randint(8, 12) if morning else self._random.randint(13, 19)
        moment = datetime.combine(self._day, time(hour, self._random.randint(0, 59), ordinal % 60))
        SubElement(record, TIME).text = moment.isoformat()
        loan = f"{self._prefix}-{ordinal}"
        for field in form.record.fields[1:]:
            self._group(SubElement(record, field.name), field, loan)
        return record

    def _group(self, element: Element, spec: Field, loan: str) -> None:
        for field in spec.fields:
            if field.many:
                for _ in range(self._random.choice((1, 1, 1, 2, 3))):
                    self._group(SubElement(element, field.name), field, loan)
                    self._reorder(element[-1])
            elif field.kind is Kind.GROUP:
                self._group(SubElement(element, field.name), field, loan)
            elif field.name == LOAN:
                SubElement(element, LOAN).text = loan
            else:
                self._leaf(element, field, spec)

    def _reorder(self, item: Element) -> None:
        """The known generators write the elements of an item in different orders."""
        if self._random.random() < 0.3:
            children = list(item)
            self._random.shuffle(children)
            item[:] = children

    def _leaf(self, parent: Element, field: Field, group: Field) -> None:
        if any(field.name in (each.either, each.twin) for each in group.fields):
            return  # it comes with what it stands for
        random = self._random
        dispensable = field.need is Need.OPTIONAL or not self._wants(field)
        if dispensable and random.random() < 0.5:
            return
        on_file = field.personal and (self._profile.on_file or random.random() < 0.2)
        stand_in = field.either or field.twin
        if on_file and stand_in and not field.either_old:
            if field.twin or random.random() < 0.5:
                self._empty(SubElement(parent, field.name), field)
            SubElement(parent, stand_in).text = ON_FILE
            return
        old = field.either_old and self._profile.old_names and random.random() < 0.5
        element = SubElement(parent, field.either if old else field.name)
        if (field.nillable and dispensable) or (field.may_be_empty and random.random() < 0.2):
            self._empty(element, field)
            return
        element.text = self._value(field, on_file=on_file)
        if field.kind is Kind.WEIGHT and random.random() < 0.3:
            element.set("unit", "pounds")

    def _empty(self, element: Element, field: Field) -> None:
        """Leave it empty; nil where it may be."""
        if field.nillable:
            element.set(NIL, self._random.choice(("true", "true", "1")))

    def _wants(self, field: Field) -> bool:
        match field.need:
            case Need.DETAILS:
                return self._profile.details
            case Need.REFERENCE:
                return self._profile.reference
            case _:
                return True

    def _value(self, field: Field, *, on_file: bool) -> str:
        if (on_file and field.filler) or field.name.endswith("Text"):
            return ON_FILE
        if field.values:
            return self._random.choice(field.values)
        if field.kind in self._kinds:
            return self._kinds[field.kind]()
        if field.name in (REFERENCE, SERIAL):
            self._serials += 1
            return f"{'INV' if field.name == REFERENCE else 'SN-INV'}-{self._prefix}-{self._serials}"
        if field.name == "description":
            letters = "".join(self._random.choice(_LETTERS) for _ in range(self._random.randint(0, 12)))
            return f"Invented article {letters}".strip()
        return self._random.choice(_TEXTS.get(field.name, _NONE))

    def _amount(self) -> str:
        whole = self._random.randint(1, 4000)
        return self._random.choice((f"{whole}.00", f"{whole}.{self._random.randint(0, 99):02d}", str(whole)))
