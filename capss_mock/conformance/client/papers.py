"""The documents that programs are given to send: invented, each with people of its own in it, to be looked for."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from capss_mock.conformance.client.evidence import Sent
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.samples.documents import LICENCE, Sample, update_document, write

NO_OLD_UPDATES = "no path for updates is known from before 2026"
_RECORDS = 3
_LARGE, _BYTES = 20_000, 3_000  # records, and bytes of each: 60 MB
_OTHER_LICENCE = "000000999"
_PEOPLE = ("custLastName", "streetAddress", "employeeName")
_PREFIX = "LBJ000000"
_KEYS = re.compile(rb"<referenceId>([^<]+)</referenceId>")


@dataclass(frozen=True, slots=True)
class Paper:
    """A file to be sent, what is in it, and the names of its people; ``before`` must be saved first, for an update."""

    file: Path
    sent: Sent
    people: tuple[str, ...] = ()
    before: bytes = b""


def why_not(scenario: str, operation: str, *, own_data: bool) -> str:
    """Why a scenario cannot be played with this operation; empty if it can."""
    found = SCENARIOS[scenario]
    if own_data and found.document:
        return "it is about a document of ours (--own-data)"
    if operation == "update" and (found.needs_tls or found.document == "large"):
        return "it is the same for updates as for uploads"
    if operation == "update" and found.force == "duplicates":
        return "an item update knows no duplicates"
    if operation == "update" and found.switches.get("api-generation") == "old":
        return NO_OLD_UPDATES
    return ""


def make(directory: Path, scenario: str, operation: str) -> Paper:
    """Write the document that a scenario wants into ``directory``."""
    kind = SCENARIOS[scenario].document
    people = tuple(f"Invented-{secrets.token_hex(6)}" for _ in _PEOPLE)
    if kind == "empty":
        return _written(directory, b"", 0)
    licence = _OTHER_LICENCE if kind == "other-licence" else LICENCE
    if operation == "update":
        before = _upload(people)
        keys = [each.decode() for each in _KEYS.findall(before)]
        return _written(directory, update_document(Random(), keys, licence), len(keys), before=before)  # noqa: S311 - invented data
    if kind == "large":
        return _large(directory, people)
    return _written(directory, _upload(people, licence), _RECORDS, people)


def _written(
    directory: Path, document: bytes, records: int, people: tuple[str, ...] = (), before: bytes = b""
) -> Paper:
    file = directory / "day.xml"
    file.write_bytes(document)
    return Paper(file, Sent(records, hashlib.sha256(document).hexdigest()), people, before)


def _upload(people: tuple[str, ...], licence: str = LICENCE, transactions: int = _RECORDS, prefix: str = "") -> bytes:
    sample = Sample(transactions, day=datetime.now(UTC).date(), licence=licence, prefix=prefix)
    document = b"".join(write(Random(), sample))  # noqa: S311 - invented data
    for element, name in zip(_PEOPLE, people, strict=False):
        document = re.sub(
            rf"<{element}>[^<]*</{element}>".encode(), f"<{element}>{name}</{element}>".encode(), document
        )
    return document


def _large(directory: Path, people: tuple[str, ...]) -> Paper:
    """One record, over and over under other numbers: it shall be large, not interesting."""
    document = _upload(people, transactions=1, prefix=_PREFIX)
    start = document.index(b"<propertyTransaction>")
    end = document.index(b"</propertyTransaction>") + len(b"</propertyTransaction>")
    record = document[start:end]
    filler = b"<!--%s-->\n" % (b" " * max(0, _BYTES - len(record) - len("<!---->\n")))
    digest = hashlib.sha256()
    file = directory / "day.xml"
    with file.open("wb") as out:

        def put(data: bytes) -> None:
            digest.update(data)
            out.write(data)

        put(document[:start])
        for number in range(_LARGE):
            put(record.replace(_PREFIX.encode(), b"LBJ%06d" % number) + filler)
        put(document[end:])
    return Paper(file, Sent(_LARGE, digest.hexdigest()), people)
