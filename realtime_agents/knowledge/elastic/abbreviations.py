"""Which known abbreviations no passage uses: every search counts them, and the question after it knows.

The server answers the count from its cache as long as nothing changed. So what is known is never
older than the last question, whoever wrote or switched the version, and costs no request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_agents.knowledge.analysis import ABBREVIATIONS
from realtime_agents.knowledge.elastic.queries import phrase

COUNTING: Mapping[str, Any] = {
    "size": 0,
    # Always the same: a request that differs is not answered from the cache.
    "timeout": "200ms",
    "track_total_hits": False,
    "aggs": {"uses": {"filters": {"filters": {term: phrase(term) for term in ABBREVIATIONS}}}},
}
"""A search that counts the passages in which each one stands."""


@dataclass(slots=True)
class Unused:
    """Known abbreviations that no passage uses, as the last answer told."""

    terms: frozenset[str] = frozenset()
    """Empty before the first answer: a question is then embedded as it was asked."""

    def follow(self, answer: Mapping[str, Any]) -> None:
        """Take over what an answer to `COUNTING` tells; one that failed or is not whole tells nothing."""
        uses = answer.get("aggregations", {}).get("uses", {}).get("buckets", {})
        whole = not answer.get("timed_out") and not answer.get("_shards", {}).get("failed")
        if whole and uses.keys() == ABBREVIATIONS.keys():
            self.terms = frozenset(term for term, use in uses.items() if not use["doc_count"])
