"""``/api/audio``: a browser's microphone and speaker on its session."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from starlette.types import Message, Receive, Scope, Send

from realtime_agents import runtime
from realtime_agents.api import audio_ticket
from realtime_agents.api.audio_limits import RateLimit
from realtime_agents.api.audio_wire import (
    HEAD_BYTES,
    MAX_FRAME_BYTES,
    MAX_TEXT_CHARS,
    SUBPROTOCOL,
    BadMessage,
    ClientMessage,
    Flushed,
    Mute,
    Played,
    SetMode,
    Start,
    Stop,
    Talk,
    encode,
    heard_in,
    parse,
    ticket_in,
)
from realtime_agents.api.websocket_protocol import SHORTCUT
from realtime_agents.errors import SessionError
from realtime_agents.protocol.pcm import BYTES_PER_SAMPLE
from realtime_agents.session.line import AudioLine
from realtime_agents.session.line_messages import SESSION_OVER, LineEnd, LineError, LineMessage
from realtime_agents.session.registry import SessionRegistry

FindRegistry = Callable[[], SessionRegistry | None]

START_WITHIN_S = 5.0
CLOSE_WITHIN_S = 2.0
"""A browser that does not read would hold up the goodbye too."""

NOT_STARTED = LineEnd(4400, "expected a start message")
BAD_TICKET = LineEnd(4401, "bad or expired ticket")
NO_SESSION = LineEnd(4404, "no such session")
TOO_BIG = LineEnd(4413, "too big")
TOO_FAST = LineEnd(4429, "too fast")
LEFT = LineEnd(1000, "left")


class _Refused(Exception):
    """The socket is closed with this."""

    def __init__(self, why: LineEnd) -> None:
        super().__init__(why.reason)
        self.why = why


class _Gone(Exception):
    """The browser has left."""


class Shortcut(Protocol):
    """What a server may offer beside ASGI; see `UnhurriedWebSocket`."""

    def hand_to(self, take: Callable[[bytes | str], None] | None) -> None: ...

    def offer(self, message: bytes | str) -> bool: ...


class AudioSocket:
    """One WebSocket, from its ticket to its close.

    ======== ========= ========================
    owned    opened by closed by
    ======== ========= ========================
    line     `run`     `run`, the session
    tasks    `run`     `run`
    ======== ========= ========================

    Nothing is queued here: what the browser sends goes to the session at once, and what it should play goes to
    the browser at once, or waits in the line. On a server without the shortcut a task stands in between.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        find_registry: FindRegistry,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._offered: list[str] = list(scope.get("subprotocols", []))
        self._take = receive
        self._send_raw = send
        self._find_registry = find_registry
        self._now = now
        self._limit = RateLimit()
        self._shortcut: Shortcut | None = scope.get("extensions", {}).get(SHORTCUT)

    async def run(self) -> None:
        """Serve the socket to its end."""
        await self._take()  # websocket.connect
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in self._offered else None
        # A refusal is told by a close code, which a browser sees only of a socket that was open.
        await self._send_raw({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
        try:
            why = await self._serve(ticket_in(self._offered))
        except _Refused as refused:
            why = refused.why
        except (_Gone, OSError):
            return
        with contextlib.suppress(TimeoutError, OSError, _Gone):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._give({"type": "websocket.close", "code": why.code, "reason": why.reason})

    async def _serve(self, ticket: str | None) -> LineEnd:
        session_id = audio_ticket.session_of(ticket) if ticket else None
        if session_id is None:
            raise _Refused(BAD_TICKET)
        registry = self._find_registry()
        session = registry.get(session_id) if registry is not None else None
        if registry is None or session is None:
            raise _Refused(NO_SESSION)
        # Whoever talks is there, also when the page's own socket is away for a moment.
        registry.attach(session_id)
        try:
            start = await self._first_message()
            line = session.attach_audio(start.mode)
            return await self._relay(line)
        except SessionError:
            raise _Refused(SESSION_OVER) from None
        finally:
            registry.detach(session_id)

    async def _first_message(self) -> Start:
        try:
            async with asyncio.timeout(START_WITHIN_S):
                while True:
                    message = self._understood(await self._receive())
                    if isinstance(message, Start):
                        return message
                    if not isinstance(message, bytes):
                        raise _Refused(NOT_STARTED)
        except BadMessage as error:
            await self._send(LineError("bad_message", str(error)))
            raise _Refused(NOT_STARTED) from None
        except TimeoutError:
            raise _Refused(NOT_STARTED) from None

    async def _relay(self, line: AudioLine) -> LineEnd:
        """Both directions until either ends, or the session ends the line."""
        sender = asyncio.create_task(self._send_all(line), name="audio sender")
        receiver = asyncio.create_task(self._receive_all(line), name="audio receiver")
        ending = asyncio.create_task(line.wait_ended(), name="audio end")
        tasks = (sender, receiver, ending)
        line.speak_through(self._offer)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not sender.done() and not receiver.done():
                # What is left to say is said, unless the browser takes no more.
                done, _ = await asyncio.wait({sender}, timeout=CLOSE_WITHIN_S)
            for task in done:
                if (error := task.exception()) is not None:
                    raise error
            return line.ended or LEFT
        finally:
            if self._shortcut is not None:
                self._shortcut.hand_to(None)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await line.close()

    async def _send_all(self, line: AudioLine) -> None:
        async for message in line:
            await self._send(message)

    async def _give(self, message: Message) -> None:
        try:
            await self._send_raw(message)
        except RuntimeError:  # the server has hung up already, on a ping without answer or a broken frame
            raise _Gone from None

    async def _send(self, message: LineMessage) -> None:
        data = encode(message)
        kind = "bytes" if isinstance(data, bytes) else "text"
        await self._give({"type": "websocket.send", kind: data})

    def _offer(self, message: LineMessage) -> bool:
        return self._shortcut is not None and self._shortcut.offer(encode(message))

    async def _receive_all(self, line: AudioLine) -> None:
        """What the browser sends goes to the line; by the shortcut, where there is one, from the next on."""
        if self._shortcut is not None:
            self._shortcut.hand_to(lambda data: self._on_data(line, data))
        while True:
            self._on_data(line, await self._receive())

    def _on_data(self, line: AudioLine, data: bytes | str) -> None:
        """A message of the browser; one that may not be ends the line."""
        if line.ended is not None:
            return
        try:
            message = self._understood(data)
        except _Refused as refused:
            line.end(refused.why)
        except BadMessage as error:
            line.put(LineError("bad_message", str(error)))
        else:
            _tell(line, message)

    async def _receive(self) -> bytes | str:
        """The next message. Raises `_Gone`."""
        message = await self._take()
        if message["type"] == "websocket.disconnect":
            raise _Gone
        audio = message.get("bytes")
        return bytes(audio) if audio is not None else message.get("text") or ""

    def _understood(self, data: bytes | str) -> ClientMessage | bytes:
        """Audio, or what was said about it. Raises `_Refused` for what is too big or too fast, and `BadMessage`."""
        is_audio = isinstance(data, bytes)
        if not self._limit.allows(max(len(data) - HEAD_BYTES, 0) if is_audio else 0, self._now()):
            raise _Refused(TOO_FAST)
        if len(data) > (MAX_FRAME_BYTES if is_audio else MAX_TEXT_CHARS):
            raise _Refused(TOO_BIG)
        return data if isinstance(data, bytes) else parse(data)


def _tell(line: AudioLine, message: ClientMessage | bytes) -> None:
    match message:
        case bytes():
            _tell_sound(line, message)
        case Played():
            line.played(message.item_id, message.ms)
        case Flushed():
            line.flushed(message.item_id, message.ms)
        case Talk():
            line.talk(message.on)
        case Mute():
            line.mute(message.on)
        case SetMode() | Start():
            line.set_mode(message.mode)
        case Stop():
            line.stop()


def _tell_sound(line: AudioLine, frame: bytes) -> None:
    size = len(frame) - HEAD_BYTES
    if size <= 0 or size % BYTES_PER_SAMPLE:
        found = f"{HEAD_BYTES} bytes and whole samples, found {len(frame)} bytes"
        line.put(LineError("bad_audio", f"expected a head of {found}"))
        return
    n, heard_ms = heard_in(frame)
    if n:
        line.played_of(n, heard_ms)
    line.push(frame[HEAD_BYTES:])


class AudioEndpoint:
    """The route, an ASGI app: without a framework in between, as it passes thirty messages a second."""

    def __init__(self, find_registry: FindRegistry) -> None:
        self._find_registry = find_registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await AudioSocket(scope, receive, send, self._find_registry).run()


def find_registry() -> SessionRegistry | None:
    """The sessions of this process; None while the app is starting."""
    current = runtime.find_runtime()
    return None if current is None else current.registry
