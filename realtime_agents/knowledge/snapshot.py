"""The vectors of the embedded store in memory, kept in step with the file."""

from __future__ import annotations

import threading

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import rows
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.index import EmbedderTag
from realtime_agents.knowledge.vectors import VectorIndex


class VectorSnapshot:
    """Loads the vectors at first use and after each change, also one by another process."""

    def __init__(self, database: Database, tag: EmbedderTag) -> None:
        self._database = database
        self._tag = tag
        self._lock = threading.Lock()
        self._generation = ""
        self._index = VectorIndex((), tag.dims)

    def current(self) -> VectorIndex:
        """Raises `KnowledgeError` when the stored vectors are of another embedder."""
        with self._lock, self._database.read() as connection:
            if rows.meta(connection, "embedder") != self._tag.id:
                raise KnowledgeError("The stored vectors were made with another embedding model.")
            generation = rows.meta(connection, "generation")
            if generation != self._generation:
                self._index = VectorIndex(rows.all_vectors(connection), self._tag.dims)
                self._generation = generation
            return self._index
