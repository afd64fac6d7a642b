"""Arithmetic of PCM16, 24 kHz, mono: the one audio format on both sides of the wire."""

from __future__ import annotations

from typing import Final

SAMPLE_RATE_HZ: Final = 24_000
BYTES_PER_SAMPLE: Final = 2
BYTES_PER_MS: Final = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE // 1000


def bytes_to_ms(size: int) -> int:
    """Whole milliseconds of audio in ``size`` bytes."""
    return size // BYTES_PER_MS


def ms_to_bytes(ms: int) -> int:
    """Bytes of ``ms`` milliseconds of audio."""
    return ms * BYTES_PER_MS


def base64_size(size: int) -> int:
    """Characters of ``size`` bytes in padded base64."""
    return (size + 2) // 3 * 4
