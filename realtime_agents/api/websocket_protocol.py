"""How the server reads WebSockets: uvicorn's way, without a pause after every message."""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MAX_WAITING: Final = 16
"""Messages that may wait for the app before no more are read."""
MAX_SMALL_BYTES: Final = 16 * 1024
"""A larger message is waited for at once: at most a quarter of a megabyte waits."""


class UnhurriedWebSocket(WebSocketsSansIOProtocol):
    """Stops reading only when the app falls behind.

    uvicorn stops after each message until the app has taken it, which costs two system calls per
    message: with audio both ways that is a third of all. What may wait stays bounded.
    """

    def send_receive_event_to_app(self) -> None:
        was_paused, self.read_paused = self.read_paused, True  # keeps the parent from pausing
        size = sum(map(len, self.frames))
        super().send_receive_event_to_app()
        self.read_paused = was_paused
        is_behind = size > MAX_SMALL_BYTES or self.queue.qsize() >= MAX_WAITING
        if is_behind and not was_paused and not self.close_sent:
            self.read_paused = True
            self.transport.pause_reading()
