"""Past conversations: found again, read, deleted."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import reflex as rx

from realtime_agents.errors import StoreError
from realtime_agents.runtime import get_runtime
from realtime_agents.session.view import Turn
from realtime_agents.state.handlers import handler
from realtime_agents.state.rows import Faces, TurnRow, agent_face, face_of, turn_row
from realtime_agents.state.words import count_words
from realtime_agents.store.records import ConversationSummary

_STILL_RUNNING = "This conversation is still going on. End it first, then delete it."

log = logging.getLogger(__name__)

PAGE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationLine:
    """A conversation in the list."""

    id: str
    title: str
    agent: str
    initial: str
    color: str
    at_ms: int
    rows: str


class HistoryState(rx.State):
    """The list, and the conversation that is open, read-only."""

    conversations: rx.Field[tuple[ConversationLine, ...]] = rx.field(())
    words: rx.Field[str] = rx.field("")
    more: rx.Field[bool] = rx.field(default=False)
    loaded: rx.Field[bool] = rx.field(default=False)
    problem: rx.Field[str] = rx.field("")
    opened: rx.Field[str] = rx.field("")
    title: rx.Field[str] = rx.field("")
    at_ms: rx.Field[int] = rx.field(0)
    rows: rx.Field[tuple[TurnRow, ...]] = rx.field(())
    recording: rx.Field[str] = rx.field("")
    """Address of its sound; empty when it was not recorded."""
    asking: rx.Field[bool] = rx.field(default=False)
    """The person pressed Delete and is asked once more."""
    _turns: tuple[Turn, ...] = ()

    @handler
    async def arrive(self) -> None:
        """The page was opened."""
        self.words = ""
        await self._list()

    @handler
    async def search(self, words: str) -> None:
        """Show the conversations with these words."""
        self.words = words
        await self._list()

    @handler
    async def show_more(self) -> None:
        """Older conversations below the ones shown."""
        await self._list(len(self.conversations))

    @handler
    async def open(self, conversation_id: str) -> None:
        """Read a conversation."""
        try:
            record = await get_runtime().history.load(conversation_id)
        except StoreError as error:
            self.problem = str(error)
            return
        if record is None:
            await self._list()
            self.problem = "This conversation is no longer in the history."
            return
        faces = _faces(record.summary.scenario)
        self.opened, self.title = record.summary.id, record.summary.title or "Nothing was said"
        self.at_ms = round(record.summary.started_at * 1000)
        self.rows = tuple(turn_row(turn, faces) for turn in record.turns)
        self._turns, self.asking, self.problem = record.turns, False, ""
        sound = await asyncio.to_thread(get_runtime().recordings.find, record.summary.id)
        self.recording = f"/api/recordings/{record.summary.id}.wav" if sound else ""

    @handler
    def close(self) -> None:
        """Back to the list."""
        self.opened, self.rows, self.recording, self._turns, self.asking = "", (), "", (), False

    @handler
    def ask_to_delete(self) -> None:
        """Delete was pressed; it cannot be undone, so ask."""
        self.asking = True

    @handler
    def keep(self) -> None:
        """Not deleted after all."""
        self.asking = False

    @handler
    async def delete(self) -> None:
        """Delete the open conversation for good; not while it still grows."""
        if get_runtime().registry.is_running(self.opened):
            self.problem, self.asking = _STILL_RUNNING, False
            return
        try:
            await get_runtime().history.delete(self.opened)
        except StoreError as error:
            self.problem, self.asking = str(error), False
            return
        self.opened, self.rows, self.recording, self._turns, self.asking = "", (), "", (), False
        await self._list()

    def _turn(self, turn_id: str) -> Turn | None:
        return next((turn for turn in self._turns if turn.id == turn_id), None)

    async def _list(self, offset: int = 0) -> None:
        try:
            found = await get_runtime().history.list_conversations(
                search=self.words, limit=PAGE + 1, offset=offset
            )
        except StoreError as error:
            self.problem, self.loaded = str(error), True
            return
        lines = tuple(_line(summary) for summary in found[:PAGE])
        self.conversations = (*self.conversations[:offset], *lines)
        self.more, self.loaded, self.problem = len(found) > PAGE, True, ""


def _line(summary: ConversationSummary) -> ConversationLine:
    face = face_of(_faces(summary.scenario), summary.agent)
    return ConversationLine(
        id=summary.id,
        title=summary.title or "Nothing was said",
        agent=face.title,
        initial=face.initial,
        color=face.color,
        at_ms=round(summary.started_at * 1000),
        rows=count_words(summary.turns, "row"),
    )


def _faces(scenario_name: str) -> Faces:
    scenario = get_runtime().catalog.scenarios.get(scenario_name)
    return {name: agent_face(agent) for name, agent in scenario.agents.items()} if scenario else {}
