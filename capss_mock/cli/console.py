"""What ``capss-mock serve`` prints."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

from capss_mock import __version__
from capss_mock.contract import defaults
from capss_mock.contract.operations import served
from capss_mock.contract.scenarios import DEFAULT_SCENARIO, SCENARIOS
from capss_mock.settings import Settings
from capss_mock.shipped import fixtures
from capss_mock.web.journal import shown
from capss_mock.web.requestlog import Line


class Console:
    """Prints request lines as they come; stops in silence when nobody reads them any more."""

    def __init__(self, log: str, quiet: bool) -> None:
        self._json = log == "json"
        self._quiet = quiet
        self._lock = threading.Lock()

    def put(self, text: str) -> None:
        """Print a line now."""
        with self._lock:
            try:
                print(text, flush=True)
            except (OSError, ValueError):
                self._quiet = True

    def request(self, line: Line) -> None:
        """Print one request."""
        if self._quiet:
            return
        if self._json:
            moment = datetime.fromtimestamp(line.at_ns // 10**9, UTC)
            self.put(
                json.dumps(
                    {
                        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "method": line.method,
                        "path": line.path,
                        "status": line.status,
                        "ms": line.ms,
                        "rule": line.rule,
                        "note": line.note,
                    }
                )
            )
        else:
            self.put(shown(line))

    def report(self, message: str) -> None:
        """Print what went wrong below HTTP."""
        if not self._quiet:
            self.put(json.dumps({"event": "connection", "note": message}) if self._json else message)

    def ready(self, url: str, ca_file: Path | None, store: Path | None, settings: Settings) -> None:
        """Print where the mock is and what to paste."""
        if self._quiet:
            return
        if self._json:
            ready = {"event": "ready", "url": url, "client_id": defaults.CLIENT_ID}
            self.put(json.dumps({**ready, "ca_file": str(ca_file) if ca_file else None}))
            return
        self.put("\n".join(banner(url, ca_file, store, settings)))


def banner(url: str, ca_file: Path | None, store: Path | None, settings: Settings) -> list[str]:
    """The first lines: base URL, credentials, the DOJ sheet's commands on one line each."""
    lines = [
        f"CAPSS mock {__version__} (unofficial: no affiliation with the California DOJ)",
        f"  url            {url}",
        f"  client id      {defaults.CLIENT_ID}",
        f"  client secret  {defaults.CLIENT_SECRET}",
        f"  licence        {defaults.LICENSE_ID}",
        f"  dialect        {settings.dialect}",
        f"  store          {store or 'temporary, gone at exit (keep it: --store FILE)'}",
    ]
    if settings.scenario != DEFAULT_SCENARIO:
        found = SCENARIOS[settings.scenario]
        lines += [f"  scenario       {found.id}: {found.sentence}", f"                 a good program: {found.good}"]
        lines += [
            f"                 but {name} was set to {settings.choice(name)}: the scenario wants {text}"
            for name, text in settings.overridden.items()
        ]
    if ca_file:
        lines.append(f"  CA to trust    {ca_file}")
    lines += [
        "",
        "The DOJ's commands (sh, cmd.exe). TOKEN: the access_token of 1; URL: the href of 2 or 4.",
        "",
    ]
    commands = curl_lines(url, ca_file, settings.choice("api-generation").value)
    lines += [f"  {number}. {command}" for number, command in enumerate(commands, 1)]
    return [*lines, "", "Stop with Ctrl-C. What the mock assumes: capss-mock switches", ""]


def curl_lines(url: str, ca_file: Path | None, generation: str) -> list[str]:
    """The sheet's commands for this server, each on one line, quoted for sh and cmd.exe alike."""
    trust = f' --cacert "{ca_file}"' if ca_file else ""
    first: dict[str, str] = {}
    parts: dict[str, str | None] = {}
    for operation in served(generation):
        first.setdefault(operation.kind, url + operation.path)
        parts.setdefault(operation.kind, operation.part)
    credentials = f"{defaults.CLIENT_ID}:{defaults.CLIENT_SECRET}"
    bearer = '-H "Authorization: Bearer TOKEN"'
    lines = [f'curl{trust} -X POST -u {credentials} -d "scope=api" -d "grant_type=client_credentials" {first["token"]}']
    for kind in ("upload", "update"):
        if kind in first:
            file = sample(kind)
            lines += [
                f'curl{trust} -X POST {bearer} -F "{parts[kind]}=@{file}" {first[kind]}',
                f"curl{trust} -X GET {bearer} URL",
            ]
    return lines


def sample(kind: str) -> str:
    """A document to try: the shipped one, or a placeholder for the user's."""
    name = {"upload": "uploads/valid/one-transaction.xml", "update": "updates/one-item.xml"}[kind]
    directory = fixtures()
    if directory is None:
        return "day.xml"
    try:
        return (directory / name).relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(directory / name)
