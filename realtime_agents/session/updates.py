"""From one session to many readers: each gets what it missed, never more than it can take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from realtime_agents.session.eventlog import LogEntry
from realtime_agents.session.view import (
    EventLogged,
    LiveText,
    SessionSnapshot,
    StatusChanged,
    Turn,
    TurnChanged,
    Update,
)

BOUND = 256
"""Changes that wait for one reader before a snapshot replaces them."""


class _Marker:
    """Stands for text that is read when the reader comes for it."""


_LIVE = _Marker()
_Waiting = Turn | StatusChanged | LogEntry | _Marker


@dataclass(frozen=True, slots=True)
class Source:
    """Where a subscription reads the present state."""

    snapshot: Callable[[], SessionSnapshot]
    live: Callable[[], LiveText]


class Subscription:
    """One reader's view of a session: ``async with session.subscribe() as updates: async for …``.

    The first update is a `SessionSnapshot`. Changes that wait are coalesced: the newest state of a
    turn, of a log line, of the status; the text being streamed is read only when its turn comes.
    When more than `BOUND` wait, all are dropped and a new snapshot takes their place; log lines are
    not in it, so a reader of events reads ``session.event_log()`` whenever it gets a snapshot.
    Ends when the session is closed and everything was read. One reader per subscription; waiting
    for the next update may be cancelled without losing any.
    """

    def __init__(
        self, source: Source, *, events: bool, on_leave: Callable[[Subscription], None], bound: int
    ) -> None:
        self._source = source
        self._on_leave = on_leave
        self._bound = bound
        self.events = events
        """Whether log lines are wanted."""
        self._waiting: dict[str, _Waiting] = {}
        self._fresh = True
        """A snapshot is due."""
        self._ended = False
        self._wake = asyncio.Event()
        self._wake.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on_leave(self)
        self.end()

    def __aiter__(self) -> AsyncIterator[Update]:
        return self

    async def __anext__(self) -> Update:
        while True:
            if self._fresh:
                self._fresh = False
                self._waiting.clear()
                return self._source.snapshot()
            if self._waiting:
                key = next(iter(self._waiting))
                return self._update_of(self._waiting.pop(key))
            if self._ended:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()

    def put(self, key: str, change: _Waiting, *, last: bool = False) -> None:
        """A change for the reader; ``last``: behind everything that waits, also when it waited."""
        if self._fresh:
            return  # the snapshot will hold it
        if last:
            self._waiting.pop(key, None)
        self._waiting[key] = change
        if len(self._waiting) > self._bound:
            self.restart()
        self._wake.set()

    def restart(self) -> None:
        """Rows moved or went: a snapshot says how it is now."""
        self._waiting.clear()
        self._fresh = True
        self._wake.set()

    def end(self) -> None:
        """No more changes will come."""
        self._ended = True
        self._wake.set()

    def _update_of(self, change: _Waiting) -> Update:
        match change:
            case Turn():
                return TurnChanged(turn=change)
            case StatusChanged():
                return change
            case LogEntry():
                return EventLogged(row=change.row())
            case _Marker():
                return self._source.live()


class Broadcast:
    """Hands every change to every subscription. Synchronous: a slow reader holds up nobody."""

    def __init__(self, source: Source, *, bound: int = BOUND) -> None:
        self._source = source
        self._bound = bound
        self._subscriptions: list[Subscription] = []
        self._ended = False

    def subscribe(self, *, events: bool) -> Subscription:
        subscription = Subscription(self._source, events=events, on_leave=self._leave, bound=self._bound)
        if self._ended:
            subscription.end()
        else:
            self._subscriptions.append(subscription)
        return subscription

    def turn(self, turn: Turn) -> None:
        for subscription in self._subscriptions:
            subscription.put(f"turn {turn.id}", turn)

    def rearranged(self) -> None:
        """A row went, or came in between others."""
        for subscription in self._subscriptions:
            subscription.restart()

    def live(self) -> None:
        """The text being streamed grew, began or ended."""
        for subscription in self._subscriptions:
            # Behind the turn that it ended in, or the answer would be gone for a moment.
            subscription.put("live", _LIVE, last=True)

    def status(self, status: StatusChanged) -> None:
        for subscription in self._subscriptions:
            subscription.put("status", status)

    def logged(self, entry: LogEntry) -> None:
        for subscription in self._subscriptions:
            if subscription.events:
                subscription.put(f"event {entry.number}", entry)

    def end(self) -> None:
        """The session is closed."""
        self._ended = True
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()

    def _leave(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
