"""The one rule by which the two legs of a search become one ranking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

VECTOR_WEIGHT = 0.95
"""Weight of the vector leg. Spoken questions share few words with policy text, so a weak
lexical leg must not drag good vectors down; 0.8 loses three points (benchmarks/retrieval.py)."""
IDENTIFIER_VECTOR_WEIGHT = 0.5
"""The same for a question that names a form or a code, which a vector hardly tells apart."""

SUPPORT = 0.15
"""How much the next passages of a page add to its best one."""
SUPPORT_PASSAGES = 5
"""So many passages of a page count, among the first `SUPPORT_DEPTH` of all."""
SUPPORT_DEPTH = 60
WORDS_SUPPORT = 0.03
"""What a page's two best lexical scores together add at most."""

Leg = Sequence[tuple[str, float]]
"""(passage id, score) with larger scores better, best first."""


def fuse(lexical: Leg, vector: Leg, vector_weight: float = VECTOR_WEIGHT) -> list[tuple[str, float]]:
    """Convex sum of both legs, each scaled so that its best score is 1; ties by passage id.

    When one leg is empty the other keeps its own scale, so scores stay in 0..1.
    """
    if not lexical or not vector:
        vector_weight = 1.0 if vector else 0.0
    scores: dict[str, float] = {}
    for leg, weight in ((lexical, 1.0 - vector_weight), (vector, vector_weight)):
        best = leg[0][1] if leg else 1.0
        for key, score in leg:
            scaled = score / best if best > 0 else 0.0
            scores[key] = scores.get(key, 0.0) + weight * scaled
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def with_page_support(ranked: Leg, lexical: Leg) -> list[tuple[str, float]]:
    """The best passage of a page gains from the page's other passages: a page about it says it more than once.

    Gains 0.01 in hit@5 and 0.015 in MRR@10; tuned on half of the questions (benchmarks/retrieval.py).
    Scores may pass 1.
    """
    if not ranked:
        return []
    depth = ranked[:SUPPORT_DEPTH]
    floor = depth[-1][1]
    pages: dict[str, list[float]] = defaultdict(list)
    for key, score in depth:
        pages[page_of(key)].append(score)
    words = _page_words(lexical)
    best = max(words.values(), default=0.0)
    supported: list[tuple[str, float]] = []
    seen: set[str] = set()
    for key, score in ranked:
        page = page_of(key)
        if page not in seen:
            others = pages[page][1:SUPPORT_PASSAGES]
            score += SUPPORT * sum(other - floor for other in others)
            score += WORDS_SUPPORT * words.get(page, 0.0) / best if best > 0 else 0.0
        seen.add(page)
        supported.append((key, score))
    return sorted(supported, key=lambda pair: (-pair[1], pair[0]))


def _page_words(lexical: Leg) -> dict[str, float]:
    """The sum of the two best lexical scores of each page."""
    pages: dict[str, list[float]] = defaultdict(list)
    for key, score in lexical:
        pages[page_of(key)].append(score)
    return {page: sum(sorted(scores)[-2:]) for page, scores in pages.items()}


def page_of(passage_id: str) -> str:
    """The document of a passage."""
    return passage_id.rpartition("#")[0]
