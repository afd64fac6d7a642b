"""The two legs of a search in the embedded store; both run in worker threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from realtime_agents.embedding import Embedder, Vector
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import rows
from realtime_agents.knowledge.analysis import abbreviations, expanded, query_terms
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.vectors import VectorHit, VectorIndex


def lexical_leg(
    database: Database, text: str, collections: Sequence[str], limit: int, deadline: float
) -> list[tuple[int, float]]:
    """Passage numbers and BM25, best first. Raises `TimeoutError` past the deadline."""
    terms = expanded(query_terms(text))
    with database.read(deadline) as connection:
        return rows.lexical(connection, terms, collections, limit)


class VectorLeg:
    """Searches a snapshot of the vectors that follows the file, also when another process writes it."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self.embedder = embedder
        self._lock = threading.Lock()
        self._generation = ""
        self._index = VectorIndex((), embedder.dims)

    def search(self, text: str, collections: Sequence[str], limit: int) -> list[VectorHit]:
        """The nearest passages, best first; none for a text without any words."""
        if not text.strip():
            return []
        return self._current().search(self._embedded(text), collections, limit)

    def score(self, text: str, keys: Sequence[int]) -> list[VectorHit]:
        """Cosines of passages that the other leg found."""
        return self._current().score(self._embedded(text), keys)

    def _embedded(self, text: str) -> Vector:
        """The question's vector, with the meaning of abbreviations that no passage uses behind it.

        Where passages use them too (``SNF``, ``DME``) spelling out lost a place or more of each
        question; where they do not (``TDIU``) the model alone finds nothing.
        """
        known = abbreviations(text)
        if known:
            with self._database.read() as connection:
                foreign = [
                    meaning for term, meaning in known.items() if not rows.holds_term(connection, term)
                ]
            text = f"{text} ({', '.join(foreign)})" if foreign else text
        return self.embedder.embed_query(text)

    def _current(self) -> VectorIndex:
        with self._lock, self._database.read() as connection:
            if rows.meta(connection, "embedder") != self.embedder.id:
                raise KnowledgeError("The stored vectors were made with another embedding model.")
            generation = rows.meta(connection, "generation")
            if generation != self._generation:
                self._index = VectorIndex(rows.all_vectors(connection), self.embedder.dims)
                self._generation = generation
            return self._index
