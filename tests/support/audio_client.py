"""A session behind the audio socket, and a browser on the other end of it."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from starlette.types import Message

from realtime_agents.api.audio import AudioSocket
from realtime_agents.api.audio_ticket import issue
from realtime_agents.api.audio_wire import SUBPROTOCOL, TICKET_PREFIX
from realtime_agents.api.websocket_protocol import SHORTCUT
from realtime_agents.session.registry import SessionRegistry
from realtime_agents.session.session import Session
from tests.support.scripted import LIMIT_S, Rig, rig, settle
from tests.support.scripted_upstream import Step


@dataclass
class Page:
    """One WebSocket, without a network: what the browser sends, and what came.

    With ``has_shortcut`` it offers what `UnhurriedWebSocket` offers beside ASGI.
    """

    has_shortcut: ClassVar[bool] = False
    incoming: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    sent: list[Message] = field(default_factory=list)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is clear the browser takes nothing more."""
    task: asyncio.Task[None] | None = None
    hung_up: bool = False
    """The server gave the connection up, for example as no ping was answered; the app was not told yet."""

    take: Callable[[bytes | str], None] | None = None

    def say(self, **message: Any) -> None:
        self.text(json.dumps(message))

    def text(self, text: str) -> None:
        self._arrive(text)

    def audio(self, pcm: bytes, *, n: int = 0, heard_ms: int = 0) -> None:
        """Microphone audio, with what was heard meanwhile of item ``n``."""
        self.frame(struct.pack("<II", n, heard_ms) + pcm)

    def frame(self, data: bytes) -> None:
        self._arrive(data)

    def _arrive(self, data: bytes | str) -> None:
        if self.take is not None and self.incoming.empty():
            self.take(data)
        else:
            kind = "bytes" if isinstance(data, bytes) else "text"
            self.incoming.put_nowait({"type": "websocket.receive", kind: data})

    def hand_to(self, take: Callable[[bytes | str], None] | None) -> None:
        self.take = take

    def offer(self, message: bytes | str) -> bool:
        if self.hung_up or not self.reading.is_set():
            return False
        kind = "bytes" if isinstance(message, bytes) else "text"
        self.sent.append({"type": "websocket.send", kind: message})
        return True

    def leave(self, code: int = 1001) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect", "code": code})

    async def receive(self) -> Message:
        return await self.incoming.get()

    async def send(self, message: Message) -> None:
        await self.reading.wait()
        if self.hung_up:  # in the words of uvicorn
            raise RuntimeError(
                f"Unexpected ASGI message {message['type']!r}, after sending 'websocket.close'."
            )
        self.sent.append(message)

    @property
    def told(self) -> list[dict[str, Any]]:
        """JSON messages that came."""
        return [json.loads(m["text"]) for m in self.sent if m["type"] == "websocket.send" and "text" in m]

    @property
    def heard(self) -> list[bytes]:
        """Audio frames that came."""
        return [m["bytes"] for m in self.sent if m["type"] == "websocket.send" and "bytes" in m]

    @property
    def close(self) -> tuple[int, str] | None:
        """Code and reason with which the server closed."""
        return next(((m["code"], m["reason"]) for m in self.sent if m["type"] == "websocket.close"), None)

    async def ended(self) -> tuple[int, str] | None:
        """Wait for the end of the socket's handler."""
        assert self.task is not None
        async with asyncio.timeout(LIMIT_S):
            await self.task
        return self.close


@dataclass
class Socket:
    """A registry with one session, and pages that open sockets on it."""

    rig: Rig
    session: Session
    registry: SessionRegistry
    pages: list[Page] = field(default_factory=list)

    async def open(self, subprotocols: Sequence[str] | None = None, *, start: str = "server_vad") -> Page:
        """Open a socket with a good ticket, or with these subprotocols, and start unless ``start`` is empty."""
        page = Page()
        page.reading.set()
        self.pages.append(page)
        offered = (
            [SUBPROTOCOL, TICKET_PREFIX + issue(self.session.id)] if subprotocols is None else subprotocols
        )
        scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/api/audio",
            "headers": [],
            "subprotocols": list(offered),
        }
        if page.has_shortcut:
            scope["extensions"] = {SHORTCUT: page}
        page.incoming.put_nowait({"type": "websocket.connect"})
        socket = AudioSocket(
            scope, page.receive, page.send, lambda: self.registry, now=self.rig.clock.monotonic
        )
        page.task = asyncio.create_task(socket.run())
        if start:
            page.say(type="start", mode=start)
        await settle()
        return page


@asynccontextmanager
async def audio_socket(
    *scripts: Sequence[Step | Iterable[Step]],
    **options: Any,
) -> AsyncIterator[Socket]:
    """A running session in a registry, on scripted connections; see `rig`."""
    async with rig(*scripts, start=False, **options) as r:
        registry = SessionRegistry(clock=r.clock)
        socket = Socket(r, await registry.create(r.parts), registry)
        try:
            yield socket
            await settle()
        finally:
            await registry.close_all()
            for page in socket.pages:
                page.reading.set()
                page.leave()
                if page.task is not None:
                    await page.ended()
