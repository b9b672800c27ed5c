"""Whole invented documents, as text in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from xml.sax.saxutils import quoteattr

from capss_mock.contract.fields import DEFAULT_PROFILE, FORMS, PROFILES, REFERENCE, SERIAL, Profile
from capss_mock.samples.breaking import FILE_BREAKS, RECORD_BREAKS, Frame
from capss_mock.samples.records import Maker

LICENCE = "000000300"
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_XSD = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
_NOTE = "<!-- All persons and items are invented. -->"


@dataclass(frozen=True, slots=True)
class Sample:
    """What is wanted: how many transactions, of which profile and day, of which licence."""

    transactions: int = 3
    profile: Profile = field(default_factory=lambda: PROFILES[DEFAULT_PROFILE])
    day: date = date(2025, 12, 15)
    licence: str = LICENCE
    prefix: str = ""


def write(random: Random, sample: Sample) -> Iterator[bytes]:
    """A valid upload document, piece by piece."""
    return _written(random, sample, Frame(), -1, "")


def write_broken(random: Random, sample: Sample, rule: str) -> Iterator[bytes]:
    """An upload document that breaks one rule, and no other one whose findings are errors.

    Raises:
        ValueError: the rule cannot be broken by a document of this profile.
    """
    known = FILE_BREAKS.keys() | RECORD_BREAKS.keys()
    if rule not in known:
        raise ValueError(f"no sample can break {rule}: known are {', '.join(sorted(known))}")
    if rule in FILE_BREAKS:
        frame = FILE_BREAKS[rule](random, sample.transactions)
        return _written(random, replace(sample, transactions=frame.transactions), frame, -1, "")
    reason = RECORD_BREAKS[rule].impossible(sample.profile)
    if reason:
        raise ValueError(f"{rule} cannot be broken under profile {sample.profile.id}: {reason}")
    return _written(random, sample, Frame(), random.randrange(sample.transactions), rule)


def _written(random: Random, sample: Sample, frame: Frame, broken: int, rule: str) -> Iterator[bytes]:
    form = FORMS["upload"]
    prefix = sample.prefix or f"LB{random.randrange(10**6):06d}"
    maker = Maker(random, sample.profile, sample.day, prefix)
    pretty = random.random() < 0.7
    newline = "\n" if pretty else ""
    declaration = random.choice(('<?xml version="1.0" encoding="UTF-8"?>\n', '<?xml version="1.0"?>\n'))
    names = random.choice((_XSI, f"{_XSI} {_XSD}"))
    licence = frame.licence or f"{form.licence}={quoteattr(sample.licence)}"
    root = frame.root or form.root
    yield frame.mark + declaration.encode() + (_NOTE + "\n" + frame.doctype).encode()
    yield f"<{root} {names}>{newline}<{form.container} {licence}>{newline}".encode()
    for number in range(sample.transactions):
        # the last of a long file is never before 13:00, unless that is what is wrong with it
        last = number == sample.transactions - 1
        record = maker.record(number + 1, morning=frame.mornings or (not last and random.random() < 0.5))
        if number == broken:
            RECORD_BREAKS[rule].do(random, record)
        text = _text(record, pretty=pretty)
        yield (text + newline).encode()
        if number == frame.again_after:
            yield (text + newline).encode()
    yield f"{frame.inside_end}</{form.container}>{newline}</{root}>{newline}{frame.tail}".encode()[: frame.cut]


def _text(element: Element, *, pretty: bool) -> str:
    if pretty:
        indent(element)
    return tostring(element, encoding="unicode", short_empty_elements=True)


def update_document(random: Random, keys: list[str], licence: str = LICENCE) -> bytes:
    """An item update in the kit's form (assumed), for items with these referenceIds."""
    form = FORMS["update"]
    root = Element(form.root)
    container = SubElement(root, form.container, {form.licence: licence})
    for key in keys:
        item = SubElement(container, form.record.name)
        SubElement(item, REFERENCE).text = key
        SubElement(item, SERIAL).text = f"SN-INV-{random.randrange(10**9)}"
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
