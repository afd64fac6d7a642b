"""The sessions of this process, by id."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from realtime_agents.errors import SessionError
from realtime_agents.session.clock import Clock, SystemClock
from realtime_agents.session.parts import SessionParts
from realtime_agents.session.session import Session
from realtime_agents.session.view import Phase

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Entry:
    session: Session
    watchers: int = 0
    timer: asyncio.Task[None] | None = None


class SessionRegistry:
    """Creates, finds and ends sessions.

    Whoever shows a session attaches to it. When the last one left, the session goes on for
    ``grace_s``, so that a reload or another device can join again, and then is closed; one that
    nobody ever attached to gets ``unclaimed_s``.

    ======== =================== ================================
    owned    opened by           closed by
    ======== =================== ================================
    sessions `create`            `close`, `close_all`, the timers
    timers   `create`, `detach`  `attach`, `close`, their end
    ======== =================== ================================
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        limit: int = 100,
        grace_s: float = 60.0,
        unclaimed_s: float = 300.0,
    ) -> None:
        """``limit``: how many sessions may run at once."""
        self._clock = clock or SystemClock()
        self._limit = limit
        self._grace_s = grace_s
        self._unclaimed_s = unclaimed_s
        self._entries: dict[str, _Entry] = {}

    def __len__(self) -> int:
        """Sessions that are not over."""
        return sum(entry.session.phase is not Phase.CLOSED for entry in self._entries.values())

    async def create(self, parts: SessionParts) -> Session:
        """A session that is connected.

        Raises `SessionError` when too many run, `UpstreamError` when it cannot be connected, and
        what `Session` raises for a wrong scenario or agent.
        """
        if len(self) >= self._limit:
            raise SessionError(
                f"All {self._limit} places are taken at the moment. Try again in a few minutes."
            )
        session = Session(parts)
        entry = self._entries[session.id] = _Entry(session)
        try:
            await session.start()
        except BaseException:
            del self._entries[session.id]
            raise
        self._arm(entry, self._unclaimed_s)
        return session

    def get(self, session_id: str) -> Session | None:
        """The session, also for a while after it ended; None when there is none."""
        entry = self._entries.get(session_id)
        return None if entry is None else entry.session

    def is_running(self, conversation_id: str) -> bool:
        """True while a session writes to that conversation."""
        sessions = (entry.session for entry in self._entries.values())
        return any(s.conversation_id == conversation_id and s.phase is not Phase.CLOSED for s in sessions)

    def attach(self, session_id: str) -> None:
        """Somebody shows the session. Nothing happens when it is not there."""
        if (entry := self._entries.get(session_id)) is not None:
            entry.watchers += 1
            _disarm(entry)

    def detach(self, session_id: str) -> None:
        """Somebody stopped showing the session; once per `attach`."""
        entry = self._entries.get(session_id)
        if entry is None or entry.watchers == 0:
            return
        entry.watchers -= 1
        if entry.watchers == 0:
            self._arm(entry, self._grace_s)

    async def close(self, session_id: str, *, server_stops: bool = False) -> None:
        """End a session and forget it; nothing happens when it is not there."""
        entry = self._entries.pop(session_id, None)
        if entry is not None:
            _disarm(entry)
            await entry.session.close(server_stops=server_stops)

    async def close_all(self) -> None:
        """End all sessions at once, because the server stops."""
        closing = (self.close(i, server_stops=True) for i in tuple(self._entries))
        ended = await asyncio.gather(*closing, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                log.error("a session could not be ended", extra={"error": type(error).__name__})

    def _arm(self, entry: _Entry, seconds: float) -> None:
        _disarm(entry)
        entry.timer = asyncio.create_task(self._expire(entry, seconds), name="session grace")

    async def _expire(self, entry: _Entry, seconds: float) -> None:
        await self._clock.sleep(seconds)
        entry.timer = None  # closing must not cancel its own task
        log.info("session closed, nobody watches it", extra={"session": entry.session.id[:6]})
        await self.close(entry.session.id)


def _disarm(entry: _Entry) -> None:
    timer, entry.timer = entry.timer, None
    if timer is not None:
        timer.cancel()
