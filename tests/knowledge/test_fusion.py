from __future__ import annotations

import pytest

from realtime_agents.knowledge.fusion import fuse


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
