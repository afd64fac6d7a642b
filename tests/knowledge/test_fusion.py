from __future__ import annotations

import pytest

from realtime_agents.knowledge.fusion import (
    SUPPORT,
    SUPPORT_DEPTH,
    WORDS_SUPPORT,
    fuse,
    page_of,
    with_page_support,
)


def test_each_leg_is_scaled_to_its_best_and_weighed() -> None:
    fused = dict(fuse([("1", 10.0), ("2", 5.0)], [("2", 0.8), ("3", 0.4)], 0.9))
    assert fused == pytest.approx({"1": 0.1, "2": 0.1 * 0.5 + 0.9, "3": 0.45})


def test_the_best_comes_first_and_ties_go_by_key() -> None:
    assert [key for key, _ in fuse([("9", 1.0), ("4", 1.0)], [("7", 1.0), ("5", 1.0)], 0.5)] == [
        "4",
        "5",
        "7",
        "9",
    ]


def test_a_leg_alone_keeps_the_whole_scale() -> None:
    assert fuse([("1", 4.0), ("2", 1.0)], [], 0.9) == [("1", 1.0), ("2", 0.25)]
    assert fuse([], [("1", 0.5), ("2", 0.25)], 0.9) == [("1", 1.0), ("2", 0.5)]
    assert fuse([], [], 0.9) == []


def test_a_leg_whose_best_is_not_positive_adds_nothing() -> None:
    assert fuse([("1", 1.0)], [("2", 0.0), ("3", -0.2)], 0.9) == [
        ("1", pytest.approx(0.1)),
        ("2", 0.0),
        ("3", 0.0),
    ]


def test_cosines_out_of_order_are_allowed_behind_the_first() -> None:
    fused = fuse([("5", 3.0)], [("1", 0.8), ("2", 0.7), ("5", 0.75)], 0.9)
    assert [key for key, _ in fused] == ["5", "1", "2"]


def test_other_passages_of_a_page_support_its_best_one() -> None:
    ranked = [("a#0", 0.90), ("b#0", 0.89), ("b#1", 0.85), ("b#2", 0.84), ("c#0", 0.50)]
    supported = with_page_support(ranked, [])
    assert [key for key, _ in supported] == ["b#0", "a#0", "b#1", "b#2", "c#0"]
    assert dict(supported)["b#0"] == pytest.approx(0.89 + SUPPORT * (0.35 + 0.34))
    assert dict(supported)["b#1"] == 0.85


def test_a_page_whose_words_match_most_gains_a_little() -> None:
    ranked = [("a#0", 0.8), ("b#0", 0.8), ("c#0", 0.1)]
    supported = dict(with_page_support(ranked, [("b#0", 6.0), ("b#7", 2.0), ("a#0", 4.0)]))
    assert supported["b#0"] == pytest.approx(0.8 + WORDS_SUPPORT)
    assert supported["a#0"] == pytest.approx(0.8 + WORDS_SUPPORT / 2)


def test_a_page_far_down_supports_nothing() -> None:
    ranked = [(f"p{n}#0", 1 - n / 1000) for n in range(SUPPORT_DEPTH)] + [("z#0", 0.2), ("z#1", 0.1)]
    assert dict(with_page_support(ranked, []))["z#0"] == 0.2
    assert with_page_support([], [("a#0", 1.0)]) == []


def test_the_page_of_a_passage_may_hold_the_sign_itself() -> None:
    assert page_of("a#1#b#0") == "a#1#b"
