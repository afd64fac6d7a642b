"""How loud the microphone was lately: where somebody fell silent, for servers that do not say it."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from realtime_agents.protocol.pcm import ms_to_bytes

STEP_MS: Final = 20
BATCH_MS: Final = 500
"""Measured at once, or when it is asked for: measuring each frame cost a session a tenth more processor time."""
KEPT_MS: Final = 20_000
LOOK_BACK_MS: Final = 15_000
"""The longest wait of a server for the end of a turn, and enough of what was said before it."""
BELOW_PEAK_DB: Final = 25
"""The last sounds of a sentence are so much softer than its loudest."""
ABOVE_NOISE_DB: Final = 6
"""What is not so much louder than the room is the room."""
_LEAST_RANGE_DB: Final = 10
_RUN: Final = 3
"""Loud steps in a row that are a sound: a click is shorter."""
_SILENT_DB: Final = -96.0
_STEP_BYTES: Final = ms_to_bytes(STEP_MS)
_BATCH_BYTES: Final = ms_to_bytes(BATCH_MS)


class Loudness:
    """Levels of one connection's audio in steps of 20 ms, the last 20 s of it."""

    def __init__(self, begin_ms: int = 0) -> None:
        """``begin_ms``: where in the audio of the connection it begins to measure."""
        self._waiting = bytearray()
        self._levels: deque[float] = deque(maxlen=KEPT_MS // STEP_MS)
        self._steps = begin_ms // STEP_MS

    def on_written(self, pcm: bytes) -> None:
        """More audio: PCM16 at 24 kHz, pieces of any size."""
        self._waiting += pcm
        if len(self._waiting) >= _BATCH_BYTES:
            self._measure()

    def _measure(self) -> None:
        whole = len(self._waiting) // _STEP_BYTES * _STEP_BYTES
        if not whole:
            return
        samples = np.frombuffer(bytes(self._waiting[:whole]), "<i2").astype(np.float32)
        del self._waiting[:whole]
        steps = samples.reshape(-1, _STEP_BYTES // 2)
        power = np.einsum("ij,ij->i", steps, steps) / (_STEP_BYTES // 2 * 32_768.0**2)
        self._levels.extend((10 * np.log10(np.maximum(power, 10 ** (_SILENT_DB / 10)))).tolist())
        self._steps += len(power)

    def last_sound_ms(self, before_ms: int) -> int | None:
        """Where the last sound before a place in the audio ended.

        ``None`` when it cannot be told: nothing stands out, or it is too long ago.
        """
        self._measure()
        first = self._steps - len(self._levels)
        end = min(before_ms // STEP_MS, self._steps)
        begin = max(end - LOOK_BACK_MS // STEP_MS, first)
        if end - begin < _RUN:
            return None
        levels = np.array(self._levels, np.float32)[begin - first : end - first]
        peak, room = float(np.percentile(levels, 98)), float(np.percentile(levels, 5))
        if peak - room < _LEAST_RANGE_DB:
            return None
        loud = levels > max(peak - BELOW_PEAK_DB, room + ABOVE_NOISE_DB)
        runs = np.flatnonzero(np.convolve(loud, np.ones(_RUN), "valid") == _RUN)
        return None if not len(runs) else int(begin + runs[-1] + _RUN) * STEP_MS
