"""When each word of an answer is spoken: for captions in step, and to cut what was not heard.

Positions are samples at 24 kHz, counted from the beginning of the item.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from realtime_agents.engine.speech.kit import SpokenSentence
from realtime_agents.protocol.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
PIECE_SAMPLES = 200 * SAMPLES_PER_MS
"""Audio is sent in pieces of this length."""

_SILENCE = 250
"""Samples of less than this, of 32,767, are the pause after a sentence."""


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with the white space before it and the marks after it, and where it is spoken."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of at most 200 ms with the words that begin in it."""

    words: tuple[TimedWord, ...]
    samples: int

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words)


def pieces_of(sentence: SpokenSentence, at: int) -> Iterator[Piece]:
    """A sentence whose audio begins at sample ``at``, in pieces, all but the last one 200 ms long.

    Every word is in one of them, also when there is no audio at all.
    """
    words = time_words(sentence, at)
    samples = len(sentence.pcm) // BYTES_PER_SAMPLE
    first = 0
    for start in range(0, max(samples, 1), PIECE_SAMPLES):
        end = start + PIECE_SAMPLES
        until = first
        while until < len(words) and (end >= samples or words[until].start < at + end):
            until += 1
        yield Piece(tuple(words[first:until]), min(PIECE_SAMPLES, samples - start))
        first = until


def time_words(sentence: SpokenSentence, at: int) -> list[TimedWord]:
    """The words of a sentence, which joined are its text; each ends where the next one begins."""
    text = sentence.text
    starts = [at + word.at_ms * SAMPLES_PER_MS for word in sentence.words] or [at]
    ends = [*starts[1:], max(at + _audible_samples(sentence.pcm), starts[-1])]
    # A word takes the white space before it along, and the first one whatever stands before it.
    cuts = [0, *(len(text[: word.offset].rstrip()) for word in sentence.words[1:]), len(text)]
    return [
        TimedWord(text[begin:until], start, end)
        for begin, until, start, end in zip(cuts, cuts[1:], starts, ends, strict=False)
    ]


def _audible_samples(pcm: bytes) -> int:
    """The length of the audio without the silence at its end."""
    samples = np.frombuffer(pcm, "<i2")
    loud = np.flatnonzero((samples > _SILENCE) | (samples < -_SILENCE))
    return int(loud[-1]) + 1 if loud.size else 0


class SpokenTrack:
    """The words of one spoken item over its audio."""

    def __init__(self) -> None:
        self._words: list[TimedWord] = []
        self._samples = 0
        self._chars = 0

    @property
    def samples(self) -> int:
        """Length of the audio so far."""
        return self._samples

    @property
    def duration_ms(self) -> int:
        """Length of the audio so far; a begun millisecond counts."""
        return -(-self._samples // SAMPLES_PER_MS)

    @property
    def whole_ms(self) -> int:
        """Length of the audio so far as a client tells it that counts whole milliseconds played."""
        return self._samples // SAMPLES_PER_MS

    @property
    def chars(self) -> int:
        """Length of `text`."""
        return self._chars

    @property
    def text(self) -> str:
        """The words so far."""
        return "".join(word.text for word in self._words)

    def add(self, words: Sequence[TimedWord], samples: int) -> None:
        """More audio, and the words that begin in it."""
        self._words.extend(words)
        self._chars += sum(len(word.text) for word in words)
        self._samples += samples

    def cut(self, end_ms: int) -> None:
        """Forget the audio after ``end_ms``, and every word that had not been said whole by then."""
        samples = end_ms * SAMPLES_PER_MS
        self._words = [word for word in self._words if samples and word.end <= samples]
        self._chars = sum(len(word.text) for word in self._words)
        self._samples = min(samples, self._samples)
