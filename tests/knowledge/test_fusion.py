from __future__ import annotations

import pytest

from realtime_agents.knowledge.fusion import fuse, page_of
from realtime_agents.knowledge.vectors import VectorHit


def near(key: str, cosine: float, *, nearest: float | None = None, page: float | None = None) -> VectorHit:
    """All three cosines the same unless told otherwise."""
    return VectorHit(
        key, cosine, cosine if nearest is None else nearest, cosine if page is None else page, None
    )


def test_each_leg_is_scaled_to_its_best_and_weighed() -> None:
    fused = dict(fuse([("1", 10.0), ("2", 5.0)], [near("2", 0.8), near("3", 0.4)], 0.9))
    assert fused == pytest.approx({"1": 0.1, "2": 0.1 * 0.5 + 0.9, "3": 0.45})


def test_the_best_comes_first_and_ties_go_by_key() -> None:
    fused = fuse([("9", 1.0), ("4", 1.0)], [near("7", 1.0), near("5", 1.0)], 0.5)
    assert [key for key, _ in fused] == ["4", "5", "7", "9"]


def test_a_leg_alone_keeps_the_whole_scale() -> None:
    assert fuse([("1", 4.0), ("2", 1.0)], [], 0.9) == [("1", 1.0), ("2", 0.25)]
    assert dict(fuse([], [near("1", 0.5), near("2", 0.25)], 0.9)) == pytest.approx({"1": 1.0, "2": 0.5})
    assert fuse([], [], 0.9) == []


def test_a_leg_whose_best_is_not_positive_adds_nothing() -> None:
    fused = fuse([("1", 1.0)], [near("2", 0.0), near("3", -0.2)], 0.9)
    assert fused == [("1", pytest.approx(0.1)), ("2", 0.0), ("3", 0.0)]


def test_cosines_out_of_order_are_allowed_behind_the_first() -> None:
    fused = fuse([("5", 3.0)], [near("1", 0.8), near("2", 0.7), near("5", 0.75)], 0.9)
    assert [key for key, _ in fused] == ["5", "1", "2"]


def test_words_in_one_passage_and_meaning_in_another_speak_for_their_page() -> None:
    words = [("a#0", 4.0), ("b#0", 3.0), ("c#1", 3.0)]
    meaning = [near("c#0", 0.8), near("b#0", 0.7), near("a#0", 0.5)]
    assert next(key for key, _ in fuse(words, meaning, 0.5)) == "c#0"


def test_the_best_passage_stands_at_its_page_and_the_others_as_far_below_as_by_themselves() -> None:
    fused = dict(fuse([("a#1", 2.0)], [near("a#0", 1.0), near("a#1", 0.5)], 0.5))
    assert fused == pytest.approx({"a#0": 0.75, "a#1": 1.0})


def test_a_page_does_not_fill_the_first_places() -> None:
    meaning = [near("a#0", 0.9), near("b#0", 0.85), near("a#1", 0.6), near("a#2", 0.5)]
    assert [key for key, _ in fuse([], meaning, 0.9)] == ["a#0", "b#0", "a#1", "a#2"]


def test_whole_and_window_may_be_of_different_passages_of_the_page() -> None:
    split = [near("a#0", 0.8, nearest=0.4, page=0.6), near("a#1", 0.4, nearest=0.8, page=0.6)]
    one = near("b#0", 0.75, nearest=0.75, page=0.6)
    fused = fuse([], [one, *split], 0.9)
    # Both passages of the page are as close by themselves: the tie goes by id.
    assert [key for key, _ in fused] == ["a#0", "a#1", "b#0"]
    assert fused[0][1] == pytest.approx(1.0)


def test_the_page_of_a_passage_may_hold_the_sign_itself() -> None:
    assert page_of("a#1#b#0") == "a#1#b"
    assert page_of("a") == "a"
