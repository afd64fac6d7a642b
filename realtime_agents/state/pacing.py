"""Coalesces a session's updates for a page: the first at once, then at most one batch per interval."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import assert_never

from realtime_agents.session.view import (
    EventLogged,
    EventRow,
    LiveText,
    SessionSnapshot,
    StatusChanged,
    Turn,
    TurnChanged,
    Update,
)

PAGE_INTERVAL_S = 1 / 30
EVENTS_INTERVAL_S = 0.25
HEARTBEAT_S = 5.0


@dataclass(slots=True)
class Batch:
    """The newest of everything since the last batch. Bounded by the size of one exchange:
    a turn, the live text and the status replace their older selves."""

    snapshot: SessionSnapshot | None = None
    turns: dict[str, Turn] = field(default_factory=dict)
    live: LiveText | None = None
    status: StatusChanged | None = None
    events: dict[str, EventRow] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.snapshot or self.turns or self.live or self.status or self.events)

    def has_ended(self, turn_id: str) -> bool:
        """True when the batch has that turn and it is no longer being spoken."""
        turn = self.turns.get(turn_id)
        return turn is not None and turn.status != "in_progress"

    def add(self, update: Update) -> None:
        """Take an update in; a snapshot makes what came before it obsolete."""
        match update:
            case TurnChanged():
                self.turns[update.turn.id] = update.turn
            case LiveText():
                self.live = update
            case StatusChanged():
                self.status = update
            case EventLogged():
                self.events[update.row.id] = update.row
            case SessionSnapshot():
                self.snapshot, self.turns, self.live, self.status = update, {}, None, None
            case _:
                assert_never(update)


async def paced(
    updates: AsyncIterator[Update],
    *,
    interval_s: float = PAGE_INTERVAL_S,
    heartbeat_s: float = HEARTBEAT_S,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Batch, None]:
    """Batches of ``updates``; an empty batch after ``heartbeat_s`` of silence, so that the reader
    can see whether anybody still looks. Ends when the updates end; an error of theirs is raised.

    An update that comes after a pause is passed on at once: only what follows it within
    ``interval_s`` waits.
    """
    inbox = Batch()
    arrived = asyncio.Event()

    async def read() -> None:
        try:
            async for update in updates:
                inbox.add(update)
                arrived.set()
        finally:
            arrived.set()

    reader = asyncio.create_task(read(), name="page-updates")
    try:
        while True:
            if not await _within(arrived, heartbeat_s):
                yield Batch()
                continue
            arrived.clear()
            batch, inbox = inbox, Batch()
            if batch:
                yield batch
                await sleep(interval_s)
            if reader.done() and not inbox:
                await reader
                return
            if reader.done():
                arrived.set()
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
