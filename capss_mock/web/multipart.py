"""Takes one file part out of a multipart body while it arrives, without keeping any of it."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from multipart import MultipartSegment, ParserError, ParserLimitReached, PushMultipartParser  # type: ignore[import-untyped]  # it has no types
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import parse_options_header

from capss_mock.domain.errors import Refusal
from capss_mock.web.requestlog import plain_name

_CHUNK = 64 * 1024
_PARTS = 1000
_PART_HEADERS = 100
_HEAD = 2**20  # bytes of the preamble, or of one header of a part
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
    try:
        parser = PushMultipartParser(
            boundary.encode("latin-1", "replace"),
            max_header_size=_HEAD,
            max_header_count=_PART_HEADERS,
            max_segment_count=_PARTS,
        )
        seen = [] if seen is None else seen
        name = _parse(parser, stream, part, write, seen)
    except ParserLimitReached as error:
        raise Refusal("WEB-PARTS-LIMIT") from error
    except (ValueError, ClientDisconnected) as error:
        if isinstance(error.__context__, TimeoutError):
            raise
        raise Refusal("WEB-BROKEN-MULTIPART", _broken(error)) from None
    if name is None:
        raise Refusal("WEB-NO-PART", _seen(part, seen))
    return name


def _broken(error: Exception) -> str:
    reason = str(error.args[0]) if isinstance(error, ParserError) else ""
    if any(isinstance(each, UnicodeDecodeError) for each in error.args):
        return "the head of a part is not UTF-8 (a file name in another encoding?)"
    if not reason or "end of multipart" in reason:
        return "it ends or breaks off before its last boundary"
    return reason[0].lower() + reason[1:]


def _parse(
    parser: PushMultipartParser, stream: IO[bytes], part: str, write: Callable[[bytes], None], seen: list[Seen]
) -> str | None:
    name: str | None = None
    taking = False
    preamble = 0
    while not parser.closed:
        chunk = stream.read(_CHUNK)
        for event in parser.parse(chunk):
            match event:
                case MultipartSegment():
                    seen.append(Seen(event.name or "", event.filename))
                    taking = event.name == part and event.filename is not None and name is None
                    if taking:
                        name = base_name(event.filename or "")
                        seen[-1].taken = True
                case bytes():
                    seen[-1].size += len(event)
                    if taking:
                        write(event)
                    else:
                        seen[-1].digest.update(event)
        preamble += 0 if seen else len(chunk)
        if preamble > _HEAD:
            raise ParserLimitReached("the preamble is too long")
    return name


def _seen(part: str, seen: list[Seen]) -> str:
    """Why there is no file part, without quoting what was sent."""
    if any(each.name == part and each.filename is None for each in seen):
        return f"part {part} has no filename: its text was sent, not a file; did you forget the @ before its path?"
    files = [each.name for each in seen if each.filename is not None]
    if files:
        return f"the file part is named {plain_name(files[0])!r}, not {part}"
    return f"there are {len(seen)} parts, none of them a file"
