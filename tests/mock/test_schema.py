"""A schema of the user's: every fault is found, with its record, in bounded memory and without a value."""

from pathlib import Path

import pytest

from capss_mock.contract.fields import FORMS
from capss_mock.domain.checking import check_document
from capss_mock.domain.schema import SchemaError, load_schema, schema_findings
from tests.helpers import peak_mb, record, upload_of

HEAD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
SCHEMA = (
    HEAD
    + """
<xs:element name="capssUpload"><xs:complexType><xs:sequence><xs:element name="bulkUploadData"><xs:complexType>
  <xs:sequence><xs:element name="propertyTransaction" maxOccurs="unbounded"><xs:complexType><xs:sequence>
    <xs:element name="transactionTime" type="xs:dateTime"/>
    <xs:element name="customer"/><xs:element name="store"/>
    <xs:element name="items"><xs:complexType><xs:sequence><xs:element name="item" maxOccurs="unbounded"><xs:complexType>
      <xs:sequence>
        <xs:element name="referenceId" type="xs:string"/>
        <xs:element name="type"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="BUY"/>
          </xs:restriction></xs:simpleType></xs:element>
        <xs:element name="loanBuyNumber"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="10"/>
          </xs:restriction></xs:simpleType></xs:element>
        <xs:element name="amount" type="xs:decimal"/>
        <xs:any processContents="skip" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element></xs:sequence>
  <xs:attribute name="licenseNumber" use="required"/>
</xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>"""
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "invented.xsd").write_text(SCHEMA)
    return tmp_path / "invented.xsd"


def found(path: Path, document: bytes, size: int = 100) -> list[tuple[int, str]]:
    chunks = [document[start : start + size] for start in range(0, len(document), size)]
    return [(each.record, each.message) for each in schema_findings(load_schema(path), chunks, FORMS["upload"])]


@pytest.mark.parametrize("size", [7, 100, 10**6])
def test_each_fault_is_found_in_its_record_without_its_value(path: Path, size: int) -> None:
    document = upload_of(
        record("1"),
        record("2", amount="Canary"),
        record("3"),
        record("4").replace("BUY", "Canary"),
        record("5" * 11),
        record("6").replace("<amount>", "<price>").replace("</amount>", "</price>"),
    )
    assert found(path, document, size) == [
        (2, "amount is not of its type"),
        (4, "type is none of the values that the schema lists"),
        (5, "loanBuyNumber is too long"),
        (6, "price is not expected here; expected is amount"),
    ]


def test_a_good_document_and_one_without_a_record(path: Path) -> None:
    assert found(path, upload_of(record("1"))) == []
    assert found(path, b"<capssUpload><bulkUploadData/></capssUpload>") == [
        (0, "bulkUploadData lacks a required attribute"),
        (0, "bulkUploadData lacks an element; expected is propertyTransaction"),
    ]


def test_what_is_wrong_around_the_records_is_said_once(path: Path) -> None:
    document = upload_of(record("1"), record("2")).replace(b" licenseNumber", b" licenceNumber")
    assert found(path, document) == [
        (0, "licenceNumber is an attribute that the schema does not have there"),
        (0, "bulkUploadData lacks a required attribute"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_fault_is_at_its_element(path: Path, encoding: str) -> None:
    text = upload_of(record("1"), record("2", amount="x"), record("3")).decode()
    text = text.replace("</propertyTransaction>", "</propertyTransaction >")
    document = (f'<?xml version="1.0" encoding="{encoding}"?>' + text).encode(encoding)
    report = check_document(lambda: [document], schema=load_schema(path))
    (at,) = {(each.line, each.column) for each in report.findings if each.finding.rule == "DOC-XSD"}
    assert at == (1, document.decode(encoding).index("<amount>x") + 1)


def test_a_long_document_takes_no_memory_however_much_is_wrong(path: Path) -> None:
    """20 MB, a fault in each of 8,000 records."""
    grown = peak_mb(
        f"""
from pathlib import Path
from capss_mock.contract.fields import FORMS
from capss_mock.domain.checking import check_document
from capss_mock.domain.schema import load_schema, schema_findings
from tests.helpers import record, upload_of
begin, end = upload_of("X").split(b"<propertyTransaction>X</propertyTransaction>")
def chunks(count):
    yield begin
    for number in range(count):
        yield upload_of(record(str(number), amount="x"))[len(begin) : -len(end)]
    yield end
schema = load_schema(Path({str(path)!r}))
def setup():
    list(schema_findings(schema, chunks(10), FORMS["upload"]))
def work():
    assert sum(1 for _ in schema_findings(schema, chunks(8000), FORMS["upload"])) == 8000
"""
    )
    assert grown < 8


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (None, "cannot read"),
        ("<a", "is no XML Schema"),
        ("<a/>", "is no XML Schema"),
        (HEAD + '<xs:include schemaLocation="http://127.0.0.1:9/x.xsd"/></xs:schema>', "put that beside it"),
        (HEAD + '<xs:include schemaLocation="beside.xsd"/></xs:schema>', "put that beside it"),
        (HEAD + '<xs:include schemaLocation="../../etc/x.xsd"/></xs:schema>', "cannot read"),
        (HEAD + '<xs:element name="a" type="nothing"/></xs:schema>', "is no XML Schema"),
    ],
)
def test_what_is_no_schema_is_said_in_one_line(tmp_path: Path, text: str | None, match: str) -> None:
    (tmp_path / "beside.xsd").write_text(HEAD + '<xs:include schemaLocation="//127.0.0.1:9/x.xsd"/></xs:schema>')
    path = tmp_path / "bad.xsd"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SchemaError, match=match) as raised:
        load_schema(path)
    assert "\n" not in str(raised.value)


def test_a_schema_may_include_another_one_beside_it(path: Path) -> None:
    outer = path.with_name("outer.xsd")
    outer.write_text(HEAD + '<xs:include schemaLocation="invented.xsd"/></xs:schema>')
    assert found(outer, upload_of(record("1", amount="x"))) == [(1, "amount is not of its type")]
