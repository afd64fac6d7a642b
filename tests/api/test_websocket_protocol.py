"""How many messages are read ahead of the app, when no more are, and the way past the queue."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from realtime_agents.api.websocket_protocol import MAX_SMALL_BYTES, MAX_WAITING, UnhurriedWebSocket


class Transport:
    def __init__(self) -> None:
        self.reads = True
        self.is_over = False
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.is_over

    def close(self) -> None:
        self.is_over = True

    def pause_reading(self) -> None:
        assert self.reads
        self.reads = False

    def resume_reading(self) -> None:
        assert not self.reads
        self.reads = True


@pytest.fixture
def protocol() -> UnhurriedWebSocket:
    """A protocol in the middle of a connection: what stands before and after it is uvicorn's."""
    made: Any = UnhurriedWebSocket.__new__(UnhurriedWebSocket)
    made.queue = asyncio.Queue()
    made.transport = Transport()
    made.read_paused = made.close_sent = made.disconnected = False
    made.handshake_complete = True
    made.writable = asyncio.Event()
    made.writable.set()
    made.conn = ServerProtocol(state=State.OPEN)
    made.frames, made.curr_msg_data_type = [], "bytes"
    made.handshake_initiated = True
    return made  # type: ignore[no-any-return]


def arrive(protocol: Any, size: int) -> bool:
    """A message comes; whether more would be read."""
    protocol.frames = [bytes(size)]
    protocol.send_receive_event_to_app()
    return bool(protocol.transport.reads)


async def test_small_messages_are_read_ahead_up_to_a_bound(protocol: UnhurriedWebSocket) -> None:
    reading = [arrive(protocol, 960) for _ in range(MAX_WAITING)]
    assert reading == [True] * (MAX_WAITING - 1) + [False]


async def test_a_large_message_is_waited_for_at_once(protocol: UnhurriedWebSocket) -> None:
    assert arrive(protocol, MAX_SMALL_BYTES)
    assert not arrive(protocol, MAX_SMALL_BYTES + 1)


async def test_messages_of_one_packet_that_come_while_reading_is_paused_are_kept(
    protocol: UnhurriedWebSocket,
) -> None:
    for _ in range(MAX_WAITING + 5):
        arrive(protocol, 960)
    assert protocol.queue.qsize() == MAX_WAITING + 5


async def test_reading_goes_on_when_the_app_has_taken_everything(protocol: UnhurriedWebSocket) -> None:
    for _ in range(MAX_WAITING):
        arrive(protocol, 960)
    for _ in range(MAX_WAITING - 1):
        await protocol.receive()
    assert not protocol.transport.reads  # type: ignore[attr-defined]  # it is ours
    await protocol.receive()
    assert arrive(protocol, 960)


async def test_who_asks_is_called_instead_but_not_before_what_came_earlier_was_received(
    protocol: UnhurriedWebSocket,
) -> None:
    taken: list[bytes | str] = []
    arrive(protocol, 1)
    protocol.hand_to(taken.append)
    arrive(protocol, 2)
    assert taken == []
    queued: list[Any] = [await protocol.receive() for _ in range(2)]
    assert [message["bytes"] for message in queued] == [bytes(1), bytes(2)]
    for _ in range(2 * MAX_WAITING):
        assert arrive(protocol, 3)
    assert taken == [bytes(3)] * (2 * MAX_WAITING)
    protocol.hand_to(None)
    arrive(protocol, 4)
    assert protocol.queue.qsize() == 1


async def test_text_is_handed_over_as_text_and_what_is_none_is_refused_as_ever(
    protocol: UnhurriedWebSocket,
) -> None:
    taken: list[bytes | str] = []
    protocol.hand_to(taken.append)
    protocol.curr_msg_data_type = "text"
    protocol.frames = ["é".encode()[:1], "é".encode()[1:]]
    protocol.send_receive_event_to_app()
    assert taken == ["é"]
    refused: list[int] = []
    protocol.handle_parser_exception = lambda: refused.append(1)  # type: ignore[method-assign]
    protocol.logger = logging.getLogger("nowhere")
    protocol.frames = [b"\xff"]
    protocol.send_receive_event_to_app()
    assert (taken, refused) == (["é"], [1])


def from_client(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(mask=True, extensions=[]) for frame in frames)


async def test_sound_passes_by_the_library_and_everything_else_does_not(
    protocol: UnhurriedWebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes | str] = []
    read: list[bytes] = []
    receive_data = protocol.conn.receive_data

    def note(data: bytes) -> None:
        read.append(data)
        receive_data(data)

    monkeypatch.setattr(protocol.conn, "receive_data", note)
    sound, words, ping = Frame(Opcode.BINARY, b"12"), Frame(Opcode.TEXT, b"word"), Frame(Opcode.PING, b"?")
    protocol.data_received(from_client(sound))  # nobody takes it yet
    protocol.hand_to(taken.append)
    protocol.data_received(from_client(sound))
    assert len(read) == 2 and taken == [], "behind what waits"
    while not protocol.queue.empty():
        await protocol.receive()
    read.clear()
    protocol.data_received(from_client(sound, words, ping, sound))
    assert taken == [b"12", "word", b"12"]
    assert len(read) == 1, "words and ping"
    assert protocol.transport.written == [b"\x8a\x01?"]  # type: ignore[attr-defined]


async def test_a_client_that_did_not_wait_for_the_answer_is_read_by_the_library_alone(
    protocol: UnhurriedWebSocket,
) -> None:
    whole, early = from_client(Frame(Opcode.BINARY, b"1234")), ServerProtocol(state=State.CONNECTING)
    taken: list[bytes | str] = []
    protocol.conn, opened = early, protocol.conn
    monkey: Any = early
    monkey.receive_data = opened.receive_data
    monkey.events_received = opened.events_received
    protocol.hand_to(taken.append)
    protocol.data_received(whole[:5])
    protocol.conn = opened
    protocol.data_received(whole[5:] + from_client(Frame(Opcode.BINARY, b"56")))
    assert taken == [b"1234", b"56"]


async def test_a_message_goes_at_once_only_while_the_other_side_takes_it(
    protocol: UnhurriedWebSocket,
) -> None:
    transport: Any = protocol.transport
    assert protocol.offer(b"ab")
    assert protocol.offer("cd")
    assert transport.written == [b"\x82\x02ab", b"\x81\x02cd"]
    protocol.pause_writing()
    assert not protocol.offer(b"full")
    protocol.resume_writing()
    for state in (State.CONNECTING, State.CLOSING, State.CLOSED):
        protocol.conn.state = state
        assert not protocol.offer(b"early or over")
    protocol.conn.state = State.OPEN
    transport.is_over = True
    assert not protocol.offer(b"closing")
    assert len(transport.written) == 2


@pytest.mark.parametrize(
    "extensions", [[], [PerMessageDeflate(False, False, 15, 15)]], ids=["plain", "packed"]
)
async def test_nothing_is_sent_behind_the_answer_to_a_close_that_came_with_the_last_words(
    protocol: UnhurriedWebSocket, extensions: list[Any]
) -> None:
    protocol.conn.extensions = extensions
    offered: list[bool] = []
    protocol.hand_to(lambda _: offered.append(protocol.offer(b"late")))
    protocol.data_received(from_client(Frame(Opcode.TEXT, b"stop"), Frame(Opcode.CLOSE, b"\x03\xe8")))
    assert offered == [False]
    assert protocol.transport.written == [b"\x88\x02\x03\xe8"]  # type: ignore[attr-defined]
