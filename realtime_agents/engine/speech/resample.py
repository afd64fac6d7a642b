"""Change of sample rate for streams: a polyphase low-pass filter in numpy."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_CROSSINGS: Final = 16
"""Zero crossings of the filter on either side, at the lower of both rates."""
_PASS: Final = 0.92
"""The filter falls to half at this part of the lower rate's half."""
_KAISER_BETA: Final = 8.0


class Resampler:
    """Turns a stream of samples at one rate into another; one per stream.

    The delay of the filter is taken out: output sample ``n`` belongs to the time
    ``n / to_rate``. However the input is cut, the output is the same, and after `flush` it has
    exactly ``ceil(samples_in * to_rate / from_rate)`` samples.
    """

    def __init__(self, from_rate: int | Fraction, to_rate: int | Fraction) -> None:
        ratio = Fraction(to_rate) / Fraction(from_rate)
        self._up, self._down = ratio.numerator, ratio.denominator
        self._bank, self._half = _filter_bank(self._up, self._down)
        self._kept: Samples = np.zeros(self._half, np.float32)
        self._kept_from = -self._half
        """Input position of the first kept sample."""
        self._taken = 0
        self._given = 0

    def push(self, samples: Samples) -> Samples:
        """float32 in, float32 out: every output sample whose surroundings are known by now."""
        if self._up == self._down:
            return samples
        self._taken += len(samples)
        self._kept = np.concatenate([self._kept, samples])
        # Outputs whose window, up to `half` input samples after them, is complete.
        return self._give(-(-(self._taken - self._half) * self._up // self._down))

    def flush(self) -> Samples:
        """The rest of the output; the stream begins anew afterwards."""
        if self._up == self._down:
            return np.zeros(0, np.float32)
        wanted = -(-self._taken * self._up // self._down)
        self._kept = np.concatenate([self._kept, np.zeros(self._half + 1, np.float32)])
        rest = self._give(wanted)
        self._kept = np.zeros(self._half, np.float32)
        self._kept_from, self._taken, self._given = -self._half, 0, 0
        return rest

    def _give(self, until: int) -> Samples:
        count = until - self._given
        if count <= 0:
            return np.zeros(0, np.float32)
        steps = np.arange(self._given, until, dtype=np.int64) * self._down
        bases, phases = steps // self._up, steps % self._up
        windows = sliding_window_view(self._kept, 2 * self._half + 1)
        out = np.empty(count, np.float32)
        first = bases - self._half - self._kept_from
        for phase in range(min(self._up, count)):
            # Outputs `up` apart share a phase, hence a filter: one matrix product for all of them.
            out[phase :: self._up] = windows[first[phase :: self._up]] @ self._bank[phases[phase]]
        self._given = until
        next_base = until * self._down // self._up
        spare = next_base - self._half - self._kept_from
        if spare > 0:
            self._kept = self._kept[spare:].copy()
            self._kept_from += spare
        return out


def resample(samples: Samples, from_rate: int | Fraction, to_rate: int | Fraction) -> Samples:
    """A whole recording at another rate: ``ceil(len * to_rate / from_rate)`` float32 samples."""
    stream = Resampler(from_rate, to_rate)
    return np.concatenate([stream.push(samples), stream.flush()])


def pcm16_to_float(pcm: bytes | bytearray | memoryview) -> Samples:
    """PCM16 little-endian as float32 in [-1, 1). Raises `ValueError` for half a sample."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def float_to_pcm16(samples: Samples) -> bytes:
    """float32 as PCM16 little-endian; what lies outside [-1, 1] is clipped."""
    pcm: NDArray[np.int16] = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype("<i2")
    return pcm.tobytes()


@lru_cache(maxsize=32)
def _filter_bank(up: int, down: int) -> tuple[Samples, int]:
    """Filters of shape ``(up, 2 * half + 1)``, one per phase, for windows in reading order; and ``half``."""
    slower = max(up, down)
    half = -(-_CROSSINGS * slower // up) if up != down else 0
    # Position of each tap relative to the output sample, in steps of the common (up-times) rate.
    offsets = np.arange(-half, half + 1)[None, :] * up - np.arange(up)[:, None]
    width = float(_CROSSINGS * slower)
    inside = np.clip(1.0 - (offsets / width) ** 2, 0.0, None)
    taps = (
        np.sinc(offsets * _PASS / slower) * np.i0(_KAISER_BETA * np.sqrt(inside)) * (np.abs(offsets) <= width)
    )
    # Each phase passes a constant unchanged.
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32), half
