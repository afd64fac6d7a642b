"""What somebody is saying: read in pauses, while it goes on, so that little is left to read at its end.

Audio is read (transcribed) at three occasions:

* a *sketch* now and then, for live captions: left out when no thread is free;
* a *guess* when it has been silent for 200 ms: if nothing follows, these are the words;
* the *rest* at the end, when there is no guess that has all of it.

A guess of 8 s or more is *kept*: the next reading begins behind it, in the pause. So an utterance
of any length costs each reading at most the audio since a recent pause, and only that audio is held.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from realtime_agents.engine.input_audio import AudioTape
from realtime_agents.engine.speech_port import Speech
from realtime_agents.errors import SpeechError
from realtime_agents.protocol.pcm import ms_to_bytes

KEPT_MS = 8_000
"""A guess of so much audio is final, whatever follows."""
SKETCH_MAX_MS = 20_000
"""Of more audio no sketch is made: it would take too long."""
_INTO_PAUSE_MS = 100
"""How far before the end of a kept guess, which is silence, the next reading begins."""

OnWords = Callable[[str], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Guess:
    """A reading of everything up to a pause."""

    from_ms: int
    until_ms: int
    audio: bytes
    keep: bool
    text: str = ""
    task: asyncio.Task[str] | None = None
    """Gives the words of the whole utterance so far."""

    @property
    def words(self) -> str | None:
        """Its result, ``None`` while it is under way and when it failed."""
        task = self.task
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()


class Utterance:
    """Speech since ``start_ms``. One reading at a time; times are positions on the tape."""

    def __init__(
        self, speech: Speech, tape: AudioTape, start_ms: int, *, on_words: OnWords | None = None
    ) -> None:
        self.start_ms = start_ms
        self.sketch_took_ms = 0.0
        """What the last sketch cost in time."""
        self._speech = speech
        self._tape = tape
        self._on_words = on_words
        self._unread_ms = start_ms
        self._has_unread_speech = False
        self._kept: list[str] = []
        self._sketch: asyncio.Task[None] | None = None
        self._guess: _Guess | None = None
        """The last one, while nothing was said since."""
        self._reading: _Guess | None = None
        """The last one, whatever was said since."""

    @property
    def unread_ms(self) -> int:
        """Audio before this position is not needed any more."""
        return self._unread_ms

    def resume(self) -> None:
        """Somebody speaks, perhaps again: no guess has all of it now."""
        self._guess = None
        self._has_unread_speech = True

    def sketch(self, until_ms: int) -> None:
        """Read what there is for captions, unless something is being read already."""
        is_busy = self._is_reading or (self._sketch is not None and not self._sketch.done())
        if not is_busy and until_ms - self._unread_ms <= SKETCH_MAX_MS:
            audio = self._tape.read(self._unread_ms, until_ms)
            self._sketch = asyncio.create_task(self._read_sketch(audio), name="engine sketch")

    def guess(self, until_ms: int) -> None:
        """Read everything: it may be over."""
        self._drop_sketch()
        before = self._reading
        if before is not None and before.task is not None and not before.keep:
            before.task.cancel()
            before = None
        audio = self._tape.read(self._unread_ms, until_ms)
        guess = _Guess(self._unread_ms, until_ms, audio, keep=until_ms - self._unread_ms >= KEPT_MS)
        guess.task = asyncio.create_task(self._read(guess, before), name="engine guess")
        guess.task.add_done_callback(_retrieve)
        self._guess = self._reading = guess

    async def guessed(self) -> str | None:
        """The words of the guess, ``None`` when there is none that could be read."""
        guess = self._guess
        if guess is None or guess.task is None:
            return None
        await asyncio.wait({guess.task})
        return guess.words

    def keep(self) -> None:
        """It is silent for longer: what the guess reads is final."""
        if self._guess is not None:
            self._guess.keep = True
            self._settle(self._guess)

    def pass_silence(self, before_ms: int) -> None:
        """Forget what is older than ``before_ms``, if nobody has spoken since the last kept guess."""
        if not self._has_unread_speech and not self._is_reading:
            self._unread_ms = max(self._unread_ms, before_ms)

    def finish(self, end_ms: int) -> asyncio.Task[str]:
        """The words of the whole utterance. Awaiting it raises `SpeechError` when they cannot be read."""
        self._drop_sketch()
        reading, guess = self._reading, self._guess
        if reading is not None and reading.task is not None and reading is not guess and not reading.keep:
            reading.task.cancel()
        rest = self._tape.read(self._unread_ms, end_ms)
        return asyncio.create_task(self._finish(guess, rest, self._unread_ms), name="engine reading")

    def drop(self) -> None:
        """Stop reading: nobody wants the words."""
        self._drop_sketch()
        if self._reading is not None and self._reading.task is not None:
            self._reading.task.cancel()

    @property
    def _is_reading(self) -> bool:
        task = self._reading.task if self._reading is not None else None
        return task is not None and not task.done()

    def _drop_sketch(self) -> None:
        if self._sketch is not None:
            self._sketch.cancel()
            self._sketch = None

    async def _read_sketch(self, audio: bytes) -> None:
        with contextlib.suppress(SpeechError):
            transcript = await self._speech.transcribe_pcm24k(audio, partial=True)
            self.sketch_took_ms = transcript.duration_ms
            await self._show(transcript.text)

    async def _read(self, guess: _Guess, before: _Guess | None) -> str:
        if before is not None and before.task is not None:
            await asyncio.wait({before.task})
        audio = guess.audio[ms_to_bytes(self._unread_ms - guess.from_ms) :]
        guess.from_ms, guess.audio = self._unread_ms, b""
        guess.text = (await self._speech.transcribe_pcm24k(audio)).text
        words = _joined([*self._kept, guess.text])
        await self._show(guess.text)
        self._settle(guess, words)
        return words

    def _settle(self, guess: _Guess, words: str | None = None) -> None:
        """Keep what a guess has read, if that is its purpose and it was not done before."""
        is_read = words is not None or guess.words is not None
        if guess.keep and is_read and guess.from_ms == self._unread_ms:
            self._kept.append(guess.text)
            self._unread_ms = max(guess.until_ms - _INTO_PAUSE_MS, guess.from_ms + 1)
            self._has_unread_speech = self._guess is not guess

    async def _finish(self, guess: _Guess | None, rest: bytes, rest_from_ms: int) -> str:
        under_way = self._reading.task if self._reading is not None else None
        try:
            if under_way is not None:
                await asyncio.wait({under_way})
        except asyncio.CancelledError:
            self.drop()
            raise
        words = guess.words if guess is not None else None
        if words is not None:
            return words
        rest = rest[ms_to_bytes(self._unread_ms - rest_from_ms) :]
        text = (await self._speech.transcribe_pcm24k(rest)).text
        return _joined([*self._kept, text])

    async def _show(self, text: str) -> None:
        if self._on_words is not None:
            await self._on_words(_joined([*self._kept, text]))


def _joined(texts: list[str]) -> str:
    return " ".join(text for text in texts if text)


def _retrieve(task: asyncio.Task[str]) -> None:
    """Nobody may ask for the words of a guess: its failure is no news then."""
    if not task.cancelled():
        task.exception()
