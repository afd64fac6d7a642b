"""A question answered from one index: analysis, both legs in time, fusion, summaries.

The same for every store, so rankings follow one rule. A leg that fails or takes too long is left
out and named; the other one answers. So is what comes after the legs, but for the texts of the best.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from realtime_agents.embedding import Embedder, Vector
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.analysis import abbreviations, names_identifier, query_terms, search_terms
from realtime_agents.knowledge.chunking import embedded_text
from realtime_agents.knowledge.filters import filters_of
from realtime_agents.knowledge.fusion import IDENTIFIER_VECTOR_WEIGHT, fuse
from realtime_agents.knowledge.index import Ask, Found, PassageIndex, StoredPassage
from realtime_agents.knowledge.port import Hit, Passage, Query, SearchResult
from realtime_agents.knowledge.rerank import Reranker, blended
from realtime_agents.knowledge.summary import stems, summarise
from realtime_agents.knowledge.vectors import VectorHit

logger = logging.getLogger(__name__)

T = TypeVar("T")

LEG_LIMIT = 100
"""Candidates of each leg; 50 lost a point of hit@5, more than 100 changed nothing."""
MAX_QUERY_CHARS = 4_000
"""A longer question is cut; the embedder reads about 512 tokens of it."""
EMBEDDING_SHARE = 0.5
"""Part of the deadline that a store which answers both legs at once waits for the vector."""
FETCHING_SHARE = 0.25
"""Part of the deadline that a leg which does not answer leaves for fetching what the other one found."""
COSINES_SHARE = 0.5
"""Part of the time that is left which they may take: the texts, without which there is no answer, come after."""
SUMMARIES_SHARE = 0.05
"""Part of the deadline that reranking leaves for choosing summaries."""
WORKERS = 3


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a leg gave no answer."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Legs:
    """What both legs found."""

    found: Found
    vector: Vector | None = None
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Question:
    """A query, analysed."""

    query: Query
    terms: tuple[str, ...]
    deadline: float
    """Of the whole answer, as a `time.monotonic` value."""

    @property
    def legs_until(self) -> float:
        return self.deadline - FETCHING_SHARE * self.query.deadline_ms / 1000

    @property
    def cosines_until(self) -> float:
        now = time.monotonic()
        return now + COSINES_SHARE * (self.deadline - now)

    @property
    def rerank_until(self) -> float:
        return self.deadline - SUMMARIES_SHARE * self.query.deadline_ms / 1000

    @property
    def size(self) -> int:
        return max(LEG_LIMIT, 2 * self.query.limit)

    def ask(self, terms: tuple[str, ...] | None, vector: Vector | None) -> Ask:
        return Ask(
            terms=terms,
            vector=vector,
            filters=filters_of(self.query),
            limit=self.size,
            deadline=self.legs_until,
        )


class Searcher:
    """Searches any index. Owns the threads in which questions are embedded and summaries chosen."""

    def __init__(
        self,
        embedder: Embedder | None,
        vector_weight: float,
        rerank: int = 0,
        reranker: Reranker | None = None,
    ) -> None:
        self._embedder = embedder
        self._vector_weight = vector_weight
        self._rerank = rerank
        self._reranker = reranker or Reranker()
        self._workers = ThreadPoolExecutor(WORKERS, "knowledge-ask")

    async def search(
        self,
        index: PassageIndex,
        query: Query,
        *,
        one_request: bool = False,
        no_vectors: str = "",
        started: float | None = None,
    ) -> SearchResult:
        """Raises `KnowledgeError` when no leg answered in time. ``no_vectors`` tells why that leg is off.

        ``started`` is the `time.monotonic` value from which the deadline counts; now when not given.
        """
        started = time.monotonic() if started is None else started
        query = replace(query, text=query.text[:MAX_QUERY_CHARS])
        question = _Question(query, query_terms(query.text), started + query.deadline_ms / 1000)
        legs = await (self._together if one_request else self._apart)(index, question, no_vectors)
        asked = 1 if query.mode != "hybrid" else 2
        if len(legs.failures) >= asked:
            reasons = " ".join(dict.fromkeys(legs.failures.values()))
            raise KnowledgeError(f"The knowledge base did not answer. {reasons}")
        hits, left_out = await self._ranked(index, question, legs)
        near = legs.found.near
        failed = {*legs.failures, *left_out}
        return SearchResult(
            hits=hits,
            top_cosine=max((hit.cosine for hit in near), default=None),
            degraded=tuple(name for name in ("lexical", "vector", "rerank") if name in failed),
            duration_ms=(time.monotonic() - started) * 1000,
        )

    async def close(self) -> None:
        """Wait for what is running. Safe to call again."""
        await asyncio.to_thread(self._workers.shutdown, cancel_futures=True)

    async def _apart(self, index: PassageIndex, question: _Question, no_vectors: str) -> _Legs:
        """Words are searched while the question is embedded."""
        mode = question.query.mode
        wanted: dict[str, Coroutine[Any, Any, Any]] = {}
        if mode != "vector":
            wanted["lexical"] = self._words(index, question)
        if mode != "lexical":
            wanted["vector"] = self._meaning(index, question, no_vectors)
        answers = await asyncio.gather(
            *(_in_time(name, leg, question.legs_until) for name, leg in wanted.items())
        )
        failures = {n: a.reason for n, a in zip(wanted, answers, strict=True) if isinstance(a, _Failure)}
        told = {n: a for n, a in zip(wanted, answers, strict=True) if not isinstance(a, _Failure)}
        near, vector = told.get("vector", ((), None))
        return _Legs(
            found=Found(lexical=told.get("lexical", ()), near=near), vector=vector, failures=failures
        )

    async def _words(self, index: PassageIndex, question: _Question) -> tuple[tuple[str, float], ...]:
        terms = search_terms(question.query.text)
        return (await index.find(question.ask(terms, None))).lexical if terms else ()

    async def _meaning(
        self, index: PassageIndex, question: _Question, no_vectors: str
    ) -> tuple[tuple[VectorHit, ...], Vector | None]:
        vector = await self._vector(index, question, no_vectors)
        if vector is None:
            return (), None
        return (await index.find(question.ask(None, vector))).near, vector

    async def _together(self, index: PassageIndex, question: _Question, no_vectors: str) -> _Legs:
        """The question is embedded first, then one request brings both legs."""
        mode, failures, vector = question.query.mode, {}, None
        if mode != "lexical":
            left = question.legs_until - time.monotonic()
            until = question.legs_until if mode == "vector" else time.monotonic() + left * EMBEDDING_SHARE
            made = await _in_time("vector", self._vector(index, question, no_vectors), until)
            if isinstance(made, _Failure):
                failures["vector"] = made.reason
            else:
                vector = made
        terms = search_terms(question.query.text) if mode != "vector" else None
        if not terms and vector is None:
            return _Legs(found=Found(), failures=failures)
        found = await _in_time("whole", index.find(question.ask(terms, vector)), question.legs_until)
        if isinstance(found, _Failure):
            legs = ("lexical", "vector") if mode == "hybrid" else (mode,)
            return _Legs(found=Found(), failures=dict.fromkeys(legs, found.reason))
        return _Legs(found=found, vector=vector, failures={**found.failures, **failures})

    async def _vector(self, index: PassageIndex, question: _Question, no_vectors: str) -> Vector | None:
        """The question's vector, with the meaning of abbreviations that no passage uses behind it.

        Where passages use them too (``SNF``, ``DME``) spelling out lost a place or more of each
        question; where they do not (``TDIU``) the model alone finds nothing. None for a text without
        any words.
        """
        embedder, text = self._embedder, question.query.text
        if embedder is None or no_vectors:
            raise KnowledgeError(no_vectors or "There is no embedding model to search with.")
        if not text.strip():
            return None
        if known := abbreviations(text):
            unused = await index.unused(tuple(known))
            if foreign := [meaning for term, meaning in known.items() if term in unused]:
                text = f"{text} ({', '.join(foreign)})"
        return await asyncio.get_running_loop().run_in_executor(self._workers, embedder.embed_query, text)

    async def _ranked(
        self, index: PassageIndex, question: _Question, legs: _Legs
    ) -> tuple[tuple[Hit, ...], Sequence[str]]:
        """The best passages, and what had to be left out; those deleted in the meantime are not among them."""
        weight, limit = self._vector_weight, max(question.query.limit, 0)
        if names_identifier(question.terms):
            weight = min(weight, IDENTIFIER_VECTOR_WEIGHT)
        left_out: list[str] = []
        beside = await _in_time("vector", _beside(index, legs), question.cosines_until)
        if isinstance(beside, _Failure):
            logger.warning("Not all cosines were found", extra={"reason": beside.reason})
            left_out.append("vector")
            beside = legs.found.beside
        near = {hit.key: hit for hit in (*legs.found.near, *beside)}
        ranked = fuse(legs.found.lexical, tuple(near.values()), weight)
        asked = question.query.rerank if question.query.rerank is not None else self._rerank
        again = asked if question.query.mode == "hybrid" and limit else 0
        ranked = ranked[: max(limit, again)]
        if not ranked:
            return (), left_out
        stored = dict(legs.found.stored)
        if missing := [key for key, _ in ranked if key not in stored]:
            async with _before(question.deadline):
                stored |= await index.passages(missing)
        ranked = [(key, score) for key, score in ranked if key in stored]
        if again and len(ranked) > 1:
            order = await self._worked(
                "rerank", partial(self._reranked, question, ranked, again, stored), question.rerank_until
            )
            if isinstance(order, _Failure):
                logger.warning("Not reranked", extra={"reason": order.reason})
                left_out.append("rerank")
            else:
                ranked = order
        hits = _hits(ranked[:limit], stored, near, dict(legs.found.lexical))
        told = await self._worked(
            "summary", partial(_summarised, hits, stored, near, question.terms), question.deadline
        )
        return hits if isinstance(told, _Failure) else told, left_out

    async def _worked(self, name: str, work: Callable[[], T], deadline: float) -> T | _Failure:
        """What a thread makes of it, unless it takes too long."""

        async def run() -> T:
            return await asyncio.get_running_loop().run_in_executor(self._workers, work)

        return await _in_time(name, run(), deadline)

    def _reranked(
        self,
        question: _Question,
        ranked: Sequence[tuple[str, float]],
        count: int,
        stored: Mapping[str, StoredPassage],
    ) -> list[tuple[str, float]]:
        """Raises `KnowledgeError` when the model is not there, `TimeoutError` when it takes too long."""
        passages = [stored[key].passage for key, _ in ranked[:count]]
        texts = [embedded_text(passage.title, passage.section, passage.text) for passage in passages]
        return blended(ranked, self._reranker.logits(question.query.text, texts, question.rerank_until))


def _hits(
    ranked: Sequence[tuple[str, float]],
    stored: Mapping[str, StoredPassage],
    near: Mapping[str, VectorHit],
    words: Mapping[str, float],
) -> tuple[Hit, ...]:
    return tuple(
        Hit(
            passage=stored[key].passage,
            score=score,
            lexical=words.get(key),
            cosine=near[key].cosine if key in near else None,
        )
        for key, score in ranked
    )


async def _beside(index: PassageIndex, legs: _Legs) -> Sequence[VectorHit]:
    """The cosines of what only the lexical leg found.

    Without them such a passage could never come first: its share of the fused score would be
    less than the difference between the first and the hundredth vector.
    """
    found = legs.found
    if legs.vector is None or not found.near:
        return ()
    have = {hit.key for hit in (*found.near, *found.beside)}
    missing = [key for key, _ in found.lexical if key not in have]
    more = await index.cosines(legs.vector, missing) if missing else []
    return (*found.beside, *more)


def _summarised(
    hits: Sequence[Hit],
    stored: Mapping[str, StoredPassage],
    near: Mapping[str, VectorHit],
    terms: tuple[str, ...],
) -> tuple[Hit, ...]:
    """With the summaries that suit the question best, in the place of those chosen when they were stored."""
    asked = stems(terms)
    return tuple(
        replace(hit, passage=_told(stored[hit.passage.id], asked, near.get(hit.passage.id))) for hit in hits
    )


def _told(stored: StoredPassage, asked: frozenset[str], hit: VectorHit | None) -> Passage:
    """The passage with the summary that suits the question best."""
    passage, focus = stored.passage, None
    # A passage that was cut anew since it was scored may have fewer windows.
    if hit is not None and hit.window is not None and hit.window < len(stored.windows):
        focus = stored.windows[hit.window]
    about = stems([passage.title, passage.section])
    start, end = summarise(passage.text, about=about, asked=asked, focus=focus)
    return replace(passage, summary=passage.text[start:end])


@asynccontextmanager
async def _before(deadline: float) -> AsyncIterator[None]:
    """What comes after the legs, and without which there is no answer."""
    try:
        async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
            yield
    except TimeoutError as error:
        raise KnowledgeError("The knowledge base did not answer. Its passages took too long.") from error


async def _in_time(name: str, part: Coroutine[Any, Any, T], deadline: float) -> T | _Failure:
    """The answer of a part, or why there is none: one failing part must not take the others with it."""
    try:
        async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
            return await part
    except TimeoutError:
        return _Failure(f"The {name} search took too long.")
    except KnowledgeError as error:
        return _Failure(str(error))
    except Exception:
        logger.exception("A part of the knowledge search failed", extra={"part": name})
        return _Failure(f"The {name} search failed.")
