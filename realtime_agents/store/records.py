"""What the history gives and takes: plain dataclasses, no tables and no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_agents.session.view import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationHeader:
    """What is known about a conversation before anything was said."""

    id: str
    scenario: str
    agent: str
    started_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSummary:
    """One line of the history page."""

    id: str
    scenario: str
    agent: str
    """Agent that spoke last."""
    title: str
    """First words of the person; empty while nobody said anything."""
    started_at: float
    updated_at: float
    ended_at: float | None
    """None while the conversation runs, or when the process ended without closing it."""
    turns: int
    """Rows of the transcript, tool rows included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEntry:
    """Tokens of one response by kind. ``cached_*`` are subsets of ``input_*``."""

    response_id: str
    agent: str
    model: str
    at: float
    input_text_tokens: int = 0
    input_audio_tokens: int = 0
    input_image_tokens: int = 0
    cached_text_tokens: int = 0
    cached_audio_tokens: int = 0
    cached_image_tokens: int = 0
    output_text_tokens: int = 0
    output_audio_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRecord:
    """A whole conversation as it was kept."""

    summary: ConversationSummary
    turns: tuple[Turn, ...]
    usage: tuple[UsageEntry, ...]
    recorded: bool = False
    """There is a recording: ``/api/recordings/<id>.wav``."""
