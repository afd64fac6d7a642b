"""How fast a browser may send; pure, time is an argument."""

from __future__ import annotations

from collections import deque

from realtime_agents.protocol.pcm import bytes_to_ms

WINDOW_S = 10.0
MAX_AUDIO_MS = 17_000
"""Audio in any window: one and a half times what can be said, and two seconds more. A network that
stood still for a while may deliver all of it at once."""
MAX_MESSAGES = 2_500
"""Messages in any window; a microphone sends 500."""
_SLOTS = 100


class _Window:
    """A sum over the last `WINDOW_S`, in steps of a tenth of a second."""

    def __init__(self) -> None:
        self._slots: deque[list[float]] = deque()
        self.total = 0.0

    def add(self, amount: float, now_s: float) -> None:
        step = int(now_s / WINDOW_S * _SLOTS)
        if self._slots and self._slots[-1][0] == step:
            self._slots[-1][1] += amount
        else:
            self._slots.append([step, amount])
        self.total += amount
        while self._slots[0][0] <= step - _SLOTS:
            self.total -= self._slots.popleft()[1]


class RateLimit:
    """What one socket sent lately."""

    def __init__(self) -> None:
        self._audio_bytes = _Window()
        self._messages = _Window()

    def allows(self, audio_bytes: int, now_s: float) -> bool:
        """Count a message with so much audio in it; False when that is too fast."""
        self._messages.add(1, now_s)
        self._audio_bytes.add(audio_bytes, now_s)
        is_audio_fine = bytes_to_ms(int(self._audio_bytes.total)) <= MAX_AUDIO_MS
        return is_audio_fine and self._messages.total <= MAX_MESSAGES
