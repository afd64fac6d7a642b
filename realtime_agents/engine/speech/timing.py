"""When each word of a spoken sentence begins, told from how much there is to say before it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np

from realtime_agents.engine.speech.resample import Samples
from realtime_agents.engine.speech.spoken import Utterance

_RATE_HZ: Final = 24_000
_AUDIBLE: Final = 0.012
_TOKEN = re.compile(r"\S+")
_MARK = re.compile(r"\[\d+\]")

_VOWELS: Final = frozenset("aeiouyAEIOUY")
_PAUSE: Final = {",": 5.0, ";": 6.0, ":": 6.0, "—": 5.0, ".": 7.0, "!": 7.0, "?": 7.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTime:
    """A word of a sentence and when it is said."""

    offset: int
    """Where the word begins in the sentence's text."""
    at_ms: int
    """When it begins, from the beginning of the sentence's sound."""


def word_times(utterance: Utterance, sound: Samples) -> tuple[WordTime, ...]:
    """One entry for each word of the text: each run of non-blanks with a letter or digit besides ``[n]``.

    An estimate, from the length of what is spoken for each word and the pauses of punctuation.
    """
    audible = np.flatnonzero(np.abs(sound) > _AUDIBLE)
    if not len(audible):
        return ()
    first_ms, last_ms = (float(audible[n]) * 1000 / _RATE_HZ for n in (0, -1))
    said = utterance.words
    effort = [0.0, *accumulate(_effort(said, at) for at in range(len(said)))]
    per_effort = (last_ms - first_ms) / max(effort[_spoken_end(said)], 1e-6)
    times: list[WordTime] = []
    for match in _TOKEN.finditer(utterance.text):
        if any(c.isalnum() for c in _MARK.sub("", match.group())):
            at = _place(utterance.places, match.start())
            at_ms = min(first_ms + effort[at] * per_effort, last_ms)
            times.append(WordTime(offset=match.start(), at_ms=int(at_ms)))
    return tuple(times)


def _place(places: tuple[tuple[int, int], ...], offset: int) -> int:
    """The position in the spoken words of a position in the text, linear between known places."""
    at = bisect_right(places, (offset, 1 << 60))
    if at == 0:
        return 0
    if at == len(places):
        return places[-1][1]
    (x0, y0), (x1, y1) = places[at - 1], places[at]
    return y0 + (y1 - y0) * (offset - x0) // max(x1 - x0, 1)


def _effort(said: str, at: int) -> float:
    character = said[at]
    if character in _VOWELS:
        return 1.3
    if character.isalpha():
        return 1.0
    return _PAUSE.get(character, 0.4)


def _spoken_end(said: str) -> int:
    """The pause after the last word is not part of the sound that is heard."""
    return len(said.rstrip(" .,;:!?—"))
