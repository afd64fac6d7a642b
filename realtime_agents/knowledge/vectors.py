"""The vectors of all passages in memory, searched exactly.

A passage is near a question by three cosines: of the whole passage, of its nearest window, and of
its page, for which the title stands.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from realtime_agents.embedding import Vector
from realtime_agents.knowledge.filters import EVER, NEVER, Days, Filters

T = TypeVar("T", str, bytes)

VECTOR_LAYOUT = "2"
"""Raise when the order or meaning of a passage's vectors changes: they are then made anew."""
WHOLE, NEAREST, PAGE = 0.44, 0.44, 0.12
"""Shares of the three cosines in how close a passage is."""
DEPTH_FACTOR = 10
MIN_DEPTH = 1_000
HEAD = 2
"""The vector of the whole passage and that of the title come before those of the windows."""


@dataclass(frozen=True, slots=True)
class VectorRow:
    """Stored vectors of one passage: the whole, the title, then its windows, float16 little-endian."""

    key: str
    collection: str
    blob: bytes
    source_type: str = ""
    days: Days = field(default=Days(first=EVER, last=NEVER, known=""))


@dataclass(frozen=True, slots=True)
class VectorHit:
    """The cosines of a question and a passage, -1 to 1."""

    key: str
    whole: float
    nearest: float
    """Of the nearest window; the same as ``whole`` when the passage has none."""
    page: float
    """Of the title of the passage's page."""
    window: int | None
    """Index of the window that is nearest to the query; None when the passage has none."""

    @property
    def cosine(self) -> float:
        """How near the passage itself is, whatever its page: the value to show and to abstain on."""
        return (self.whole + self.nearest) / 2

    @property
    def closeness(self) -> float:
        """What passages are ranked by."""
        return closeness(self.whole, self.nearest, self.page)


def closeness(whole: float, nearest: float, page: float) -> float:
    return WHOLE * whole + NEAREST * nearest + PAGE * page


def scored(key: str, blob: bytes, query: Vector) -> VectorHit:
    """One passage as `VectorIndex` scores it, from its stored vectors."""
    vectors = np.frombuffer(blob, "<f2").reshape(-1, len(query)).astype(np.float32)
    cosines = vectors @ query
    return _hit(key, float(cosines[0]), float(cosines[1]), cosines[HEAD:])


def _hit(key: str, whole: float, title: float, windows: NDArray[np.float32]) -> VectorHit:
    nearest = int(windows.argmax()) if len(windows) else None
    return VectorHit(key, whole, whole if nearest is None else float(windows[nearest]), title, nearest)


