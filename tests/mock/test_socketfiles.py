"""The files of a connection: nothing waits that should not, nothing is sent before its time."""

import socket
from collections.abc import Iterator

import pytest

from capss_mock.serving.socketfiles import Reader, Writer, make_file


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets; the second gives up after 5 s instead of hanging the test."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    ours.settimeout(5)
    with ours, theirs:
        yield ours, theirs


def test_a_reader_knows_what_it_holds_without_waiting(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    reader = make_file(ours, "rb")
    assert isinstance(reader, Reader)
    assert not reader.has_data()  # the socket would block for 5 s here
    theirs.sendall(b"one\ntwo")
    assert not reader.has_data()  # received by the kernel, not yet by the reader
    assert reader.readline() == b"one\n"
    assert reader.has_data()
    assert reader.read(3) == b"two"
    assert not reader.has_data()
    theirs.sendall(b"three")
    assert reader.read(5) == b"three"  # reading goes on after "nothing yet"


def test_a_reader_sees_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    reader = Reader(ours, 100)
    theirs.close()
    assert reader.read(10) == b""


def test_what_is_written_between_hold_and_release_goes_out_in_one_piece(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    writer = make_file(ours, "wb")
    assert isinstance(writer, Writer)
    writer.write(b"at once")
    assert theirs.recv(100) == b"at once"
    writer.hold()
    writer.write(b"head ")
    writer.write(b"body")
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    writer.release()
    theirs.settimeout(5)
    assert theirs.recv(100) == b"head body"


def test_more_than_can_be_held_goes_out_before_the_release(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    writer = Writer(ours)
    writer.hold()
    writer.write(b"x" * 70_000)
    received = b""
    while len(received) < 70_000:
        received += theirs.recv(70_000)
    writer.write(b"rest")
    writer.release()
    assert theirs.recv(100) == b"rest"
