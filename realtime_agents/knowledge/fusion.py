"""The one rule by which the two legs of a search become one ranking.

Pages are judged, not passages: what a page says is spread over several passages, and the words of a
question may stand in one and its meaning in another. A page is worth the best that each leg finds in
it. Its passages stay as far apart as they are by themselves, the best of them at the page's score,
so one page does not fill the first places. Judging each passage by itself loses 0.03 in hit@5
(benchmarks/retrieval.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from realtime_agents.knowledge.vectors import VectorHit, closeness

VECTOR_WEIGHT = 0.9
"""Weight of the vector leg. Spoken questions share few words with policy text, so a weak lexical
leg must not drag good vectors down: 0.8 and 0.85 lose 0.02 or more in hit@5, 0.95 as much. From 0.88
to 0.92 little changes (benchmarks/retrieval.py)."""
IDENTIFIER_VECTOR_WEIGHT = 0.5
"""The same for a question that names a form or a code, which a vector hardly tells apart."""

Leg = Sequence[tuple[str, float]]
"""(passage id, score) with larger scores better, best first."""


def fuse(
    lexical: Leg, vector: Sequence[VectorHit], vector_weight: float = VECTOR_WEIGHT
) -> list[tuple[str, float]]:
    """Passages by the score of their page, best first, ties by passage id.

    The score of a page is the convex sum of both legs, each scaled so that its best page is 1. When
    one leg is empty the other keeps its own scale, so the best page has at most 1.
    """
    if not lexical or not vector:
        vector_weight = 1.0 if vector else 0.0
    words = {key: max(score, 0.0) for key, score in lexical}
    meaning = {hit.key: hit for hit in vector}
    pages: defaultdict[str, list[str]] = defaultdict(list)
    for key in words | meaning:
        pages[page_of(key)].append(key)
    near = {page: _closest([meaning[key] for key in keys if key in meaning]) for page, keys in pages.items()}
    word_scale = (1.0 - vector_weight) * _scale(words.values())
    meaning_scale = vector_weight * _scale(near.values())
    scores: dict[str, float] = {}
    for page, keys in pages.items():
        alone = {
            key: word_scale * words.get(key, 0.0)
            + meaning_scale * _closest([meaning[key]] if key in meaning else [])
            for key in keys
        }
        together = word_scale * max(words.get(key, 0.0) for key in keys) + meaning_scale * near[page]
        lift = together - max(alone.values())
        scores |= {key: score + lift for key, score in alone.items()}
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def page_of(passage_id: str) -> str:
    """The document of a passage; a name without a place is its own page."""
    return passage_id.rpartition("#")[0] or passage_id


def _closest(hits: Sequence[VectorHit]) -> float:
    """How close passages of one page are together: the best whole and the best window may be of two of them."""
    if not hits:
        return 0.0
    whole, nearest = max(hit.whole for hit in hits), max(hit.nearest for hit in hits)
    return max(closeness(whole, nearest, max(hit.page for hit in hits)), 0.0)


def _scale(scores: Iterable[float]) -> float:
    best = max(scores, default=0.0)
    return 1.0 / best if best > 0 else 0.0
