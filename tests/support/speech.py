"""Recorded speech, noise, and how many words of a transcript are wrong."""

from __future__ import annotations

import re
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.resample import resample

RECORDINGS = Path("/usr/share/pocketsphinx/test/data")
MISSING = f"no recorded speech in {RECORDINGS}: apt install pocketsphinx-testdata"
RATE_HZ = 16_000


def read_wav(path: Path, rate: int = RATE_HZ) -> NDArray[np.float32]:
    """The first channel of a 16-bit WAV as float32 at ``rate``."""
    with wave.open(str(path), "rb") as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return resample(frames[:, 0].astype(np.float32) / np.float32(32768), file.getframerate(), rate)


def has_recordings() -> bool:
    return (RECORDINGS / "librivox" / "transcription").is_file()


def transcripts(path: Path) -> dict[str, str]:
    """What is said in each clip of a file of transcripts, by the clip's name."""
    lines = re.findall(r"^<s> (.*?) *</s> \((.*)\)$", path.read_text(), re.MULTILINE)
    # One of them has a word that nobody says.
    return {name: text.replace("more a amiable", "more amiable") for text, name in lines}


def librivox() -> list[tuple[str, NDArray[np.float32]]]:
    """Five sentences of a novel, read aloud: (what is read, 16 kHz float32). Empty when not installed."""
    if not has_recordings():
        return []
    folder = RECORDINGS / "librivox"
    said = transcripts(folder / "transcription")
    return [(text, read_wav(folder / f"{name}.wav")) for name, text in said.items()]


def words(text: str) -> list[str]:
    """Lower case, without punctuation; titles in full."""
    plain = re.sub(r"[^a-z0-9' ]", " ", text.lower().replace("mr.", "mister"))
    return plain.split()


def word_errors(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest words to put in, leave out or change to make ``heard`` of ``expected``."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(expected, 1):
        diagonal, row[0] = row[0], at
        for column, other in enumerate(heard, 1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


def silence(seconds: float, rate: int = RATE_HZ) -> NDArray[np.float32]:
    return np.zeros(int(seconds * rate), np.float32)


def pink_noise(seconds: float, *, peak: float, rate: int = RATE_HZ) -> NDArray[np.float32]:
    """Noise like that of a room; the same each time."""
    count = int(seconds * rate)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(count))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), count)
    return np.asarray(noise * peak / np.abs(noise).max(), np.float32)
