"""One open connection: a task reads events, a task writes commands, until either ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from realtime_agents.errors import UpstreamClosed
from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.protocol.events import ServerEvent
from realtime_agents.session.clock import Clock
from realtime_agents.session.upstream import Upstream

log = logging.getLogger(__name__)

QUEUE_COMMANDS = 1024


class Link:
    """Reads and writes one upstream that is connected.

    Commands wait in a queue of `QUEUE_COMMANDS`; a server that takes none while more come is
    treated as gone. An event that cannot be handled is logged, the others go on.

    ========== ============ =====================
    owned      opened by    closed by
    ========== ============ =====================
    upstream   the caller   `run`
    reader     `run`        `run`
    writer     `run`        `run`
    queue      constructor  garbage
    ========== ============ =====================
    """

    def __init__(self, upstream: Upstream, clock: Clock, on_event: Callable[[ServerEvent], None]) -> None:
        self._upstream = upstream
        self._clock = clock
        self._on_event = on_event
        self._commands: asyncio.Queue[ClientEvent] = asyncio.Queue(maxsize=QUEUE_COMMANDS)
        self._dropped: asyncio.Event = asyncio.Event()
        self._end: UpstreamClosed | None = None
        self.opened_at = clock.monotonic()
        self.active_at = self.opened_at
        """When an event last came or a command last went, monotonic seconds."""

    def send(self, command: ClientEvent) -> None:
        """Queue a command."""
        self.active_at = self._clock.monotonic()
        try:
            self._commands.put_nowait(command)
        except asyncio.QueueFull:
            self.drop(UpstreamClosed("The Realtime server takes no more messages.", recoverable=True))

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
            async for event in self._upstream.events():
                self.active_at = self._clock.monotonic()
                self._handle(event)
        except UpstreamClosed as error:
            self.drop(error)
        except Exception:
            log.exception("reading from the Realtime server failed")
            self.drop(UpstreamClosed("Reading from the Realtime server failed.", recoverable=True))
        else:
            self.drop(None)

    def _handle(self, event: ServerEvent) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("an event could not be handled", extra={"type": event.type[:80]})

    async def _write(self) -> None:
        try:
            while True:
                await self._upstream.send(await self._commands.get())
        except UpstreamClosed as error:
            self.drop(error)
        except Exception:
            log.exception("writing to the Realtime server failed")
            self.drop(UpstreamClosed("Writing to the Realtime server failed.", recoverable=True))
