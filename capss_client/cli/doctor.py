"""``capss doctor``: what may be wrong between here and CAPSS, one thing after another."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import click

from capss_client._errors import CapssError
from capss_client._flows import get_token
from capss_client._models import Token
from capss_client._steps import Call, Flow, Lost, Reply, Unreachable
from capss_client.cli.options import Connection, connection
from capss_client.cli.showing import print_json, say

if TYPE_CHECKING:
    from capss_client import Client

_now = time.time
_SKEW_S = 30  # of which a token that is new may be refused as not yet valid


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``good`` None: it could not be looked at."""

    name: str
    good: bool | None
    found: str
    next_step: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@connection
def doctor(as_json: bool, connection: Connection) -> int:
    """Check address, certificate, credentials, clock and rights. One token is asked for; no document is sent.

    Exit code 0: all is well; 2: the settings cannot be used; 4: the server cannot be reached; 1: anything else.

    \b
    Examples:
      capss doctor
      capss doctor --base-url http://127.0.0.1:8080 --client-id apitest
    """
    findings = []
    for finding in _look(connection):
        findings.append(finding)
        if not as_json:
            mark = {True: "ok  ", False: "FAIL", None: "?   "}[finding.good]
            say(f"{mark}  {finding.name:12} {finding.found}")
            if finding.next_step:
                say(f"                    next: {finding.next_step}")
    bad = [each for each in findings if each.good is False]
    if as_json:
        rows = [
            {"name": each.name, "good": each.good, "found": each.found, "next_step": each.next_step}
            for each in findings
        ]  # fmt: skip
        print_json({"good": not bad, "findings": rows})
    return {"settings": 2, "connection": 4, "certificate": 4}.get(bad[0].name, 1) if bad else 0


def _look(connection: Connection) -> Iterator[Finding]:
    try:
        client = connection.client()
    except CapssError as error:
        yield Finding("settings", False, error.found, f"expected {error.expected}. {error.next_step}")
        return
    with client:
        yield Finding("settings", True, f"{client!r}")
        yield from _connected(client, connection)


def _connected(client: "Client", connection: Connection) -> Iterator[Finding]:
    setup = client._setup
    flow = get_token(setup, setup.clock() + connection.timeout)  # asked as every other time, and once
    call = next(flow)
    assert isinstance(call, Call)  # noqa: S101 - a token flow begins with its request
    try:
        reply = client._call(call)
    except (Unreachable, Lost) as error:
        tls = isinstance(error, Unreachable) and error.lasting
        step = "give the right CA file (--ca-file), or let the server's certificate be mended"
        if "WRONG_VERSION" in str(error) or "RECORD_LAYER" in str(error):
            step = "this port does not speak TLS: write http:// if it is a mock on this machine, or another port"
        other = "check the base URL, the network and the firewall"
        yield Finding("certificate" if tls else "connection", False, str(error), step if tls else other)
        return
    yield Finding("connection", True, f"{setup.token_url} answers ({reply.status})")
    if setup.base.startswith("https"):
        yield Finding(
            "certificate",
            not connection.insecure,
            "it is not checked (--insecure)" if connection.insecure else "it is trusted",
            "leave --insecure out; if it is refused then, use --ca-file" if connection.insecure else "",
        )
    yield _clock(reply)
    yield from _token(flow, reply)


def _clock(reply: Reply) -> Finding:
    try:
        skew = parsedate_to_datetime(reply.headers.get("date", "")).timestamp() - _now()
    except (ValueError, TypeError):
        return Finding("clock", None, "the server does not say what time it is")
    if abs(skew) <= _SKEW_S:
        return Finding("clock", True, f"{abs(skew):.0f} s apart")
    where = "behind" if skew > 0 else "ahead"
    return Finding("clock", False, f"this machine is {abs(skew):.0f} s {where}", "set its clock (NTP)")


def _token(flow: Flow[Token], reply: Reply) -> Iterator[Finding]:
    try:
        flow.send(reply)
    except StopIteration as end:
        token = end.value
        yield Finding("credentials", True, f"a token, good for {token.expires_in} s")
        yield Finding("scope", True, f"{token.scope}")
        return
    except CapssError as error:
        name = "scope" if getattr(error, "code", "") == "invalid_scope" else "credentials"
        yield Finding(name, False, error.found, error.next_step)
        return
    yield Finding("credentials", False, f"the token endpoint answered {reply.status}", "try again later")
