"""What must not come out of a program, and where it did: in its output, and in files that it leaves behind."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from capss_mock.conformance.client.evidence import Leak, Output
from capss_mock.conformance.client.program import Place

_READ_LIMIT = 16 * 2**20  # of a file
_MOST_FILES = 2000
_LINES, _LINE = 8, 200  # of its output, in a timeline
_JWT = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{20,}\.[\w-]{40,}")
_JWT_TEXT = re.compile(r"eyJ[\w-]{10,}[\w.-]*")


@dataclass(frozen=True, slots=True)
class Canaries:
    """What must not come out: texts by kind (secret, token, person)."""

    texts: Mapping[str, Sequence[str]]

    def leaks(self, output: Output, place: Place, since: float) -> list[Leak]:
        """Where they came out: output, and files made or changed since a moment (seconds of the epoch)."""
        found = []
        for name in ("stdout", "stderr"):
            found += [Leak(kind, name) for kind in self._in(getattr(output, name))]
        for file, mode in _files(place, since):
            shown = str(file.relative_to(place.root if file.is_relative_to(place.root) else place.work))
            private = os.name != "nt" and not mode & 0o077
            with contextlib.suppress(OSError), file.open("rb") as opened:
                found += [Leak(kind, shown, private) for kind in self._in(opened.read(_READ_LIMIT))]
        return found

    def _in(self, data: bytes) -> Iterator[str]:
        for kind, texts in self.texts.items():
            if any(text.encode() in data for text in texts) or (kind == "token" and _JWT.search(data)):
                yield kind

    def hidden(self, output: Output) -> list[str]:
        """The last lines that it printed, without any of them."""
        text = output.shown.decode("utf-8", "replace")
        for each in sorted((each for texts in self.texts.values() for each in texts), key=len, reverse=True):
            text = text.replace(each, "…")
        text = _JWT_TEXT.sub("…", text)
        return [line[:_LINE] for line in text.splitlines() if line.strip()][-_LINES:]


def _files(place: Place, since: float) -> Iterator[tuple[Path, int]]:
    count = 0
    for root in (place.work, place.temporary):
        for path, _, names in os.walk(root):
            for name in names:
                file = Path(path) / name
                with contextlib.suppress(OSError):
                    seen = file.lstat()
                    if stat.S_ISREG(seen.st_mode) and seen.st_mtime >= since - 1 and count < _MOST_FILES:
                        count += 1
                        yield file, seen.st_mode
        if place.outcome.is_file() and root == place.work:
            yield place.outcome, place.outcome.stat().st_mode