class VectorIndex:
    """An immutable snapshot: 4 bytes per dimension for each passage, each title and each window."""

    def __init__(self, rows: Iterable[VectorRow], dims: int) -> None:
        found = sorted(rows, key=lambda row: row.key)
        width = 2 * dims
        counts = np.array([len(row.blob) // width for row in found], np.int64)
        packed = np.frombuffer(b"".join(row.blob for row in found), "<f2").reshape(-1, dims)
        starts = np.cumsum(counts) - counts
        inner = np.ones(len(packed), bool)
        inner[starts] = inner[starts + 1] = False
        self._keys = [row.key for row in found]
        self._places = {key: at for at, key in enumerate(self._keys)}
        self._whole: NDArray[np.float32] = packed[starts].astype(np.float32)
        self._windows: NDArray[np.float32] = packed[inner].astype(np.float32)
        # All passages of a page have the same title: its vector is kept once.
        titles, self._title = _coded([row.blob[width : HEAD * width] for row in found])
        self._titles = np.frombuffer(b"".join(titles), "<f2").reshape(-1, dims).astype(np.float32)
        self._counts = counts - HEAD
        """Windows of each passage, and where they begin."""
        self._starts = np.cumsum(self._counts) - self._counts
        self._gate = _Gate(found)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> Sequence[str]:
        """In order."""
        return self._keys

    def places_of(self, document_id: str) -> Iterator[int]:
        """Where the passages of a document stand among the keys."""
        prefix = f"{document_id}#"
        for place in range(bisect_left(self._keys, prefix), len(self._keys)):
            if not self._keys[place].startswith(prefix):
                return
            if self._keys[place].rpartition("#")[0] == document_id:
                yield place

    def search(
        self, query: Vector, filters: Filters, limit: int, hidden: NDArray[np.bool_] | None = None
    ) -> list[VectorHit]:
        """The best passages that the filters let through and that are not hidden, best first, ties by key.

        Windows are looked at only for the passages that come first without them: `DEPTH_FACTOR` times
        as many as are wanted. That reads a third of the memory and loses nothing that could be seen.
        """
        if not len(self):
            return []
        scores = (WHOLE + NEAREST) * _dots(self._whole, query)
        scores += PAGE * _dots(self._titles, query)[self._title]
        if filters:
            scores[~self._gate.open(filters)] = -np.inf
        if hidden is not None:
            scores[hidden] = -np.inf
        depth = max(DEPTH_FACTOR * limit, MIN_DEPTH)
        first = np.argpartition(-scores, depth)[:depth] if depth < len(scores) else np.arange(len(scores))
        first = first[np.isfinite(scores[first])]
        exact = self._windowed(first, scores[first], query)
        best = np.lexsort((first, -exact))[:limit]
        return in_order(self._scored(int(at), query) for at in first[best])

    def _windowed(
        self, places: NDArray[np.int64], scores: NDArray[np.float32], query: Vector
    ) -> NDArray[np.float32]:
        """Scores of some passages with their windows."""
        split = np.flatnonzero(self._counts[places])
        if not len(split):
            return scores
        starts, counts = self._starts[places[split]], self._counts[places[split]]
        ends = np.cumsum(counts)
        rows = np.repeat(starts - (ends - counts), counts) + np.arange(ends[-1])
        nearest = np.maximum.reduceat(_dots(self._windows[rows], query), ends - counts)
        whole = _dots(self._whole[places[split]], query)
        exact = scores.copy()
        exact[split] += NEAREST * (nearest - whole)
        return exact

    def score(
        self, query: Vector, keys: Sequence[str], hidden: NDArray[np.bool_] | None = None
    ) -> list[VectorHit]:
        """The given passages as the search would score them; those it does not hold or hides are left out."""
        places = (self._places.get(key) for key in keys)
        return [
            self._scored(at, query) for at in places if at is not None and (hidden is None or not hidden[at])
        ]

    def _scored(self, at: int, query: Vector) -> VectorHit:
        start = int(self._starts[at])
        windows = self._windows[start : start + int(self._counts[at])]
        title = self._titles[self._title[at]]
        return _hit(self._keys[at], float(self._whole[at] @ query), float(title @ query), windows @ query)


def _dots(vectors: NDArray[np.float32], query: Vector) -> NDArray[np.float32]:
    """Not the matrix product: that is spread over all cores, and waits for each of them when they are busy."""
    found: NDArray[np.float32] = np.vecdot(vectors, query)
    return found


def in_order(hits: Iterable[VectorHit]) -> list[VectorHit]:
    """Best first, ties by key."""
    return sorted(hits, key=lambda hit: (-hit.closeness, hit.key))


class _Gate:
    """The filters over all passages at once."""

    def __init__(self, rows: Sequence[VectorRow]) -> None:
        self._collections, self._collection = _coded([row.collection for row in rows])
        self._types, self._type = _coded([row.source_type for row in rows])
        self._first = np.array([_number(row.days.first) for row in rows], np.int32)
        self._last = np.array([_number(row.days.last) for row in rows], np.int32)
        self._known = np.array([_number(row.days.known) for row in rows], np.int32)

    def open(self, filters: Filters) -> NDArray[np.bool_]:
        """True for each passage that may be found."""
        passing = np.ones(len(self._first), bool)
        if filters.collections:
            passing &= _among(self._collections, self._collection, filters.collections)
        if filters.source_types:
            passing &= _among(self._types, self._type, filters.source_types)
        if filters.in_force_on:
            day = _number(filters.in_force_on)
            passing &= (self._first <= day) & (day <= self._last)
        if filters.as_of_since:
            passing &= self._known >= _number(filters.as_of_since)
        return passing


def _coded(names: Sequence[T]) -> tuple[dict[T, int], NDArray[np.int64]]:
    codes = {name: code for code, name in enumerate(dict.fromkeys(names))}
    return codes, np.array([codes[name] for name in names], np.int64)


def _among(codes: dict[str, int], values: NDArray[np.int64], wanted: Sequence[str]) -> NDArray[np.bool_]:
    return np.isin(values, [codes[name] for name in wanted if name in codes])


def _number(day: str) -> int:
    """``2026-01-31`` → 20260131; 0 for no day."""
    return int(day.replace("-", "")) if day else 0
