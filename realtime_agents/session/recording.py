"""Both sides of a conversation as one sound file: the person left, the agents right, as it was heard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from realtime_agents.errors import SessionError
from realtime_agents.protocol.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from realtime_agents.session.clock import Clock
from realtime_agents.session.wav_file import WavFile, interleave

log = logging.getLogger(__name__)

MAX_S = 2 * 3600
"""Longest recording of a conversation: 690 MB."""
EVERY_S = 1.0
"""How often what came is written."""
SETTLES_S = 1.0
"""Sound may come in so late that it still finds its place."""
MAX_UNWRITTEN_S = 30
"""A disk that hangs for so long ends the recording: 6 MB are held."""
_GAP = SAMPLE_RATE_HZ // 5
"""Sound that comes within this time after the sound before it belongs right behind that."""
_LEAD = SAMPLE_RATE_HZ
"""Sound that would lie further in the future than this is left out, or the two sides would part."""


class _Channel:
    """Sound of one side that was not written yet. Positions are samples since the recording began."""

    def __init__(self) -> None:
        self._begin = 0
        self._pcm = bytearray()
        self._sound_end = -_GAP - 1

    @property
    def end(self) -> int:
        return self._begin + len(self._pcm) // BYTES_PER_SAMPLE

    def place(self, pcm: bytes, now: int) -> None:
        """Sound that ends now."""
        count = len(pcm) // BYTES_PER_SAMPLE
        begin = now - count
        if self.end > now + _LEAD:
            return
        if begin - self._sound_end > _GAP:
            self._pcm += bytes(max(begin - self.end, 0) * BYTES_PER_SAMPLE)
        self._pcm += pcm
        self._sound_end = self.end

    def take(self, until: int) -> bytes:
        """Everything before ``until``, with silence where nothing came."""
        size = (until - self._begin) * BYTES_PER_SAMPLE
        taken = bytes(self._pcm[:size])
        del self._pcm[:size]
        self._begin = until
        return taken + bytes(size - len(taken))


class Recording:
    """One recording while it runs.

    Sound is put in place by the time at which it was heard; a task writes it, once a second, in a
    thread. A problem with the disk ends the recording; ``on_ended`` is told why.

    ======== ======== =======================
    owned    opened   closed by
    ======== ======== =======================
    file     `open`   `close`, a problem
    task     `open`   `close`, a problem
    ======== ======== =======================
    """

    def __init__(self, path: Path, clock: Clock, *, on_ended: Callable[[str], None]) -> None:
        self._path = path
        self._clock = clock
        self._on_ended = on_ended
        self._person, self._agent = _Channel(), _Channel()
        self._file: WavFile | None = None
        self._task: asyncio.Task[None] | None = None
        self._began_s = 0.0
        self._written = 0
        self._writing = asyncio.Lock()

    async def open(self) -> None:
        """Begin, or go on with the file that is there. Raises `SessionError`."""
        try:
            self._file = await asyncio.to_thread(WavFile, self._path)
        except OSError as error:
            raise SessionError(f"The recording cannot be written ({error.strerror}).") from error
        self._began_s = self._clock.monotonic()
        self._task = asyncio.create_task(self._keep_writing(), name="recording")

    def on_person(self, pcm: bytes) -> None:
        """What the person was just heard to say."""
        self._place(self._person, pcm)

    def on_agent(self, pcm: bytes) -> None:
        """What the person just heard."""
        self._place(self._agent, pcm)

    async def close(self) -> None:
        """Write the rest and close the file; safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._write(max(self._now(), self._person.end, self._agent.end))
        await self._close_file()

    def _place(self, channel: _Channel, pcm: bytes) -> None:
        if self._file is not None and self._now() - self._written <= MAX_UNWRITTEN_S * SAMPLE_RATE_HZ:
            channel.place(pcm, self._now())

    def _now(self) -> int:
        return round((self._clock.monotonic() - self._began_s) * SAMPLE_RATE_HZ)

    async def _keep_writing(self) -> None:
        while self._file is not None:
            await self._clock.sleep(EVERY_S)
            # A thread that writes cannot be called back: who closes waits for it.
            await asyncio.shield(self._write(self._now() - round(SETTLES_S * SAMPLE_RATE_HZ)))

    async def _write(self, until: int) -> None:
        async with self._writing:
            await self._write_alone(until)

    async def _write_alone(self, until: int) -> None:
        file = self._file
        if file is None or until <= self._written:
            return
        if until - self._written > MAX_UNWRITTEN_S * SAMPLE_RATE_HZ:
            await self._give_up("The recording ended: the disk is too slow.")
            return
        left, right = self._person.take(until), self._agent.take(until)
        self._written = until
        try:
            await asyncio.to_thread(file.append, interleave(left, right))
        except (OSError, ValueError) as error:
            log.warning("recording cannot be written", extra={"error": type(error).__name__})
            await self._give_up("The recording ended: the disk is full or cannot be written.")
            return
        if file.frames >= MAX_S * SAMPLE_RATE_HZ:
            await self._give_up(f"The recording ended: it reached {MAX_S // 3600} hours.")

    async def _give_up(self, words: str) -> None:
        await self._close_file()
        self._on_ended(words)

    async def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            await asyncio.to_thread(file.close)
