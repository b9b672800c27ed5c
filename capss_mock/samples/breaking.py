"""One way and more to break each rule about documents, and no other rule whose findings are errors."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from xml.etree.ElementTree import Element, SubElement

from capss_mock.contract.fields import ON_FILE, TIME, Profile
from capss_mock.samples.records import NIL

NEEDS = {"DOC-LICENCE-MISMATCH": "the licence of the API client (validate --license)"}
"""Rules whose samples are found broken only with something more than the document."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is around the records; by default as it should be."""

    transactions: int = 0
    mark: bytes = b""
    doctype: str = ""
    root: str = ""
    licence: str = ""
    mornings: bool = False
    again_after: int = -1  # the record that is written twice
    inside_end: str = ""  # before the end of the container
    tail: str = ""
    cut: int | None = None  # bytes of the end that are left


FileBreak = Callable[[Random, int], Frame]
"""From the number of transactions asked for to what is around them."""


def _wellformed(random: Random, count: int) -> Frame:
    return random.choice(
        (
            Frame(count, inside_end="<name>Smith & Sons</name>"),
            Frame(count, inside_end="<open>"),
            Frame(count, inside_end="a\0b"),
            Frame(count, tail="<capssUpload/>"),
            Frame(count, cut=random.randint(0, 10)),
        )
    )


FILE_BREAKS: dict[str, FileBreak] = {
    "DOC-WELLFORMED": _wellformed,
    "DOC-DTD": lambda random, count: Frame(
        count, doctype=random.choice(("<!DOCTYPE capssUpload>", '<!DOCTYPE capssUpload [<!ENTITY a "b">]>\n'))
    ),
    "DOC-ROOT": lambda random, count: Frame(count, root=random.choice(("upload", "CapssUpload", "capssupload"))),
    "DOC-EMPTY": lambda _random, _count: Frame(0),
    "DOC-LICENCE-FORMAT": lambda random, count: Frame(
        count, licence=random.choice(('licenseNumber="CA-300"', 'licenseNumber=""', 'license="000000300"'))
    ),
    "DOC-LICENCE-MISMATCH": lambda random, count: Frame(
        count, licence=random.choice(('licenseNumber="300"', 'licenseNumber="999999999"'))
    ),
    "DOC-LIMIT": lambda _random, count: Frame(count, inside_end="<deep>" * 300 + "</deep>" * 300),
    "DOC-ENCODING": lambda _random, count: Frame(count, mark=b"\xef\xbb\xbf"),
    "DOC-TWELVE-HOUR": lambda _random, count: Frame(max(count, 5), mornings=True),
    "DOC-DUPLICATE": lambda random, count: Frame(count, again_after=random.randrange(count)),
}


@dataclass(frozen=True, slots=True)
class RecordBreak:
    """How to break a rule within a record; ``only`` says under which profiles that can be, and ``why``."""

    do: Callable[[Random, Element], None]
    only: Callable[[Profile], bool] = lambda _: True
    why: str = ""

    def impossible(self, profile: Profile) -> str:
        """Why it cannot be broken under this profile; empty when it can."""
        return "" if self.only(profile) else self.why


def _find(record: Element, path: str) -> Element:
    found = record.find(path)
    assert found is not None, path  # noqa: S101 - only elements that every record has are asked for
    return found


def _any(random: Random, record: Element, path: str, names: tuple[str, ...]) -> tuple[Element, Element]:
    """One of the elements of these names that is there, and its parent."""
    parent = _find(record, path) if path else record
    child = _find(parent, random.choice([name for name in names if parent.find(name) is not None]))
    return parent, child


def _item(random: Random, record: Element) -> Element:
    return random.choice(record.findall("items/item"))


def _text(path: str, *texts: str) -> Callable[[Random, Element], None]:
    def do(random: Random, record: Element) -> None:
        _find(record, path).text = random.choice(texts)

    return do


def _item_text(names: tuple[str, ...], *texts: str) -> Callable[[Random, Element], None]:
    def do(random: Random, record: Element) -> None:
        _find(_item(random, record), random.choice(names)).text = random.choice(texts)

    return do


def _required(random: Random, record: Element) -> None:
    path = random.choice(("", "customer", "customer/id", "store", "items/item"))
    names = {
        "": (TIME, "customer", "store", "items"),
        "customer": ("custLastName", "gender", "height", "city", "id", "signature"),
        "customer/id": ("type", "number", "issueState"),
        "store": ("employeeName",),
        "items/item": ("type", "loanBuyNumber", "amount", "article", "brand", "description"),
    }
    parent, child = _any(random, record, path, names[path])
    parent.remove(child)


def _born(record: Element, text: str | None, *, nil: bool, twin: bool) -> None:
    """dateOfBirth in this form, whatever it was."""
    customer = _find(record, "customer")
    born = _find(customer, "dateOfBirth")
    born.text = text
    born.attrib.clear()
    if nil:
        born.set(NIL, "true")
    there = customer.find("dateOfBirthText")
    if there is not None:
        customer.remove(there)
    if twin:
        added = Element("dateOfBirthText")
        added.text = ON_FILE
        customer.insert(list(customer).index(born) + 1, added)


