"""The 11 client events of the GA Realtime API.

Class names are the wire type in CamelCase, field names are wire names; a field that is ``None`` is
left out on the wire. Always give an ``event_id``: an error that the event causes names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from realtime_agents.protocol.items import Item, Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseParams:
    """Parameters of one response; each set field overrides the session for it alone."""

    conversation: str | None = None
    """``auto``, or ``none`` for a response out of band: parallel, written to no conversation."""
    input: tuple[Item, ...] | None = None
    """Replaces the context; empty is an empty context. May hold ``item_reference`` items."""
    instructions: str | None = None
    output_modalities: tuple[Modality, ...] | None = None
    tools: tuple[Mapping[str, Any], ...] | None = None
    tool_choice: str | Mapping[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | Literal["inf"] | None = None
    metadata: Mapping[str, str] | None = None
    """At most 16 pairs, keys up to 64 and values up to 512 characters."""
    audio: Mapping[str, Any] | None = None
    reasoning: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClientEvent:
    event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUpdate(_ClientEvent):
    """Change the session; only the fields present change. `session_config` builds ``session``."""

    type: Literal["session.update"] = "session.update"
    session: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemCreate(_ClientEvent):
    """Add an item: at the end, after ``previous_item_id``, or first when that is ``root``."""

    type: Literal["conversation.item.create"] = "conversation.item.create"
    item: Item
    previous_item_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemDelete(_ClientEvent):
    """Remove an item."""

    type: Literal["conversation.item.delete"] = "conversation.item.delete"
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemRetrieve(_ClientEvent):
    """Ask for an item. The answer carries its whole audio, so the app never sends this."""

    type: Literal["conversation.item.retrieve"] = "conversation.item.retrieve"
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemTruncate(_ClientEvent):
    """Forget assistant audio, and its words, after ``audio_end_ms``."""

    type: Literal["conversation.item.truncate"] = "conversation.item.truncate"
    item_id: str
    content_index: int = 0
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferAppend(_ClientEvent):
    """More microphone audio: base64 PCM16, 24 kHz, mono, at most 15 MiB."""

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferCommit(_ClientEvent):
    """Close the spoken turn. Does not create a response."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferClear(_ClientEvent):
    """Drop audio that was not committed."""

    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAudioBufferClear(_ClientEvent):
    """Drop audio that was not played (WebRTC and SIP only)."""

    type: Literal["output_audio_buffer.clear"] = "output_audio_buffer.clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCreate(_ClientEvent):
    """Ask for an answer. Send it only through `response_slot.ResponseSlot`."""

    type: Literal["response.create"] = "response.create"
    response: ResponseParams | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCancel(_ClientEvent):
    """Stop a response; without ``response_id`` the one of the default conversation."""

    type: Literal["response.cancel"] = "response.cancel"
    response_id: str | None = None


ClientEvent = (
    SessionUpdate
    | ConversationItemCreate
    | ConversationItemDelete
    | ConversationItemRetrieve
    | ConversationItemTruncate
    | InputAudioBufferAppend
    | InputAudioBufferCommit
    | InputAudioBufferClear
    | OutputAudioBufferClear
    | ResponseCreate
    | ResponseCancel
)
