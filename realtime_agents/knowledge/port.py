"""The knowledge vocabulary and the `KnowledgeBase` port.

A *document* is one page with a source and a date; it is cut into *passages* (chunks), which are
what is searched, cited and read out. All stores return the two legs of a search (lexical and
vector) and share one fusion rule, so rankings follow one rule whatever the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

SearchMode = Literal["hybrid", "lexical", "vector"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One page as it was brought in. ``text`` is Markdown; headings start sections."""

    id: str
    title: str
    text: str
    collection: str
    url: str = ""
    source: str = ""
    """Publisher or feed, for people: ``VA.gov``, ``CMS``."""
    as_of: str | None = None
    """ISO date or ``YYYY-MM`` to which the text is known to be true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a document, small enough to quote and to read out."""

    id: str
    """``<document id>#<ordinal>``, stable while the document's text is unchanged."""
    document_id: str
    collection: str
    title: str
    section: str
    """Heading path inside the document, ``"Costs > Part B"``; empty for the lead."""
    url: str
    source: str
    as_of: str | None
    text: str
    summary: str
    """One or two sentences that can be spoken; always a substring of ``text``."""
    char_start: int
    char_end: int
    """Half-open span of ``text`` in the document's text, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage with the score of each leg; ``None`` where a leg did not return it."""

    passage: Passage
    score: float
    """Fused score, comparable inside one result only."""
    lexical: float | None
    """BM25, larger is better."""
    cosine: float | None
    """Cosine similarity of query and passage, -1 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to search. ``collections`` empty means all."""

    text: str
    collections: tuple[str, ...] = ()
    limit: int = 8
    mode: SearchMode = "hybrid"
    deadline_ms: int = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Ranked hits. ``degraded`` names the legs that failed; the others still answered."""

    hits: tuple[Hit, ...]
    top_cosine: float | None
    """Best raw cosine of the vector leg: the value to abstain on."""
    degraded: tuple[str, ...] = ()
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """Outcome of one upsert or ingest. Every document is in exactly one list."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    """(document or file, reason in words)."""
    passages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeStats:
    """Counts per collection: ``{"va": (documents, passages)}``."""

    collections: dict[str, tuple[int, int]] = field(default_factory=dict)
    vectors: bool = True
    """False when no embedder could be loaded and only the lexical leg answers."""


class KnowledgeBase(Protocol):
    """What tools, pages and the command line need of a knowledge base.

    Every method may raise `KnowledgeError`. Safe to call from many tasks at once.
    """

    async def ensure(self) -> None:
        """Create or open the store and check that it fits the embedder in use."""

    async def upsert(self, documents: Iterable[Document]) -> IngestReport:
        """Add or replace documents by id; unchanged ones are skipped."""

    async def delete(self, document_ids: Sequence[str]) -> int:
        """Remove documents; returns how many there were."""

    async def search(self, query: Query) -> SearchResult: ...

    async def passage(self, passage_id: str) -> Passage | None: ...

    async def document(self, document_id: str) -> Document | None: ...

    async def stats(self) -> KnowledgeStats: ...

    async def close(self) -> None: ...
