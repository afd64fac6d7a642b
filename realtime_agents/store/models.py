"""Tables of the history database.

They have their own metadata, so that nothing else that uses SQLModel in this process can add to
them. Column types are the ones SQLite and PostgreSQL share; times are seconds since the epoch.
A change here needs a migration in ``migrations/versions``; a test compares the two.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import JSON, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


class StoreModel(SQLModel, registry=registry(metadata=METADATA)):
    """Base of the tables of this database."""

    metadata: ClassVar[MetaData] = METADATA


class Conversation(StoreModel, table=True):
    """One conversation: everything said between opening a session and closing it."""

    __tablename__ = "conversation"

    id: str = Field(primary_key=True)
    scenario: str
    agent: str
    """Agent that spoke last."""
    title: str = ""
    """First words of the person; content, so it is kept here and nowhere else."""
    started_at: float
    updated_at: float = Field(index=True)
    ended_at: float | None = None


class Item(StoreModel, table=True):
    """One row of the transcript; ``id`` is the turn's id, unique inside its conversation."""

    __tablename__ = "item"

    conversation_id: str = Field(primary_key=True, foreign_key="conversation.id", ondelete="CASCADE")
    id: str = Field(primary_key=True)
    position: int
    """Order inside the conversation, from 0."""
    previous_id: str = ""
    """The row it was placed after; empty when it was appended."""
    role: str
    agent: str = ""
    status: str
    text: str = ""
    abstained: bool = False
    citations: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    handoff: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    metrics: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    spoken: bool = False
    heard_chars: int | None = None
    timeline: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    at: float = 0.0


class ToolCall(StoreModel, table=True):
    """One tool call. Its place in the transcript is the `Item` of the same conversation."""

    __tablename__ = "tool_call"

    conversation_id: str = Field(primary_key=True, foreign_key="conversation.id", ondelete="CASCADE")
    call_id: str = Field(primary_key=True)
    item_id: str
    name: str = Field(index=True)
    arguments: str
    status: str
    summary: str = ""
    duration_ms: int | None = None


class UsageRecord(StoreModel, table=True):
    """Tokens of one response. ``cached_*`` are subsets of ``input_*``."""

    __tablename__ = "usage_record"

    conversation_id: str = Field(primary_key=True, foreign_key="conversation.id", ondelete="CASCADE")
    response_id: str = Field(primary_key=True)
    agent: str
    model: str
    input_text_tokens: int = 0
    input_audio_tokens: int = 0
    input_image_tokens: int = 0
    cached_text_tokens: int = 0
    cached_audio_tokens: int = 0
    cached_image_tokens: int = 0
    output_text_tokens: int = 0
    output_audio_tokens: int = 0
    at: float = 0.0
