"""The XML elements that decide over accepting a file today: names, parents, content. More fields are to come.

``{record}`` of an upload is a propertyTransaction, of an update an item. Personal fields are not listed, so the
reader never looks at them.
"""

import enum
from dataclasses import dataclass

from capss_mock.contract.model import Grade


class Kind(enum.StrEnum):
    """What an element's text must be."""

    TEXT = "text"
    LOCAL_TIME = "local time"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Field:
    """One element directly below a record or an item."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    kept: bool = False  # remembered with a saved item; never for what can identify a person
    grade: Grade = Grade.OBSERVED


@dataclass(frozen=True, slots=True)
class DocumentForm:
    """Where records and items stand in a kind of document."""

    kind: str
    root: str
    container: str
    licence: str
    record: str
    items: tuple[str, str] | None  # the steps from the record to its items; None when the record is the item
    record_fields: tuple[Field, ...]
    item_fields: tuple[Field, ...]
    grade: Grade


_KEPT = (
    "brand",
    "model",
    "pattern",
    "color",
    "material",
    "itemSize",
    "sizeUnit",
    "serialNumber",
)
REFERENCE, LOAN, SERIAL, ARTICLE, TIME = (
    "referenceId",
    "loanBuyNumber",
    "serialNumber",
    "article",
    "transactionTime",
)

FORMS = {
    "upload": DocumentForm(
        "upload",
        "capssUpload",
        "bulkUploadData",
        "licenseNumber",
        "propertyTransaction",
        ("items", "item"),
        (Field(TIME, Kind.LOCAL_TIME, required=True),),
        (
            Field(REFERENCE, kept=True),
            Field("type", required=True, kept=True),
            Field(LOAN, required=True, kept=True),
            Field("amount", Kind.AMOUNT, required=True, kept=True),
            Field(ARTICLE, required=True, kept=True),
            *(Field(name, kept=True) for name in _KEPT),
        ),
        Grade.OBSERVED,
    ),
    "update": DocumentForm(
        "update",
        "capssUpload",
        "itemUpdateData",
        "licenseNumber",
        "item",
        None,
        (),
        (
            Field(REFERENCE, kept=True),
            Field("type", kept=True),
            Field(LOAN, kept=True),
            Field("amount", Kind.AMOUNT, kept=True),
            Field(ARTICLE, kept=True),
            *(Field(name, kept=True) for name in _KEPT),
        ),
        Grade.ASSUMED,
    ),
}
KEPT_LIMIT = 500  # characters of a kept field that are remembered
RECORD_LIMIT = 16 * 2**20  # bytes of one record (assumed)
PROLOGUE_LIMIT = 64 * 2**10  # bytes before the root element (assumed)
