"""What one answer cost: tokens over all its responses, and time since the person spoke."""

from __future__ import annotations

from realtime_agents.protocol.items import Usage
from realtime_agents.protocol.usage import TokenCount, count_tokens
from realtime_agents.session.view import TurnMetrics
from realtime_agents.store.records import UsageEntry


class Meter:
    """Adds up one user turn. Times are monotonic seconds, given by the caller."""

    def __init__(self, sent_at: float) -> None:
        self._sent_at = sent_at
        self._first_text_at: float | None = None
        self._tokens = TokenCount()

    def on_text(self, now: float) -> None:
        """A piece of the answer arrived; only the first counts."""
        if self._first_text_at is None:
            self._first_text_at = now

    def on_usage(self, usage: Usage) -> None:
        """One of the turn's responses ended."""
        self._tokens += count_tokens(usage)

    def read(self, now: float) -> TurnMetrics:
        """The sums, with ``now`` as the end of the answer."""
        first = self._first_text_at
        return TurnMetrics(
            input_tokens=self._tokens.input,
            output_tokens=self._tokens.output,
            cached_tokens=self._tokens.cached,
            first_token_ms=None if first is None else round((first - self._sent_at) * 1000),
            total_ms=round((now - self._sent_at) * 1000),
        )


def usage_entry(response_id: str, usage: Usage, *, agent: str, model: str, at: float) -> UsageEntry:
    """The row of the history for one response."""
    tokens = count_tokens(usage)
    return UsageEntry(
        response_id=response_id,
        agent=agent,
        model=model,
        at=at,
        input_text_tokens=tokens.input_text,
        input_audio_tokens=tokens.input_audio,
        input_image_tokens=tokens.input_image,
        cached_text_tokens=tokens.cached_text,
        cached_audio_tokens=tokens.cached_audio,
        cached_image_tokens=tokens.cached_image,
        output_text_tokens=tokens.output_text,
        output_audio_tokens=tokens.output_audio,
    )
