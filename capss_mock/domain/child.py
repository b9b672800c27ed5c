"""The child process that reads a long document: the document on stdin, JSON lines of its reading on stdout."""

import gc
import os
import sys

from capss_mock.contract.fields import PROFILES
from capss_mock.domain.documents import DocumentParser
from capss_mock.domain.reading import Record, end_line, record_line
from capss_mock.domain.validation import Checks

_CHUNK = 256 * 1024


def main(kind: str, profile: str, raised: str) -> None:
    """Read stdin to its end and write the reading; the last line is written only when all was read."""
    gc.disable()  # nothing here makes cycles, and looking for them costs a tenth of the time
    out = sys.stdout

    def write(record: Record) -> None:
        out.write(record_line(record) + "\n")

    checks = Checks(PROFILES[profile], frozenset(filter(None, raised.split(","))), warnings=False)
    parser = DocumentParser(kind, checks, write)
    while chunk := os.read(0, _CHUNK):
        parser.feed(chunk)
    out.write(end_line(parser.finish()) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
