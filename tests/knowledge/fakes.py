"""Embedders for tests that are about the store, not about meaning."""

from __future__ import annotations

import hashlib
import threading

import numpy as np

from realtime_agents.embedding import Vector
from realtime_agents.errors import KnowledgeError


class HashEmbedder:
    """Words hashed into 64 dimensions: texts that share words are near. Counts its runs."""

    dims = 64

    def __init__(self, name: str = "hash:1") -> None:
        self.id = name
        self.passages: list[str] = []

    def embed_query(self, text: str) -> Vector:
        return self._vector(text)

    def embed_passage(self, text: str) -> Vector:
        self.passages.append(text)
        return self._vector(text)

    def _vector(self, text: str) -> Vector:
        vector = np.zeros(self.dims, np.float32)
        for word in [*text.lower().split(), "always"]:
            vector[hashlib.sha256(word.encode()).digest()[0] % self.dims] += 1
        unit: Vector = vector / np.linalg.norm(vector)
        return unit


class ListeningEmbedder(HashEmbedder):
    """Keeps what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def embed_query(self, text: str) -> Vector:
        self.asked.append(text)
        return super().embed_query(text)


class BrokenEmbedder(HashEmbedder):
    """Embeds passages, but fails on every query."""

    def embed_query(self, text: str) -> Vector:
        raise RuntimeError("the model is on fire")


class StuckEmbedder(HashEmbedder):
    """A query waits until `release` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def embed_query(self, text: str) -> Vector:
        assert self.release.wait(20)
        return super().embed_query(text)


class HeldEmbedder(HashEmbedder):
    """A passage waits until `release` is set; `waiting` tells that one does."""

    def __init__(self, name: str = "hash:1") -> None:
        super().__init__(name)
        self.release = threading.Event()
        self.waiting = threading.Event()

    def embed_passage(self, text: str) -> Vector:
        self.waiting.set()
        assert self.release.wait(20)
        return super().embed_passage(text)


def no_embedder() -> HashEmbedder:
    raise KnowledgeError("The embedding model is not installed.")
