"""The child process that reads a long document: the document on stdin, its reading on stdout."""

import gc
import os
import sys

from capss_mock.domain.brief import Brief
from capss_mock.domain.documents import reader_for
from capss_mock.domain.reading import Record, pack_end, pack_records

_CHUNK = 256 * 1024
_BATCH = 256


def main(brief: str) -> None:
    """Read stdin to its end and write the reading; the last message is written only when all was read."""
    gc.disable()  # nothing here makes cycles, and looking for them costs a tenth of the time
    out = sys.stdout.buffer
    held: list[Record] = []

    def write(record: Record) -> None:
        held.append(record)
        if len(held) == _BATCH:
            out.write(pack_records(held))
            held.clear()

    reader = reader_for(Brief.unpack(brief), write)
    while chunk := os.read(0, _CHUNK):
        reader.feed(chunk)
    reading = reader.finish()
    out.write(pack_records(held))
    out.write(pack_end(reading))


if __name__ == "__main__":
    main(*sys.argv[1:])
