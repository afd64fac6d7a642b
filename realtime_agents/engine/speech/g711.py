"""G.711, the 8 kHz codecs of telephony: µ-law (``audio/pcmu``) and A-law (``audio/pcma``)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Law = Literal["mulaw", "alaw"]

RATE_HZ = 8_000

_MULAW_BIAS = 132
_MULAW_CLIP = 32_635


def decode(data: bytes, law: Law) -> bytes:
    """PCM16 little-endian at 8 kHz, two bytes for each one of G.711."""
    return _decoder(law)[np.frombuffer(data, np.uint8)].tobytes()


def encode(pcm: bytes, law: Law) -> bytes:
    """G.711 of PCM16 little-endian at 8 kHz. Raises `ValueError` for half a sample."""
    codes: bytes = _encoder(law)[np.frombuffer(pcm, "<u2")].tobytes()
    return codes


@lru_cache(maxsize=2)
def _decoder(law: Law) -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32)
    if law == "mulaw":
        code = ~code & 0xFF
        exponent, mantissa = (code >> 4) & 7, code & 15
        value = (((mantissa << 3) + _MULAW_BIAS) << exponent) - _MULAW_BIAS
        value = np.where(code & 0x80, -value, value)
    else:
        code ^= 0x55
        exponent, mantissa = (code >> 4) & 7, code & 15
        value = np.where(
            exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
        )
        value = np.where(code & 0x80, value, -value)
    pcm: NDArray[np.int16] = value.astype("<i2")
    return pcm


@lru_cache(maxsize=2)
def _encoder(law: Law) -> NDArray[np.uint8]:
    """Code of every 16-bit pattern, indexed by the pattern read as unsigned."""
    value = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    if law == "mulaw":
        size = np.minimum(np.abs(value), _MULAW_CLIP) + _MULAW_BIAS
        exponent = np.floor(np.log2(size)).astype(np.int32) - 7
        code = ~(np.where(value < 0, 0x80, 0) | exponent << 4 | size >> (exponent + 3) & 15)
    else:
        # Negative values are counted from -1 downwards, so that both halves have the same steps.
        size = np.where(value < 0, ~value, value) >> 3
        exponent = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 4, 0)
        mantissa = size >> np.maximum(exponent, 1) & 15
        code = (np.where(value < 0, 0, 0x80) | exponent << 4 | mantissa) ^ 0x55
    codes: NDArray[np.uint8] = (code & 0xFF).astype(np.uint8)
    return codes
