from __future__ import annotations

import numpy as np
import pytest

from realtime_agents.embedding import Vector
from realtime_agents.knowledge.filters import Filters
from realtime_agents.knowledge.vectors import VectorHit, VectorIndex, VectorRow, scored


def unit(*values: float) -> Vector:
    vector = np.array(values, np.float32)
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def row(key: int, collection: str, *vectors: Vector) -> VectorRow:
    """The first vector is the whole passage's; its title's is as near to any query as that."""
    return VectorRow(f"{key:02}", collection, np.stack([vectors[0], *vectors]).astype("<f2").tobytes())


X, Y, Z = unit(1, 0, 0), unit(0, 1, 0), unit(0, 0, 1)


def test_an_empty_index_finds_nothing() -> None:
    index = VectorIndex([], 3)
    assert index.search(X, Filters(), 10) == []
    assert index.score(X, ["01"]) == []


def test_a_passage_without_windows_scores_its_cosine() -> None:
    index = VectorIndex([row(1, "a", X), row(2, "a", unit(1, 1, 0))], 3)
    hits = index.search(X, Filters(), 10)
    assert [hit.key for hit in hits] == ["01", "02"]
    assert [hit.cosine for hit in hits] == pytest.approx([1.0, 0.7071], abs=1e-3)
    assert [hit.window for hit in hits] == [None, None]


def test_a_passage_with_windows_shows_the_mean_of_whole_and_nearest() -> None:
    index = VectorIndex([row(1, "a", Z), row(2, "a", Y, Z, X, Y), row(3, "a", X, Z, Z)], 3)
    hits = index.search(X, Filters(), 10)
    assert [(hit.key, round(hit.cosine, 3), hit.window) for hit in hits] == [
        ("03", 0.5, 0),  # its title is nearer
        ("02", 0.5, 1),
        ("01", 0.0, None),
    ]
    assert [round(hit.closeness, 3) for hit in hits] == [round(0.88 * 0.5 + 0.12, 3), 0.44, 0.0]


def test_the_title_decides_the_order_and_not_what_is_shown() -> None:
    rows = [
        VectorRow("a#0", "a", np.stack([Y, X]).astype("<f2").tobytes()),
        VectorRow("b#0", "a", np.stack([Y, Z]).astype("<f2").tobytes()),
    ]
    first, second = VectorIndex(rows, 3).search(X, Filters(), 10)
    assert (first.key, first.page, second.page) == ("a#0", 1.0, 0.0)
    assert (first.cosine, second.cosine) == (0.0, 0.0)
    assert scored("a#0", rows[0].blob, X) == first == VectorHit("a#0", 0.0, 0.0, 1.0, None)


def test_collections_limit_the_search() -> None:
    index = VectorIndex([row(1, "a", X), row(2, "b", X), row(3, "c", X, X, X)], 3)
    assert [hit.key for hit in index.search(X, Filters(collections=("b", "c", "nothing")), 10)] == [
        "02",
        "03",
    ]
    assert index.search(X, Filters(collections=("nothing",)), 10) == []


def test_the_limit_keeps_the_best_and_ties_go_by_key() -> None:
    rows = [row(key, "a", unit(1, key % 3, 0)) for key in range(1, 30)]
    index = VectorIndex(rows, 3)
    whole = index.search(X, Filters(), 29)
    assert [hit.key for hit in whole[:9]] == [f"{key:02}" for key in range(3, 28, 3)]
    assert sorted(hit.cosine for hit in index.search(X, Filters(), 12)) == sorted(
        hit.cosine for hit in whole[:12]
    )


def test_the_score_of_a_passage_is_the_one_the_search_gives() -> None:
    chance = np.random.default_rng(7)
    rows = [
        row(key, "a", *(unit(*chance.normal(size=8)) for _ in range(1 + key % 4))) for key in range(10, 60, 3)
    ]
    index = VectorIndex(rows, 8)
    query = unit(*chance.normal(size=8))
    found = index.search(query, Filters(), 100)
    assert len(found) == len(rows)
    again = {hit.key: hit for hit in index.score(query, [hit.key for hit in found] + ["11", "", "999"])}
    assert set(again) == {hit.key for hit in found}
    for hit in found:
        assert again[hit.key].cosine == pytest.approx(hit.cosine, abs=1e-6)
        assert again[hit.key].closeness == pytest.approx(hit.closeness, abs=1e-6)
        assert again[hit.key].window == hit.window
