"""How fast a browser may send; pure, time is an argument."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from realtime_agents.protocol.pcm import bytes_to_ms

WINDOW_S = 10.0
MAX_AUDIO_MS = 17_000
"""Audio in any window: one and a half times what can be said, and two seconds more. A network that
stood still for a while may deliver all of it at once."""
MAX_MESSAGES = 2_500
"""Messages in any window; a microphone sends 500."""
_SLOTS = 100


@dataclass(slots=True)
class _Slot:
    """What came in one step."""

    step: int
    audio_bytes: int = 0
    messages: int = 0


class RateLimit:
    """What one socket sent in the last `WINDOW_S`, in steps of a tenth of a second."""

    def __init__(self) -> None:
        self._slots: deque[_Slot] = deque([_Slot(step=-_SLOTS)])
        self._audio_bytes = 0
        self._messages = 0

    def allows(self, audio_bytes: int, now_s: float) -> bool:
        """Count a message with so much audio in it; False when that is too fast."""
        step = int(now_s / WINDOW_S * _SLOTS)
        if step != self._slots[-1].step:
            self._begin(step)
        slot = self._slots[-1]
        slot.audio_bytes += audio_bytes
        slot.messages += 1
        self._audio_bytes += audio_bytes
        self._messages += 1
        return self._messages <= MAX_MESSAGES and bytes_to_ms(self._audio_bytes) <= MAX_AUDIO_MS

    def _begin(self, step: int) -> None:
        self._slots.append(_Slot(step=step))
        while self._slots[0].step <= step - _SLOTS:
            old = self._slots.popleft()
            self._audio_bytes -= old.audio_bytes
            self._messages -= old.messages
