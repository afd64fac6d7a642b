"""What an engine may be told: pace, bounds, clock, speech, thinker."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from realtime_agents.embedding import load_embedder
from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.dialogue.semantics import TextEmbedder
from realtime_agents.engine.speech_port import Speech

MODEL = "local-engine"
"""The only model there is. Clients may ask for any; this is the one that answers, and says so."""


class Clock(Protocol):
    """Time as the engine uses it; tests bring their own."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float: ...

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        """Wait for ``event``, at most ``timeout_s``; True when it is set."""


class SystemClock:
    """The real time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(timeout_s, 0.0)):
                await event.wait()
        return event.is_set()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Settings of one engine. The bounds are per connection unless they say otherwise."""

    words_per_s: float = 0.0
    """Pace of answers; 0 is as fast as the client reads."""
    max_sessions: int = 200
    """Connections of the whole engine; one more is refused with HTTP 503."""
    session_s: float = 3600.0
    """A session ends after this with ``session_expired`` and close code 1001."""
    max_message_bytes: int = 2 * 1024 * 1024
    """A larger client message ends the connection with close code 1009."""
    max_text_chars: int = 128_000
    """Longest single text: instructions, a message, arguments, an output."""
    max_items: int = 2_000
    max_conversation_chars: int = 4_000_000
    max_append_bytes: int = 16 * 1024 * 1024
    """Size of the largest message that is mostly one text: audio in base64."""
    max_waiting_audio_bytes: int = 2 * 1024 * 1024
    """Input audio that may wait for voice detection; then reading waits."""
    max_audio_bytes: int = 15 * 1024 * 1024
    """Input audio that may wait to be read (transcribed), and audio of items likewise; it is not kept longer."""
    send_queue: int = 256
    """Events waiting to be sent; when it is full, answering and reading wait."""
    max_side_responses: int = 4
    """Out-of-band responses at once."""
    requests_per_minute: int = 6_000
    context_tokens: int = 128_000
    """Estimated tokens a response may look at; older items are left out, or refused when truncation is off."""
    worker_threads: int = 2
    """Threads of the whole engine for embedding, which would block the event loop."""
    chat: ChatConfig | None = None
    """A chat-completions server that does the thinking; ``None``: the engine's own dialogue."""
    speech: Speech | None = None
    """Ears and mouth, shared by all connections; ``None``: text only. Closed by an engine that runs alone,
    else by the app that it is mounted in."""
    clock: Clock = field(default_factory=SystemClock)
    embedder: Callable[[], TextEmbedder] = load_embedder
    """Called once, in a worker thread. May raise `KnowledgeError`: then only words are compared."""
