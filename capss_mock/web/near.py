"""The curl line that would have worked, for a request that did not."""

from capss_mock.contract import defaults
from capss_mock.contract.model import Operation
from capss_mock.contract.operations import OPERATIONS


def instead(method: str, path: str, base: str) -> str:
    """A command for what the request seems to have been about; empty when that cannot be told."""
    operation = _meant(method, path)
    if operation is None:
        return ""
    url = base + operation.path.replace("{id}", str(defaults.FIRST_STATUS_ID))
    if operation.kind == "token":
        credentials = f"{defaults.CLIENT_ID}:{defaults.CLIENT_SECRET}"
        return f'curl -X POST -u {credentials} -d "scope=api" -d "grant_type=client_credentials" {url}'
    part = f' -F "{operation.part}=@day.xml"' if operation.part else ""
    return f'curl -X {operation.method} -H "Authorization: Bearer TOKEN"{part} {url}'


def _meant(method: str, path: str) -> Operation | None:
    words = path.lower()
    kinds = {"token": "token", "updateitem": "update", "save": "upload", "status": "upload-status"}
    for word, kind in kinds.items():
        if word in words:
            if kind == "upload-status" and "itemupdate" in words:
                kind = "update-status"
            same = [each for each in OPERATIONS.values() if each.kind == kind]
            return next((each for each in same if each.path == path), same[0])
    if method == "POST" and ("bulk" in words or "upload" in words):
        return next(each for each in OPERATIONS.values() if each.kind == "upload")
    return None
