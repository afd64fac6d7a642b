"""One browser's microphone and speaker on a session."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from realtime_agents.protocol.pcm import BYTES_PER_SAMPLE, ms_to_bytes
from realtime_agents.session.line_messages import (
    CLOSED,
    TOO_SLOW,
    AudioPiece,
    Flush,
    ItemBegins,
    ItemEnds,
    LineEnd,
    LineMessage,
    ListenMode,
    MarksAdded,
)

MAX_AUDIO_MS = 60_000
"""Audio that waits for a browser which does not read; what is more ends the line."""
MAX_MESSAGES = 4000
"""Messages that wait, audio included; what is more ends the line."""


Offer = Callable[[LineMessage], bool]


class LineHost(Protocol):
    """The session's side of a line. Called only while the line is open."""

    def on_pushed(self, pcm: bytes) -> None: ...

    def on_played(self, item_id: str, played_ms: int) -> None: ...

    def on_played_of(self, n: int, played_ms: int) -> None: ...

    def on_flushed(self, item_id: str, played_ms: int) -> None: ...

    def on_mode(self, mode: ListenMode) -> None: ...

    def on_talk(self, on: bool) -> None: ...

    def on_mute(self, on: bool) -> None: ...

    def on_stop(self) -> None: ...

    def on_line_ended(self, line: AudioLine) -> None: ...


class AudioLine:
    """Takes what the browser sends, and gives what it should play: ``async for message in line``.

    Made by ``Session.attach_audio``. Iteration ends when the line does; ``ended`` then says why. One
    reader. At most `MAX_AUDIO_MS` of audio and `MAX_MESSAGES` messages wait for it: a browser that
    takes no more loses the line, and the session goes on in text. A flush drops what waits.

    ======== =========== ==========================
    owned    opened by   closed by
    ======== =========== ==========================
    queue    constructor the line's end, garbage
    ======== =========== ==========================
    """

    def __init__(self, host: LineHost) -> None:
        self._host = host
        self._waiting: deque[LineMessage] = deque()
        self._audio_bytes = 0
        self._wake = asyncio.Event()
        self._over = asyncio.Event()
        self._offer: Offer = _refuse
        self._is_awaited = False
        self.ended: LineEnd | None = None

    # What the browser says.

    def push(self, pcm: bytes) -> None:
        """Microphone audio, PCM16 24 kHz mono. Raises `ValueError` for half a sample or nothing."""
        if not pcm or len(pcm) % BYTES_PER_SAMPLE:
            raise ValueError(f"expected whole samples of {BYTES_PER_SAMPLE} bytes, found {len(pcm)} bytes")
        if self.ended is None:
            self._host.on_pushed(pcm)

    def played(self, item_id: str, played_ms: int) -> None:
        """So much of an item was heard so far."""
        if self.ended is None:
            self._host.on_played(item_id, played_ms)

    def played_of(self, n: int, played_ms: int) -> None:
        """The same of an item by its number on this line; one that it does not have is passed over."""
        if self.ended is None:
            self._host.on_played_of(n, played_ms)

    def flushed(self, item_id: str, played_ms: int) -> None:
        """Where the item that was playing stopped, after a `Flush`."""
        if self.ended is None:
            self._host.on_flushed(item_id, played_ms)

    def set_mode(self, mode: ListenMode) -> None:
        """Another way to find the end of a turn."""
        if self.ended is None:
            self._host.on_mode(mode)

    def talk(self, on: bool) -> None:
        """The push-to-talk button was pressed or let go."""
        if self.ended is None:
            self._host.on_talk(on)

    def mute(self, on: bool) -> None:
        """The person wants not to be heard, or to be heard again."""
        if self.ended is None:
            self._host.on_mute(on)

    def stop(self) -> None:
        """Interrupt the answer."""
        if self.ended is None:
            self._host.on_stop()

    async def close(self) -> None:
        """Hang up; the session goes on in text. Safe to call twice."""
        self.end(CLOSED)

    def speak_through(self, offer: Offer) -> None:
        """A message that would be read at once is offered there first: taken, it is not read."""
        self._offer = offer

    # What the session says.

    def put(self, message: LineMessage) -> None:
        """Give the browser a message; nothing happens once the line has ended."""
        if self.ended is not None:
            return
        if isinstance(message, Flush):
            self._drop_playback()
        if self._is_awaited and not self._waiting and self._offer(message):
            return
        if isinstance(message, AudioPiece):
            self._audio_bytes += len(message.pcm)
        self._waiting.append(message)
        self._wake.set()
        if self._audio_bytes > ms_to_bytes(MAX_AUDIO_MS) or len(self._waiting) > MAX_MESSAGES:
            self._waiting.clear()
            self.end(TOO_SLOW)

    def end(self, why: LineEnd) -> None:
        """End the line; what waits is still given, save for audio."""
        if self.ended is not None:
            return
        self.ended = why
        self._drop_playback()
        self._wake.set()
        self._over.set()
        self._host.on_line_ended(self)

    async def wait_ended(self) -> None:
        """Wait for the end, also when nobody reads what is left."""
        await self._over.wait()

    def __aiter__(self) -> AsyncIterator[LineMessage]:
        return self

    async def __anext__(self) -> LineMessage:
        while not self._waiting:
            if self.ended is not None:
                raise StopAsyncIteration
            self._wake.clear()
            self._is_awaited = True
            try:
                await self._wake.wait()
            finally:
                self._is_awaited = False
        message = self._waiting.popleft()
        if isinstance(message, AudioPiece):
            self._audio_bytes -= len(message.pcm)
        return message

    def _drop_playback(self) -> None:
        kept = (
            m for m in self._waiting if not isinstance(m, AudioPiece | ItemBegins | ItemEnds | MarksAdded)
        )
        self._waiting = deque(kept)
        self._audio_bytes = 0


def _refuse(_message: LineMessage) -> bool:
    return False
