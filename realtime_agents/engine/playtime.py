"""How long the audio of a response, sent faster than it plays, will still be heard."""

from __future__ import annotations

from realtime_agents.engine.config import Clock
from realtime_agents.protocol.pcm import SAMPLE_RATE_HZ


class Playtime:
    """Counts the audio of one response from its first piece."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_s = 0.0
        self._samples = 0

    def add(self, samples: int) -> None:
        """A piece of audio is sent."""
        if not self._samples:
            self._began_s = self._clock.monotonic()
        self._samples += samples

    @property
    def left_ms(self) -> float:
        """What is left for a client that plays from the first piece on without a pause."""
        passed_s = self._clock.monotonic() - self._began_s
        return max(self._samples / SAMPLE_RATE_HZ - passed_s, 0.0) * 1000 if self._samples else 0.0
