"""The flows without any HTTP: what is asked for, how often, and what comes of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_client import CapssError, NotSent, Progress, Receipt, Refused, Result, Token, Undetermined
from capss_client._flows import get_token, look, origin, own, send, wait_for
from capss_client._steps import Flow, Lost, Reply, Unreachable
from tests.client.helpers import (
    ACCEPTED,
    BASE,
    FINAL,
    HREF,
    PENDING,
    TOKEN,
    Driven,
    Time,
    document,
    reply,
    setup,
)

OK = reply(200, TOKEN)
TAKEN = reply(202, ACCEPTED)
RECEIPT = Receipt("1", "s", HREF, "new")
Answers = Sequence[Reply | Exception]


# -- a token


def token_of(answers: Answers, deadline: float = 1e9) -> tuple[object, Driven, Time]:
    driven, time = Driven(), Time()
    try:
        return driven.run(get_token(setup(time), deadline), answers, time), driven, time
    except CapssError as error:
        return error, driven, time


def test_a_token_is_asked_for_as_the_sheet_says() -> None:
    token, driven, _ = token_of([OK])
    (call,) = driven.calls
    assert (call.method, call.url) == ("POST", f"{BASE}/oauth2/token")
    assert call.form == {"scope": "api", "grant_type": "client_credentials"}
    assert call.headers == {"Accept": "application/json", "Authorization": "Basic YTpi"}
    assert (token.value, token.expires_in, token.scope) == ("a.b.c", 3600, "api")  # type: ignore[attr-defined]  # it is a token


@pytest.mark.parametrize("problem", [reply(503), reply(429), reply(500), reply(502), Lost("x"), Unreachable("x")])
def test_a_token_is_asked_for_again_where_that_may_help(problem: Reply | Exception) -> None:
    token, driven, _ = token_of([problem, problem, OK])
    assert not isinstance(token, Exception)
    assert driven.pauses == [0.6, 0.9]


def test_a_token_is_not_asked_for_without_end() -> None:
    error, driven, _ = token_of([reply(503)] * 4)
    assert isinstance(error, NotSent)
    assert str(error) == (
        "the token endpoint answered 503; expected an access token. Nothing was sent: check the address (capss doctor), "
        "and try again later."
    )
    assert driven.pauses == [0.6, 0.9, 1.35]


def test_retry_after_is_honoured_and_the_deadline_kept() -> None:
    _, driven, _ = token_of([reply(503, retry_after="7"), OK])
    assert driven.pauses == [7.0]
    error, driven, _ = token_of([reply(503, retry_after="7")], deadline=1005)
    assert isinstance(error, NotSent)
    assert driven.pauses == []


@pytest.mark.parametrize(
    ("answer", "kind", "code", "says"),
    [
        (reply(401, b'{"error":"invalid_client"}'), Refused, "invalid_client", "check the client id and the secret"),
        (reply(400, b'{"error":"invalid_scope"}'), Refused, "invalid_scope", "no right to api"),
        (reply(400, b'{"error":"unauthorized_client"}'), Refused, "unauthorized_client", "check the client id"),
        (reply(401), Refused, "", "401 without saying why"),
        (reply(401, b'{"error":["x"]}'), Refused, "", "401 without saying why"),
        (reply(403, b"[]"), Refused, "", "403 without saying why"),
        (reply(404), NotSent, None, "answered 404"),
        (reply(302), NotSent, None, "answered 302"),
        (reply(200, b"<html>", content_type="text/html"), NotSent, None, "the answer is 6 bytes of text/html, not JSON"),
        (reply(200), NotSent, None, "the answer is nothing, not JSON"),
        (reply(200, b"[1]"), NotSent, None, "the token reply is a list, not an object"),
        (reply(200, TOKEN.replace(b'"access_token"', b'"token"')), NotSent, None, "no member access_token"),
        (reply(200, TOKEN.replace(b'"a.b.c"', b'"a\\nb"')), NotSent, None, "access_token in the token reply is no token"),
        (reply(200, TOKEN.replace(b"Bearer", b"mac")), NotSent, None, "token_type in the token reply is not Bearer"),
        (reply(200, TOKEN.replace(b"3600", b'"3600"')), NotSent, None, "expires_in in the token reply is a text"),
        (reply(200, TOKEN.replace(b'"api"', b'"other"')), Refused, "invalid_scope", "the token has no scope api"),
        (reply(200, TOKEN.replace(b'"scope":"api",', b"")), Refused, "invalid_scope", "the token has no scope api"),
        (Unreachable("SSL", lasting=True), NotSent, None, "no answer from https://capss.test (SSL)"),
    ],
)  # fmt: skip
def test_what_is_no_token_is_told_at_once(
    answer: Reply | Exception, kind: type[CapssError], code: str | None, says: str
) -> None:
    error, driven, _ = token_of([answer])
    assert isinstance(error, kind)
    assert says in str(error)
    assert len(driven.calls) == 1
    if code is not None:
        assert isinstance(error, Refused)
        assert error.code == code


# -- sending


def sent(answers: Answers, tmp_path: Path, deadline: float = 1e9) -> tuple[object, Driven, list[Progress]]:
    driven, time, told = Driven(), Time(), []
    file = tmp_path / "day.xml"
    flow = send(setup(time, told), "/api/bulkimport/save", document(file), {"onDup": "reject"}, deadline)
    try:
        return driven.run(flow, answers, time), driven, told
    except CapssError as error:
        return error, driven, told


def test_a_document_is_sent_once_and_its_receipt_returned(tmp_path: Path) -> None:
    receipt, driven, told = sent([TAKEN], tmp_path)
    (call,) = driven.calls
    assert (call.method, call.url, call.query) == ("POST", f"{BASE}/api/bulkimport/save", {"onDup": "reject"})
    assert call.headers["Authorization"] == "Bearer token-1"
    assert call.document is not None
    assert call.document.part == "bulkUploadFile"
    assert receipt == Receipt("000000300", "00000000-0000-4000-8000-000000000001", HREF, "new")
    assert [each.stage for each in told] == ["sending"]


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_with_a_receipt_is_one(status: int, tmp_path: Path) -> None:
    assert isinstance(sent([reply(status, ACCEPTED)], tmp_path)[0], Receipt)


@pytest.mark.parametrize(
    "lost",
    [
        Lost("reset"), reply(406), reply(409), reply(422), reply(500), reply(502), reply(504), reply(505), reply(302), reply(307), reply(204),
        reply(202), reply(202, b"<html>"), reply(202, b"{}"), reply(202, b"null"), reply(200, FINAL),
        reply(202, ACCEPTED[:-20]), reply(202, ACCEPTED.replace(b'"href"', b'"url"')),
        reply(202, ACCEPTED.replace(b'{"href":"https://capss.test/api/bulkimport/status/7","rel":"rel"}', b"null")),
    ],
    ids=str,
)  # fmt: skip
def test_after_a_lost_or_unreadable_answer_nothing_is_sent_again(lost: Reply | Exception, tmp_path: Path) -> None:
    error, driven, _ = sent([lost], tmp_path)
    assert isinstance(error, Undetermined)
    assert len(driven.calls) == 1
    assert "Do not send it again: look in CAPSS" in str(error)
    assert error.exit_code == 3


@pytest.mark.parametrize(
    "href",
    ["https://elsewhere.test/x", "http://capss.test/x", "https://capss.test:444/x", "//evil.test/x", "",
     "https://user@capss.test/x", "ftp://capss.test/x", "https://capss.test.evil.test/x", "https://[", "mailto:x"],
)  # fmt: skip
def test_a_receipt_that_leads_elsewhere_is_not_followed(href: str, tmp_path: Path) -> None:
    error, driven, _ = sent([reply(202, ACCEPTED.replace(HREF.encode(), href.encode()))], tmp_path)
    assert isinstance(error, Undetermined)
    assert "the token is not sent to another host" in str(error)
    assert error.receipt is not None
    assert error.receipt.href == href
    assert len(driven.calls) == 1


@pytest.mark.parametrize(
    ("href", "absolute"),
    [
        ("/api/bulkimport/status/7", HREF), ("../bulkimport/status/7", HREF), ("https://CAPSS.test:443/x", "https://CAPSS.test:443/x"),
        ("//capss.test/x", "https://capss.test/x"),
    ],
)  # fmt: skip
def test_a_relative_or_differently_written_address_is_resolved(href: str, absolute: str) -> None:
    assert own(setup(Time()), f"{BASE}/api/bulkimport/save", Receipt("1", "s", href)) == absolute


@pytest.mark.parametrize("busy", [reply(503), reply(429), Unreachable("refused")])
def test_what_was_not_taken_may_be_sent_again(busy: Reply | Exception, tmp_path: Path) -> None:
    receipt, driven, told = sent([busy, busy, TAKEN], tmp_path)
    assert isinstance(receipt, Receipt)
    assert driven.pauses == [0.6, 0.9]
    assert [each.stage for each in told].count("trouble") == 2


def test_retry_after_is_honoured_as_seconds_and_as_a_date(tmp_path: Path) -> None:
    answers = [reply(503, retry_after="5"), reply(429, retry_after="Thu, 01 Jan 1970 00:00:09 GMT"), TAKEN]
    assert sent(answers, tmp_path)[1].pauses == [5.0, 9.0]


@pytest.mark.parametrize("header", ["-5", "soon", "1e9", "٣", "9" * 400, "Thu, 99 Foo 1970"])
def test_a_retry_after_that_is_none_is_passed_over(header: str, tmp_path: Path) -> None:
    assert sent([reply(503, retry_after=header), TAKEN], tmp_path)[1].pauses == [0.6]


def test_it_gives_up_after_four_tries_and_at_the_deadline(tmp_path: Path) -> None:
    error, driven, _ = sent([reply(503)] * 4, tmp_path)
    assert isinstance(error, NotSent)
    assert len(driven.calls) == 4
    error, driven, _ = sent([reply(503, retry_after="60")], tmp_path, deadline=1030)
    assert isinstance(error, NotSent)
    assert error.exit_code == 4
    assert driven.pauses == []


def test_a_connection_that_never_will_be_is_not_tried_again(tmp_path: Path) -> None:
    error, driven, _ = sent([Unreachable("CERTIFICATE_VERIFY_FAILED", lasting=True)], tmp_path)
    assert isinstance(error, NotSent)
    assert len(driven.calls) == 1


def test_a_token_that_is_refused_is_renewed_once(tmp_path: Path) -> None:
    receipt, driven, _ = sent([reply(401), TAKEN], tmp_path)
    assert isinstance(receipt, Receipt)
    assert driven.bearers == ["", "token-1"]
    error, driven, _ = sent([reply(401), reply(401)], tmp_path)
    assert isinstance(error, Refused)
    assert error.status == 401
    assert len(driven.calls) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413])
def test_a_refusal_is_told_and_not_tried_again(status: int, tmp_path: Path) -> None:
    error, driven, _ = sent([reply(status, b"secret words of the server")], tmp_path)
    assert isinstance(error, Refused)
    assert (error.status, error.exit_code) == (status, 1)
    assert "secret words" not in str(error)
    assert len(driven.calls) == 1


# -- waiting


def waited(answers: Answers, deadline: float = 1e9) -> tuple[object, Driven, list[Progress]]:
    driven, time, told = Driven(), Time(), []
    try:
        return driven.run(wait_for(setup(time, told), RECEIPT, deadline), answers, time), driven, told
    except CapssError as error:
        return error, driven, told


def test_it_asks_at_growing_intervals_until_the_last_word() -> None:
    result, driven, told = waited([reply(202, PENDING)] * 12 + [reply(200, FINAL)])
    assert result.confirmed  # type: ignore[attr-defined]  # it is a result
    assert driven.pauses[:5] == [0.6, 0.9, 1.35, 2.025, 3.037]
    assert driven.pauses[-2:] == [30.0, 30.0]
    assert {call.url for call in driven.calls} == {HREF}
    assert [each.stage for each in told] == ["pending"] * 12 + ["final"]
    assert told[-1].polls == 13
    assert told[-1].seconds == pytest.approx(sum(driven.pauses), abs=0.01)


def test_pauses_are_never_under_half_a_second() -> None:
    for chance in (0.0, 0.5, 1.0):
        pauses = setup(Time()).__class__(BASE, BASE, "x", chance=lambda chance=chance: chance).pauses()
        assert all(0.5 <= next(pauses) <= 33 for _ in range(30))


@pytest.mark.parametrize(
    "pending",
    [reply(202), reply(202, b"<html>"), reply(202, b"{}"), reply(202, FINAL), reply(200, PENDING), reply(202, PENDING)],
    ids=str,
)
def test_pending_is_202_whatever_it_says_or_200_with_another_word(pending: Reply) -> None:
    result, driven, _ = waited([pending] * 8 + [reply(200, FINAL)])
    assert result.confirmed  # type: ignore[attr-defined]  # it is a result
    assert len(driven.calls) == 9


@pytest.mark.parametrize(
    "trouble",
    [reply(404), reply(429), reply(500), reply(503), Lost("x"), Unreachable("x"), reply(200), reply(200, b"<html>"),
     reply(200, b'{"status":null}'), NotSent("x", expected="y", next_step="z")],
    ids=str,
)  # fmt: skip
def test_a_status_that_cannot_be_read_for_a_while_is_asked_for_again(trouble: Reply | Exception) -> None:
    result, driven, told = waited([trouble] * 5 + [reply(200, FINAL)])
    assert result.confirmed  # type: ignore[attr-defined]  # it is a result
    assert [each.stage for each in told] == ["trouble"] * 5 + ["final"]
    error, driven, _ = waited([trouble] * 6)
    assert isinstance(error, Undetermined)
    assert error.receipt == RECEIPT
    assert f"capss status {HREF}" in error.next_step
    assert len(driven.calls) == 6


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 405, 410])
def test_what_will_not_get_better_is_asked_once(status: int) -> None:
    error, driven, _ = waited([reply(status, location="https://elsewhere.test/")])
    assert isinstance(error, Undetermined)
    assert len(driven.calls) == 1


def test_credentials_that_are_refused_meanwhile_leave_it_undetermined() -> None:
    refused = Refused("x", expected="y", next_step="z", status=401)
    error, driven, _ = waited([refused])
    assert isinstance(error, Undetermined)
    assert len(driven.calls) == 1


def test_a_token_that_expired_meanwhile_is_renewed_at_each_poll_that_needs_it() -> None:
    result, driven, _ = waited([reply(401), reply(202, PENDING), reply(401), reply(200, FINAL)])
    assert result.confirmed  # type: ignore[attr-defined]  # it is a result
    assert driven.bearers == ["", "token-1", "", "token-3"]


def test_at_the_deadline_it_is_undetermined_with_the_last_word() -> None:
    error, driven, _ = waited([reply(200, PENDING)] * 3, deadline=1004)
    assert isinstance(error, Undetermined)
    assert error.last is not None
    assert error.last.status_message == "processing"
    assert "after 3 polls the last word is 'processing', and the time is up" in str(error)
    assert sum(driven.pauses) <= 4


def test_retry_after_of_a_status_is_honoured() -> None:
    assert waited([reply(429, retry_after="9"), reply(200, FINAL)])[1].pauses == [0.6, 9.0]


# -- looking once


@pytest.mark.parametrize(
    ("answer", "final"), [(reply(200, FINAL), True), (reply(200, PENDING), False), (reply(202), None)]
)
def test_one_look_gives_what_there_is(answer: Reply, final: bool | None) -> None:
    result = Driven().run(look(RECEIPT, 2000), [answer], Time())
    assert (None if result is None else result.final) == final


@pytest.mark.parametrize("answer", [reply(404), reply(200, b"<html>"), Lost("x")], ids=str)
def test_one_look_that_shows_nothing_is_undetermined(answer: Reply | Exception) -> None:
    with pytest.raises(Undetermined):
        Driven().run(look(RECEIPT, 2000), [answer], Time())


@pytest.mark.parametrize(
    "url", ["", "capss.test", "ftp://x", "https://", "https://u:p@x", "https://x:99999", "https://x:y"]
)
def test_an_origin_needs_scheme_and_host_and_no_credentials(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        origin(url)


# -- whatever comes

BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([ACCEPTED, FINAL, PENDING, TOKEN, b"null", b"[]", b"{}", b"[" * 100_000]),
    st.builds(lambda body, cut: body[:cut], st.sampled_from([ACCEPTED, FINAL]), st.integers(0, 600)),
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "content-type", "location"]), st.text(st.characters(max_codepoint=255), max_size=40)
)
REPLIES = st.builds(Reply, st.integers(100, 599), HEADERS, BODIES)
COMING = st.lists(REPLIES | st.sampled_from([Lost("x"), Unreachable("x"), Unreachable("x", lasting=True)]), min_size=1)


@given(COMING)
def test_whatever_comes_a_flow_gives_a_value_or_one_of_our_errors(coming: list[Reply | Exception]) -> None:
    def endless() -> Iterator[Reply | Exception]:
        while True:
            yield from coming

    def played(flow: Flow[object], driven: Driven, time: Time) -> object:
        try:
            return driven.play(flow, endless(), time)
        except CapssError as error:
            return error

    for make in (
        lambda time: get_token(setup(time), 2000),
        lambda time: send(setup(time), "/api/bulkimport/save", document(Path("x")), {}, 2000),
        lambda time: wait_for(setup(time), RECEIPT, 2000),
        lambda time: look(RECEIPT, 2000),
    ):
        driven, time = Driven(), Time()
        found = played(make(time), driven, time)
        assert found is None or isinstance(found, Token | Receipt | Result | CapssError)
        assert time.now <= 2000
        sent = [each for each in driven.calls if each.document]
        assert len(sent) <= 5
