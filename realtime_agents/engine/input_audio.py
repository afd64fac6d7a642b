"""Input audio by its place in the stream: what was said lately, and nothing older."""

from __future__ import annotations

from realtime_agents.protocol.pcm import bytes_to_ms, ms_to_bytes


class AudioTape:
    """The end of a stream of PCM16 at 24 kHz. Positions are milliseconds of audio written in the session."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._forgotten_bytes = 0

    @property
    def start_ms(self) -> int:
        """Where what is kept begins."""
        return -(-self._forgotten_bytes // ms_to_bytes(1))

    @property
    def end_ms(self) -> int:
        """How much was written in all."""
        return bytes_to_ms(self._forgotten_bytes + len(self._kept))

    @property
    def size_bytes(self) -> int:
        return len(self._kept)

    def write(self, pcm: bytes) -> None:
        self._kept += pcm

    def read(self, start_ms: int, end_ms: int) -> bytes:
        """What is still kept of the audio between two positions."""
        first = max(ms_to_bytes(start_ms) - self._forgotten_bytes, 0)
        return bytes(self._kept[first : max(ms_to_bytes(end_ms) - self._forgotten_bytes, first)])

    def forget(self, before_ms: int) -> None:
        """Drop what is older than ``before_ms``."""
        count = min(ms_to_bytes(before_ms) - self._forgotten_bytes, len(self._kept))
        if count > 0:
            del self._kept[:count]
            self._forgotten_bytes += count
