"""Writes one session's conversation into the history while it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

from realtime_agents.errors import StoreError
from realtime_agents.session.view import Turn
from realtime_agents.store.records import ConversationHeader, UsageEntry

log = logging.getLogger(__name__)


class History(Protocol):
    """The part of `HistoryStore` that a recorder needs."""

    async def save_conversation(self, header: ConversationHeader) -> None: ...

    async def update_conversation(
        self, conversation_id: str, *, agent: str | None = None, ended_at: float | None = None
    ) -> bool: ...

    async def save_turn(self, conversation_id: str, turn: Turn, *, previous_id: str = "") -> None: ...

    async def delete_turn(self, conversation_id: str, turn_id: str) -> None: ...

    async def save_usage(self, conversation_id: str, usage: UsageEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class _TurnEntry:
    turn: Turn
    previous_id: str


@dataclass(frozen=True, slots=True)
class _RemovalEntry:
    turn_id: str


@dataclass(frozen=True, slots=True)
class _AgentEntry:
    agent: str


_Entry = _TurnEntry | _RemovalEntry | _AgentEntry | UsageEntry


class Recorder:
    """A queue in front of the history, emptied by one task in the order things happened.

    The queue holds one entry per turn, response or agent change: a later version of a turn takes
    the place of an earlier one that was not written yet. When it holds ``limit`` entries, turns
    that are still in progress are no longer queued (their finished version will come); finished
    turns and usage always are, so that nothing said is lost while a disk hangs. These are the
    session's own objects: an entry costs a reference.

    A write that fails stays queued. It is tried again with the next change and when closing;
    ``on_problem`` is told the reason once, in words for the person, and "" when it works again.
    Everything waits for the first words of the person: a session in which nobody said anything
    leaves no trace.

    ========== ================== ==========
    owned      opened by          closed by
    ========== ================== ==========
    task       first record       `close`
    queue      constructor        `close`
    ========== ================== ==========
    """

    def __init__(
        self,
        history: History,
        header: ConversationHeader,
        *,
        on_problem: Callable[[str], None] = lambda _notice: None,
        limit: int = 256,
    ) -> None:
        self._history = history
        self._header = header
        self._on_problem = on_problem
        self._limit = limit
        self._pending: dict[str, _Entry] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._begun = False
        self._problem = ""
        self._closed = False

    @property
    def has_begun(self) -> bool:
        """The conversation is in the history."""
        return self._begun

    def record_turn(self, turn: Turn, *, previous_id: str = "") -> None:
        """Keep this version of a turn; ``previous_id`` places one that is not the last."""
        key = f"turn {turn.id}"
        waiting = self._pending.get(key)
        if isinstance(waiting, _TurnEntry):
            previous_id = waiting.previous_id
        elif turn.status == "in_progress" and len(self._pending) >= self._limit:
            log.warning("history queue full, unfinished turn not queued", extra={"limit": self._limit})
            return
        self._put(key, _TurnEntry(turn, previous_id))

    def forget_turn(self, turn_id: str) -> None:
        """A turn was none: noise, for example. It goes from what waits and from what was written."""
        self._put(f"turn {turn_id}", _RemovalEntry(turn_id))

    def record_usage(self, usage: UsageEntry) -> None:
        """Keep the tokens of one response."""
        self._put(f"usage {usage.response_id}", usage)

    def record_agent(self, agent: str) -> None:
        """Keep who speaks now."""
        self._put("agent", _AgentEntry(agent))

    async def close(self, ended_at: float) -> None:
        """Write what is left, note the end, stop the task. Logs what could not be written."""
        if self._closed:
            return
        self._closed = True
        if self._task is not None:
            self._wake.set()
            await self._task
        if not self._begun:
            return
        try:
            await self._history.update_conversation(self._header.id, ended_at=ended_at)
        except StoreError as error:
            log.warning("end of conversation not saved", extra={"reason": str(error)})

    def _put(self, key: str, entry: _Entry) -> None:
        if self._closed:
            return
        self._pending[key] = entry
        self._wake.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write_loop(), name="history recorder")

    async def _write_loop(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            closing = self._closed
            await self._write_pending()
            if closing:
                break
        if any(_is_user_turn(entry) for entry in self._pending.values()) or (self._pending and self._begun):
            log.error("conversation not wholly saved", extra={"entries": len(self._pending)})

    async def _write_pending(self) -> None:
        if not self._begun and not any(_is_user_turn(entry) for entry in self._pending.values()):
            return
        try:
            for key in tuple(self._pending):
                entry = self._pending[key]
                await self._write(entry)
                if self._pending.get(key) is entry:
                    del self._pending[key]
        except StoreError as error:
            self._report(str(error))
        except Exception:
            log.exception("history recorder failed")
            self._report("This conversation could not be saved; the server's log says why.")
        else:
            self._report("")

    async def _write(self, entry: _Entry) -> None:
        if not self._begun:
            await self._history.save_conversation(self._header)
            self._begun = True
        match entry:
            case _TurnEntry():
                await self._history.save_turn(self._header.id, entry.turn, previous_id=entry.previous_id)
            case _RemovalEntry():
                await self._history.delete_turn(self._header.id, entry.turn_id)
            case UsageEntry():
                await self._history.save_usage(self._header.id, entry)
            case _AgentEntry():
                await self._history.update_conversation(self._header.id, agent=entry.agent)
            case _:
                assert_never(entry)

    def _report(self, problem: str) -> None:
        if problem == self._problem:
            return
        self._problem = problem
        if problem:
            log.warning("history not saved", extra={"reason": problem})
        self._on_problem(problem)


def _is_user_turn(entry: _Entry) -> bool:
    return isinstance(entry, _TurnEntry) and entry.turn.role == "user" and entry.turn.text != ""
