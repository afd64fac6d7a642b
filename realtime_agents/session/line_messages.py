"""What goes over an audio line, between a session and the browser that speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ListenMode = Literal["server_vad", "semantic_vad", "push_to_talk"]
FlushReason = Literal["barge_in", "typed", "stopped", "handoff", "care"]


@dataclass(frozen=True, slots=True)
class Ready:
    """The first message."""

    mode: ListenMode
    conversation_id: str


@dataclass(frozen=True, slots=True)
class ItemBegins:
    """Audio of an item follows; ``n`` counts the items of this line."""

    n: int
    item_id: str


@dataclass(frozen=True, slots=True)
class AudioPiece:
    """At most 200 ms to play, PCM16 24 kHz mono."""

    n: int
    offset_samples: int
    """Where it begins within its item."""
    pcm: bytes


@dataclass(frozen=True, slots=True)
class MarksAdded:
    """After so many milliseconds of the item, so many of its words were said."""

    n: int
    points: tuple[tuple[int, int], ...]
    """(milliseconds, words); see `protocol.spoken_words`."""


@dataclass(frozen=True, slots=True)
class ItemEnds:
    """All audio of the item was given."""

    n: int
    total_ms: int


@dataclass(frozen=True, slots=True)
class Flush:
    """Stop playing everything now; say where the item that was playing stopped."""

    reason: FlushReason


@dataclass(frozen=True, slots=True)
class Speech:
    """The server hears the person speak, or no longer."""

    on: bool


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """How the end of a turn is found from now on."""

    mode: ListenMode


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the person should know."""

    text: str


@dataclass(frozen=True, slots=True)
class LineError:
    """Something that was asked for cannot be done."""

    code: str
    text: str


LineMessage = (
    Ready
    | ItemBegins
    | AudioPiece
    | MarksAdded
    | ItemEnds
    | Flush
    | Speech
    | ModeChanged
    | Notice
    | LineError
)


@dataclass(frozen=True, slots=True)
class LineEnd:
    """Why a line ended, as a WebSocket close code and a few words."""

    code: int
    reason: str


CLOSED = LineEnd(1000, "closed")
SESSION_OVER = LineEnd(1000, "session over")
SERVER_STOPS = LineEnd(1001, "server stops")
TOO_SLOW = LineEnd(4408, "too slow")
TAKEN_OVER = LineEnd(4409, "taken over")
VOICE_REFUSED = LineEnd(4503, "voice not available")
