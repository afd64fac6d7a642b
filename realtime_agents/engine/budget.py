"""The one rate limit of the engine: responses per minute and connection."""

from __future__ import annotations

from realtime_agents.engine.config import Clock
from realtime_agents.protocol.items import RateLimit

WINDOW_S = 60.0


class RequestBudget:
    """Counts responses in fixed windows of a minute."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._started = clock.monotonic()
        self._used = 0

    def take(self) -> bool:
        """Use one; False when none is left in this window."""
        if self._clock.monotonic() - self._started >= WINDOW_S:
            self._started, self._used = self._clock.monotonic(), 0
        if self._used >= self._limit:
            return False
        self._used += 1
        return True

    def report(self) -> tuple[RateLimit, ...]:
        """What ``rate_limits.updated`` says."""
        reset = max(WINDOW_S - (self._clock.monotonic() - self._started), 0.0)
        left = self._limit - self._used
        return (RateLimit(name="requests", limit=self._limit, remaining=left, reset_seconds=round(reset, 3)),)
