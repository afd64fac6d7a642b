"""Between turns and table rows; pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from realtime_agents.session.view import (
    Citation,
    Handoff,
    TimelineMark,
    ToolRow,
    ToolStatus,
    Turn,
    TurnMetrics,
    TurnRole,
    TurnStatus,
)
from realtime_agents.store.models import Item, ToolCall, UsageRecord
from realtime_agents.store.records import UsageEntry

TITLE_LENGTH = 72


def storable(text: str) -> str:
    """Text that every database takes: no NUL (PostgreSQL), no lone surrogates (SQLite)."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def title_of(text: str) -> str:
    """The first words of a message as a title, cut at a word, at most 72 characters."""
    words = " ".join(storable(text).split())
    if len(words) <= TITLE_LENGTH:
        return words
    head = words[: TITLE_LENGTH - 1]
    return (head.rsplit(" ", 1)[0] if " " in head else head).rstrip(" ,;:.") + "…"


def item_of(conversation_id: str, turn: Turn, *, position: int, previous_id: str) -> Item:
    """The row of a turn; its tool call is a row of its own, see `tool_call_of`."""
    return Item(
        conversation_id=conversation_id,
        id=turn.id,
        position=position,
        previous_id=previous_id,
        role=turn.role,
        agent=turn.agent,
        status=turn.status,
        text=storable(turn.text),
        abstained=turn.abstained,
        citations=[
            {k: storable(v) if isinstance(v, str) else v for k, v in asdict(c).items()}
            for c in turn.citations
        ],
        handoff={k: storable(v) for k, v in asdict(turn.handoff).items()} if turn.handoff else {},
        metrics=asdict(turn.metrics) if turn.metrics else {},
        spoken=turn.spoken,
        # What is stored may be shorter than what was shown.
        heard_chars=None if turn.heard_chars is None else len(storable(turn.text[: turn.heard_chars])),
        timeline=[asdict(mark) for mark in turn.timeline],
        at=turn.at,
    )


def tool_call_of(conversation_id: str, item_id: str, tool: ToolRow) -> ToolCall:
    return ToolCall(
        conversation_id=conversation_id,
        call_id=tool.call_id,
        item_id=item_id,
        name=storable(tool.name),
        arguments=storable(tool.arguments),
        status=tool.status,
        summary=storable(tool.summary),
        duration_ms=tool.duration_ms,
    )


def turn_of(item: Item, call: ToolCall | None) -> Turn:
    """The turn as it was saved."""
    return Turn(
        id=item.id,
        role=cast(TurnRole, item.role),
        status=cast(TurnStatus, item.status),
        text=item.text,
        agent=item.agent,
        at=item.at,
        citations=tuple(Citation(**c) for c in item.citations),
        tool=None
        if call is None
        else ToolRow(
            call_id=call.call_id,
            name=call.name,
            arguments=call.arguments,
            status=cast(ToolStatus, call.status),
            summary=call.summary,
            duration_ms=call.duration_ms,
        ),
        handoff=Handoff(**item.handoff) if item.handoff else None,
        metrics=TurnMetrics(**item.metrics) if item.metrics else None,
        abstained=item.abstained,
        spoken=item.spoken,
        heard_chars=item.heard_chars,
        timeline=tuple(TimelineMark(**mark) for mark in item.timeline),
    )


def usage_record_of(conversation_id: str, usage: UsageEntry) -> UsageRecord:
    return UsageRecord(conversation_id=conversation_id, **asdict(usage))


def usage_of(record: UsageRecord) -> UsageEntry:
    return UsageEntry(**record.model_dump(exclude={"conversation_id"}))
