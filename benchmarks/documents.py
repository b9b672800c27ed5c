"""Writes an upload document of N transactions with one item each; everything in it is invented."""

import sys
from pathlib import Path

# 56 bytes of a 1x1 GIF, repeated: the weight of a real signature image, nobody's signature
IMAGE = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" * 22

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<capssUpload xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <bulkUploadData licenseNumber="000000300">
"""
TAIL = "  </bulkUploadData>\n</capssUpload>\n"
RECORD = """    <propertyTransaction>
      <transactionTime>2026-03-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}</transactionTime>
      <customer>
        <custLastName>on file</custLastName>
        <custFirstName>on file</custFirstName>
        <custMiddleName>on file</custMiddleName>
        <gender>on file</gender>
        <race>on file</race>
        <hairColor>on file</hairColor>
        <eyeColor>on file</eyeColor>
        <height>on file</height>
        <weight>on file</weight>
        <dateOfBirth xsi:nil="true"/>
        <dateOfBirthText>on file</dateOfBirthText>
        <streetAddress>on file</streetAddress>
        <city>on file</city>
        <state>on file</state>
        <postalCode>on file</postalCode>
        <id>
          <type>on file</type>
          <number>on file</number>
          <dateOfIssueText>on file</dateOfIssueText>
          <issueState>on file</issueState>
          <issueCountry>on file</issueCountry>
          <yearOfExpirationText>on file</yearOfExpirationText>
        </id>
        <signature>on file</signature>
        <fingerprint>on file</fingerprint>
      </customer>
      <store>
        <employeeName>Invented Clerk</employeeName>
        <signature>{image}</signature>
      </store>
      <items>
        <item>
          <referenceId>INV-{number:07d}</referenceId>
          <type>BUY</type>
          <loanBuyNumber>LB-{number:07d}</loanBuyNumber>
          <amount>{amount}.00</amount>
          <article>GUITAR</article>
          <brand>INVENTED</brand>
          <model>Model {model}</model>
          <ownerAppliedNumber>None</ownerAppliedNumber>
          <inscription>None</inscription>
          <pattern>None</pattern>
          <color>Black</color>
          <material>Wood</material>
          <itemSize>Unknown</itemSize>
          <sizeUnit>Unknown</sizeUnit>
          <serialNumber>SN-{number:09d}</serialNumber>
          <description>Invented guitar number {number} with a case, one string missing</description>
        </item>
      </items>
    </propertyTransaction>
"""


def record(number: int) -> str:
    """One transaction; no two numbers make duplicates."""
    return RECORD.format(
        number=number,
        image=IMAGE,
        amount=10 + number % 900,
        model=number % 97,
        day=6 + number % 4,
        hour=9 + number % 9,
        minute=number % 60,
        second=number // 60 % 60,
    )


def write(path: Path, transactions: int) -> None:
    """Write a document of ``transactions`` records."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for number in range(transactions):
            file.write(record(number))
        file.write(TAIL)


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]))
