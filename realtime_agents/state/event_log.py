"""The Lab's event log. While its panel is closed it subscribes to nothing and costs nothing."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Any

import reflex as rx

from realtime_agents.runtime import get_runtime
from realtime_agents.session.view import EventRow
from realtime_agents.state.connection import ConnectionState
from realtime_agents.state.event_lines import EventLine, as_json, shown, split_last_turn, with_rows
from realtime_agents.state.handlers import background_latest, handler
from realtime_agents.state.pacing import EVENTS_INTERVAL_S, Batch, paced
from realtime_agents.state.presence import is_connected
from realtime_agents.state.words import pretty_json

COPIED_SHOWN_MS = 2_000


class EventLogState(rx.State):
    """Lines of the log.

    owner    owns                                      ended by
    ───────  ────────────────────────────────────────  ─────────────────────────────────────────
    watch    one subscription with events per tab      the panel's closing, the session's end, a
                                                       newer `watch`, or the tab's disconnect
    """

    earlier: rx.Field[tuple[EventLine, ...]] = rx.field(())
    latest: rx.Field[tuple[EventLine, ...]] = rx.field(())
    """Lines of the newest turn: the ones that still grow."""
    words: rx.Field[str] = rx.field("")
    opened: rx.Field[str] = rx.field("")
    """Id of the line whose payload is shown."""
    payload: rx.Field[str] = rx.field("")
    copied: rx.Field[bool] = rx.field(default=False)
    _lines: tuple[EventLine, ...] = ()
    _watched: str | None = None
    """Id of the session whose log is shown, empty before there is one; None while the panel is closed."""

    @background_latest
    async def watch(self) -> None:
        """The panel was opened: show the log and what is added to it."""
        async with self:
            session_id = (await self.get_state(ConnectionState)).session_id
            self._watched = session_id
            socket_id = self.router.session.session_id
        session = get_runtime().registry.get(session_id) if session_id else None
        if session is None:
            return
        async with (
            session.subscribe(events=True) as updates,
            aclosing(paced(updates, interval_s=EVENTS_INTERVAL_S)) as batches,
        ):
            async for batch in batches:
                if not is_connected(socket_id):
                    return
                # A snapshot has no log lines: read the log itself whenever one comes.
                whole = session.event_log() if batch.snapshot is not None else None
                async with self:
                    if self._watched != session_id:
                        return
                    self._take(batch, whole)

    @handler
    def unwatch(self, session_id: str) -> None:
        """The panel of this session was closed. The next session's panel may have opened before this is told."""
        if session_id != self._watched:
            return
        self._watched = None
        self._lines, self.earlier, self.latest = (), (), ()
        self.opened = self.payload = ""

    @handler
    def filter_by(self, words: str) -> None:
        """Show only lines with all of these words."""
        self.words = words
        self._arrange()

    @handler
    async def toggle(self, event_id: str) -> None:
        """Open the payload of a line, or close it."""
        if self.opened == event_id:
            self.opened = self.payload = ""
            return
        row = next((row for row in await self._rows() if row.id == event_id), None)
        self.opened = event_id
        self.payload = pretty_json(row.payload) if row else "This event is no longer in the log."

    @handler
    async def copy(self) -> Any:
        """Put the shown events on the clipboard as JSON."""
        wanted = {line.id for line in (*self.earlier, *self.latest)}
        rows = [row for row in await self._rows() if row.id in wanted]
        text = json.dumps(as_json(rows))
        return rx.call_script(
            f"navigator.clipboard.writeText({text}).then(() => true, () => false)",
            callback=EventLogState.on_copied,
        )

    @handler
    async def on_copied(self, done: bool) -> Any:
        """The browser put the events on the clipboard, or refused to."""
        self.copied = done
        # Said for a moment, however fast the log goes on.
        wait = f"new Promise((done) => setTimeout(done, {COPIED_SHOWN_MS}))"
        return rx.call_script(wait, callback=EventLogState.on_copied_shown) if done else None

    @handler
    async def on_copied_shown(self, _nothing: Any = None) -> None:
        """It was said long enough that the events are on the clipboard."""
        self.copied = False

    async def _rows(self) -> tuple[EventRow, ...]:
        session_id = (await self.get_state(ConnectionState)).session_id
        session = get_runtime().registry.get(session_id) if session_id else None
        return tuple(session.event_log()) if session else ()

    def _take(self, batch: Batch, whole: tuple[EventRow, ...] | None) -> None:
        if whole is not None:
            self._lines = with_rows((), whole)
        elif batch.events:
            self._lines = with_rows(self._lines, batch.events.values())
        else:
            return
        self._arrange()

    def _arrange(self) -> None:
        earlier, latest = split_last_turn(shown(self._lines, self.words))
        if earlier != self.earlier:
            self.earlier = earlier
        if latest != self.latest:
            self.latest = latest
