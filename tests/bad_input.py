"""Input that is wrong, hostile or both: what is sent, and what must come of it. Used by the tests and a benchmark."""

import io
import random
import zipfile
from dataclasses import dataclass

from tests.helpers import multipart, record, upload_of

MB = 2**20
TYPE = "multipart/form-data; boundary=test-boundary"
GOOD = upload_of(record("1"))


def around(text: str | bytes, *, before: bytes = b"") -> bytes:
    """A document whose one record has ``text`` in an element that nobody needs."""
    inner = text.encode() if isinstance(text, str) else text
    return before + GOOD.replace(b"</propertyTransaction>", b"<extra>" + inner + b"</extra></propertyTransaction>")


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("day.xml", GOOD)
    return buffer.getvalue()


LAUGHS = (
    b'<!DOCTYPE capssUpload [<!ENTITY a "ha">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9))
    + b"]>"
)
EXTERNAL = b'<!DOCTYPE capssUpload [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
QUADRATIC = b'<!DOCTYPE capssUpload [<!ENTITY x "' + b"x" * 100_000 + b'">]>'

# name: (document, the rule that its final status must name; None: it is saved)
DOCUMENTS: dict[str, tuple[bytes, str | None]] = {
    "nothing at all": (b"", "DOC-WELLFORMED"),
    "plain text": (b"C:/Users/Desktop/day.xml", "DOC-WELLFORMED"),
    "an HTML page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "DOC-DTD"),
    "an HTML page without a doctype": (b"<html><body><p>Sign in<br></body></html>", "DOC-ROOT"),
    "a ZIP": (_zip(), "DOC-WELLFORMED"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "DOC-WELLFORMED"),
    "random bytes": (random.Random(1).randbytes(100_000), "DOC-WELLFORMED"),
    "another root": (GOOD.replace(b"capssUpload", b"upload"), "DOC-ROOT"),
    "a root in a namespace": (GOOD.replace(b"<capssUpload>", b'<capssUpload xmlns="urn:x">'), "DOC-ROOT"),
    "two roots": (GOOD + GOOD, "DOC-WELLFORMED"),
    "another licence": (GOOD.replace(b"000000300", b"000000301"), "DOC-LICENCE-MISMATCH"),
    "a licence without its zeros": (GOOD.replace(b"000000300", b"300"), "DOC-LICENCE-MISMATCH"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, None),
    "UTF-16": (('<?xml version="1.0" encoding="UTF-16"?>' + GOOD.decode()).encode("utf-16"), None),
    "UTF-16 that says UTF-8": (('<?xml version="1.0" encoding="UTF-8"?>' + GOOD.decode()).encode("utf-16"), "DOC-WELLFORMED"),
    "CP1252 under UTF-8": (around("José".encode("cp1252")), "DOC-WELLFORMED"),
    "an unknown encoding": (b'<?xml version="1.0" encoding="EBCDIC-X"?>' + GOOD, "DOC-WELLFORMED"),
    "a NUL": (around(b"a\0b"), "DOC-WELLFORMED"),
    "an ampersand": (around("Smith & Sons"), "DOC-WELLFORMED"),
    "a billion laughs": (around("&j;", before=LAUGHS), "DOC-DTD"),
    "an external entity": (around("&x;", before=EXTERNAL), "DOC-DTD"),
    "an external DTD": (b'<!DOCTYPE capssUpload SYSTEM "http://127.0.0.1:9/x.dtd">' + GOOD, "DOC-DTD"),
    "a quadratic blow-up": (around("&x;" * 100_000, before=QUADRATIC), "DOC-DTD"),
    "100,000 deep": (around("<a>" * 100_000 + "</a>" * 100_000), "DOC-LIMIT"),
    "100,000 deep at the root": (b"<a>" * 100_000 + b"</a>" * 100_000, "DOC-ROOT"),
    "a text of 8 MB": (around("x" * (8 * MB)), None),
    "an amount of 8 MB": (GOOD.replace(b"10.00", b"1" * (8 * MB)), None),
    "a text of 20 MB": (around("x" * (20 * MB)), "DOC-LIMIT"),
    "an attribute of 8 MB": (GOOD.replace(b"<items>", b'<items a="' + b"x" * (8 * MB) + b'">'), None),
    "a name of 8 MB": (around(b"<" + b"a" * (8 * MB) + b"/>"), "DOC-WELLFORMED"),
    "a comment of 8 MB before the root": (b"<!--" + b"x" * (8 * MB) + b"-->" + GOOD, "DOC-LIMIT"),
    "a comment of 20 MB before the root": (b"<!--" + b"x" * (20 * MB) + b"-->" + GOOD, "DOC-LIMIT"),
    "8 MB of blanks before the root": (b" " * (8 * MB) + GOOD, "DOC-LIMIT"),
    "a processing instruction of 8 MB": (b"<?a " + b"x" * (8 * MB) + b"?>" + GOOD, "DOC-LIMIT"),
    "200,000 attributes": (GOOD.replace(b"<items>", b"<items " + b" ".join(b'a%d=""' % n for n in range(200_000)) + b">"), None),
    "500,000 empty elements in a record": (around("<a/>" * 500_000), "DOC-LIMIT"),
    "90,000 empty elements in a record": (around("<a/>" * 90_000), None),
    "30,000 names that nobody knows": (around("".join(f"<serialNumbe{n}/>" for n in range(30_000))), None),
    "30,000 names nearly known": (GOOD.replace(b"<brand>", b"".join(b"<serialNumbe%d/>" % n for n in range(30_000)) + b"<brand>"), None),
    "250,000 elements beside the records": (GOOD.replace(b"</bulkUploadData>", b"<a/>" * 250_000 + b"</bulkUploadData>"), None),
    "250,000 elements beside the container": (GOOD.replace(b"</capssUpload>", b"<a/>" * 250_000 + b"</capssUpload>"), None),
    "an amount with 900 kB of blanks": (GOOD.replace(b"10.00", b"10.00" + b" " * 900_000), None),
    "cut in the middle": (GOOD[: len(GOOD) // 2], "DOC-WELLFORMED"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as bytes; ``rule`` is what the console must name. ``half_close``: the client stops sending, then reads."""

    request: bytes
    status: int
    rule: str | None
    half_close: bool = False


def post(body: bytes, content_type: str = TYPE, *headers: str, path: str = "/api/bulkimport/save") -> bytes:
    """An upload request; TOKEN stands for a bearer."""
    lines = [f"POST {path} HTTP/1.1", "Host: mock", "Authorization: Bearer TOKEN", f"Content-Type: {content_type}"]
    lines += headers or [f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path: str, *headers: str) -> bytes:
    """A request with a bearer and no body."""
    lines = [f"GET {path} HTTP/1.1", "Host: mock", "Authorization: Bearer TOKEN", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def part(head: str, body: bytes = GOOD, end: bytes = b"\r\n--test-boundary--\r\n") -> bytes:
    """A multipart body of one part with this head."""
    return b"--test-boundary\r\n" + head.encode() + b"\r\n\r\n" + body + end


FILE = 'Content-Disposition: form-data; name="bulkUploadFile"; filename="day.xml"'
FULL = multipart("bulkUploadFile", "day.xml", GOOD)
WIRE: dict[str, Wire] = {
    "no part": Wire(post(b"--test-boundary--\r\n"), 400, "WEB-NO-PART"),
    "the path as text": Wire(post(part('Content-Disposition: form-data; name="bulkUploadFile"', b"C:/day.xml")), 400, "WEB-NO-PART"),
    "another part name": Wire(post(FULL.replace(b"bulkUploadFile", b"file")), 400, "WEB-NO-PART"),
    "the other operation's part name": Wire(post(FULL, path="/api/itemupdate/updateItem"), 400, "WEB-NO-PART"),
    "the name in other letters": Wire(post(FULL.replace(b"bulkUploadFile", b"BulkUploadFile")), 400, "WEB-NO-PART"),
    "an empty filename": Wire(post(FULL.replace(b"day.xml", b"")), 202, None),
    "two files": Wire(post(FULL.removesuffix(b"--\r\n") + b"\r\n" + FULL.split(b"\r\n", 1)[1]), 202, None),
    "no boundary": Wire(post(FULL, "multipart/form-data"), 500, "WEB-BROKEN-MULTIPART"),
    "another boundary": Wire(post(FULL, "multipart/form-data; boundary=other"), 500, "WEB-BROKEN-MULTIPART"),
    "a boundary of 64 kB": Wire(post(FULL, f"multipart/form-data; boundary={'b' * 60_000}"), 500, "WEB-BROKEN-MULTIPART"),
    "a form": Wire(post(b"bulkUploadFile=day.xml", "application/x-www-form-urlencoded"), 500, "WEB-NOT-MULTIPART"),
    "the document as the body": Wire(post(GOOD, "application/xml"), 500, "WEB-NOT-MULTIPART"),
    "JSON": Wire(post(b"{}", "application/json"), 500, "WEB-NOT-MULTIPART"),
    "no body": Wire(post(b""), 500, "WEB-BROKEN-MULTIPART"),
    "a truncated body": Wire(post(FULL[:-30]), 500, "WEB-BROKEN-MULTIPART"),
    "a client that stops in the middle": Wire(post(FULL[:200], TYPE, f"Content-Length: {len(FULL)}"), 500, "WEB-BROKEN-MULTIPART", half_close=True),
    "a client that says all and stops": Wire(post(FULL), 202, None, half_close=True),
    "a part without a head": Wire(post(b"--test-boundary\r\n\r\nx\r\n--test-boundary--\r\n"), 500, "WEB-BROKEN-MULTIPART"),
    "a part head of 2 MB": Wire(post(part(FILE + "\r\nX-A: " + "a" * (2 * MB))), 500, "WEB-PARTS-LIMIT"),
    "10,000 parts": Wire(post(b"--test-boundary\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n" * 10_000 + b"--test-boundary--\r\n"), 500, "WEB-PARTS-LIMIT"),
    "10,000 files": Wire(post(b"--test-boundary\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\nx\r\n" * 10_000 + b"--test-boundary--\r\n"), 500, "WEB-PARTS-LIMIT"),
    "a text field of 8 MB": Wire(post(part('Content-Disposition: form-data; name="a"', b"x" * (8 * MB))), 400, "WEB-NO-PART"),
    "a file name that climbs": Wire(post(FULL.replace(b"day.xml", b"../../../etc/passwd")), 202, None),
    "a file name with a NUL": Wire(post(FULL.replace(b"day.xml", b"da\0y.xml")), 202, None),
    "a file name of 64 kB": Wire(post(FULL.replace(b"day.xml", b"d" * 65_536)), 202, None),
    "a file name that is markup": Wire(post(FULL.replace(b"day.xml", b"<script>alert(1)</script>.xml")), 202, None),
    "a file name that is not UTF-8": Wire(post(FULL.replace(b"day.xml", b"da\xff\xfey.xml")), 500, "WEB-BROKEN-MULTIPART"),
    "a length that is a word": Wire(post(b"", TYPE, "Content-Length: many"), 400, "WEB-UNREADABLE"),
    "a negative length": Wire(post(b"", TYPE, "Content-Length: -5"), 400, "WEB-UNREADABLE"),
    "a length of a terabyte": Wire(post(b"", TYPE, "Content-Length: 1099511627776"), 413, "WEB-TOO-LARGE"),
    "a chunk that is none": Wire(post(b"zz\r\n", TYPE, "Transfer-Encoding: chunked"), 500, "WEB-BROKEN-MULTIPART"),
    "a chunk of a terabyte": Wire(post(b"ffffffffff\r\nx", TYPE, "Transfer-Encoding: chunked"), 500, "WEB-BROKEN-MULTIPART", half_close=True),
    "a chunk line without an end": Wire(post(b"1" * 100_000, TYPE, "Transfer-Encoding: chunked"), 500, "WEB-BROKEN-MULTIPART"),
    "a header of 100 kB": Wire(get("/oauth2/jwks", "X-Long: " + "a" * 100_000), 400, "WEB-HEADERS-TOO-LARGE"),
    "20,000 headers": Wire(get("/oauth2/jwks", *(f"X-{n}: a" for n in range(20_000))), 400, "WEB-HEADERS-TOO-LARGE"),
    "a path of 100 kB": Wire(get("/" + "a" * 100_000), 400, "WEB-HEADERS-TOO-LARGE"),
    "a token of 60 kB": Wire(get("/api/bulkimport/status/1").replace(b"TOKEN", b"a" * 60_000), 401, "BEA-NOT-JWT"),
    "no HTTP": Wire(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "WEB-UNREADABLE"),
    "a climbing path": Wire(get("/api/../../etc/passwd"), 400, "WEB-PATH"),
    "an encoded slash": Wire(get("/api/bulkimport/status/1%2f2"), 400, "WEB-PATH"),
    "a NUL in the path": Wire(get("/api/bulkimport/status/1%00"), 400, "WEB-PATH"),
    "a path parameter": Wire(get("/api/bulkimport/status/1;jsessionid=1"), 400, "WEB-PATH"),
    "a status id of 5,000 digits": Wire(get("/api/bulkimport/status/" + "9" * 5000), 400, "STA-BAD-ID"),
    "a negative status id": Wire(get("/api/bulkimport/status/-1"), 400, "STA-BAD-ID"),
    "Arabic digits": Wire(get("/api/bulkimport/status/%D9%A1"), 400, "STA-BAD-ID"),
    "a host with a space": Wire(get("/oauth2/jwks").replace(b"Host: mock", b"Host: mo ck"), 400, "WEB-UNREADABLE"),
    "a method of its own": Wire(get("/oauth2/jwks").replace(b"GET", b"BREW"), 404, "WEB-NOT-FOUND"),
}  # fmt: skip