def _order(random: Random, record: Element) -> None:
    parent = random.choice((record, _find(record, "customer")))
    moved = parent[random.randrange(len(parent) - 1)]
    parent.remove(moved)
    parent.append(moved)


def _unknown(random: Random, record: Element) -> None:
    parent = random.choice((_find(record, "customer"), _find(record, "store"), _item(random, record)))
    SubElement(parent, random.choice(("nickname", "serialnumber", "Brand"))).text = "Invented"


def _repeated(random: Random, record: Element) -> None:
    item = _item(random, record)
    item.append(deepcopy(_find(item, random.choice(("brand", "amount", "article")))))


def _year(random: Random, record: Element) -> None:
    ident = _find(record, "customer/id")
    year = ident.find("yearOfExpiration")
    if year is None:
        year = Element("yearOfExpiration")
        ident.insert(len(ident) - 1, year)
    year.text = random.choice(("29", "2029-01", "12/2029"))


def _image(random: Random, record: Element) -> None:
    store = _find(record, "store")
    image = store.find("signature")
    if image is None:
        image = SubElement(store, "signature")
    image.text = random.choice(("data:image/gif;base64,R0lGODlhAQABAIA=", "R0lGODlhAQABAIA", "[image]"))


def _reference(random: Random, record: Element) -> None:
    item = _item(random, record)
    item.remove(_find(item, "referenceId"))


def _thumbprint(_random: Random, record: Element) -> None:
    SubElement(_find(record, "customer"), "thumbprint").text = ON_FILE


def _late(_random: Random, record: Element) -> None:
    moment = _find(record, TIME)  # a leap year, for it may be 29 February
    moment.text = "2000" + (moment.text or "")[4:]


def _future(_random: Random, record: Element) -> None:
    moment = _find(record, TIME)
    moment.text = "2996" + (moment.text or "")[4:]


_PERSON = ("custLastName", "custFirstName", "streetAddress", "city", "postalCode")
_ITEM = ("brand", "article", "loanBuyNumber", "description")

RECORD_BREAKS: dict[str, RecordBreak] = {
    "DOC-REQUIRED": RecordBreak(_required),
    "DOC-TIME-FORMAT": RecordBreak(
        _text(
            TIME,
            "12/15/2025 2:08 PM",
            "2025-12-15T14:08:10Z",
            "2025-12-15T14:08:10.5",
            "2025-12-15",
            "2025-02-30T10:00:00",
            "",
        )
    ),
    "DOC-DATE-FORMAT": RecordBreak(
        lambda random, record: _born(
            record, random.choice(("02/29/1980", "1980-2-9", "1980-02-30", ON_FILE, "")), nil=False, twin=False
        )
    ),
    "DOC-AMOUNT-FORMAT": RecordBreak(_item_text(("amount",), "$1,234.00", "1.234,00", "12.00 USD", "ten", "1e3", "")),
    "DOC-NIL-CONTENT": RecordBreak(lambda _random, record: _born(record, ON_FILE, nil=True, twin=True)),
    "DOC-NIL-TWIN": RecordBreak(lambda _random, record: _born(record, None, nil=True, twin=False)),
    "DOC-ORDER": RecordBreak(_order),
    "DOC-UNKNOWN-ELEMENT": RecordBreak(_unknown),
    "DOC-REPEATED": RecordBreak(_repeated),
    "DOC-ELEMENT-EMPTY": RecordBreak(_item_text(_ITEM, "")),
    "DOC-ELEMENT-BLANK": RecordBreak(_item_text(_ITEM, " ", "\n  ", "\t")),
    "DOC-VALUE": RecordBreak(_item_text(("type",), "buy", "SOLD", "Pawn")),
    "DOC-FILLER": RecordBreak(
        lambda random, record: _text(f"customer/{random.choice(_PERSON)}", "On File", "ON FILE", "on  file", "On file")(
            random, record
        )
    ),
    "DOC-PERSON-DATA": RecordBreak(
        lambda random, record: _text(f"customer/{random.choice(_PERSON)}", "Invented")(random, record),
        lambda profile: profile.on_file,
        "person data is real before 2023",
    ),
    "DOC-HEIGHT-FORMAT": RecordBreak(_text("customer/height", "5010", "5'10\"", "70 in", "513")),
    "DOC-WEIGHT-FORMAT": RecordBreak(_text("customer/weight", "160 lbs", "160.5", "0")),
    "DOC-YEAR-FORMAT": RecordBreak(_year),
    "DOC-IMAGE": RecordBreak(_image),
    "DOC-EMPLOYEE": RecordBreak(_text("store/employeeName", ON_FILE)),
    "DOC-REFERENCE": RecordBreak(_reference, lambda profile: profile.reference, "referenceId is expected since 2026"),
    "DOC-THUMBPRINT": RecordBreak(_thumbprint, lambda profile: not profile.old_names, "thumbprint was its name then"),
    "DOC-FIREARM": RecordBreak(_item_text(("article",), "PISTOL", "hunting rifle", "9mm ammunition")),
    "DOC-LATE": RecordBreak(_late),
    "DOC-FUTURE": RecordBreak(_future),
}


def breakable(profile: Profile) -> list[str]:
    """The rules that a sample of this profile can break."""
    return sorted([*FILE_BREAKS, *(rule for rule, each in RECORD_BREAKS.items() if not each.impossible(profile))])
