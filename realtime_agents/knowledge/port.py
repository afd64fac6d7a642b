"""The knowledge vocabulary and the `KnowledgeBase` port.

A *document* is one page with a source and a date; it is cut into *passages* (chunks), which are
what is searched, cited and read out. All stores return the two legs of a search (lexical and
vector) and share one fusion rule, so rankings follow one rule whatever the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

SearchMode = Literal["hybrid", "lexical", "vector"]
SourceType = Literal["", "html", "pdf", "markdown", "text", "record"]
"""What kind of file a text was taken from; ``record`` is a line of a JSONL file."""
SOURCE_TYPES: tuple[SourceType, ...] = tuple(name for name in get_args(SourceType) if name)


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
    source_type: SourceType = ""
    published: str | None = None
    """ISO date, ``YYYY-MM`` or ``YYYY`` of publication."""
    effective_from: str | None = None
    """First day on which what it says holds, as for ``published``; ``None`` is since ever."""
    effective_to: str | None = None
    """Last day on which it holds; ``None`` is until further notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentInfo:
    """A stored document without its text."""

    id: str
    collection: str
    title: str
    url: str
    source: str
    as_of: str | None
    source_type: SourceType
    published: str | None
    effective_from: str | None
    effective_to: str | None
    passages: int


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
    source_type: SourceType = ""
    published: str | None = None
    effective_from: str | None = None
    effective_to: str | None = None


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
    """What to search. A filter that is empty lets everything through; both legs obey all filters."""

    text: str
    collections: tuple[str, ...] = ()
    source_types: tuple[SourceType, ...] = ()
    in_force_on: str | None = None
    """ISO date: only documents whose effective dates hold that day."""
    as_of_since: str | None = None
    """ISO date: only documents known to be true on that day or later."""
    limit: int = 8
    mode: SearchMode = "hybrid"
    deadline_ms: int = 2000
    rerank: int | None = None
    """So many first passages are read again by a cross-encoder; ``None`` is as configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Ranked hits. ``degraded`` names what failed, if only in part: ``lexical``, ``vector``, ``rerank``; the rest
    still answered."""

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
    changed: str | None = None
    """ISO time, UTC, of the last change of what is stored; ``None`` when nothing ever was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeVersion:
    """One complete index. Searches and changes go to the active one; the others wait for a `rollback`."""

    id: str
    active: bool
    created: str
    """ISO time, UTC."""
    documents: int
    passages: int
    embedder: str
    """Fingerprint of the embedder its vectors were made with; empty when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenQuery:
    """A question and the documents of which one must be among the first ``within`` found."""

    text: str
    document_ids: tuple[str, ...]
    collections: tuple[str, ...] = ()
    within: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildProgress:
    """How far a rebuild is: documents written of those there are."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeHealth:
    """Which store answers, and how well."""

    implementation: str
    """``embedded`` or ``elasticsearch``."""
    ok: bool
    detail: str
    """For people: what it is, and what to do when ``ok`` is false. Never a secret."""
    answers: bool = True
    """False when nothing useful was heard of it: whoever asks for more would only wait."""


class KnowledgeSearch(Protocol):
    """The part of a knowledge base that tools need."""

    async def search(self, query: Query) -> SearchResult:
        """Ranked hits. Raises `KnowledgeError` when no leg answered in time."""


class KnowledgeBase(KnowledgeSearch, Protocol):
    """What tools, pages and the command line need of a knowledge base.

    Every method may raise `KnowledgeError`. Safe to call from many tasks at once.
    """

    @property
    def notice(self) -> str:
        """What people should know about the state of the store; empty when all is well."""

    async def ensure(self) -> None:
        """Create or open the store and check that it fits the embedder in use."""

    async def upsert(self, documents: Iterable[Document]) -> IngestReport:
        """Add or replace documents by id; unchanged ones are skipped."""

    async def delete(self, document_ids: Sequence[str]) -> int:
        """Remove documents; returns how many there were."""

    async def passage(self, passage_id: str) -> Passage | None: ...

    async def document(self, document_id: str) -> Document | None: ...

    async def documents(
        self, collection: str = "", *, after: str = "", limit: int = 500
    ) -> tuple[DocumentInfo, ...]:
        """Stored documents in order of id, those after the id ``after``: call again for the next page."""

    async def stats(self) -> KnowledgeStats: ...

    async def health(self) -> KnowledgeHealth:
        """Ask the store. Never raises."""

    async def active_version(self) -> str:
        """Id of the version that is searched and changed."""

    async def versions(self) -> tuple[KnowledgeVersion, ...]:
        """All versions kept, newest first."""

    async def rebuild(
        self,
        golden: Sequence[GoldenQuery] = (),
        progress: Callable[[RebuildProgress], None] | None = None,
    ) -> KnowledgeVersion:
        """Make a new version from the stored documents by the rules in use, check it, switch to it at once.

        Searches and changes go on meanwhile. ``golden`` empty asks for stored titles instead. When the
        new version finds clearly less it is dropped and `KnowledgeError` raised; nothing has changed then.
        """

    async def rollback(self, version: str = "") -> KnowledgeVersion:
        """Make another version the active one, at once: the newest older one, or the one named."""

    async def close(self) -> None: ...
