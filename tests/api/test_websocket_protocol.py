"""How many messages are read ahead of the app, and when no more are."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realtime_agents.api.websocket_protocol import MAX_SMALL_BYTES, MAX_WAITING, UnhurriedWebSocket


class Transport:
    def __init__(self) -> None:
        self.reads = True

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
    made.read_paused = made.close_sent = False
    made.frames, made.curr_msg_data_type = [], "bytes"
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
