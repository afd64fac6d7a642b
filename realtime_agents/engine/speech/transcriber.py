"""From a recording to its words: find where somebody speaks, cut what is too long, read the pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.moonshine import MAX_SAMPLES, Moonshine
from realtime_agents.engine.speech.resample import Samples
from realtime_agents.engine.speech.vad import FRAME_MS, FRAME_SAMPLES, VadModel

SPEECH: Final = 0.5
PAUSE: Final = 0.35
MIN_SPEECH_MS: Final = 64
"""Less speech than this is a click."""
LONE_WORD_MS: Final = 200
"""A lone "You" needs so much speech: it is what the model hears in a cough or a door."""

_MARGIN_FRAMES: Final = 12
_MAX_GAP_FRAMES: Final = 60
"""A silence of about 2 s parts two utterances."""
_MAX_FRAMES: Final = MAX_SAMPLES // FRAME_SAMPLES
_PHANTOM = re.compile(r"(?:you|thank you|bye)[.!?]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said."""

    text: str
    """Cased and punctuated; empty when nobody spoke."""
    duration_ms: float
    """Time the work took, without waiting for a thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """At most 30 s that somebody speaks in."""

    audio: Samples
    speech_ms: int
    """How much of it is speech."""


class Transcriber:
    """Speech-to-text that stays silent about silence; thread-safe."""

    def __init__(self, vad: VadModel, model: Moonshine) -> None:
        self._vad = vad
        self._model = model

    def pieces(self, audio: Samples) -> list[Piece]:
        """What there is to read in float32 mono at 16 kHz, of any length; none when nobody speaks."""
        audio = np.ascontiguousarray(audio, np.float32)
        # The last piece of a frame is heard too.
        whole = np.pad(audio, (0, -len(audio) % FRAME_SAMPLES))
        probability = self._vad.probabilities(whole)
        return [
            Piece(
                audio=whole[start * FRAME_SAMPLES : end * FRAME_SAMPLES],
                speech_ms=int((probability[start:end] > SPEECH).sum()) * FRAME_MS,
            )
            for start, end in cut(whole, probability)
        ]

    def read(self, piece: Piece) -> str:
        """The words, cased and punctuated."""
        text = self._model.transcribe(piece.audio)
        if piece.speech_ms < LONE_WORD_MS and _PHANTOM.fullmatch(text):
            return ""
        return text


def cut(audio: Samples, probability: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Utterances as (first frame, end frame), none longer than 30 s, with some silence around them.

    ``probability`` holds one value per frame of 512 samples of ``audio``.
    """
    for start, end in _utterances(probability):
        while end - start > _MAX_FRAMES:
            middle = _quietest(audio, probability, start + _MAX_FRAMES // 2, start + _MAX_FRAMES)
            yield start, middle
            start = middle
        yield start, end


def _utterances(probability: NDArray[np.float32]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    spoken = np.flatnonzero(probability > SPEECH)
    if not len(spoken):
        return found
    breaks = np.flatnonzero(np.diff(spoken) > _MAX_GAP_FRAMES) + 1
    for run in np.split(spoken, breaks):
        if len(run) * FRAME_MS >= MIN_SPEECH_MS:
            start = max(int(run[0]) - _MARGIN_FRAMES, 0)
            found.append((start, min(int(run[-1]) + 1 + _MARGIN_FRAMES, len(probability))))
    return found


def _quietest(audio: Samples, probability: NDArray[np.float32], first: int, last: int) -> int:
    """The frame in ``first … last`` to cut before: in a pause if there is one, where it is quietest."""
    samples = audio[first * FRAME_SAMPLES : last * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    energy = np.sqrt((samples**2).mean(axis=1))
    smooth = np.convolve(energy, np.ones(3) / 3, mode="same")
    # Frames at the rim see less than three frames and would look quiet.
    smooth[[0, -1]] = np.inf
    pauses = probability[first:last] < PAUSE
    if pauses[1:-1].any():
        smooth[~pauses] = np.inf
    return first + int(smooth.argmin())
