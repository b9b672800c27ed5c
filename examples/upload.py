"""Uploads a file to CAPSS and waits for what becomes of it: python upload.py day.xml. Needs requests.

Exit code 0: everything in it is confirmed saved. 1: it is not. 3: it is not known: look before you send it again.
Environment: CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET; CAPSS_BASE_URL, CAPSS_TOKEN_URL, CAPSS_CA_FILE, CAPSS_TIMEOUT_S.
"""

import os
import sys
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

BASE = os.environ.get("CAPSS_BASE_URL", "https://capss-sb.doj.ca.gov")
TOKEN_URL = os.environ.get("CAPSS_TOKEN_URL", f"{BASE}/oauth2/token")
CLIENT = os.environ["CAPSS_CLIENT_ID"], os.environ["CAPSS_CLIENT_SECRET"]
UNTIL = time.monotonic() + float(os.environ.get("CAPSS_TIMEOUT_S", "300")) - 2
NOT_SAVED, UNKNOWN = 1, 3

http = requests.Session()
http.verify = os.environ.get("CAPSS_CA_FILE") or True


def stop(code: int, why: str) -> None:
    print(why, file=sys.stderr)
    sys.exit(code)


def left() -> float:
    seconds = UNTIL - time.monotonic()
    if seconds <= 0:
        stop(UNKNOWN, "the time is over: not confirmed")
    return seconds


def pause(seconds: float) -> None:
    if seconds >= left():
        stop(UNKNOWN, "the time is over: not confirmed")
    time.sleep(seconds)


def ask(method: str, url: str, **more: object) -> requests.Response:
    """One request. Redirects are not followed: the token is for this host only."""
    return http.request(method, url, timeout=min(left(), 30), allow_redirects=False, **more)


def retry_after(reply: requests.Response) -> float:
    text = reply.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 1.0


def members(reply: requests.Response) -> dict:
    try:
        values = reply.json()
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def get_token() -> None:
    form = {"scope": "api", "grant_type": "client_credentials"}
    for _ in range(4):
        reply = ask("POST", TOKEN_URL, auth=CLIENT, data=form)
        if reply.status_code not in (429, 503):
            break
        pause(retry_after(reply))
    token = members(reply).get("access_token")
    if reply.status_code != 200 or not token:
        stop(NOT_SAVED, f"no token (status {reply.status_code}): nothing was sent")
    http.headers["Authorization"] = f"Bearer {token}"


def send(file: Path) -> requests.Response:
    for _ in range(4):
        try:
            with file.open("rb") as opened:
                reply = ask("POST", f"{BASE}/api/bulkimport/save", files={"bulkUploadFile": (file.name, opened)})
        except requests.RequestException as error:
            # it may have arrived: it is not sent again
            stop(UNKNOWN, f"the answer was lost ({type(error).__name__}): look before you send it again")
        if reply.status_code not in (429, 503):  # these say that nothing was done
            break
        pause(retry_after(reply))
    if 400 <= reply.status_code < 500:
        stop(NOT_SAVED, f"refused (status {reply.status_code}): not saved")
    return reply


def follow(accepted: requests.Response) -> dict:
    links = members(accepted).get("links")
    url = urljoin(f"{BASE}/", links["href"]) if isinstance(links, dict) and links.get("href") else ""
    if accepted.status_code not in (200, 202) or urlsplit(url)[:2] != urlsplit(BASE)[:2]:
        stop(UNKNOWN, f"status {accepted.status_code} does not say where to ask: look before you send it again")
    wait, refreshed = 0.6, False
    while True:
        told = 0.0
        try:
            reply = ask("GET", url)
        except requests.RequestException:
            pass  # a status can be asked for as often as one likes
        else:
            values = members(reply)
            if reply.status_code == 200 and values.get("statusMessage") == "complete":
                return values
            if reply.status_code in (429, 503):
                told = retry_after(reply)
            elif reply.status_code == 401 and not refreshed:
                refreshed = True
                get_token()
            elif reply.status_code not in (200, 202, 404, 500, 502, 504):
                stop(UNKNOWN, f"status {reply.status_code}: not confirmed")
        pause(max(wait, told))
        wait = min(wait * 1.25, 15)


def main() -> None:
    file = Path(sys.argv[1])
    if not file.is_file() or not file.stat().st_size:
        stop(NOT_SAVED, f"{file} is empty, or not there: nothing was sent")
    try:
        get_token()
    except requests.RequestException as error:
        stop(NOT_SAVED, f"no token ({type(error).__name__}): nothing was sent")
    values = follow(send(file))
    if values.get("isUploaded") is True and values.get("hasErrors") is False and values.get("savedCount"):
        print(f"saved {values['savedCount']}")
        return
    stop(NOT_SAVED, f"not everything was saved: {len(values.get('errorMessages') or [])} messages about errors")


if __name__ == "__main__":
    main()
