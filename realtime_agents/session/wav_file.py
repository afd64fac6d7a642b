"""A WAV file that grows: PCM16, 24 kHz, two channels, whole at any moment. Blocking."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, Final

from realtime_agents.protocol.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

CHANNELS: Final = 2
FRAME_BYTES: Final = CHANNELS * BYTES_PER_SAMPLE
HEADER_BYTES: Final = 44
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


class WavFile:
    """Each `append` leaves a file that any player reads, also when the process ends right after it."""

    def __init__(self, path: Path) -> None:
        """Open ``path`` to go on where it ends, or begin it. Raises `OSError`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        begun = path.exists() and path.stat().st_size > HEADER_BYTES
        self._file: BinaryIO = path.open("r+b" if begun else "w+b", buffering=0)
        size = os.fstat(self._file.fileno()).st_size - HEADER_BYTES
        self._data_bytes = max(size, 0) // FRAME_BYTES * FRAME_BYTES
        self._file.truncate(HEADER_BYTES + self._data_bytes if begun else 0)
        self._write_header()

    @property
    def frames(self) -> int:
        """Samples per channel so far."""
        return self._data_bytes // FRAME_BYTES

    def append(self, frames: bytes) -> None:
        """Add interleaved samples. Raises `OSError`; what was there before stays whole."""
        self._file.seek(HEADER_BYTES + self._data_bytes)
        self._write(frames)
        self._data_bytes += len(frames)
        self._write_header()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def _write_header(self) -> None:
        self._file.seek(0)
        self._write(
            _HEADER.pack(
                b"RIFF",
                HEADER_BYTES - 8 + self._data_bytes,
                b"WAVE",
                b"fmt ",
                16,
                1,
                CHANNELS,
                SAMPLE_RATE_HZ,
                SAMPLE_RATE_HZ * FRAME_BYTES,
                FRAME_BYTES,
                8 * BYTES_PER_SAMPLE,
                b"data",
                self._data_bytes,
            )
        )


def interleave(left: bytes, right: bytes) -> bytes:
    """Two channels of equal length as one stream of frames."""
    frames = bytearray(2 * len(left))
    frames[0::4], frames[1::4] = left[0::2], left[1::2]
    frames[2::4], frames[3::4] = right[0::2], right[1::2]
    return bytes(frames)
