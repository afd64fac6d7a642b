"""What the person says, on its way to the server, and when which part of it was said."""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections import deque
from collections.abc import Callable

from realtime_agents.protocol.commands import (
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferCommit,
)
from realtime_agents.protocol.pcm import BYTES_PER_MS, bytes_to_ms
from realtime_agents.session.clock import Clock
from realtime_agents.session.loudness import Loudness
from realtime_agents.session.outbox import Outbox

_STEP_BYTES = 100 * BYTES_PER_MS
_STEPS = 1200
"""Two minutes: longer ago nothing is asked for."""


class AudioTimes:
    """When each part of the audio of one connection was written: milliseconds of audio → clock."""

    def __init__(self) -> None:
        self._bytes = 0
        self._noted = 0
        self._ends_ms: deque[int] = deque(maxlen=_STEPS)
        self._at_s: deque[float] = deque(maxlen=_STEPS)

    def on_written(self, size: int, now_s: float) -> None:
        """``size`` more bytes were written, the last of them heard just now."""
        self._bytes += size
        if self._bytes - self._noted >= _STEP_BYTES:
            self._noted = self._bytes
            self._ends_ms.append(bytes_to_ms(self._bytes))
            self._at_s.append(now_s)

    @property
    def written_ms(self) -> int:
        return bytes_to_ms(self._bytes)

    def at(self, audio_ms: int, now_s: float) -> float:
        """When that millisecond of audio was heard, monotonic; never later than now."""
        index = bisect_left(self._ends_ms, audio_ms)
        if index == len(self._ends_ms):
            return now_s - max(bytes_to_ms(self._bytes) - audio_ms, 0) / 1000
        return min(self._at_s[index] - (self._ends_ms[index] - audio_ms) / 1000, now_s)


class Microphone:
    """Passes audio on to whichever connection there is. Synchronous.

    While there is none audio is dropped: a new connection knows nothing of a sentence that was
    begun on another, and half a sentence is worse than none.
    """

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._times = AudioTimes()
        self._is_measured = False
        self._loudness: Loudness | None = None
        self._pressed_bytes = 0
        self._is_whole = True
        self.on_heard: Callable[[bytes], None] | None = None
        """Gets what was passed on, while both sides are recorded."""

    def on_open(self) -> None:
        """A new connection: it counts its audio from 0."""
        self._times = AudioTimes()
        self._loudness = None
        self._pressed_bytes = 0
        self._is_whole = False

    def measure(self, on: bool) -> None:
        """Whether of all audio from now on only the sound will tell where somebody fell silent."""
        self._is_measured = on
        if not on:
            self._loudness = None

    def push(self, pcm: bytes) -> None:
        """Pass audio on."""
        if not self._outbox.is_open:
            self._is_whole = False
            return
        audio = base64.b64encode(pcm).decode("ascii")
        self._outbox.send(InputAudioBufferAppend(event_id=self._outbox.new_event_id(), audio=audio))
        if self._is_measured:
            self._loudness = self._loudness or Loudness(self._times.written_ms)
            self._loudness.on_written(pcm)
        self._times.on_written(len(pcm), self._clock.monotonic())
        self._pressed_bytes += len(pcm)
        if self.on_heard is not None:
            self.on_heard(pcm)

    def press(self) -> None:
        """The button to talk was pressed: count from here."""
        self._pressed_bytes = 0
        self._is_whole = True

    @property
    def is_whole(self) -> bool:
        """Nothing that was said since `press` went missing with a connection."""
        return self._is_whole

    @property
    def pressed_ms(self) -> int:
        """Audio passed on since `press`, on this connection."""
        return bytes_to_ms(self._pressed_bytes)

    def commit(self) -> None:
        """What was said is a turn."""
        self._outbox.send(InputAudioBufferCommit())

    def clear(self) -> None:
        """Forget what was said and is no turn yet."""
        self._outbox.send(InputAudioBufferClear())

    def end_of_speech(self, turn_end_ms: int, *, waited_ms: int) -> float:
        """When the last sound was heard of a turn that ended there, monotonic.

        ``waited_ms``: the silence that the server waited for, 0 when it does not say: then the
        sound itself tells, and where that cannot tell either, the end of the turn stands for it.
        """
        if not waited_ms and self._loudness is not None:
            waited_ms = turn_end_ms - (self._loudness.last_sound_ms(turn_end_ms) or turn_end_ms)
        return self.time_of(max(turn_end_ms - waited_ms, 0))

    def time_of(self, audio_ms: int) -> float:
        """When that millisecond of this connection's audio was heard, monotonic."""
        return self._times.at(audio_ms, self._clock.monotonic())
