"""Multipart bodies: the first file part of the right name, or a refusal that says why."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capss_mock.domain.errors import Refusal
from capss_mock.web.multipart import base_name, receive

TYPE = "multipart/form-data; boundary=b"
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="day.xml"\r\n\r\n'


def take(body: bytes, content_type: str = TYPE, part: str = "file") -> tuple[str, bytes]:
    out = bytearray()
    return receive(io.BytesIO(body), content_type, part, out.extend), bytes(out)


def refused(body: bytes, content_type: str = TYPE) -> Refusal:
    with pytest.raises(Refusal) as caught:
        take(body, content_type)
    return caught.value


@given(st.binary(max_size=3000))
def test_the_parts_bytes_come_out_as_they_went_in(data: bytes) -> None:
    data = data.replace(b"\r\n--b", b"")
    assert take(HEAD + data + b"\r\n--b--\r\n") == ("day.xml", data)


def test_a_large_part_comes_out_whole() -> None:
    data = bytes(range(256)) * 2000
    assert take(HEAD + data + b"\r\n--b--\r\n")[1] == data


def test_other_parts_are_passed_over_and_the_first_of_the_name_counts() -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    other = HEAD.replace(b'"file"', b'"other"') + b"OTHER\r\n"
    again = HEAD.replace(b"day.xml", b"two.xml") + b"TWO\r\n"
    assert take(field + other + HEAD + b"ONE\r\n" + again + b"--b--") == ("day.xml", b"ONE")


def test_an_empty_file_is_a_file() -> None:
    assert take(HEAD + b"\r\n--b--\r\n") == ("day.xml", b"")


def test_the_path_as_text_is_recognised() -> None:
    refusal = refused(b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nC:/day.xml\r\n--b--\r\n')
    assert (refusal.rule, refusal.detail) == (
        "WEB-NO-PART",
        "part file has no filename: its text was sent, not a file; did you forget the @ before its path?",
    )


def test_a_part_of_another_name_is_named() -> None:
    refusal = refused(HEAD.replace(b'"file"', b'"bulkUpload"') + b"x\r\n--b--\r\n")
    assert (refusal.rule, refusal.detail) == ("WEB-NO-PART", "the file part is named 'bulkUpload', not file")


def test_a_part_without_a_name_is_no_file() -> None:
    refusal = refused(b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n")
    assert (refusal.rule, refusal.detail) == ("WEB-NO-PART", "there are 1 parts, none of them a file")


@pytest.mark.parametrize(
    "content_type", ["", "application/xml", "application/x-www-form-urlencoded", "multipart/mixed; boundary=b"]
)
def test_what_is_not_form_data_is_refused(content_type: str) -> None:
    assert refused(b"<a/>", content_type).rule == "WEB-NOT-MULTIPART"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"x", "multipart/form-data"),
        (b"", TYPE),
        (b"no boundary at all", TYPE),
        (HEAD + b"cut off", TYPE),
        (HEAD[:20], TYPE),
        (HEAD + b"x\r\n--c--\r\n", TYPE),
    ],
)
def test_what_breaks_off_is_refused(body: bytes, content_type: str) -> None:
    assert refused(body, content_type).rule == "WEB-BROKEN-MULTIPART"


@pytest.mark.parametrize(
    "body",
    [b"x" * (3 << 20), b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n\r\n' * 1500 + b"--b--"],
    ids=["preamble", "parts"],
)
def test_too_much_beside_the_file_is_refused(body: bytes) -> None:
    assert refused(body, TYPE).rule == "WEB-PARTS-LIMIT"


@given(st.binary(max_size=400))
def test_any_bytes_are_taken_or_refused(body: bytes) -> None:
    try:
        take(HEAD[:-20] + body)
    except Refusal as refusal:
        assert refusal.rule in ("WEB-BROKEN-MULTIPART", "WEB-NO-PART")


@pytest.mark.parametrize(
    ("filename", "name"),
    [("day.xml", "day.xml"), ("C:\\Users\\x\\day.xml", "day.xml"), ("../../etc/passwd", "passwd"), ("a/b\\c", "c"),
     ("a\x00b\n.xml", "ab.xml"), ("é" * 400, "é" * 255), ("", "")],
)  # fmt: skip
def test_a_filename_is_cut_to_its_base_name(filename: str, name: str) -> None:
    assert base_name(filename) == name


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (HEAD.replace(b"\r\n", b"\n") + b"x\n--b--\n", "invalid line break after first boundary"),
        (HEAD.replace(b"--b\r\n", b"--b  \r\n") + b"x\r\n--b--\r\n", "unexpected byte after first boundary"),
        (HEAD.replace(b"day", b"\xe9") + b"x\r\n--b--\r\n", "the head of a part is not UTF-8 (a file name in another encoding?)"),
        (b"--b\r\nno colon\r\n\r\nx\r\n--b--\r\n", "malformed segment header"),
        (HEAD + b"x", "it ends or breaks off before its last boundary"),
    ],
)  # fmt: skip
def test_what_is_broken_is_said(body: bytes, says: str) -> None:
    refusal = refused(body)
    assert (refusal.rule, refusal.detail) == ("WEB-BROKEN-MULTIPART", says)


def test_what_follows_the_last_boundary_is_passed_over() -> None:
    assert take(HEAD + b"x\r\n--b--\r\n" + b"epilogue" * 20_000) == ("day.xml", b"x")
