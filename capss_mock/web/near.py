"""What a request that did not work seems to have been about: the operations nearest to it, the curl line for it."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from capss_mock.contract.model import Operation
from capss_mock.contract.operations import OPERATIONS, served

_ALIKE = 0.6
_MOST = 2
_NUMBER = re.compile(r"(?<=/)[0-9]+(?=/?\Z)")


@dataclass(frozen=True, slots=True)
class Near:
    """An operation that a request came near to, and what differs."""

    request: str
    differs: str


def nearest(method: str, path: str, generation: str = "both") -> list[Near]:
    """The operations that a request which matched none came nearest to; the nearest first, perhaps none."""
    plain = _NUMBER.sub("{id}", path)
    here = served(generation)
    rated: list[tuple[float, Near]] = []
    for each in OPERATIONS.values():
        slip = _slip(plain, each.path)
        alike = 1 if slip is not None else SequenceMatcher(None, plain.lower(), each.path.lower()).ratio()
        if alike >= _ALIKE:
            words = [
                "the path differs" if slip is None else slip,
                f"the method is {method}, not {each.method}" if method != each.method else "",
                "" if each in here else "it is not served here: switch api-generation",
            ]
            near = Near(f"{each.method} {each.path}", "; ".join(filter(None, words)))
            rated.append((alike + 0.1 * (method == each.method) + 0.05 * (each in here), near))
    rated.sort(key=lambda pair: -pair[0])
    sure = bool(rated) and rated[0][0] >= 1
    return [near for _, near in rated[: 1 if sure else _MOST]]


def _slip(path: str, right: str) -> str | None:
    """What is wrong with a path that is right but for a slip (nothing: empty); None: it is another path."""
    if path == right:
        return ""
    if path.lower() == right.lower():
        return "paths are case-sensitive"
    if re.sub("/+", "/", path).rstrip("/") == right:
        return "there is a slash too many"
    if path.endswith(right):
        return f"nothing may stand before the path: {path.removesuffix(right)}"
    return None


def instead(method: str, path: str, base: str, generation: str = "both") -> str:
    """A command for what the request seems to have been about; empty when that cannot be told.

    CLIENT_ID, SECRET, TOKEN and STATUS_ID stand for the sender's own; ``generation`` is which paths are served.
    """
    operation = _meant(method, path, served(generation))
    if operation is None:
        return ""
    url = base + operation.path.replace("{id}", "STATUS_ID")
    if operation.kind == "token":
        return f'curl -X POST -u CLIENT_ID:SECRET -d "scope=api" -d "grant_type=client_credentials" {url}'
    part = f' -F "{operation.part}=@day.xml"' if operation.part else ""
    return f'curl -X {operation.method} -H "Authorization: Bearer TOKEN"{part} {url}'


def _meant(method: str, path: str, operations: tuple[Operation, ...]) -> Operation | None:
    words = path.lower()
    kinds = {"token": "token", "updateitem": "update", "save": "upload", "status": "upload-status"}
    for word, kind in kinds.items():
        if word in words:
            if kind == "upload-status" and "itemupdate" in words:
                kind = "update-status"
            same = [each for each in operations if each.kind == kind]
            return next((each for each in same if each.path == path), same[0] if same else None)
    if method == "POST" and ("bulk" in words or "upload" in words):
        return next((each for each in operations if each.kind == "upload"), None)
    return None
