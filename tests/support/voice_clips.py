"""Recorded speech as a microphone: Chromium plays a WAV file where a person would speak.

The recordings are those of `tests.support.speech`, brought to 48 kHz as Chromium wants them, with
silence around them so that the last one ends as well.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.resample import float_to_pcm16, resample
from tests.support.speech import RATE_HZ, RECORDINGS, read_wav, silence, transcripts, word_errors, words

MICROPHONE_HZ = 48_000
_GO_FORWARD = "goforward"


def reference(clip: str) -> str:
    """What is said in a clip: the end of a sentence's name, ``cards/`` and a number, or ``goforward``."""
    if clip == _GO_FORWARD:
        return "go forward ten meters"
    folder, _, name = clip.rpartition("/")
    file = "cards/cards.transcription" if folder else "librivox/transcription"
    found = [text for named, text in transcripts(RECORDINGS / file).items() if named.endswith(name)]
    if len(found) != 1:
        raise LookupError(f"expected one clip {clip!r}, found {len(found)}")
    return found[0]


def write_speech(path: Path, *parts: str | float) -> Path:
    """A 48 kHz mono WAV: names of clips, and seconds of silence between them."""
    sound = [silence(p, MICROPHONE_HZ) if isinstance(p, float) else _clip(p) for p in parts]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(MICROPHONE_HZ)
        out.writeframes(float_to_pcm16(np.concatenate(sound)))
    return path


def _clip(name: str) -> NDArray[np.float32]:
    if name == _GO_FORWARD:
        raw = np.frombuffer((RECORDINGS / "goforward.raw").read_bytes(), "<i2")
        return resample(raw.astype(np.float32) / np.float32(32768), RATE_HZ, MICROPHONE_HZ)
    (path,) = RECORDINGS.glob(f"{name}.wav" if "/" in name else f"librivox/*{name}.wav")
    return read_wav(path, MICROPHONE_HZ)


def word_error_rate(heard: str, said: str) -> float:
    """Edits per word of ``said``, without regard to case and punctuation."""
    return word_errors(words(said), words(heard)) / len(words(said))
