"""What one server event changed: the output of `conversation.apply`.

Effects say what happened, not what to do about it. They never hold parts of the conversation that
change later, so they may be queued, logged and compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_agents.protocol.items import ErrorDetail, RateLimit, Response, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChanged:
    """An item is new, gone, or has another text, status or place. Not sent for single deltas."""

    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """More words of an answer, written or spoken."""

    response_id: str
    item_id: str
    delta: str
    """Empty when the server corrected what it had sent before."""
    text: str
    """Whole text of the item so far."""
    spoken: bool = False
    """The words are those of audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayAudio:
    """Audio to play: PCM16, 24 kHz, mono, 48 bytes per millisecond."""

    response_id: str
    item_id: str
    content_index: int
    audio: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioDone:
    """All audio of the item has arrived; it may still be playing."""

    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """The person began to speak: stop playback now."""

    item_id: str
    audio_start_ms: int
    """Milliseconds of audio written in this session, prefix padding included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """The person fell silent."""

    item_id: str
    audio_end_ms: int
    """Milliseconds of audio written in this session, the awaited silence included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTranscript:
    """What the person was heard to say, whole text so far. Guidance: not what the model heard."""

    item_id: str
    text: str
    final: bool
    failed: bool
    """True when transcription failed; ``text`` then is what had arrived before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStarted:
    """A response began, ours or the server's own."""

    response_id: str
    metadata: Mapping[str, str] | None
    conversation_id: str | Unset | None
    """``None``: out of band. `UNSET`: the wire did not say, which is the default conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEnded:
    """A response ended in any way. Comes after all other effects of that response."""

    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTool:
    """Run this tool. Given once per ``call_id``, only from a completed response."""

    response_id: str
    item_id: str
    call_id: str
    name: str
    arguments: str
    """JSON text as the model wrote it; not checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFault:
    """The server refused something or failed, or sent audio that cannot be read."""

    error: ErrorDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReady:
    """The effective session, after connecting (``created``) or after an update."""

    session: Mapping[str, Any]
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitsChanged:
    """What is left of the account's limits."""

    limits: tuple[RateLimit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An event of a type this package does not know."""

    type: str


Effect = (
    ItemChanged
    | TextDelta
    | PlayAudio
    | AudioDone
    | SpeechStarted
    | SpeechStopped
    | InputTranscript
    | ResponseStarted
    | ResponseEnded
    | CallTool
    | ServerFault
    | SessionReady
    | RateLimitsChanged
    | Unknown
)
