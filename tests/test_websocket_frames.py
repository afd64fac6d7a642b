"""Frames cut out of a stream, with the websockets library beside it to say what is right."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable

import pytest
from websockets.extensions import Extension
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from realtime_agents.websocket_frames import BINARY, TEXT, FrameCutter, data_frame

NO_EXTENSIONS: list[Extension] = []
SIZES = (0, 1, 125, 126, 127, 960, 65_535, 65_536, 70_000)
MOST = 65_536


class Reader:
    """One end: a cutter, the library for what it leaves, and all messages in the order in which they came out."""

    def __init__(self, side: Side, opcodes: frozenset[int] = frozenset({TEXT, BINARY})) -> None:
        self.library = Protocol(side, state=State.OPEN)
        self.cutter = FrameCutter(opcodes, is_masked=side is Side.SERVER, max_bytes=MOST)
        self.found: list[tuple[int, bytes, bool]] = []
        self.cut = 0
        self.refuses = False

    def feed(self, data: bytes) -> None:
        self.cutter.feed(data, self._take, self._leave)

    def _take(self, message: bytes) -> bool:
        if self.refuses:
            return False
        self.cut += 1
        self.found.append((-1, message, True))
        return True

    def _leave(self, data: bytes) -> None:
        assert data
        self.library.receive_data(data)
        self.found += read(self.library)


def read(library: Protocol) -> list[tuple[int, bytes, bool]]:
    frames = (event for event in library.events_received() if isinstance(event, Frame))
    return [(int(frame.opcode), bytes(frame.data), frame.fin) for frame in frames]


def other(side: Side) -> Side:
    return Side.CLIENT if side is Side.SERVER else Side.SERVER


def wire(side: Side, frames: Iterable[Frame]) -> bytes:
    """As the other end of ``side`` sends them."""
    is_client = other(side) is Side.CLIENT
    return b"".join(frame.serialize(mask=is_client, extensions=NO_EXTENSIONS) for frame in frames)


def traffic(rng: random.Random) -> list[Frame]:
    """Messages of all sizes, in one frame and in several, with control frames anywhere."""
    frames: list[Frame] = []
    for _ in range(rng.randrange(1, 12)):
        kind = rng.random()
        size = rng.choice((*SIZES[:-3], rng.randrange(300))) if kind < 0.9 else rng.choice(SIZES)
        opcode = rng.choice((Opcode.TEXT, Opcode.BINARY))
        if kind < 0.2:
            frames.append(Frame(rng.choice((Opcode.PING, Opcode.PONG)), rng.randbytes(rng.randrange(126))))
        elif kind < 0.4:
            frames.append(Frame(opcode, b"a" * size, fin=False))
            for _ in range(rng.randrange(3)):
                frames.append(Frame(rng.choice((Opcode.PING, Opcode.CONT)), b"b" * rng.randrange(126)))
                if frames[-1].opcode is Opcode.CONT:
                    frames[-1].fin = False
            frames.append(Frame(Opcode.CONT, b"c"))
        else:
            frames.append(Frame(opcode, rng.randbytes(size)))
    return frames


def pieces(data: bytes, rng: random.Random) -> Iterable[bytes]:
    """As TCP may cut it: whole, byte by byte, or anyhow."""
    steps = rng.choice(((len(data),), (1, 2, 3), (1, 100, 1_000, 60_000)))
    at = 0
    while at < len(data):
        step = rng.choice(steps) if len(data) < 5_000 or steps[-1] > 3 else 1_000
        yield data[at : at + step]
        at += step


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("seed", range(150))
def test_whatever_arrives_in_whatever_pieces_is_what_the_library_would_have_read(
    side: Side, seed: int
) -> None:
    rng = random.Random(seed)
    frames = traffic(rng)
    data = wire(side, frames)
    alone, ours = Protocol(side, state=State.OPEN), Reader(side)
    alone.receive_data(data)
    for piece in pieces(data, rng):
        ours.feed(piece)
    expected = read(alone)
    assert [(message, fin) for _, message, fin in ours.found] == [(body, fin) for _, body, fin in expected]
    assert all(opcode in (-1, right) for (opcode, *_), (right, *_) in zip(ours.found, expected, strict=True))


@pytest.mark.parametrize("side", Side)
def test_plain_messages_that_come_whole_never_reach_the_library(side: Side) -> None:
    reader = Reader(side)
    reader.feed(wire(side, [Frame(Opcode.TEXT, b"one"), Frame(Opcode.BINARY, bytes(5_000))]))
    assert (reader.cut, reader.found) == (2, [(-1, b"one", True), (-1, bytes(5_000), True)])


def test_only_the_wanted_kind_is_cut_and_only_up_to_the_size() -> None:
    reader = Reader(Side.CLIENT, frozenset({BINARY}))
    whole = [
        Frame(Opcode.TEXT, b"text"),
        Frame(Opcode.BINARY, bytes(MOST)),
        Frame(Opcode.BINARY, bytes(MOST + 1)),
    ]
    reader.feed(wire(Side.CLIENT, whole))
    assert [opcode for opcode, *_ in reader.found] == [TEXT, -1, BINARY]


def test_a_message_that_nobody_takes_is_left_in_its_place() -> None:
    reader = Reader(Side.SERVER)
    reader.refuses = True
    reader.feed(
        wire(Side.SERVER, [Frame(Opcode.TEXT, b"1"), Frame(Opcode.PING, b""), Frame(Opcode.BINARY, b"2")])
    )
    reader.refuses = False
    reader.feed(wire(Side.SERVER, [Frame(Opcode.BINARY, b"3")]))
    assert [message for _, message, _ in reader.found] == [b"1", b"", b"2", b"3"]


@pytest.mark.parametrize(
    "bad",
    [
        b"\x83\x00",
        b"\xc2\x01a",
        b"\x82\x81aaaab",
        b"\x80\x01a",
        b"\x09\x00",
        b"\x89\x7e\x00\x80" + bytes(128),
        b"\x02\x01a\x82\x01b",
    ],
    ids=[
        "reserved opcode",
        "reserved bit",
        "masked by a server",
        "end of nothing",
        "ping in parts",
        "long ping",
        "new in parts",
    ],
)
def test_what_breaks_the_rules_is_for_the_library_to_refuse(bad: bytes) -> None:
    reader = Reader(Side.CLIENT)
    reader.feed(bad)
    assert reader.cut == 0
    assert reader.library.state is State.CLOSING


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("size", SIZES)
def test_a_frame_that_is_written_is_what_the_library_writes(side: Side, size: int) -> None:
    payload = os.urandom(size)
    written = data_frame(BINARY, payload, os.urandom(4) if side is Side.CLIENT else b"")
    reader = Protocol(other(side), state=State.OPEN, max_size=None)
    reader.receive_data(written)
    assert read(reader) == [(BINARY, payload, True)]
    if side is Side.SERVER:
        assert written == Frame(Opcode.BINARY, payload).serialize(mask=False, extensions=NO_EXTENSIONS)
