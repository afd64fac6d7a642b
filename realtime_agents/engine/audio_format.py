"""The three audio formats of the wire, to and from PCM16 at 24 kHz mono, which the engine works in."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from realtime_agents.engine.speech import g711
from realtime_agents.engine.speech.resample import Resampler, float_to_pcm16, pcm16_to_float, resample
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.pcm import BYTES_PER_MS, SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """One format: its wire name, how many bytes a millisecond has, its law when it is G.711."""

    name: str
    bytes_per_ms: int
    law: g711.Law | None

    @property
    def sample_bytes(self) -> int:
        return 2 if self.law is None else 1


PCM24K: Final = AudioFormat("audio/pcm", BYTES_PER_MS, None)
_FORMATS: Final = {
    f.name: f for f in (PCM24K, AudioFormat("audio/pcmu", 8, "mulaw"), AudioFormat("audio/pcma", 8, "alaw"))
}


def format_of(wire: Mapping[str, Any]) -> AudioFormat:
    """The format that a valid ``format`` object of the session names."""
    return _FORMATS[wire["type"]]


def decode_base64(audio: str, audio_format: AudioFormat, *, param: str = "audio") -> bytes:
    """The bytes of base64 audio. Raises `ProtocolError` when it is not base64 or ends within a sample."""
    try:
        data = binascii.a2b_base64(audio, strict_mode=True)
    except (binascii.Error, ValueError):
        raise ProtocolError(
            f"Invalid value for '{param}': expected base64-encoded audio.", code="invalid_value", param=param
        ) from None
    if len(data) % audio_format.sample_bytes:
        raise ProtocolError(
            f"Invalid value for '{param}': {audio_format.name} has two bytes per sample, found an odd"
            f" number of bytes ({len(data)}). The audio was dropped.",
            code="invalid_value",
            param=param,
        )
    return data


class Decoder:
    """Turns one stream of audio into PCM16 at 24 kHz, whatever its format is from piece to piece."""

    def __init__(self) -> None:
        self._format = PCM24K
        self._resampler: Resampler | None = None

    def push(self, data: bytes, audio_format: AudioFormat) -> bytes:
        """More audio. G.711 comes out a few samples late, and is begun anew when the format changes."""
        if audio_format.law is None:
            self._format, self._resampler = audio_format, None
            return data
        if self._resampler is None or audio_format != self._format:
            self._format = audio_format
            self._resampler = Resampler(g711.RATE_HZ, SAMPLE_RATE_HZ)
        narrow = pcm16_to_float(g711.decode(data, audio_format.law))
        return float_to_pcm16(self._resampler.push(narrow))


def decode_all(data: bytes, audio_format: AudioFormat) -> bytes:
    """A whole recording as PCM16 at 24 kHz."""
    if audio_format.law is None:
        return data
    narrow = pcm16_to_float(g711.decode(data, audio_format.law))
    return float_to_pcm16(resample(narrow, g711.RATE_HZ, SAMPLE_RATE_HZ))


def encode(pcm24k: bytes, audio_format: AudioFormat) -> bytes:
    """A whole sentence in a format of the wire."""
    if audio_format.law is None:
        return pcm24k
    narrow = resample(pcm16_to_float(pcm24k), SAMPLE_RATE_HZ, g711.RATE_HZ)
    return g711.encode(float_to_pcm16(narrow), audio_format.law)
