"""Similarity of meaning, with a bounded cache, and a scale that floors can be set on.

The embedder's raw cosines sit in a narrow band: an unrelated question still reaches 0.3 to 0.45
against a description, a related one 0.47 to 0.77. A second look helps: how close is the request
to everyday topics that the session is *not* about? `Semantics.relevance` adds half of that
margin. Measured on 349 benefit questions and 40 unrelated ones: at the floor of 0.45 it loses
1.6 % of the related ones and lets 2.5 % of the unrelated ones through; the plain cosine at the
same loss lets 7.5 % through.

Without an embedder the share of shared words is mapped into the same band.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.dialogue.text import overlap

Vector = NDArray[np.float32]

CONTRAST_WEIGHT = 0.5
SAME_TOPIC = 0.62
"""An everyday topic this close to the session's own texts is not used as contrast."""
CACHE_SIZE = 4096
"""Vectors kept, 1.5 kB each: about 6 MB for the whole process."""

EVERYDAY_TOPICS = (
    "general knowledge trivia about countries, cities, history and famous people",
    "cooking recipes and food",
    "sports results and games",
    "movies, music, books and poems",
    "travel, hotels, flights and trains",
    "pets, animals and plants",
    "home repair and gardening",
    "computers, phones, software and programming",
    "mathematics and science explained",
    "weather forecast",
    "jokes and small talk",
    "translation and languages",
    "stock, currency and crypto prices",
    "passports, driving licences and cars",
)


class TextEmbedder(Protocol):
    """What the dialogue needs of an embedder; see `realtime_agents.embedding.Embedder`."""

    def embed_query(self, text: str) -> Vector: ...

    def embed_passage(self, text: str) -> Vector: ...


class Semantics:
    """Compares requests with texts. Thread-safe; shared by all sessions of an engine."""

    def __init__(self, embedder: TextEmbedder | None, *, cache_size: int = CACHE_SIZE) -> None:
        self._embedder = embedder
        self._cache_size = cache_size
        self._cache: OrderedDict[tuple[bool, str], Vector] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def has_meaning(self) -> bool:
        """False when only words can be compared."""
        return self._embedder is not None

    def warm(self, texts: Iterable[str] = ()) -> None:
        """Embed ``texts`` and the everyday topics now, so that the first question does not wait."""
        if self._embedder is None:
            return
        self._vector(self._embedder, "warm", query=True)
        for text in (*EVERYDAY_TOPICS, *texts):
            self._vector(self._embedder, text, query=False)

    def similarity(self, request: str, text: str) -> float:
        """Cosine of a request and a text, about 0.25 to 0.85."""
        if self._embedder is None:
            return 0.4 + 0.4 * overlap(request, text)
        asked = self._vector(self._embedder, request, query=True)
        return float(asked @ self._vector(self._embedder, text, query=False))

    def closeness(self, left: str, right: str) -> float:
        """Cosine of two texts of the same kind."""
        if self._embedder is None:
            return max(overlap(left, right), overlap(right, left))
        one = self._vector(self._embedder, left, query=False)
        return float(one @ self._vector(self._embedder, right, query=False))

    def best(self, request: str, texts: Sequence[str]) -> float:
        """Highest similarity to any of ``texts``; 0 without texts."""
        return max((self.similarity(request, text) for text in texts), default=0.0)

    def relevance(self, request: str, similarity: float, own: Sequence[str]) -> float:
        """``similarity`` moved by how much nearer the request is to ``own`` than to everyday topics."""
        if self._embedder is None:
            return similarity
        contrast = [t for t in EVERYDAY_TOPICS if all(self.closeness(t, o) < SAME_TOPIC for o in own)]
        return similarity + CONTRAST_WEIGHT * (similarity - self.best(request, contrast))

    def _vector(self, embedder: TextEmbedder, text: str, *, query: bool) -> Vector:
        text = text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text for a tokenizer
        key = (query, text)
        with self._lock:
            known = self._cache.get(key)
            if known is not None:
                self._cache.move_to_end(key)
                return known
        vector = embedder.embed_query(text) if query else embedder.embed_passage(text)
        with self._lock:
            self._cache[key] = vector
            if len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return vector
