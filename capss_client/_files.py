"""The file that is to be sent: looked at before, opened when it is sent, and not another one in its place."""

import os
from pathlib import Path
from typing import IO

from capss_client._errors import ConfigError
from capss_client._steps import Document


def document_of(file: Path, part: str) -> Document:
    """What is to be sent as the multipart part of this name.

    Raises:
        ConfigError: the file cannot be sent.
    """
    try:
        file.name.encode()
        found = file.stat() if file.is_file() else None
        if found is not None and found.st_size:
            with file.open("rb"):
                return Document(file, part, found.st_size, _stamp(found))
    except UnicodeEncodeError:
        raise _no_file(file, "has a name that is not UTF-8, as it would have to be sent") from None
    except (OSError, ValueError) as error:
        raise _no_file(file, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    raise _no_file(file, "is not there" if not file.exists() else "is no file" if found is None else "is empty")


def opened(document: Document) -> IO[bytes]:
    """The file, opened to be read.

    Raises:
        ConfigError: it cannot be read, or is another one by now.
    """
    try:
        file = document.path.open("rb")
    except OSError as error:
        raise _no_file(document.path, f"cannot be read ({error.strerror})") from None
    if document.stamp and _stamp(os.fstat(file.fileno())) != document.stamp:
        file.close()
        raise _no_file(document.path, "was changed while it was about to be sent")
    return file


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _no_file(file: Path, found: str) -> ConfigError:
    shown = str(file).encode("utf-8", "replace").decode()
    return ConfigError(f"{shown} {found}", expected="an XML document", next_step="Nothing was sent: name another file.")
