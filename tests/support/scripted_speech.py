"""Speech without models: audio is made of words that can be read back exactly.

A word is a stretch of samples that all have the word's own value, silence is zeros. Voice
detection takes whatever is not zero for speech; reading gives the words of which at least half a
stretch is there. So a test that cuts audio in the wrong place reads the wrong words. The values
are far enough apart to survive G.711.

Answers are 100 ms of tone for each word, so that every position is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from realtime_agents.engine.speech.kit import SpokenSentence
from realtime_agents.engine.speech.timing import WordTime
from realtime_agents.engine.speech.transcriber import Transcript
from realtime_agents.engine.speech.vad import FRAME_BYTES_24K, FRAME_MS, VadFrame
from realtime_agents.errors import SpeechBusy, SpeechError

WORD_MS = 200
"""How long a person takes for a word."""
SPOKEN_WORD_MS = 100
"""How long the engine takes for one."""
VOCABULARY = (
    "how",
    "much",
    "is",
    "it",
    "what",
    "weather",
    "in",
    "Paris",
    "London",
    "and",
    "the",
    "a",
    "b",
    "thanks",
    "hello",
    "help",
    "refund",
    "please",
    "now",
    "stop",
    "I",
    "can",
    "with",
)
_STEP = 1_000
_CHUNK_MS = 20


def said(text: str, *, word_ms: int = WORD_MS) -> bytes:
    """PCM16, 24 kHz, of somebody saying words of the vocabulary."""
    values = [(VOCABULARY.index(word) + 1) * _STEP for word in text.split()]
    return b"".join(np.full(word_ms * 24, value, "<i2").tobytes() for value in values)


def noise(ms: int) -> bytes:
    """Something that sounds like speech and has no words."""
    return np.full(ms * 24, (len(VOCABULARY) + 2) * _STEP, "<i2").tobytes()


def silence(ms: int) -> bytes:
    return bytes(ms * 48)


def words_in(pcm: bytes) -> str:
    """The words that somebody says in PCM16 at 24 kHz."""
    samples = np.frombuffer(pcm, "<i2")[_CHUNK_MS * 12 :: _CHUNK_MS * 24]
    heard = [(round(int(sample) / _STEP) - 1, 1) for sample in samples]
    runs = [(index, len(list(run)) * _CHUNK_MS) for index, run in groupby(heard, key=lambda h: h[0])]
    found = [(i, ms) for i, ms in runs if 0 <= i < len(VOCABULARY) and ms >= WORD_MS / 2]
    return " ".join(VOCABULARY[i] for i, _ in found)


@dataclass(slots=True)
class Detector:
    """Audio of one stream that does not make a frame yet."""

    waiting: bytearray = field(default_factory=bytearray)
    frames: int = 0


class ScriptedSpeech:
    """A speech kit whose readings can be held back and made to fail, and that remembers what it was asked."""

    def __init__(self, *, problem: str = "") -> None:
        self.problem = problem
        self.notice = ""
        self.reading = asyncio.Event()
        """Readings wait for it."""
        self.reading.set()
        self.speaking = asyncio.Event()
        """Sentences wait for it."""
        self.speaking.set()
        self.free_sentences: int | None = None
        """So many more sentences are said; then `speaking` is cleared. ``None``: all."""
        self.waiting = asyncio.Event()
        """Set when a sentence or a final reading waits."""
        self.reading_faults: list[SpeechError] = []
        """Raised by the next readings that are not partial."""
        self.speaking_faults: list[SpeechError | None] = []
        """Raised by the next sentences; ``None`` lets one through."""
        self.detection_faults: list[SpeechError] = []
        self.partials_are_busy = False
        self.reading_takes_ms = 1.0
        self.sounds: float | None = None
        """How a pause sounds: 1 like the end of a turn."""
        self.sounding = asyncio.Event()
        """Judging of sounds waits for it."""
        self.sounding.set()
        self.sounded: list[str] = []
        """Words of what was judged by its sound."""
        self.read: list[tuple[str, int, bool]] = []
        """Words, length in ms and partiality of everything read."""
        self.asked: list[tuple[str, str, float]] = []
        """Text, voice and speed of everything said."""
        self.unread = self.most_unread = 0
        """Final readings that wait, and the most that ever did."""
        self._more_unread = asyncio.Event()
        self.closed = 0
        self.warmed = 0

    @property
    def is_ready(self) -> bool:
        return self.warmed > 0 and not self.problem

    async def warm(self) -> None:
        self.warmed += 1

    async def ready(self) -> bool:
        return not self.problem

    def new_detector(self) -> Detector:
        return Detector()

    async def detect(self, stream: Detector, pcm24k: bytes) -> list[VadFrame]:
        if self.detection_faults:
            raise self.detection_faults.pop(0)
        await asyncio.sleep(0)
        stream.waiting += pcm24k
        found = []
        while len(stream.waiting) >= FRAME_BYTES_24K:
            loud = np.frombuffer(bytes(stream.waiting[:FRAME_BYTES_24K]), "<i2")
            del stream.waiting[:FRAME_BYTES_24K]
            stream.frames += 1
            probability = 0.9 if np.count_nonzero(np.abs(loud) > _STEP / 2) * 2 > loud.size else 0.05
            found.append(VadFrame(at_ms=stream.frames * FRAME_MS, probability=probability))
        return found

    async def transcribe_pcm24k(self, pcm24k: bytes, *, partial: bool = False) -> Transcript:
        if partial and self.partials_are_busy:
            raise SpeechBusy("no thread is free")
        if not partial:
            self.waiting.set()
            self.unread += 1
            self.most_unread = max(self.most_unread, self.unread)
            self._more_unread.set()
            await self.reading.wait()
            self.unread -= 1
            if self.reading_faults:
                raise self.reading_faults.pop(0)
        text = words_in(pcm24k)
        self.read.append((text, len(pcm24k) // 48, partial))
        return Transcript(text=text, duration_ms=self.reading_takes_ms)

    async def sounds_over(self, pcm24k: bytes) -> float | None:
        await self.sounding.wait()
        self.sounded.append(words_in(pcm24k))
        return self.sounds

    async def waits_for(self, count: int) -> None:
        """Wait until so many final readings wait."""
        while self.unread < count:
            self._more_unread.clear()
            await self._more_unread.wait()

    async def speak(
        self, text: str, *, voice: str = "marin", speed: float = 1.0
    ) -> AsyncGenerator[SpokenSentence, None]:
        self.asked.append((text, voice, speed))
        if self.free_sentences is not None:
            self.free_sentences -= 1
            if self.free_sentences < 0:
                self.speaking.clear()
        self.waiting.set()
        await self.speaking.wait()
        fault = self.speaking_faults.pop(0) if self.speaking_faults else None
        if fault is not None:
            raise fault
        yield spoken(text, speed=speed)

    def close(self) -> None:
        self.closed += 1


def spoken(text: str, *, speed: float = 1.0) -> SpokenSentence:
    """A sentence said with 100 ms for each word that holds a letter or digit."""
    offsets = [at for at, word in _tokens(text) if any(c.isalnum() for c in word) and word[0] != "["]
    word_ms = round(SPOKEN_WORD_MS / speed)
    pcm = np.full(len(offsets) * word_ms * 24, 8_000, "<i2").tobytes()
    times = tuple(WordTime(offset=at, at_ms=n * word_ms) for n, at in enumerate(offsets))
    return SpokenSentence(text=text, pcm=pcm, words=times)


def _tokens(text: str) -> Sequence[tuple[int, str]]:
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append((at, word))
        at += len(word)
    return found
