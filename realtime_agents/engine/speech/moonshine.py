"""Words of an utterance: Moonshine tiny-en on onnxruntime, one token at a time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.onnx import open_model
from realtime_agents.engine.speech.resample import Samples

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE_HZ: Final = 16_000
MAX_SAMPLES: Final = 30 * RATE_HZ
"""The model was made for utterances of this length; beyond it words are added that nobody said."""

_MIN_SAMPLES: Final = 3_200
_FRAME_SAMPLES: Final = 384
_BEGIN, _END = 1, 2
_TOKENS_PER_S: Final = 6.5
_HEADS, _HEAD_SIZE = 8, 36
_MIN_REPEATS: Final = 4
_MAX_RUN_TOKENS: Final = 12

_BYTE_TOKEN = re.compile(rb"<0x([0-9A-Fa-f]{2})>")
_WORD_START = "\u2581".encode()


class Moonshine:
    """The model; thread-safe, so one serves all."""

    def __init__(self, encoder: Path, decoder: Path, tokenizer: Path) -> None:
        self._encoder: InferenceSession = open_model(encoder)
        self._decoder: InferenceSession = open_model(decoder)
        self._tokens = read_tokenizer(tokenizer.read_bytes())
        self._outputs = [output.name for output in self._decoder.get_outputs()]
        self._caches = {
            given.name: given.name.replace("past_key_values", "present")
            for given in self._decoder.get_inputs()
            if given.name.startswith("past_key_values")
        }

    def transcribe(self, audio: Samples) -> str:
        """The words in at most 30 s of 16 kHz float32 mono, cased and punctuated; empty for none."""
        seconds = len(audio) / RATE_HZ
        if len(audio) < _MIN_SAMPLES:
            audio = np.pad(audio, (0, _MIN_SAMPLES - len(audio)))
        frames = self._encoder.run(
            None, {"input_values": audio[None], "attention_mask": np.ones((1, len(audio)), np.int64)}
        )[0]
        return decode_tokens(self._decode(frames, int(seconds * _TOKENS_PER_S) + 8), self._tokens)

    def _decode(self, frames: NDArray[np.float32], max_tokens: int) -> list[int]:
        feed: dict[str, NDArray[np.generic]] = {
            "encoder_hidden_states": frames,
            # Counted in samples: a mask of one entry per frame breaks beyond 9.2 s.
            "encoder_attention_mask": np.ones((1, frames.shape[1] * _FRAME_SAMPLES), np.int64),
        }
        empty = np.zeros((1, _HEADS, 0, _HEAD_SIZE), np.float32)
        caches: dict[str, NDArray[np.float32]] = dict.fromkeys(self._caches, empty)
        tokens: list[int] = []
        last = _BEGIN
        for step in range(max_tokens):
            feed["input_ids"] = np.array([[last]], np.int64)
            feed["use_cache_branch"] = np.array([step > 0])
            found = dict(zip(self._outputs, self._decoder.run(None, {**feed, **caches}), strict=True))
            last = int(found["logits"][0, -1].argmax())
            if last == _END:
                break
            tokens.append(last)
            if (sensible := without_circling(tokens)) is not None:
                return sensible
            for name, source in self._caches.items():
                # Only the first step yields the encoder's caches; later ones give them back empty.
                if step == 0 or ".decoder." in name:
                    caches[name] = found[source]
        return tokens


def read_tokenizer(data: bytes) -> list[bytes]:
    """The tokens of a tokenizer file: records of a length, of one or two bytes, and so many bytes."""
    tokens: list[bytes] = []
    at = 0
    while at < len(data):
        length = data[at]
        at += 1
        if length >= 128:
            length = data[at] * 128 + length - 128
            at += 1
        tokens.append(data[at : at + length])
        at += length
    return tokens


def decode_tokens(ids: list[int], tokens: list[bytes]) -> str:
    """The text of tokens: byte tokens as their byte, other ``<…>`` left out, word marks as spaces."""
    pieces: list[bytes] = []
    for token in (tokens[i] for i in ids):
        if (byte := _BYTE_TOKEN.fullmatch(token)) is not None:
            pieces.append(bytes([int(byte[1], 16)]))
        elif not (token.startswith(b"<") and token.endswith(b">")):
            pieces.append(token.replace(_WORD_START, b" "))
    return b"".join(pieces).decode("utf-8", "ignore").strip()


def without_circling(tokens: list[int]) -> list[int] | None:
    """The tokens up to where they began to repeat themselves; ``None`` while it may be speech.

    A run counts when it fills twelve tokens and comes at least four times: "5555" and
    "no, no, no" are things people say.
    """
    for length in range(1, _MAX_RUN_TOKENS + 1):
        repeats = max(_MIN_REPEATS, -(-_MAX_RUN_TOKENS // length))
        if len(tokens) < length * repeats:
            continue
        tail = tokens[-length * repeats :]
        if tail == tail[:length] * repeats:
            return tokens[: -length * (repeats - 1)]
    return None
