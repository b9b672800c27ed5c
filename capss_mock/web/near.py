"""The curl line that would have worked, for a request that did not."""

from capss_mock.contract.model import Operation
from capss_mock.contract.operations import served


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
