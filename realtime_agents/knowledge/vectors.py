"""The vectors of all passages in memory, searched exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime_agents.embedding import Vector


@dataclass(frozen=True, slots=True)
class VectorRow:
    """Stored vectors of one passage: the whole, then its windows, float16 little-endian."""

    key: int
    collection: str
    blob: bytes


@dataclass(frozen=True, slots=True)
class VectorHit:
    key: int
    cosine: float
    window: int | None
    """Index of the window that is nearest to the query; None when the passage has none."""


class VectorIndex:
    """An immutable snapshot: 4 bytes per dimension for each passage and each window.

    ``rows`` come in the order of their keys.
    """

    def __init__(self, rows: Iterable[VectorRow], dims: int) -> None:
        found = list(rows)
        width = 2 * dims
        counts = np.array([len(row.blob) // width for row in found], np.int64)
        packed = np.frombuffer(b"".join(row.blob for row in found), "<f2").reshape(-1, dims)
        starts = np.cumsum(counts) - counts
        inner = np.ones(len(packed), bool)
        inner[starts] = False
        self._keys = np.array([row.key for row in found], np.int64)
        self._whole: NDArray[np.float32] = packed[starts].astype(np.float32)
        self._windows: NDArray[np.float32] = packed[inner].astype(np.float32)
        self._split = np.flatnonzero(counts > 1)
        """Passages that have windows."""
        self._counts = counts[self._split] - 1
        self._starts = np.cumsum(self._counts) - self._counts
        names = {name: code for code, name in enumerate(dict.fromkeys(row.collection for row in found))}
        self._collections = names
        self._codes = np.array([names[row.collection] for row in found], np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def search(self, query: Vector, collections: Sequence[str], limit: int) -> list[VectorHit]:
        """The nearest passages, best first, ties by key. ``collections`` empty means all."""
        if not len(self):
            return []
        scores = self._whole @ query
        if len(self._windows):
            nearest = np.maximum.reduceat(self._windows @ query, self._starts)
            scores[self._split] = (scores[self._split] + nearest) / 2
        if collections:
            allowed = [code for name, code in self._collections.items() if name in collections]
            scores[~np.isin(self._codes, allowed)] = -np.inf
        best = np.argpartition(-scores, limit)[:limit] if limit < len(scores) else np.arange(len(scores))
        order = best[np.lexsort((self._keys[best], -scores[best]))]
        return [self._scored(int(at), query) for at in order if np.isfinite(scores[at])]

    def score(self, query: Vector, keys: Sequence[int]) -> list[VectorHit]:
        """The given passages as the search would score them; those it does not hold are left out."""
        places = ((key, int(np.searchsorted(self._keys, key))) for key in keys)
        return [self._scored(at, query) for key, at in places if at < len(self) and self._keys[at] == key]

    def _scored(self, at: int, query: Vector) -> VectorHit:
        cosine = float(self._whole[at] @ query)
        place = int(np.searchsorted(self._split, at))
        if place == len(self._split) or self._split[place] != at:
            return VectorHit(int(self._keys[at]), cosine, None)
        start = int(self._starts[place])
        near = self._windows[start : start + int(self._counts[place])] @ query
        return VectorHit(int(self._keys[at]), (cosine + float(near.max())) / 2, int(near.argmax()))
