"""The embedded knowledge base: SQLite FTS5 and vectors in files, no other server needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from realtime_agents.embedding import Embedder, load_embedder
from realtime_agents.knowledge.base import IndexedKnowledgeBase
from realtime_agents.knowledge.fusion import VECTOR_WEIGHT
from realtime_agents.knowledge.sqlite_store import SqliteStore


class EmbeddedKnowledgeBase(IndexedKnowledgeBase):
    """`KnowledgeBase` in SQLite files at and beside ``path``.

    A damaged file is set aside, which `notice` then tells. Vectors that are missing or were made by
    another embedder are made in the background.
    """

    def __init__(
        self,
        path: Path,
        embedder_factory: Callable[[], Embedder] = load_embedder,
        *,
        vector_weight: float = VECTOR_WEIGHT,
        rerank: int = 0,
    ) -> None:
        super().__init__(SqliteStore(path), embedder_factory, vector_weight=vector_weight, rerank=rerank)
        self.path = path
