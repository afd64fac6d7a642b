"""A second look at the first passages: question and passage read together by a cross-encoder.

ms-marco-MiniLM-L-12 (int8) from the same wheel as the embedder. It costs about 30 ms for each
passage on one core, so it is off unless asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from realtime_agents.embedding import load_model

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MODEL_SHA256 = "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1"
TOKENIZER_SHA256 = "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448"
MAX_TOKENS = 384
SHARE = 0.5
"""Part of the new order that the cross-encoder decides; the rest is the order it found."""


class Reranker:
    """Loaded at first use (about 0.3 s). Synchronous and thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: tuple[InferenceSession, Tokenizer] | None = None

    def logits(self, question: str, texts: Sequence[str], deadline: float) -> list[float]:
        """How well each text answers, about -11 to 10. Raises `TimeoutError` past the deadline.

        ``deadline`` is a `time.monotonic` value. Raises `KnowledgeError` when the model is not there.
        """
        session, tokenizer = self._loaded()
        found: list[float] = []
        for text in texts:
            if time.monotonic() > deadline:
                raise TimeoutError
            tokens = tokenizer.encode(question, text)
            feed = {
                "input_ids": np.array([tokens.ids], np.int64),
                "attention_mask": np.array([tokens.attention_mask], np.int64),
                "token_type_ids": np.array([tokens.type_ids], np.int64),
            }
            found.append(float(session.run(["logits"], feed)[0][0, 0]))
        return found

    def _loaded(self) -> tuple[InferenceSession, Tokenizer]:
        with self._lock:
            if self._model is None:
                self._model = load_model("reranker_en", MODEL_SHA256, TOKENIZER_SHA256, MAX_TOKENS)
            return self._model


def blended(ranked: Sequence[tuple[str, float]], logits: Sequence[float]) -> list[tuple[str, float]]:
    """The first passages in a new order. Their scores lie above 1, so that they stay the first.

    ``logits`` belong to the first of ``ranked``, in order.
    """
    first, rest = ranked[: len(logits)], ranked[len(logits) :]
    before, after = _spread([score for _, score in first]), _spread(logits)
    top = max((score for _, score in ranked), default=0.0)
    mixed = [
        (key, top + (1 - SHARE) * old + SHARE * new)
        for (key, _), old, new in zip(first, before, after, strict=True)
    ]
    return [*sorted(mixed, key=lambda pair: (-pair[1], pair[0])), *rest]


def _spread(values: Sequence[float]) -> list[float]:
    """The values on a scale from 0 to 1."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]
