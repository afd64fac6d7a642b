"""A WebSocket of the websockets library whose messages pass no queue and wake no task.

`recv` and `send` of the library cost a queue, a future and a turn of the event loop per message. Audio
both ways is thirty messages a second: without them, here and towards the browser, a session takes a
quarter less of a core (``benchmarks/relay.py``). What is one plain frame passes by the library's state
machine too, for another tenth.
"""

from __future__ import annotations

import os
from asyncio import BaseTransport
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import OPEN

from realtime_agents.small_reads import read_little_at_once
from realtime_agents.websocket_frames import BINARY, TEXT, FrameCutter, data_frame

MAX_EARLY: Final = 512
"""Messages kept until somebody takes them; then the other side has to wait."""

PLAIN_BYTES: Final = 64 * 1024
"""A longer message is left to the library, which knows how much is too much."""

_END_OF_HEAD = b"\r\n\r\n"
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})

Take = Callable[[bytes], None]


class PromptSocket(ClientConnection):
    """Messages go from the socket to whoever `hand_to` names, in the order of the wire.

    To be given to ``websockets.connect`` as ``create_connection``. `recv` is of no use: nothing gets
    there. Closing, pings and the limit of a message's size are the library's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._take: Take | None = None
        self._early: deque[bytes] = deque()
        self._parts: list[bytes] = []
        self._cutter: FrameCutter | None = None
        self._is_answered = False
        self._answer_tail = b""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        read_little_at_once(transport)

    def hand_to(self, take: Take) -> None:
        """From now on messages are given to ``take``, which must not raise; those that waited, at once."""
        self._take = take
        while self._early:
            take(self._early.popleft())
        self.transport.resume_reading()

    def offer(self, text: str) -> bool:
        """Write a message now. False when the connection takes none at the moment, or is closing: `send` knows more."""
        if self.paused or self.protocol.state is not OPEN or self.transport.is_closing():
            return False
        if self.protocol.extensions:
            self.protocol.send_text(text.encode())
            self.send_data()
        else:
            self.transport.write(data_frame(TEXT, text.encode(), os.urandom(4)))
        return True

    def data_received(self, data: bytes) -> None:
        if self._cutter is not None:
            self._cutter.feed(data, self._take_plain, super().data_received)
        elif self._is_answered:
            super().data_received(data)
        else:
            self._shake_hands(data)

    def _shake_hands(self, data: bytes) -> None:
        """The answer to the handshake; where its head ends, frames may follow at once."""
        read = self._answer_tail + data
        end = read.find(_END_OF_HEAD)
        self._answer_tail = read[1 - len(_END_OF_HEAD) :]
        if end < 0:
            super().data_received(data)
            return
        self._is_answered = True
        frames = read[end + len(_END_OF_HEAD) :]
        super().data_received(data.removesuffix(frames))
        if self.protocol.state is OPEN and not self.protocol.extensions:
            self._cutter = FrameCutter(frozenset({TEXT, BINARY}), is_masked=False, max_bytes=PLAIN_BYTES)
        if frames:
            self.data_received(frames)

    def _take_plain(self, message: bytes) -> bool:
        if self._take is None or self.protocol.state is not OPEN:
            return False
        self._take(message)
        return True

    def process_event(self, event: Frame | Response | Any) -> None:
        """Called by the library for the handshake's answer and for each frame."""
        if not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
            return
        message = bytes(event.data)
        if self._parts or not event.fin:
            self._parts.append(message)
            if not event.fin:
                return
            message = b"".join(self._parts)
            self._parts.clear()
        if self._take is not None:
            self._take(message)
            return
        self._early.append(message)
        if len(self._early) >= MAX_EARLY:
            self.transport.pause_reading()
