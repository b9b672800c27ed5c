"""Takes one file part out of a multipart body while it arrives, without keeping any of it."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from capss_mock.domain.errors import Refusal
from capss_mock.web.requestlog import plain_name

_CHUNK = 64 * 1024
_BUFFER = 2**20  # bytes of headers, preamble or form fields that are held at once
_PARTS = 1000
_KNOWN_TYPES = {
    "application/x-www-form-urlencoded",
    "application/xml",
    "text/xml",
    "application/json",
    "application/octet-stream",
    "text/plain",
    "multipart/mixed",
}
_NAME_LIMIT = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def base_name(filename: str) -> str:
    """The last step of a path of either kind, without control characters."""
    name = re.split(r"[/\\]", filename)[-1]
    return _CONTROL.sub("", name)[:_NAME_LIMIT]


@dataclass(slots=True)
class Seen:
    """One part as it was received; ``filename`` None for a field; ``digest`` is not of the part that is taken."""

    name: str
    filename: str | None
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    taken: bool = False


def receive(
    stream: IO[bytes],
    content_type: str,
    part: str,
    write: Callable[[bytes], None],
    seen: list[Seen] | None = None,
) -> str:
    """Read a multipart body and hand the bytes of the first file part named ``part`` to ``write``.

    Args:
        stream: the request's body.
        content_type: the request's Content-Type header.
        seen: gets what is known of each part, as it comes.

    Returns:
        The base name of the part's filename.

    Raises:
        Refusal: WEB-NOT-MULTIPART, WEB-BROKEN-MULTIPART, WEB-PARTS-LIMIT, WEB-NO-PART.
    """
    mimetype, options = parse_options_header(content_type)
    if mimetype != "multipart/form-data":
        known = mimetype if mimetype in _KNOWN_TYPES else "another" if mimetype else "missing"
        raise Refusal("WEB-NOT-MULTIPART", f"Content-Type is {known}")
    boundary = options.get("boundary", "")
    if not boundary:
        raise Refusal("WEB-BROKEN-MULTIPART", "Content-Type has no boundary")
    decoder = MultipartDecoder(boundary.encode("latin-1", "replace"), _BUFFER, max_parts=_PARTS)
    try:
        seen = [] if seen is None else seen
        name = _decode(decoder, stream, part, write, seen)
    except (ValueError, ClientDisconnected) as error:
        if isinstance(error.__context__, TimeoutError):
            raise
        broken = "it ends or breaks off before its last boundary"
        if isinstance(error, UnicodeDecodeError):
            broken = "the head of a part is not UTF-8 (a file name in another encoding?)"
        raise Refusal("WEB-BROKEN-MULTIPART", broken) from None
    except RequestEntityTooLarge as error:
        if decoder.complete or not len(decoder.buffer):
            raise  # the body itself is over the size limit
        raise Refusal("WEB-PARTS-LIMIT") from error
    if name is None:
        raise Refusal("WEB-NO-PART", _seen(part, seen))
    return name


def _decode(
    decoder: MultipartDecoder, stream: IO[bytes], part: str, write: Callable[[bytes], None], seen: list[Seen]
) -> str | None:
    name: str | None = None
    taking = False
    while True:
        chunk = stream.read(_CHUNK)
        decoder.receive_data(chunk or None)
        while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
            match event:
                case File():
                    seen.append(Seen(event.name, event.filename))
                    taking = event.name == part and name is None
                    if taking:
                        name = base_name(event.filename)
                        seen[-1].taken = True
                case Field():
                    seen.append(Seen(event.name, None))
                    taking = False
                case Data():
                    seen[-1].size += len(event.data)
                    if taking:
                        write(event.data)
                    else:
                        seen[-1].digest.update(event.data)
        if isinstance(event, Epilogue) or not chunk:
            return name


def _seen(part: str, seen: list[Seen]) -> str:
    """Why there is no file part, without quoting what was sent."""
    if any(each.name == part and each.filename is None for each in seen):
        return f"part {part} has no filename: its text was sent, not a file; did you forget the @ before its path?"
    files = [each.name for each in seen if each.filename is not None]
    if files:
        return f"the file part is named {plain_name(files[0])!r}, not {part}"
    return f"there are {len(seen)} parts, none of them a file"
