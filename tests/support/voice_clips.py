"""Recorded speech as a microphone: Chromium plays a WAV file where a person would speak.

The recordings are Debian's ``pocketsphinx-testdata`` (readings in the public domain), brought to
48 kHz as Chromium wants them, with silence around them so that the last one ends as well.
"""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np

FOLDER = Path("/usr/share/pocketsphinx/test/data/librivox")
RATE_HZ = 48_000
_CLIP_RATE_HZ = 16_000
_UP = RATE_HZ // _CLIP_RATE_HZ
_TAPS = 96

MISSING = f"no recorded speech at {FOLDER} (Debian package pocketsphinx-testdata)"


def has_clips() -> bool:
    return (FOLDER / "transcription").is_file()


def reference(clip: str) -> str:
    """What is said in the clip whose file name ends in ``clip``."""
    for line in (FOLDER / "transcription").read_text().splitlines():
        found = re.match(r"<s> (.*) </s> \((.*)\)", line)
        if found and found[2].endswith(clip):
            # One transcript has a word that nobody says.
            return found[1].replace("more a amiable", "more amiable")
    raise LookupError(f"no clip {clip!r}")


def write_speech(path: Path, *parts: str | float) -> Path:
    """A 48 kHz mono WAV: names of clips, and seconds of silence between them."""
    sound = [np.zeros(round(p * RATE_HZ)) if isinstance(p, float) else _clip(p) for p in parts]
    pcm = np.clip(np.concatenate(sound), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(pcm.tobytes())
    return path


def _clip(name: str) -> np.ndarray:
    (path,) = FOLDER.glob(f"*{name}.wav")
    with wave.open(str(path), "rb") as source:
        assert (source.getframerate(), source.getnchannels()) == (_CLIP_RATE_HZ, 1), path
        samples = np.frombuffer(source.readframes(source.getnframes()), "<i2").astype(float)
    spread = np.zeros(len(samples) * _UP)
    spread[::_UP] = samples * _UP
    at = np.arange(_TAPS + 1) - _TAPS / 2
    lowpass = np.sinc(at / _UP) / _UP * np.kaiser(_TAPS + 1, 8.0)
    return np.convolve(spread, lowpass, mode="same")


def word_error_rate(heard: str, said: str) -> float:
    """Edits per word of ``said``, without regard to case and punctuation."""
    got, wanted = _words(heard), _words(said)
    row = list(range(len(got) + 1))
    for i, word in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(got, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1] / len(wanted)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("mr.", "mister").replace("-", " "))
