"""What one connection still has to send, in order, and the task that sends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from realtime_agents.protocol.codec import encode_event
from realtime_agents.protocol.events import ServerEvent


@dataclass(frozen=True, slots=True)
class _Close:
    """Ends the connection after everything before it was sent."""

    code: int
    reason: str


class Outbox:
    """A bounded queue: when it is full, whoever has an event waits for the client to read."""

    def __init__(self, websocket: WebSocket, *, size: int) -> None:
        self._websocket = websocket
        self._queue: asyncio.Queue[ServerEvent | _Close] = asyncio.Queue(maxsize=size)
        self.closed = asyncio.Event()
        """Set once nothing can be sent any more."""

    async def emit(self, event: ServerEvent) -> None:
        await self._queue.put(event)

    async def close(self, code: int, reason: str) -> None:
        """End the connection after what is queued."""
        await self._queue.put(_Close(code, reason))

    async def run(self) -> None:
        """Send what is queued. Once the client is gone the queue is emptied, so that nobody waits for it."""
        gone = False
        while True:
            entry = await self._queue.get()
            if gone:
                continue
            try:
                if isinstance(entry, _Close):
                    await self._websocket.close(entry.code, entry.reason)
                else:
                    await self._websocket.send_text(encode_event(entry))
            except (WebSocketDisconnect, RuntimeError):  # starlette raises RuntimeError after a close
                gone = True
            if gone or isinstance(entry, _Close):
                gone = True
                self.closed.set()
