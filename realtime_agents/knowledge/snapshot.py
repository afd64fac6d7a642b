"""The vectors of the embedded store in memory, kept in step with the file.

What this process changes is added to what is in memory: an ingest beside which people search does not
load everything anew with each batch. A change by another process is not known so well, and loads all.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime_agents.embedding import Vector
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import rows
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.filters import Filters
from realtime_agents.knowledge.index import EmbedderTag
from realtime_agents.knowledge.vectors import VectorHit, VectorIndex, in_order

MERGED_BELOW = 2
"""A layer not this many times as large as the next younger one is merged with it: so there are few."""
MAX_CHANGES = 1_000
"""Changes kept for those who search; when nobody did for so long, all is loaded anew."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Some of the passages; those that were changed since are hidden and stand in a younger layer."""

    index: VectorIndex
    hidden: NDArray[np.bool_]

    def __len__(self) -> int:
        """Passages that are not hidden."""
        return len(self.index) - int(np.count_nonzero(self.hidden))

    def without(self, documents: Sequence[str]) -> Layer:
        places = [place for name in documents for place in self.index.places_of(name)]
        if not places:
            return self
        hidden = self.hidden.copy()
        hidden[places] = True
        return Layer(self.index, hidden)

    def documents(self) -> set[str]:
        keys = self.index.keys
        return {keys[int(place)].rpartition("#")[0] for place in np.flatnonzero(~self.hidden)}


@dataclass(frozen=True, slots=True)
class VectorLayers:
    """An immutable view of all vectors: layers, the oldest and largest first."""

    layers: tuple[Layer, ...] = ()

    def __len__(self) -> int:
        return sum(len(layer) for layer in self.layers)

    def search(self, query: Vector, filters: Filters, limit: int) -> list[VectorHit]:
        """As `VectorIndex.search` over all layers."""
        found = (layer.index.search(query, filters, limit, layer.hidden) for layer in self.layers)
        return in_order(hit for hits in found for hit in hits)[:limit]

    def score(self, query: Vector, keys: Sequence[str]) -> list[VectorHit]:
        """As `VectorIndex.score` over all layers."""
        return [hit for one in self.layers for hit in one.index.score(query, keys, one.hidden)]

    def changed(self, documents: Sequence[str], index: VectorIndex) -> VectorLayers:
        """``documents`` are as in ``index`` from now on, or gone."""
        kept = [layer.without(documents) for layer in self.layers]
        return VectorLayers(tuple(layer for layer in (*kept, _layer(index)) if len(layer)))

    def to_merge(self) -> int:
        """How many of the youngest layers should be one; less than two when all is well."""
        size, count = 0, 0
        for layer in reversed(self.layers):
            if count and len(layer) > MERGED_BELOW * size:
                break
            size, count = size + len(layer), count + 1
        return count


class VectorSnapshot:
    """Loads the vectors at first use, and follows each change."""

    def __init__(self, database: Database, tag: EmbedderTag) -> None:
        self._database = database
        self._tag = tag
        self._lock = threading.Lock()
        self._generation = -1
        """Of the file when it was read; -1 before."""
        self._vectors = VectorLayers()
        self._changes: dict[int, Sequence[str] | None] = {}
        """Documents that a generation changed."""

    def current(self) -> VectorLayers:
        """Raises `KnowledgeError` when the stored vectors are of another embedder."""
        with self._lock, self._database.read() as connection:
            if rows.meta(connection, "embedder") != self._tag.id:
                raise KnowledgeError("The stored vectors were made with another embedding model.")
            generation = int(rows.meta(connection, "generation"))
            if generation != self._generation:
                changed = self._changed_until(generation)
                index = VectorIndex(rows.vectors(connection, changed), self._tag.dims)
                before = VectorLayers() if changed is None else self._vectors
                self._vectors = before.changed(changed or (), index)
                self._generation = generation
                self._changes.clear()
            return self._vectors

    @contextmanager
    def committing(self, generation: int, documents: Sequence[str] | None) -> Iterator[None]:
        """Around the commit that makes ``generation``; ``documents`` is None when all may have changed."""
        with self._lock:
            yield
            if self._generation >= 0:
                self._changes[generation] = documents
                if len(self._changes) > MAX_CHANGES:
                    self._changes.clear()

    def tidy(self) -> None:
        """Follow the changes and merge layers, in the thread that writes: those who search never wait for it."""
        if self._generation < 0:
            return
        before = self.current()
        count = before.to_merge()
        if count < 2:
            return
        kept, young = before.layers[:-count], before.layers[-count:]
        names = sorted(set().union(*(layer.documents() for layer in young)))
        with self._database.read() as connection:
            generation = int(rows.meta(connection, "generation"))
            index = VectorIndex(rows.vectors(connection, names), self._tag.dims)
        with self._lock:
            if self._vectors is before and self._generation == generation:
                self._vectors = VectorLayers((*kept, _layer(index)))

    def _changed_until(self, generation: int) -> Sequence[str] | None:
        """Documents changed since the vectors were read; None when that is not known."""
        if self._generation < 0:
            return None
        found: dict[str, None] = {}
        for one in range(self._generation + 1, generation + 1):
            names = self._changes.get(one)
            if names is None:
                return None
            found.update(dict.fromkeys(names))
        return tuple(found)


def _layer(index: VectorIndex) -> Layer:
    return Layer(index, np.zeros(len(index), bool))
