"""Speaking: a sentence of plain words becomes sound, in any of the voices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from realtime_agents.engine.speech.assets import TTS_MODEL, TTS_SPELLING, locate
from realtime_agents.engine.speech.resample import Samples, resample
from realtime_agents.engine.speech.voices import pace, pitch
from realtime_agents.errors import SpeechUnavailable

if TYPE_CHECKING:
    from hibari import Hibari

RATE_HZ: Final = 24_000
GAIN: Final = 1.8
"""The model speaks softly: peaks of 0.2 to 0.5."""
PEAK: Final = 0.95
"""A sentence that would get louder than this is made as much louder as it can be without clipping."""
LEAD_MS: Final = 40
TAIL_MS: Final = 220
"""What is left of the model's silence before and after a sentence, 300 and 500 ms. Together they are the pause
between two sentences; the first part of it is also waited for before an answer."""

_AUDIBLE: Final = 0.008
_FADE_SAMPLES: Final = RATE_HZ * 5 // 1000


class Mouth:
    """The speech model. One thread at a time."""

    def __init__(self) -> None:
        """Loads the model (0.3 s). Raises `SpeechUnavailable`."""
        model = locate(TTS_MODEL)
        locate(TTS_SPELLING)
        try:
            from hibari import Hibari  # heavy, and optional for those who only type
        except ImportError as error:
            raise SpeechUnavailable(
                f"Speech output needs the package {error.name!r}, which is not installed."
            ) from error
        self._model: Hibari = Hibari(voice="heart", model=str(model), threads=1)

    def say(self, words: str, *, voice: str, speed: float) -> Samples:
        """Float32 at 24 kHz of words that are spelt out; the same words always give the same sound."""
        factor = pitch(voice)
        sound: Samples = self._model(words, speed=pace(speed, factor), seed=0)
        return level(trim(resample(sound, RATE_HZ * factor, RATE_HZ)))


def trim(sound: Samples) -> Samples:
    """Without the longer part of the silence at both ends; empty when there is nothing but silence."""
    audible = np.flatnonzero(np.abs(sound) > _AUDIBLE)
    if not len(audible):
        return np.zeros(0, np.float32)
    start = max(int(audible[0]) - LEAD_MS * RATE_HZ // 1000, 0)
    kept = sound[start : int(audible[-1]) + 1 + TAIL_MS * RATE_HZ // 1000].copy()
    fade = np.linspace(0, 1, min(_FADE_SAMPLES, len(kept)), dtype=np.float32)
    kept[: len(fade)] *= fade
    kept[len(kept) - len(fade) :] *= fade[::-1]
    return kept


def level(sound: Samples) -> Samples:
    """Louder by a fixed factor, or by less where that would clip."""
    loudest = float(np.abs(sound).max(initial=0.0))
    return sound * np.float32(min(GAIN, PEAK / max(loudest, 1e-6)))
