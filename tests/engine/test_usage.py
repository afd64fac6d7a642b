"""The estimate of tokens and its cache rule."""

from __future__ import annotations

import pytest

from realtime_agents.engine.usage import fit_items, measure, tokens_of
from realtime_agents.protocol.items import ContentPart, MessageItem


def message(text: str) -> MessageItem:
    return MessageItem(id="x", role="user", content=(ContentPart(type="input_text", text=text),))


def cached(pieces: list[str], previous: list[str]) -> int:
    return measure(pieces, previous, 0).input_token_details.cached_tokens


def test_a_token_is_four_characters_rounded_up() -> None:
    assert [tokens_of(t) for t in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]


@pytest.mark.parametrize(("chars", "tokens"), [(508, 0), (512, 128), (767, 128), (768, 192), (4000, 960)])
def test_cached_tokens_are_multiples_of_64_from_128_on(chars: int, tokens: int) -> None:
    assert cached(["x" * chars + "a"], ["x" * chars + "b"]) == tokens


def test_the_common_beginning_ends_at_the_first_piece_that_differs() -> None:
    head = "h" * 1024
    assert cached([head, "same", "new"], [head, "same"]) == 256
    assert cached([head, "t" * 1024], ["x" + head, "t" * 1024]) == 0
    assert cached([head], [head, "more"]) == 256
    assert cached([head], []) == 0


def test_totals_add_up_and_cached_is_inside_input() -> None:
    usage = measure(["x" * 600], ["x" * 600], 9)
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (150, 9, 159)
    assert usage.input_token_details.cached_tokens == 128 <= usage.input_tokens
    assert usage.input_token_details.cached_tokens_details.text_tokens == 128


def test_the_newest_items_are_kept_and_a_cut_leaves_room() -> None:
    items = [message("x" * 40) for _ in range(10)]  # 12 tokens each, with the role
    assert fit_items(items, 0, 1_000) == tuple(items)
    assert len(fit_items(items, 0, 60)) == 5
    assert len(fit_items(items, 24, 60)) == 3
    assert len(fit_items(items, 0, 60, retention=0.5)) == 2
    assert fit_items(items, 100, 60) == ()
