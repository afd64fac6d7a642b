"""Request bodies for Elasticsearch."""

from __future__ import annotations

import pytest

from realtime_agents.knowledge.elastic.queries import phrase


def test_one_word_is_looked_for_among_words() -> None:
    assert phrase("hospice") == {"match": {"words": "hospice"}}


@pytest.mark.parametrize(
    ("term", "share"),
    [
        ("drug plan", 1),
        ("late-enrollment", 1),
        ("certificate of eligibility", 1 / 2),
        ("21-526-ez form", 1 / 3),
    ],
)
def test_words_in_a_row_are_looked_for_as_pairs_and_count_as_rare_as_one(term: str, share: float) -> None:
    assert phrase(term) == {"match_phrase": {"words.pairs": {"query": term, "boost": share}}}
