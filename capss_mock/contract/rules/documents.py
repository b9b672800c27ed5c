"""DOC, DUP: the documents. An error is what no server could take; a warning is what is doubtful."""

from capss_mock.contract.model import Citation, Grade, Level, Rule

_D, _O, _I, _A = Grade.DOCUMENTED, Grade.OBSERVED, Grade.INFERRED, Grade.ASSUMED
_GENERATORS = (Citation("client-a", "its generator"), Citation("client-b", "its generator"))
_KIT = (Citation("kit", "nothing is known"),)
_LIMIT = (Citation("kit", "a limit that keeps the mock standing"),)
_SB1317 = (Citation("sb1317", "Business and Professions Code 21628"),)


def _error(id_: str, grade: Grade, sentence: str, citations: tuple[Citation, ...], hint: str) -> Rule:
    return Rule(id_, Level.ERROR, grade, sentence, citations, hint=hint)


def _warning(
    id_: str, grade: Grade, sentence: str, citations: tuple[Citation, ...], hint: str, switch: str | None = None
) -> Rule:
    return Rule(id_, Level.WARNING, grade, sentence, citations, hint=hint, switch=switch)


RULES = (
    _error(
        "DOC-WELLFORMED",
        _D,
        "The document is well-formed XML.",
        (Citation("xml10", "2.1"),),
        "let an XML library write the document; escape & and <; declare the encoding that is used",
    ),
    _error(
        "DOC-DTD",
        _A,
        "The document has no DTD and declares no entities.",
        (Citation("kit", "a DTD is never needed here, and is how XML bombs come in"),),
        "remove the <!DOCTYPE …>",
    ),
    _error(
        "DOC-ROOT",
        _O,
        "The root element is capssUpload, in no namespace, and holds the container of its kind.",
        _GENERATORS,
        "upload: <capssUpload><bulkUploadData licenseNumber=…>; update: <capssUpload><itemUpdateData …>",
    ),
    _error(
        "DOC-EMPTY",
        _O,
        "The document has at least one record.",
        _GENERATORS,
        "a day without transactions needs no upload",
    ),
    _error(
        "DOC-LICENCE-FORMAT",
        _O,
        "licenseNumber is there and is digits only; leading zeros count.",
        _GENERATORS,
        'write the licence as text, e.g. licenseNumber="000000300"',
    ),
    Rule(
        "DOC-LICENCE-MISMATCH",
        Level.ERROR,
        _A,
        "licenseNumber in the document equals license_id of the token.",
        _KIT,
        hint="one file is one licence: use the API client of that store; a lost leading zero also does this",
        switch="licence-mismatch",
    ),
    _error(
        "DOC-REQUIRED",
        _I,
        "An element that both known generators always send is there.",
        _GENERATORS,
        "add the element",
    ),
    _error(
        "DOC-TIME-FORMAT",
        _O,
        "transactionTime is YYYY-MM-DDTHH:MM:SS, local time, no zone, no fraction.",
        _GENERATORS,
        "e.g. 2025-12-15T14:08:10",
    ),
    _error(
        "DOC-DATE-FORMAT",
        _O,
        "A date is YYYY-MM-DD.",
        _GENERATORS,
        'e.g. 1980-02-29; or xsi:nil="true" together with the element of the same name and Text',
    ),
    _error(
        "DOC-AMOUNT-FORMAT",
        _O,
        "amount is a plain decimal.",
        _GENERATORS,
        "e.g. 1234.00, without currency sign and thousands separators",
    ),
    _error(
        "DOC-NIL-CONTENT",
        _D,
        'An element with xsi:nil="true" has no content.',
        (Citation("xmlschema", "part 1, 2.6.2"),),
        "leave the element empty, or leave out xsi:nil",
    ),
    _error(
        "DOC-LIMIT",
        _A,
        "The root element begins within 64 kB; one record is at most 16 MB and 100,000 elements, one text 10 MB; a "
        "document nests at most 256 deep.",
        _LIMIT,
        "split the record; make its images smaller",
    ),
    _error(
        "DOC-XSD",
        _D,
        "The document is valid against the XML Schema given with --xsd; the kit cannot know if it is the DOJ's.",
        (Citation("xmlschema", "part 1"),),
        "see what the schema says of this element; any other tool for XML Schema finds the same",
    ),
    _error(
        "DOC-KEY",
        _A,
        "An item of an update says which item it is: by referenceId, or by loanBuyNumber and serialNumber.",
        _KIT,
        "add the key under which the item was uploaded; which element that is, is the switch update-key",
    ),
    _warning(
        "DOC-ORDER",
        _O,
        "Elements stand in the order in which both known generators write them (not asked of an item's).",
        _GENERATORS,
        "in a transaction: transactionTime, customer, store, items; in customer: as in fixtures/uploads/valid",
        "element-order",
    ),
    _warning(
        "DOC-UNKNOWN-ELEMENT",
        _O,
        "There are no elements that neither known generator writes.",
        _GENERATORS,
        "is its name spelt as CAPSS spells it?",
    ),
    _warning(
        "DOC-REPEATED",
        _O,
        "An element is there once.",
        _GENERATORS,
        "write it once; several items of a sale are several item elements",
    ),
    _warning(
        "DOC-ELEMENT-EMPTY",
        _O,
        "A required element is not empty.",
        _GENERATORS,
        "write the value, or what stands for none: UNKNOWN, None, Other, Unknown",
    ),
    _warning(
        "DOC-ELEMENT-BLANK",
        _O,
        "A required element holds more than white space.",
        _GENERATORS,
        "write the value, or what stands for none: UNKNOWN, None, Other, Unknown",
    ),
    _warning(
        "DOC-VALUE",
        _O,
        "A value is one of those that the known generators write.",
        _GENERATORS,
        "use one of the known values, in their spelling",
    ),
    _warning(
        "DOC-FILLER",
        _D,
        "The filler is exactly on file: lower case, one space.",
        _SB1317,
        "write on file",
    ),
    _warning(
        "DOC-HEIGHT-FORMAT",
        _O,
        "height is feet and two digits of inches.",
        _GENERATORS,
        "5 feet 7 is 507, 5 feet 10 is 510",
    ),
    _warning("DOC-WEIGHT-FORMAT", _O, "weight is whole pounds.", _GENERATORS, "e.g. 160"),
    _warning("DOC-YEAR-FORMAT", _O, "A year has four digits.", _GENERATORS, "e.g. 2029"),
    _warning(
        "DOC-IMAGE",
        _O,
        "An image is base64, without a data: prefix.",
        _GENERATORS,
        "write the base64 text of the image file only, with its padding",
    ),
    _warning(
        "DOC-NIL-TWIN",
        _O,
        "Beside a nil element stands the one of the same name and Text, saying on file.",
        _GENERATORS,
        "add it, e.g. <dateOfBirthText>on file</dateOfBirthText>",
    ),
    _warning(
        "DOC-PERSON-DATA",
        _D,
        "Since 2023-01-01 every field that identifies the seller or pledger is on file.",
        _SB1317,
        "write on file: the law forbids sending who it was, and CAPSS overwrites it",
        "on-file",
    ),
    _warning(
        "DOC-EMPLOYEE",
        _O,
        "employeeName is the clerk's real name, never on file.",
        _GENERATORS,
        "the law hides the customer, not the clerk",
    ),
    _warning(
        "DOC-REFERENCE",
        _O,
        "Since February 2026 an item has a referenceId, the sender's own key.",
        (Citation("client-a", "its generator, since February 2026"),),
        "add your own key of the item; item updates find it by that",
    ),
    _warning(
        "DOC-THUMBPRINT",
        _O,
        "The element is called fingerprint; thumbprint was its name until 2018.",
        _GENERATORS,
        "rename it to fingerprint",
    ),
    _warning(
        "DOC-FIREARM",
        _D,
        "Firearms are not reported to CAPSS.",
        (Citation("bpc", "21628.2"),),
        "report firearms to DROS/AFS instead; if it is none, say so in the article",
    ),
    _warning(
        "DOC-DUPLICATE",
        _A,
        "A transaction is there once in a file.",
        (Citation("kit", "by the key of DUP-KEY"),),
        "is the same sale exported twice? By default CAPSS is assumed to refuse the whole file for it",
    ),
    _warning(
        "DOC-ENCODING",
        _O,
        "The file begins without a byte order mark, in UTF-8.",
        _GENERATORS,
        "save it as UTF-8 without BOM",
    ),
    _warning(
        "DOC-LATE",
        _D,
        "A transaction is reported by the end of the next business day; weekends and holidays do not count.",
        (
            Citation("bpc", "21630"),
            Citation("kit", "which days are holidays: the package holidays, for California"),
        ),
        "report every day; for documents that are meant to be old: --set report-dates=off, or --as-of",
        "report-dates",
    ),
    _warning(
        "DOC-FUTURE",
        _A,
        "transactionTime is not in the future.",
        (Citation("kit", "nothing is known; local time is taken to be California's"),),
        "is the clock right, and is the time local, not UTC?",
        "report-dates",
    ),
    _warning(
        "DOC-TWELVE-HOUR",
        _A,
        "A file with five or more transactions has one at 13:00 or later.",
        (Citation("kit", "a 12-hour clock without AM/PM turns afternoons into mornings, and nothing else shows it"),),
        "write hours from 00 to 23; if all was sold in the morning, this is no mistake",
    ),
    Rule(
        "DUP-KEY",
        Level.BEHAVIOUR,
        _A,
        "A record is a duplicate when one of its items was saved before, in this file or an earlier one, with the "
        "same licence, transactionTime, loanBuyNumber, serialNumber and article.",
        (Citation("kit", "the notion is documented by hasDuplicates, the key is not"),),
        hint="it was uploaded before: send onDup=submitWithoutDups or submitWithDups, or change loanBuyNumber",
    ),
)
