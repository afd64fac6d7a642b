"""Log-mel pictures of sound as Whisper's encoder takes them: 80 bands, 100 columns a second."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.resample import Samples

RATE_HZ: Final = 16_000
BANDS: Final = 80
WINDOW: Final = 400
HOP: Final = 160

_LINEAR_HZ: Final = 200 / 3
"""Slaney's scale: so many Hz a step up to 1 kHz, and from there 27 steps for a factor of 6.4."""
_BREAK: Final = 1_000 / _LINEAR_HZ
_LOG_STEP: Final = np.log(6.4) / 27
_FLOOR: Final = 1e-10
_DYNAMICS: Final = 8.0
"""What is so many powers of ten below the loudest point is as quiet as that."""


def log_mel(audio: Samples) -> NDArray[np.float32]:
    """Bands × columns of float32 mono at 16 kHz, one column for each whole 10 ms; at least 13 ms long."""
    padded = np.pad(audio.astype(np.float64), WINDOW // 2, mode="reflect")
    columns = len(audio) // HOP
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:columns]
    power = np.abs(np.fft.rfft(windows * _window(), axis=1)) ** 2
    log = np.log10(np.maximum(_filters() @ power.T, _FLOOR))
    log = np.maximum(log, log.max() - _DYNAMICS)
    return np.asarray((log + 4.0) / 4.0, np.float32)


def band_hz() -> NDArray[np.float64]:
    """The middle of each band."""
    return _edges_hz()[1:-1]


@cache
def _window() -> NDArray[np.float64]:
    return np.hanning(WINDOW + 1)[:-1]


@cache
def _filters() -> NDArray[np.float64]:
    """Triangles of equal area, (bands, bins)."""
    edges = _edges_hz()
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE_HZ)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.maximum(0.0, np.minimum(rising, falling)) * 2 / (high - low)


@cache
def _edges_hz() -> NDArray[np.float64]:
    top = _BREAK + np.log(RATE_HZ / 2 / 1_000) / _LOG_STEP
    steps = np.linspace(0.0, top, BANDS + 2)
    return np.where(steps < _BREAK, steps * _LINEAR_HZ, 1_000 * np.exp((steps - _BREAK) * _LOG_STEP))
