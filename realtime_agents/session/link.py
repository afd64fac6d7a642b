"""One open connection: a task reads events, a task writes commands, until either ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from realtime_agents.errors import UpstreamClosed
from realtime_agents.protocol.commands import ClientEvent, InputAudioBufferAppend
from realtime_agents.protocol.events import ServerEvent
from realtime_agents.session.clock import Clock
from realtime_agents.session.command_queue import CommandQueue
from realtime_agents.session.upstream import Upstream

log = logging.getLogger(__name__)


class Link:
    """Reads and writes one upstream that is connected.

    A command goes at once where nothing is in its way, else it waits in a `CommandQueue`; a server that
    takes none while more come is treated as gone, save for audio, of which the oldest is dropped. An
    event that cannot be handled is logged, the others go on.

    ========== ============ =====================
    owned      opened by    closed by
    ========== ============ =====================
    upstream   the caller   `run`
    reader     `run`        `run`
    writer     `run`        `run`
    queue      constructor  garbage
    ========== ============ =====================
    """

    def __init__(
        self,
        upstream: Upstream,
        clock: Clock,
        on_event: Callable[[ServerEvent], None],
        on_audio_dropped: Callable[[], None],
    ) -> None:
        """``on_audio_dropped`` is called once per connection."""
        self._upstream = upstream
        self._clock = clock
        self._on_event = on_event
        self._on_audio_dropped = on_audio_dropped
        self._commands = CommandQueue()
        self._is_writing = False
        self._has_dropped = False
        self._dropped: asyncio.Event = asyncio.Event()
        self._end: UpstreamClosed | None = None
        self.opened_at = clock.monotonic()
        self.active_at = self.opened_at
        """When an event last came or a command other than audio last went, monotonic seconds."""

    def send(self, command: ClientEvent) -> None:
        """Send a command, or queue it behind others."""
        if not isinstance(command, InputAudioBufferAppend):
            self.active_at = self._clock.monotonic()
        if self._commands.is_empty and not self._is_writing and self._upstream.offer(command):
            return
        try:
            is_whole = self._commands.put(command)
        except asyncio.QueueFull:
            self.drop(UpstreamClosed("The Realtime server takes no more messages.", recoverable=True))
            return
        if not is_whole and not self._has_dropped:
            self._has_dropped = True
            log.warning("the Realtime server takes audio too slowly, the oldest was dropped")
            self._on_audio_dropped()

    def drop(self, end: UpstreamClosed | None) -> None:
        """End `run`: with an error as if the connection had been lost, or on purpose with None."""
        if not self._dropped.is_set():
            self._end = end
            self._dropped.set()

    async def run(self) -> UpstreamClosed | None:
        """Run until the connection ends; returns why, None after ``drop(None)`` or our own close."""
        tasks = [
            asyncio.create_task(self._read(), name="session reader"),
            asyncio.create_task(self._write(), name="session writer"),
        ]
        try:
            await self._dropped.wait()
            return self._end
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._upstream.close()

    async def _read(self) -> None:
        try:
            await self._upstream.listen(self._handle)
        except UpstreamClosed as error:
            self.drop(error)
        except Exception:
            log.exception("reading from the Realtime server failed")
            self.drop(UpstreamClosed("Reading from the Realtime server failed.", recoverable=True))
        else:
            self.drop(None)

    def _handle(self, event: ServerEvent) -> None:
        self.active_at = self._clock.monotonic()
        try:
            self._on_event(event)
        except Exception:
            log.exception("an event could not be handled", extra={"type": event.type[:80]})

    async def _write(self) -> None:
        try:
            while True:
                command = await self._commands.get()
                self._is_writing = True
                await self._upstream.send(command)
                self._is_writing = False
        except UpstreamClosed as error:
            self.drop(error)
        except Exception:
            log.exception("writing to the Realtime server failed")
            self.drop(UpstreamClosed("Writing to the Realtime server failed.", recoverable=True))
