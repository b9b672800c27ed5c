"""UPL, STA, UPD: uploads, their status, item updates."""

from capss_mock.contract.model import Answer, Citation, Grade, Level, Rule

_D, _O, _I, _A = Grade.DOCUMENTED, Grade.OBSERVED, Grade.INFERRED, Grade.ASSUMED
_SHEET8 = (Citation("sheet", "step 8"),)
_SHEET9 = (Citation("sheet", "step 9"),)
_SHEET10 = (Citation("sheet", "step 10"),)
_SHEET11 = (Citation("sheet", "step 11"),)
_A_SENDS = (Citation("client-a", "its upload call"),)
_KIT = (Citation("kit", "nothing is known"),)
_FINAL = (
    Citation("kit", "one table for mock, client and judge"),
    Citation("sheet", "steps 9 and 11: the members"),
)


def _says(
    id_: str,
    grade: Grade,
    sentence: str,
    citations: tuple[Citation, ...],
    switch: str | None = None,
    hint: str = "",
) -> Rule:
    return Rule(id_, Level.BEHAVIOUR, grade, sentence, citations, switch=switch, hint=hint)


RULES = (
    _says(
        "UPL-PART",
        _D,
        "An upload is multipart/form-data with one file part named bulkUploadFile.",
        _SHEET8,
    ),
    _says(
        "UPL-PART-TYPE",
        _O,
        "The part's own Content-Type is optional (curl sends application/xml, python-requests sends none).",
        _A_SENDS,
    ),
    _says(
        "UPL-PART-TWICE",
        _I,
        "Of two file parts with the name, the first is taken; parts of other names are passed over.",
        (Citation("spring", "Spring MVC, a multipart parameter"),),
    ),
    _says(
        "UPL-REPLY",
        _D,
        "The reply has licenseNumber, status, submission, links, in this order; links is one object whose rel is "
        'the literal "rel"; status is "new".',
        _SHEET8,
    ),
    _says("UPL-CODE", _O, "An accepted upload is answered 202.", _A_SENDS, "save-code"),
    _says("UPL-LICENCE", _D, "licenseNumber in the reply is the token's license_id.", _SHEET8),
    _says("UPL-STATUS-ID", _I, "The status id is a decimal integer, unrelated to submissionId.", _SHEET8),
    _says(
        "UPL-QUERY",
        _O,
        "The query may carry onDup=submitWithoutDups and onError=submit; other values are assumed.",
        _A_SENDS,
        "on-dup-default",
    ),
    Rule(
        "UPL-QUERY-UNKNOWN",
        Level.REFUSAL,
        _A,
        "An unknown value of onDup or onError is ignored.",
        _KIT,
        Answer(400, None, close=True),
        "onDup: reject, submitWithDups, submitWithoutDups; onError: reject, submit",
        "unknown-query",
    ),
    Rule(
        "UPL-UNREADABLE",
        Level.REFUSAL,
        _A,
        "A document that cannot be read is accepted, and refused in its status.",
        _KIT,
        Answer(400, None, close=True),
        "the document cannot be read as an upload",
        "xml-faults",
    ),
    _says(
        "STA-REPLY",
        _D,
        "A status has 12 members in a fixed order; status is the integer 200, the word is in statusMessage.",
        _SHEET9,
    ),
    _says("STA-FINAL-CODE", _O, "A final status is answered 200.", _A_SENDS),
    _says(
        "STA-PENDING-CODE",
        _O,
        "While the file is worked on, the status is answered 202.",
        _A_SENDS,
        "pending",
    ),
    _says(
        "STA-PENDING-BODY",
        _A,
        'A pending status has the same members, statusMessage "processing", isUploaded false, completedAt null.',
        _KIT,
    ),
    _says(
        "STA-REFUSED",
        _A,
        "The server may refuse a record, or a whole file, for reasons of its own; scenarios make the mock do so.",
        _KIT,
        hint="here it is a scenario's doing, not the document's: capss-mock scenarios says which there are",
    ),
    _says("STA-PROGRESS", _A, "How long a submission stays pending is not known.", _KIT, "progress"),
    _says(
        "STA-COMPLETED-AT",
        _I,
        "completedAt is Pacific wall-clock time as [y,M,d,H,m,s,nanos] whose trailing zero parts are dropped: "
        "5, 6 or 7 numbers; nanos are whole microseconds.",
        (*_SHEET9, Citation("spring", "Jackson, LocalDateTime as array")),
        "completed-at",
    ),
    _says("STA-FILENAME", _A, "fileName is the base name of the part's filename.", _KIT),
    _says(
        "STA-MESSAGE",
        _D,
        "The success message of an upload names the file, the count and the date.",
        _SHEET9,
    ),
    _says(
        "STA-STATISTICS",
        _D,
        'jobStatisticsMessageList has six entries; the second is misspelt "Total Transations".',
        _SHEET9,
    ),
    _says(
        "STA-NOTIFY",
        _A,
        "notifyDupsOrErrors is hasErrors or hasDuplicates.",
        _KIT,
    ),
    _says("STA-FINAL-SAVED", _A, "All saved: isUploaded; savedCount n; one success message.", _FINAL),
    _says(
        "STA-FINAL-PARTIAL",
        _A,
        "onError=submit and k of n good, k > 0: isUploaded and hasErrors; savedCount k; one error message per bad "
        "record.",
        _FINAL,
    ),
    _says(
        "STA-FINAL-ERRORS",
        _A,
        "Refused for errors, not readable, or no good record at all: hasErrors only; savedCount 0; "
        "errorMessages say what and where.",
        _FINAL,
    ),
    _says(
        "STA-FINAL-DUPS-DROPPED",
        _A,
        "onDup=submitWithoutDups and d duplicates: isUploaded and hasDuplicates; savedCount n - d; no errors.",
        _FINAL,
    ),
    _says(
        "STA-FINAL-DUPS-REFUSED",
        _A,
        "onDup=reject and duplicates: hasDuplicates only; savedCount 0; one error message per duplicate.",
        _FINAL,
    ),
    _says(
        "STA-FINAL-DUPS-SAVED",
        _A,
        "onDup=submitWithDups and duplicates: isUploaded and hasDuplicates; savedCount n.",
        _FINAL,
    ),
    _says(
        "STA-FINAL-MIXED",
        _A,
        "Errors and duplicates in one file: both flags; a refusal for either refuses the whole file.",
        _FINAL,
    ),
    Rule(
        "STA-UNKNOWN",
        Level.REFUSAL,
        _A,
        "A status id that is unknown, or another licence's, gets 404.",
        _KIT,
        Answer(404, None),
        "ask for exactly the URL in links.href, with a token of the same licence",
        "status-not-found",
    ),
    Rule(
        "STA-UNKNOWN-FORBIDDEN",
        Level.REFUSAL,
        _A,
        "Where it is not 404, a status id that is unknown, or another licence's, gets 403.",
        _KIT,
        Answer(403, None),
        "ask for exactly the URL in links.href, with a token of the same licence",
        "status-not-found",
    ),
    Rule(
        "STA-BAD-ID",
        Level.REFUSAL,
        _I,
        "A status id that is not a whole number gets 400.",
        (Citation("spring", "Spring MVC, type mismatch of a path variable"),),
        Answer(400, None, close=True),
        "the id in links.href is a decimal number",
    ),
    _says(
        "UPD-PART",
        _D,
        "An item update is multipart/form-data with one file part named itemUpdateFile.",
        _SHEET10,
    ),
    _says("UPD-REPLY", _D, 'The reply is as for an upload, with status "complete".', _SHEET10),
    _says("UPD-CODE", _A, "An accepted item update is answered 202.", _KIT, "update-code"),
    _says(
        "UPD-STATUS",
        _D,
        "The status of an item update has completedAt null and an empty jobStatisticsMessageList.",
        _SHEET11,
    ),
    _says(
        "UPD-TIME",
        _I,
        "The time in its message is Java's LocalDateTime.toString: HH:mm only when seconds and nanos are 0, else "
        "0, 3, 6 or 9 fraction digits.",
        (*_SHEET11, Citation("spring", "Java, LocalDateTime.toString")),
    ),
    _says(
        "UPD-DOCUMENT",
        _A,
        "The update document's form is unknown; ours is capssUpload > itemUpdateData[@licenseNumber] > item+, each "
        "with referenceId (or loanBuyNumber and serialNumber) and the fields to change.",
        _KIT,
    ),
    _says(
        "UPD-UNKNOWN-ITEM",
        _A,
        "An item that is not known is an error in the status; known ones are updated; nothing else is touched.",
        _KIT,
        hint="upload the item first; it is found by referenceId, or by loanBuyNumber and serialNumber",
    ),
)
