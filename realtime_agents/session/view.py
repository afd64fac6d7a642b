"""What a session shows: the vocabulary shared by pages, command line and store.

A session is a list of *turns* plus the text being streamed right now. Everything here is frozen
and free of I/O; the session builds it, everybody else only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

TurnRole = Literal["user", "agent", "tool", "handoff", "breadcrumb"]
TurnStatus = Literal["in_progress", "completed", "interrupted", "failed"]
ToolStatus = Literal["running", "completed", "failed", "timeout"]
Direction = Literal["client", "server"]


class Phase(StrEnum):
    """Lifecycle of the connection to the Realtime server."""

    NEW = "new"
    CONNECTING = "connecting"
    READY = "ready"
    RECONNECTING = "reconnecting"
    CLOSING = "closing"
    CLOSED = "closed"


class Activity(StrEnum):
    """What the voice is doing; the only thing on the page that has a colour."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source that an answer points to."""

    n: int
    """Number in the answer's text, ``[n]``, counted from 1 in order of first use."""
    passage_id: str
    """Empty for a fact, which has no passage."""
    document_id: str
    title: str
    section: str
    url: str
    as_of: str
    quote: str
    """Words of the source itself."""
    supported: bool = True
    """False: the quote, or words that the answer puts in quotation marks for it, are not in its passage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRow:
    """One tool call as a row between turns."""

    call_id: str
    name: str
    arguments: str
    """JSON text as the model sent it."""
    status: ToolStatus
    summary: str = ""
    """A few words for people: ``6 passages``."""
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """A change of agent. ``reason`` is empty when the person switched by hand."""

    source: str
    target: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMetrics:
    """Cost of one answer, summed over all responses that led to it."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Subset of ``input_tokens``."""
    first_token_ms: int | None = None
    """From the person's message to the first word of the answer."""
    total_ms: int | None = None
    unsourced: int = 0
    """Citations in the answer that named no source that was found; they were taken out."""
    first_audio_ms: int | None = None
    """From the end of the person's speech (or the typed message) to the first sample heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineMark:
    """One moment on the way from the end of speech to the first sound of the answer."""

    name: str
    """``speech_start``, ``speech_end`` (the last sound of speech), ``vad``, ``commit``, ``transcript``,
    ``first_event``, ``tool:<name>``, ``search`` (within a tool), ``first_text``, ``first_audio_sent``,
    ``first_audio_heard``, ``audio_end``."""
    at_ms: int
    """Milliseconds after the end of speech (or the typed message); negative before it."""
    duration_ms: int = 0
    """For marks that last, such as a tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One row of the transcript. ``id`` is stable from first sight to the store."""

    id: str
    role: TurnRole
    status: TurnStatus
    text: str = ""
    """Plain text or Markdown as spoken, with ``[n]`` where a source is cited."""
    agent: str = ""
    """Name of the agent that speaks; empty for user rows."""
    at: float = 0.0
    """Seconds since the epoch."""
    citations: tuple[Citation, ...] = ()
    tool: ToolRow | None = None
    handoff: Handoff | None = None
    metrics: TurnMetrics | None = None
    abstained: bool = False
    """The agent said that it does not know."""
    spoken: bool = False
    """The words were said aloud: by the person into a microphone, or by the agent."""
    heard_chars: int | None = None
    """Of an interrupted spoken answer: ``text[heard_chars:]`` was never heard. None: all was."""
    timeline: tuple[TimelineMark, ...] = ()
    """On the last turn of an answer: how its time was spent. Empty for most turns."""

    @property
    def is_growing(self) -> bool:
        """In progress, with words that are not all yet."""
        return self.status == "in_progress" and self.text != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One line of the event log; runs of the same delta are one line with a count."""

    id: str
    group: str
    """Id of the user turn (or ``"session"``) the event belongs to."""
    at: float
    direction: Direction
    type: str
    detail: str
    """A few words: an id, a size, a name. Never what was said."""
    count: int = 1
    payload: str = ""
    """The event as JSON text, cut at 8 kB; deltas joined."""


# Updates: what `Session.subscribe` yields.


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnChanged:
    """A turn appeared or changed; replace by id, append when new."""

    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveText:
    """The whole text so far of the answer being streamed; ``turn_id`` empty when none is."""

    turn_id: str
    agent: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged:
    """Connection, voice state or agent changed. ``notice`` is for the person, empty to clear."""

    phase: Phase
    activity: Activity
    agent: str
    notice: str = ""
    recording: bool = False
    """Both sides are being kept as sound; the page shows a sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLogged:
    """A line of the event log appeared or grew; replace by id, append when new."""

    row: EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSnapshot:
    """Everything a page needs to join a running session. Also sent when a reader fell behind."""

    session_id: str
    conversation_id: str
    scenario: str
    turns: tuple[Turn, ...]
    live: LiveText
    status: StatusChanged


Update = TurnChanged | LiveText | StatusChanged | EventLogged | SessionSnapshot
