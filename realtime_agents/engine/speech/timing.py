"""When each word of a spoken sentence begins, told from how much there is to say before it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.resample import Samples
from realtime_agents.engine.speech.spoken import Utterance

_RATE_HZ: Final = 24_000
_AUDIBLE: Final = 0.012
_BLOCK_SAMPLES: Final = _RATE_HZ // 100
_PAUSE_BLOCKS: Final = 11
"""A silence of 110 ms is a pause; shorter ones are inside words."""
_REACH_MS: Final = 450.0
"""A pause so far from where one is expected is another one."""
_TOKEN = re.compile(r"\S+")
_MARK = re.compile(r"\[\d+\]")

_VOWELS: Final = frozenset("aeiouyAEIOUY")
_EFFORT: Final = {",": 5.0, ";": 6.0, ":": 6.0, ".": 7.0, "!": 7.0, "?": 7.0}
_PAUSE_END = re.compile(r"[,;:]\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTime:
    """A word of a sentence and when it is said."""

    offset: int
    """Where the word begins in the sentence's text."""
    at_ms: int
    """When it begins, from the beginning of the sentence's sound."""


def word_times(utterance: Utterance, sound: Samples) -> tuple[WordTime, ...]:
    """One entry for each word of the text: each run of non-blanks with a letter or digit besides ``[n]``.

    An estimate from the length of what is spoken for each word, held to the pauses that are heard.
    """
    audible = np.flatnonzero(np.abs(sound) > _AUDIBLE)
    if not len(audible):
        return ()
    first_ms, last_ms = (float(audible[n]) * 1000 / _RATE_HZ for n in (0, -1))
    moments = _moments(utterance.words, first_ms, last_ms, _pauses(sound))
    times: list[WordTime] = []
    for match in _TOKEN.finditer(utterance.text):
        if any(c.isalnum() for c in _MARK.sub("", match.group())):
            at_ms = int(moments[_place(utterance.places, match.start())])
            times.append(WordTime(offset=match.start(), at_ms=at_ms))
    return tuple(times)


def _moments(
    said: str, first_ms: float, last_ms: float, pauses: list[tuple[float, float]]
) -> NDArray[np.float64]:
    """When each character of the spoken words is said, in milliseconds."""
    effort = np.array([0.0, *accumulate(map(_effort, said))])
    end = len(said.rstrip(" .,;:!?—"))  # the silence after the last word is not part of the sound
    known_effort, known_ms = [0.0], [first_ms]
    for match in _PAUSE_END.finditer(said):
        if match.end() >= end:
            break
        expected = first_ms + effort[match.end()] / effort[end] * (last_ms - first_ms)
        near = [p for p in pauses if p[0] > known_ms[-1] and abs(p[1] - expected) < _REACH_MS]
        if near:
            pause = min(near, key=lambda p: abs(p[1] - expected))
            known_effort += [effort[match.start()], effort[match.end()]]
            known_ms += pause
    known_effort.append(effort[end])
    known_ms.append(last_ms)
    moments: NDArray[np.float64] = np.interp(effort, known_effort, known_ms)
    return moments


def _pauses(sound: Samples) -> list[tuple[float, float]]:
    """(begin, end) of every silence inside the sound, in milliseconds."""
    blocks = sound[: len(sound) // _BLOCK_SAMPLES * _BLOCK_SAMPLES].reshape(-1, _BLOCK_SAMPLES)
    loud = np.flatnonzero(np.sqrt((blocks**2).mean(axis=1)) > _AUDIBLE)
    return [
        (float(before + 1) * 10, float(after) * 10)
        for before, after in pairwise(loud)
        if after - before > _PAUSE_BLOCKS
    ]


def _place(places: tuple[tuple[int, int], ...], offset: int) -> int:
    """The position in the spoken words of a position in the text, linear between known places."""
    at = bisect_right(places, (offset, 1 << 60))
    if at == 0:
        return 0
    if at == len(places):
        return places[-1][1]
    (x0, y0), (x1, y1) = places[at - 1], places[at]
    return y0 + (y1 - y0) * (offset - x0) // max(x1 - x0, 1)


def _effort(character: str) -> float:
    if character in _VOWELS:
        return 1.3
    if character.isalpha():
        return 1.0
    return _EFFORT.get(character, 0.4)
