"""The history of conversations: what was said, which tools ran, what it cost in tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import ColumnElement, func, or_, update
from sqlmodel import Session, col, delete, select

from realtime_agents.errors import StoreError
from realtime_agents.session.view import Turn
from realtime_agents.store import rows
from realtime_agents.store.database import Database
from realtime_agents.store.models import Conversation, Item, ToolCall, UsageRecord
from realtime_agents.store.recordings import RecordingFiles
from realtime_agents.store.records import (
    ConversationHeader,
    ConversationRecord,
    ConversationSummary,
    UsageEntry,
)

T = TypeVar("T")

MAX_SEARCH_WORDS = 32
MAX_WORD_CHARS = 100


class HistoryStore:
    """Async face of the history database.

    One worker thread owns every connection, so writes happen in the order in which they were asked
    for and never block the event loop. Safe to call from many tasks. Methods raise `StoreError`.

    ======== =========================== =======================
    owned    opened by                   closed by
    ======== =========================== =======================
    thread   `open`                      `close`
    database `open`, on the thread       `close`, on the thread
    ======== =========================== =======================
    """

    def __init__(self, url: str, recordings: RecordingFiles | None = None) -> None:
        """``recordings``: files that belong to the conversations, and go with them."""
        self._database = Database(url)
        self._recordings = recordings
        self._thread: ThreadPoolExecutor | None = None

    @property
    def notice(self) -> str:
        """For the person: what happened while opening (a damaged file set aside); usually empty."""
        return self._database.notice

    async def open(self) -> None:
        """Open or create the database and bring its schema up to date."""
        if self._thread is not None:
            return
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        try:
            await self._on_thread(self._database.open)
        except StoreError:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish the writes already asked for and close; safe to call twice."""
        thread = self._thread
        if thread is None:
            return
        await self._on_thread(self._database.close)
        self._thread = None
        thread.shutdown(wait=False)

    async def save_conversation(self, header: ConversationHeader) -> None:
        """Add a conversation; one that is already there keeps its title and end."""
        await self._run(lambda s: _save_conversation(s, header), write=True)

    async def update_conversation(
        self, conversation_id: str, *, agent: str | None = None, ended_at: float | None = None
    ) -> bool:
        """Note who speaks now, or when it ended; False when the conversation is not there."""
        values: dict[str, object] = {"agent": agent, "ended_at": ended_at}
        given = {k: v for k, v in values.items() if v is not None}
        statement = update(Conversation).where(col(Conversation.id) == conversation_id).values(**given)
        if not given:
            raise ValueError("update_conversation needs agent or ended_at")
        return await self._run(lambda s: _count(s, statement) > 0, write=True)

    async def save_turn(self, conversation_id: str, turn: Turn, *, previous_id: str = "") -> None:
        """Add a turn, or replace the one with its id.

        A new turn goes after ``previous_id`` when that is there, else at the end. Raises
        `StoreError` when the conversation is not there (somebody deleted it).
        """
        await self._run(lambda s: _save_turn(s, conversation_id, turn, previous_id), write=True)

    async def delete_turn(self, conversation_id: str, turn_id: str) -> None:
        """Remove a turn and its tool call; nothing happens when it is not there."""
        await self._run(lambda s: _delete_turn(s, conversation_id, turn_id), write=True)

    async def save_usage(self, conversation_id: str, usage: UsageEntry) -> None:
        """Add the tokens of one response, or replace them. Raises like `save_turn`."""
        await self._run(lambda s: _save_usage(s, conversation_id, usage), write=True)

    async def list_conversations(
        self, search: str = "", limit: int = 50, offset: int = 0
    ) -> list[ConversationSummary]:
        """Newest first. ``search``: every word must be in the title or in something that was said.

        The first `MAX_SEARCH_WORDS` words count, and `MAX_WORD_CHARS` of each.
        """
        return await self._run(lambda s: _list(s, search, limit, offset), write=False)

    async def load(self, conversation_id: str) -> ConversationRecord | None:
        """The whole conversation; None when it is not there."""
        record = await self._run(lambda s: _load(s, conversation_id), write=False)
        if record is None or self._recordings is None:
            return record
        return replace(record, recorded=self._recordings.find(conversation_id) is not None)

    async def delete(self, conversation_id: str) -> bool:
        """Remove a conversation and all that belongs to it; False when it was not there."""
        was_there = await self._run(lambda s: _delete(s, conversation_id), write=True)
        await self._on_thread(lambda: self._delete_recording(conversation_id))
        return was_there

    def _delete_recording(self, conversation_id: str) -> None:
        if self._recordings is None:
            return
        try:
            self._recordings.delete(conversation_id)
        except OSError as error:
            raise StoreError(
                f"The conversation was deleted, but not its recording in {self._recordings.folder} ({error.strerror})."
            ) from error

    async def _run(self, work: Callable[[Session], T], *, write: bool) -> T:
        return await self._on_thread(lambda: self._database.run(work, write=write))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            raise StoreError("The history database is not open.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _count(session: Session, statement: object) -> int:
    return int(session.connection().execute(statement).rowcount)  # type: ignore[call-overload]


def _save_conversation(session: Session, header: ConversationHeader) -> None:
    if (row := session.get(Conversation, header.id)) is not None:
        row.agent, row.scenario = header.agent, header.scenario
        return
    session.add(
        Conversation(
            id=header.id,
            scenario=header.scenario,
            agent=header.agent,
            started_at=header.started_at,
            updated_at=header.started_at,
        )
    )


def _conversation(session: Session, conversation_id: str) -> Conversation:
    row = session.get(Conversation, conversation_id)
    if row is None:
        raise StoreError(
            f"Conversation {conversation_id!r} is not in the history: it was deleted or never saved."
        )
    return row


def _save_turn(session: Session, conversation_id: str, turn: Turn, previous_id: str) -> None:
    conversation = _conversation(session, conversation_id)
    conversation.updated_at = max(conversation.updated_at, turn.at)
    if turn.role == "user" and turn.status != "failed" and not conversation.title:
        conversation.title = rows.title_of(turn.text)
    known = session.get(Item, (conversation_id, turn.id))
    if known is None:
        position = _make_room(session, conversation_id, previous_id)
    else:
        position, previous_id = known.position, known.previous_id
    session.merge(rows.item_of(conversation_id, turn, position=position, previous_id=previous_id))
    if turn.tool is not None:
        session.merge(rows.tool_call_of(conversation_id, turn.id, turn.tool))


def _make_room(session: Session, conversation_id: str, previous_id: str) -> int:
    """Position of a new row; the rows behind it move back by one."""
    mine = col(Item.conversation_id) == conversation_id
    last = session.exec(select(func.max(Item.position)).where(mine)).one()
    end = 0 if last is None else int(last) + 1
    previous = session.get(Item, (conversation_id, previous_id)) if previous_id else None
    if previous is None or previous.position + 1 == end:
        return end
    position = previous.position + 1
    behind = update(Item).where(mine, col(Item.position) >= position)
    _count(session, behind.values(position=Item.position + 1))
    return position


def _save_usage(session: Session, conversation_id: str, usage: UsageEntry) -> None:
    _conversation(session, conversation_id)
    session.merge(rows.usage_record_of(conversation_id, usage))


def _summary(row: Conversation, turns: int) -> ConversationSummary:
    return ConversationSummary(**row.model_dump(), turns=turns)


def _words(search: str) -> list[str]:
    """What to look for: bounded, as a database bounds the size of a query."""
    return [
        rows.storable(word[:MAX_WORD_CHARS])
        for word in search.split(maxsplit=MAX_SEARCH_WORDS)[:MAX_SEARCH_WORDS]
    ]


def _matches(word: str) -> ColumnElement[bool]:
    said = select(Item.id).where(
        col(Item.conversation_id) == col(Conversation.id), col(Item.text).icontains(word, autoescape=True)
    )
    return or_(col(Conversation.title).icontains(word, autoescape=True), said.exists())


def _list(session: Session, search: str, limit: int, offset: int) -> list[ConversationSummary]:
    turns = select(func.count()).where(col(Item.conversation_id) == col(Conversation.id)).scalar_subquery()
    found = session.exec(
        select(Conversation, turns)
        .where(*(_matches(word) for word in _words(search)))
        .order_by(col(Conversation.updated_at).desc(), col(Conversation.id))
        .limit(max(limit, 0))
        .offset(max(offset, 0))
    )
    return [_summary(row, count) for row, count in found]


def _load(session: Session, conversation_id: str) -> ConversationRecord | None:
    row = session.get(Conversation, conversation_id)
    if row is None:
        return None
    items = session.exec(
        select(Item).where(Item.conversation_id == conversation_id).order_by(col(Item.position))
    ).all()
    calls = session.exec(select(ToolCall).where(ToolCall.conversation_id == conversation_id)).all()
    call_of = {call.item_id: call for call in calls}
    usage = session.exec(
        select(UsageRecord)
        .where(UsageRecord.conversation_id == conversation_id)
        .order_by(col(UsageRecord.at))
    ).all()
    return ConversationRecord(
        summary=_summary(row, len(items)),
        turns=tuple(rows.turn_of(item, call_of.get(item.id)) for item in items),
        usage=tuple(rows.usage_of(u) for u in usage),
    )


def _delete_turn(session: Session, conversation_id: str, turn_id: str) -> None:
    for model, key in ((ToolCall, col(ToolCall.item_id)), (Item, col(Item.id))):
        _count(session, delete(model).where(col(model.conversation_id) == conversation_id, key == turn_id))


def _delete(session: Session, conversation_id: str) -> bool:
    return _count(session, delete(Conversation).where(col(Conversation.id) == conversation_id)) > 0
