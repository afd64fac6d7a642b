"""Arithmetic of PCM16, 24 kHz, mono: the one audio format on both sides of the wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

SAMPLE_RATE_HZ: Final = 24_000
BYTES_PER_SAMPLE: Final = 2
BYTES_PER_MS: Final = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE // 1000

MAX_APPEND_BYTES: Final = 15 * 1024 * 1024
"""Largest ``input_audio_buffer.append``, counted in base64 characters."""


def bytes_to_ms(size: int) -> int:
    """Whole milliseconds of audio in ``size`` bytes."""
    return size // BYTES_PER_MS


def ms_to_bytes(ms: int) -> int:
    """Bytes of ``ms`` milliseconds of audio."""
    return ms * BYTES_PER_MS


def base64_size(size: int) -> int:
    """Characters of ``size`` bytes in padded base64."""
    return (size + 2) // 3 * 4


def decoded_size(text: str) -> int:
    """Bytes that padded base64 ``text`` holds, without decoding it."""
    return len(text) // 4 * 3 - text[-2:].count("=")


def split_frames(audio: bytes, frame_ms: int) -> Iterator[bytes]:
    """Cut audio into frames of ``frame_ms``; the last one may be shorter.

    Raises `ValueError` for a frame below 1 ms or for half a sample at the end.
    """
    if frame_ms < 1:
        raise ValueError(f"expected frame_ms to be at least 1, found {frame_ms!r}")
    if len(audio) % BYTES_PER_SAMPLE:
        raise ValueError(f"expected whole samples of {BYTES_PER_SAMPLE} bytes, found {len(audio)} bytes")
    step = ms_to_bytes(frame_ms)
    return (audio[start : start + step] for start in range(0, len(audio), step))
