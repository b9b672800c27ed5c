"""The integrator's program of the README's recipes: it uploads a file and says what became of it."""

import time
from pathlib import Path

import httpx

SANDBOX = "https://capss-sb.doj.ca.gov"
GRANT = {"scope": "api", "grant_type": "client_credentials"}
POLLS = 10


def upload(file: str, url: str, client_id: str, client_secret: str) -> str:
    """``saved``, ``refused`` or ``unknown``."""
    with httpx.Client(base_url=url, trust_env=False) as http:
        return upload_with(http, file, client_id, client_secret)


def upload_to_the_sandbox(file: str, client_id: str, client_secret: str) -> str:
    """The same, to the host that is written into the program."""
    return upload(file, SANDBOX, client_id, client_secret)


def upload_with(http: httpx.Client, file: str, client_id: str, client_secret: str) -> str:
    """The same, with a given httpx client."""
    token = http.post("/oauth2/token", auth=(client_id, client_secret), data=GRANT).raise_for_status().json()
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    sent = http.post("/api/bulkimport/save", headers=bearer, files=_files(file))
    if sent.status_code != 202:
        return "unknown"
    for _ in range(POLLS):
        status = http.get(sent.json()["links"]["href"], headers=bearer)
        if status.status_code == 200:
            return _outcome(status)
        time.sleep(0.01)
    return "unknown"


async def upload_with_async(http: httpx.AsyncClient, file: str, client_id: str, client_secret: str) -> str:
    """The same, with an asynchronous one."""
    reply = await http.post("/oauth2/token", auth=(client_id, client_secret), data=GRANT)
    bearer = {"Authorization": f"Bearer {reply.raise_for_status().json()['access_token']}"}
    sent = await http.post("/api/bulkimport/save", headers=bearer, files=_files(file))
    if sent.status_code != 202:
        return "unknown"
    for _ in range(POLLS):
        status = await http.get(sent.json()["links"]["href"], headers=bearer)
        if status.status_code == 200:
            return _outcome(status)
    return "unknown"


def _files(file: str) -> dict[str, tuple[str, bytes]]:
    return {"bulkUploadFile": (file, Path(file).read_bytes())}


def _outcome(status: httpx.Response) -> str:
    values = status.json()
    return "saved" if values["isUploaded"] and values["savedCount"] and not values["hasErrors"] else "refused"
