"""DOC, DUP: the documents. Only what decides over accepting a file today; the full list of fields is to come."""

from capss_mock.contract.model import Citation, Grade, Level, Rule

_D, _O, _I, _A = Grade.DOCUMENTED, Grade.OBSERVED, Grade.INFERRED, Grade.ASSUMED
_GENERATORS = (Citation("client-a", "its generator"), Citation("client-b", "its generator"))
_KIT = (Citation("kit", "nothing is known"),)


def _error(id_: str, grade: Grade, sentence: str, citations: tuple[Citation, ...], hint: str) -> Rule:
    return Rule(id_, Level.ERROR, grade, sentence, citations, hint=hint)


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
        "An element that both known generators always send is there and not empty.",
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
        "DOC-AMOUNT-FORMAT",
        _O,
        "amount is a plain decimal.",
        _GENERATORS,
        "e.g. 1234.00, without currency sign and thousands separators",
    ),
    _error(
        "DOC-LIMIT",
        _A,
        "The root element begins within 64 kB; one record is at most 16 MB; a document nests at most 256 deep.",
        (Citation("kit", "a limit that keeps the mock standing"),),
        "split the record; make its images smaller",
    ),
    Rule(
        "DUP-KEY",
        Level.BEHAVIOUR,
        _A,
        "A record is a duplicate when one of its items was saved before, in this file or an earlier one, with the "
        "same licence, transactionTime, loanBuyNumber, serialNumber and article.",
        (Citation("kit", "the notion is documented by hasDuplicates, the key is not"),),
    ),
)
