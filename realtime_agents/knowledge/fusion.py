"""The one rule by which the two legs of a search become one ranking."""

from __future__ import annotations

from collections.abc import Sequence

VECTOR_WEIGHT = 0.95
"""Weight of the vector leg. Spoken questions share few words with policy text, so a weak
lexical leg must not drag good vectors down. 0.9 is a point worse, 0.8 three (benchmarks/retrieval.py)."""
IDENTIFIER_VECTOR_WEIGHT = 0.5
"""The same for a question that names a form or a code, which a vector hardly tells apart."""

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
