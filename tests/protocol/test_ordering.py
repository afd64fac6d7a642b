from __future__ import annotations

import itertools
import random

import pytest

from realtime_agents.protocol.items import UNSET, Unset
from realtime_agents.protocol.ordering import ROOT, ItemOrder

CHAIN: list[tuple[str, str | Unset | None]] = [("a", None), ("b", "a"), ("c", "b"), ("d", "c"), ("e", "d")]


def placed(*steps: tuple[str, str | Unset | None]) -> list[str]:
    order = ItemOrder()
    for item_id, previous in steps:
        order.place(item_id, previous)
    return list(order)


def test_a_chain_reads_in_order_whatever_order_it_arrives_in() -> None:
    for arrival in itertools.permutations(CHAIN):
        assert placed(*arrival) == ["a", "b", "c", "d", "e"]


def test_an_item_between_two_others_goes_between_them() -> None:
    assert placed(("a", None), ("b", "a"), ("x", "a"), ("y", "x")) == ["a", "x", "y", "b"]


def test_items_without_a_word_about_their_place_go_to_the_end() -> None:
    assert placed(("a", UNSET), ("b", UNSET), ("c", UNSET)) == ["a", "b", "c"]
    assert placed(("a", None), ("b", "a"), ("x", "a"), ("c", UNSET)) == ["a", "x", "b", "c"]


def test_the_first_null_is_the_start_and_later_nulls_go_to_the_end() -> None:
    assert placed(("b", "a"), ("a", None)) == ["a", "b"]
    assert placed(("a", None), ("b", None), ("c", None)) == ["a", "b", "c"]


def test_an_item_that_was_only_guessed_to_be_first_makes_room_for_the_first() -> None:
    order = ItemOrder()
    order.place("answer", UNSET)
    order.place("question", None)
    assert list(order) == ["question", "answer"]
    order.place("answer", "question")
    assert list(order) == ["question", "answer"]


def test_a_guessed_place_gives_way_to_a_told_one_that_contradicts_it() -> None:
    order = ItemOrder()
    order.place("start", None)
    order.place("answer", UNSET)
    order.place("question", UNSET)
    assert list(order) == ["start", "answer", "question"]
    assert order.place("answer", "question")
    assert list(order) == ["start", "question", "answer"]


def test_root_always_is_the_start() -> None:
    assert placed(("a", None), ("b", "a"), ("z", ROOT)) == ["z", "a", "b"]


def test_an_item_after_an_unknown_one_waits_at_the_end_and_moves_when_it_arrives() -> None:
    order = ItemOrder()
    order.place("a", None)
    order.place("c", "b")
    order.place("d", "c")
    order.place("z", "a")
    assert list(order) == ["a", "z", "c", "d"]
    assert order.place("b", "a")
    assert list(order) == ["a", "b", "c", "d", "z"]


def test_an_awaited_item_that_comes_without_a_place_stays_before_those_who_waited() -> None:
    assert placed(("a", None), ("c", "b"), ("b", UNSET), ("d", UNSET)) == ["a", "b", "c", "d"]


def test_an_item_at_the_end_for_now_moves_to_its_place_once_it_is_known() -> None:
    order = ItemOrder()
    for item_id, previous in [("u1", None), ("a1", UNSET), ("u2", "a1")]:
        order.place(item_id, previous)
    order.place("x", UNSET)
    assert order.place("x", "u1")
    assert list(order) == ["u1", "x", "a1", "u2"]
    assert not order.place("x", "u1")
    assert not order.place("x", UNSET)


def test_removed_items_leave_the_places_of_others_alone_even_of_late_ones() -> None:
    order = ItemOrder()
    for item_id, previous in CHAIN:
        order.place(item_id, previous)
    order.discard("b")
    order.discard("e")
    order.place("late", "b")
    order.place("last", UNSET)
    assert list(order) == ["a", "late", "c", "d", "last"]
    assert len(order) == 5
    assert "b" not in order


@pytest.mark.parametrize(
    "steps",
    [
        [("a", "a")],
        [("a", "b"), ("b", "a")],
        [("a", "b"), ("b", "c"), ("c", "a")],
        [(ROOT, None), (ROOT, "a")],
    ],
)
def test_circles_of_predecessors_lose_no_item_and_end(steps: list[tuple[str, str]]) -> None:
    ids = {item_id for item_id, _ in steps} - {ROOT}
    order = ItemOrder()
    for item_id, previous in steps:
        order.place(item_id, previous)
    order.place("z", UNSET)
    read = list(order)
    assert set(read) == ids | {"z"}
    assert len(read) == len(order)


def test_the_previous_item_is_the_one_it_was_placed_after() -> None:
    order = ItemOrder()
    order.place("a", None)
    order.place("b", UNSET)
    assert (order.previous("a"), order.previous("b"), order.previous("x")) == (None, "a", None)


def test_random_placing_moving_and_removing_agrees_with_a_plain_list() -> None:
    rng = random.Random(7)
    for _ in range(150):
        order, plain = ItemOrder(), list[str]()
        for n in range(40):
            choices: list[str | Unset | None] = [*plain, UNSET, ROOT]
            previous = rng.choice(choices) if plain else None
            order.place(f"i{n}", previous)
            if previous in (None, ROOT):
                plain.insert(0, f"i{n}")
            elif isinstance(previous, str):
                plain.insert(plain.index(previous) + 1, f"i{n}")
            else:
                plain.append(f"i{n}")
            if rng.random() < 0.2:
                gone = plain.pop(rng.randrange(len(plain)))
                order.discard(gone)
        assert list(order) == plain


def test_a_long_chain_that_arrives_backwards_neither_recurses_nor_loses_order() -> None:
    order = ItemOrder()
    for n in reversed(range(20_000)):
        order.place(str(n), str(n - 1) if n else None)
    order.place("end", UNSET)
    assert list(order) == [str(n) for n in range(20_000)] + ["end"]
