"""How the server reads and writes WebSockets: uvicorn's way, without its pauses and, for who asks, its queues."""

from __future__ import annotations

from asyncio import BaseTransport
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN

from realtime_agents.small_reads import read_little_at_once
from realtime_agents.websocket_frames import BINARY, TEXT, FrameCutter, data_frame

SHORTCUT: Final = "realtime_agents.shortcut"
"""Name of the ASGI extension: an app that finds this protocol there may use `hand_to` and `offer`."""
MAX_WAITING: Final = 16
"""Messages that may wait for the app before no more are read."""
MAX_SMALL_BYTES: Final = 16 * 1024
"""A larger message is waited for at once: at most a quarter of a megabyte waits."""

_PLAIN: Final = frozenset({BINARY})
"""Text has to be looked at: the parent refuses what is no UTF-8."""

Take = Callable[[bytes | str], None]


class UnhurriedWebSocket(WebSocketsSansIOProtocol):
    """Stops reading only when the app falls behind, and not at all for an app that takes messages at once.

    uvicorn stops after each message until the app has taken it, which costs two system calls per
    message: with audio both ways that is a third of all. What may wait stays bounded. A queue and a
    task per message cost too, so an app may be called instead.
    """

    _take: Take | None = None
    _cutter: FrameCutter | None = None
    _came_early = False

    def hand_to(self, take: Take | None) -> None:
        """Call ``take``, which must not raise, with each message from now on; None: ASGI's ``receive`` again.

        What came before is still to be received, and so is the end.
        """
        self._take = take

    def offer(self, message: bytes | str) -> bool:
        """Send a message now. False when the other side takes none at the moment, or the connection is not open."""
        if self.conn.state is not OPEN or not self.writable.is_set() or self.transport.is_closing():
            return False
        opcode, payload = (BINARY, message) if isinstance(message, bytes) else (TEXT, message.encode())
        if self.conn.extensions:
            self.conn.send_frame(Frame(Opcode(opcode), payload))
            self.transport.write(b"".join(self.conn.data_to_send()))
        else:
            self.transport.write(data_frame(opcode, payload))
        return True

    def data_received(self, data: bytes) -> None:
        if (
            self._cutter is None
            and self.conn.state is OPEN
            and not (self._came_early or self.conn.extensions)
        ):
            self._cutter = FrameCutter(_PLAIN, is_masked=True, max_bytes=MAX_SMALL_BYTES)
        if self._cutter is not None:
            self._cutter.feed(data, self._take_plain, super().data_received)
            return
        # A client waits for the answer to its request; of one that does not, nobody knows where a frame begins.
        self._came_early = self._came_early or self.handshake_initiated
        super().data_received(data)

    def _take_plain(self, message: bytes) -> bool:
        if self._take is None or self.conn.state is not OPEN or not self.queue.empty():
            return False
        self._take(message)
        return True

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        read_little_at_once(transport)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[SHORTCUT] = self

    def send_receive_event_to_app(self) -> None:
        if self._take is not None and self.queue.empty() and (message := self._message()) is not None:
            self.frames = []
            self._take(message)
            return
        was_paused, self.read_paused = self.read_paused, True  # keeps the parent from pausing
        size = sum(map(len, self.frames))
        super().send_receive_event_to_app()
        self.read_paused = was_paused
        is_behind = size > MAX_SMALL_BYTES or self.queue.qsize() >= MAX_WAITING
        if is_behind and not was_paused and not self.close_sent:
            self.read_paused = True
            self.transport.pause_reading()

    def _message(self) -> bytes | str | None:
        """What was just read; None for what the parent knows how to refuse."""
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        if self.close_sent:
            return None
        if self.curr_msg_data_type == "bytes":
            return bytes(data)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return None
