"""What one answer cost: tokens over all its responses, and time since the person spoke."""

from __future__ import annotations

from realtime_agents.protocol.items import Usage
from realtime_agents.session.view import TurnMetrics
from realtime_agents.store.records import UsageEntry


class Meter:
    """Adds up one user turn. Times are monotonic seconds, given by the caller."""

    def __init__(self, sent_at: float) -> None:
        self._sent_at = sent_at
        self._first_text_at: float | None = None
        self._input_tokens = 0
        self._output_tokens = 0
        self._cached_tokens = 0

    def on_text(self, now: float) -> None:
        """A piece of the answer arrived; only the first counts."""
        if self._first_text_at is None:
            self._first_text_at = now

    def on_usage(self, usage: Usage) -> None:
        """One of the turn's responses ended."""
        self._input_tokens += usage.input_tokens
        self._output_tokens += usage.output_tokens
        self._cached_tokens += usage.input_token_details.cached_tokens

    def read(self, now: float) -> TurnMetrics:
        """The sums, with ``now`` as the end of the answer."""
        first = self._first_text_at
        return TurnMetrics(
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
            cached_tokens=self._cached_tokens,
            first_token_ms=None if first is None else round((first - self._sent_at) * 1000),
            total_ms=round((now - self._sent_at) * 1000),
        )


def usage_entry(response_id: str, usage: Usage, *, agent: str, model: str, at: float) -> UsageEntry:
    """The row of the history for one response."""
    taken, given = usage.input_token_details, usage.output_token_details
    cached = taken.cached_tokens_details
    return UsageEntry(
        response_id=response_id,
        agent=agent,
        model=model,
        at=at,
        input_text_tokens=taken.text_tokens,
        input_audio_tokens=taken.audio_tokens,
        input_image_tokens=taken.image_tokens,
        cached_text_tokens=cached.text_tokens,
        cached_audio_tokens=cached.audio_tokens,
        cached_image_tokens=cached.image_tokens,
        output_text_tokens=given.text_tokens,
        output_audio_tokens=given.audio_tokens,
    )
