"""What a store of passages must do: the port behind the one knowledge base.

A store finds candidates, keeps documents and switches between versions. It knows nothing of
questions, models or fusion: text analysis, embedding, ranking and citations are the same for all
stores (`base`, `searching`, `writing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from realtime_agents.embedding import Embedder, Vector
from realtime_agents.knowledge.filters import Filters
from realtime_agents.knowledge.passages import PreparedDocument
from realtime_agents.knowledge.port import Document, DocumentInfo, KnowledgeHealth, KnowledgeVersion, Passage
from realtime_agents.knowledge.sentences import Span
from realtime_agents.knowledge.vectors import VECTOR_LAYOUT, VectorHit


@dataclass(frozen=True, slots=True)
class EmbedderTag:
    """Which embedder makes the vectors, and how many numbers each has."""

    id: str
    dims: int


def tag_of(embedder: Embedder) -> EmbedderTag:
    """Vectors must have been made by the same embedder, and be laid out the same."""
    return EmbedderTag(f"{embedder.id}/{VECTOR_LAYOUT}", embedder.dims)


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage and what is needed to choose another summary of it."""

    passage: Passage
    windows: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Candidates wanted of a store. A leg whose part is ``None`` is not asked."""

    terms: tuple[str, ...] | None
    """Analysed words and phrases, any of which may match; empty finds nothing."""
    vector: Vector | None
    filters: Filters
    limit: int
    """At most so many of each leg."""
    deadline: float
    """`time.monotonic` value, in seconds, after which the answer is of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Candidates by passage id, each leg best first, ties by id."""

    lexical: tuple[tuple[str, float], ...] = ()
    """BM25, larger is better."""
    near: tuple[VectorHit, ...] = ()
    beside: tuple[VectorHit, ...] = ()
    """Cosines of what only the lexical leg found, where they come with the same request."""
    stored: Mapping[str, StoredPassage] = field(default_factory=dict)
    """Passages that came with the same request; empty where they are fetched by `passages`."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Legs that failed, and why, in words; the other one still answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a version holds: documents and passages by collection, and when that changed last."""

    collections: Mapping[str, tuple[int, int]]
    changed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A stored passage without vectors. ``key`` is the store's own name for it."""

    key: str
    stored: StoredPassage


class PassageIndex(Protocol):
    """One version of a store. Every method may raise `KnowledgeError`; safe to use from many tasks."""

    @property
    def version(self) -> str: ...

    async def find(self, ask: Ask) -> Found:
        """Candidates of the legs asked for. Raises `TimeoutError` past the deadline."""

    async def cosines(self, vector: Vector, ids: Sequence[str]) -> list[VectorHit]:
        """The given passages as the vector leg would score them; unknown ones are left out."""

    async def passages(self, ids: Sequence[str]) -> dict[str, StoredPassage]: ...

    async def passage_at(self, document_id: str, place: int) -> Passage | None: ...

    async def unused(self, terms: Sequence[str]) -> frozenset[str]:
        """Those of the terms, all known abbreviations, that no passage holds; a server may tell this as of
        the last search."""

    async def document(self, document_id: str) -> Document | None: ...

    async def listed(self, collection: str, after: str, limit: int) -> tuple[DocumentInfo, ...]:
        """Documents in order of id, beginning behind the id ``after``; ``collection`` empty means all."""

    async def holdings(self) -> Holdings: ...

    async def fingerprints(self, ids: Sequence[str]) -> dict[str, str]:
        """Content hashes of those documents that are stored."""

    async def vectors(self, document_ids: Sequence[str]) -> dict[str, bytes]:
        """Stored vectors of documents by passage key."""

    async def write(
        self, documents: Sequence[PreparedDocument], vectors: Mapping[str, bytes]
    ) -> tuple[tuple[str, str], ...]:
        """Put documents in the place of what was there. ``vectors`` are by passage key.

        Returns (id, reason) of documents that were refused; those are as if never written. When it
        raises, a document is either stored whole or will be seen as changed by the next run.
        """

    async def delete(self, ids: Sequence[str]) -> int: ...

    async def waiting(self, limit: int) -> list[Waiting]: ...

    async def waiting_count(self) -> int: ...

    async def set_vectors(self, vectors: Mapping[str, bytes]) -> None:
        """Vectors of `Waiting` passages by their key; passages that are gone are left out."""


class IndexStore(Protocol):
    """All versions of one knowledge base. One is active: it is searched and changed."""

    implementation: str
    one_request: bool
    """True where both legs cost one request, so that the vector is waited for."""

    @property
    def notice(self) -> str: ...

    @property
    def misfit(self) -> str:
        """Why the active version can be neither searched nor changed until it is rebuilt; empty when it can."""

    async def open(self, tag: EmbedderTag | None) -> str:
        """Create or check the active version. ``tag`` is ``None`` without an embedder.

        Returns why vectors cannot be searched, empty when they can. Raises `KnowledgeError` when the
        store cannot be used, with what to do about it.
        """

    async def active(self) -> PassageIndex:
        """The version to search and change. Raises `KnowledgeError` when it is a misfit."""

    async def active_version(self) -> str:
        """Id of that version, even of a misfit. Cheap: asked every second of a file, every ten of a server."""

    async def source(self) -> PassageIndex:
        """The active version to read documents from, even a misfit."""

    async def begin(self) -> PassageIndex:
        """A new, empty version by the rules in use, not active."""

    async def settled(self, version: str) -> None:
        """A version has been loaded: make ready to search it."""

    async def activate(self, version: str) -> None:
        """Switch, in one step for all readers; keep the two newest older versions, drop the rest."""

    async def drop(self, version: str) -> None:
        """Forget a version, unless it is the active one: a switch may have been done that seemed to fail."""

    async def versions(self) -> tuple[KnowledgeVersion, ...]: ...

    async def health(self) -> KnowledgeHealth: ...

    async def close(self) -> None: ...
