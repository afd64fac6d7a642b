"""From the two legs of a search to the hits that are returned; runs in a worker thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from realtime_agents.knowledge import rows
from realtime_agents.knowledge.analysis import names_identifier, query_terms
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.fusion import IDENTIFIER_VECTOR_WEIGHT, fuse
from realtime_agents.knowledge.legs import VectorLeg
from realtime_agents.knowledge.port import Hit, Passage, Query
from realtime_agents.knowledge.summary import stems, summarise
from realtime_agents.knowledge.vectors import VectorHit


def ranked_hits(
    database: Database,
    leg: VectorLeg | None,
    query: Query,
    lexical: Sequence[tuple[int, float]],
    vector: Sequence[VectorHit],
    vector_weight: float,
) -> tuple[Hit, ...]:
    """The best passages by the fused score; passages deleted in the meantime are left out."""
    terms = query_terms(query.text)
    if names_identifier(terms):
        vector_weight = min(vector_weight, IDENTIFIER_VECTOR_WEIGHT)
    near = {hit.key: hit for hit in _completed(leg, query, lexical, vector)}
    cosines = [(hit.key, hit.cosine) for hit in near.values()]
    ranked = fuse(lexical, cosines, vector_weight)[: max(query.limit, 0)]
    if not ranked:
        return ()
    with database.read() as connection:
        stored = rows.passages(connection, [key for key, _ in ranked])
    words, asked = dict(lexical), stems(terms)
    return tuple(
        Hit(
            passage=_told(stored[key], asked, near.get(key)),
            score=score,
            lexical=words.get(key),
            cosine=near[key].cosine if key in near else None,
        )
        for key, score in ranked
        if key in stored
    )


def _completed(
    leg: VectorLeg | None, query: Query, lexical: Sequence[tuple[int, float]], vector: Sequence[VectorHit]
) -> list[VectorHit]:
    """The vector leg with the cosines of what only the lexical leg found.

    Without them such a passage could never come first: its share of the fused score would be
    less than the difference between the first and the hundredth vector.
    """
    have = {hit.key for hit in vector}
    missing = [key for key, _ in lexical if key not in have]
    if leg is None or not vector or not missing:
        return list(vector)
    return [*vector, *leg.score(query.text, missing)]


def _told(stored: rows.StoredPassage, asked: frozenset[str], hit: VectorHit | None) -> Passage:
    """The passage with the summary that suits the question best."""
    passage = stored.passage
    focus = stored.windows[hit.window] if hit is not None and hit.window is not None else None
    about = stems([passage.title, passage.section])
    start, end = summarise(passage.text, about=about, asked=asked, focus=focus)
    return replace(passage, summary=passage.text[start:end])
