"""``validate --json``, as a process, and the mock's final status say the same of a document.

Two exceptions, which are the wire's alone to know: the licence is compared with the token's, and a record may repeat
one of an earlier file. Here the licence is the token's, and each document is the first that its mock sees.
"""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capss_mock import strategies
from tests.helpers import InProcess

VALIDATE = [sys.executable, "-m", "capss_mock", "validate", "--json", "--license", "000000300", "-"]
DAMAGE = st.sampled_from([b"", b"", b"&", b"<x/>", b"</item>", b"$", b"\xff", b"\0", b"\n", b"]]>", b"<items>"])


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Valid and broken ones, and both damaged somewhere."""
    document: bytes = draw(
        st.one_of(strategies.documents(), strategies.broken_documents().map(lambda one: one.document))
    )
    damage = draw(DAMAGE)
    at, cut = draw(st.integers(0, len(document))), draw(st.sampled_from([0, 0, 1, 30]))
    return document[:at] + damage + document[at + cut :] if damage else document


@pytest.mark.proof
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(documents())
def test_the_command_and_the_wire_agree(make_mock: Callable[..., InProcess], document: bytes) -> None:
    done = subprocess.run(VALIDATE, input=document, capture_output=True, check=False)
    assert done.stderr == b""
    (file,) = json.loads(done.stdout)["files"]
    errors = {each["rule"] for each in file["findings"] if each["level"] == "error"}
    assert done.returncode == bool(errors)

    values = make_mock(progress="immediate").final(document, onError="submit", onDup="submitWithDups")
    messages = values["errorMessages"]
    assert values["hasErrors"] is bool(errors)
    assert {rule for rule in errors if any(f"({rule})" in message for message in messages)} == errors
    assert values["hasDuplicates"] is any(each["rule"] == "DOC-DUPLICATE" for each in file["findings"])
    numbers = dict(line.split(": ") for line in values["jobStatisticsMessageList"])
    assert int(numbers["Total Transations"]) == file["transactions"]
    assert int(numbers["Total Items"]) == file["items"]
    bad = {each["transaction"] for each in file["findings"] if each["level"] == "error" and each["transaction"]}
    # what ends the reading concerns the whole file, though it may be known in which record that was
    whole = any(each["level"] == "error" and not each["transaction"] for each in file["findings"])
    whole |= "DOC-LIMIT" in errors
    assert values["savedCount"] == (0 if whole else file["transactions"] - len(bad))
