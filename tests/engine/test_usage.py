"""The estimate of tokens and its cache rule."""

from __future__ import annotations

import pytest

from realtime_agents.engine.usage import InputPiece, fitting, item_piece, measure, tokens_of, with_audio
from realtime_agents.protocol.items import ContentPart, MessageItem, Role


def message(text: str) -> MessageItem:
    return MessageItem(id="x", role="user", content=(ContentPart(type="input_text", text=text),))


def pieces(*texts: str) -> list[InputPiece]:
    return [InputPiece(text) for text in texts]


def cached(now: list[str], before: list[str]) -> int:
    return measure(pieces(*now), pieces(*before), 0).input_token_details.cached_tokens


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
    usage = measure(pieces("x" * 600), pieces("x" * 600), 9)
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (150, 9, 159)
    assert usage.input_token_details.cached_tokens == 128 <= usage.input_tokens
    assert usage.input_token_details.cached_tokens_details.text_tokens == 128


def test_the_newest_items_are_kept_and_a_cut_leaves_room() -> None:
    items = [item_piece(message("x" * 40)) for _ in range(10)]  # 12 tokens each, with the role
    assert fitting(items, 1_000) == 10
    assert fitting(items, 60) == 5
    assert fitting(items, 36) == 3
    assert fitting(items, 60, retention=0.5) == 2
    assert fitting(items, -40) == 0


def spoken(role: Role, transcript: str) -> MessageItem:
    kind = "input_audio" if role == "user" else "output_audio"
    return MessageItem(id="x", role=role, content=(ContentPart(type=kind, transcript=transcript),))


def test_a_person_counts_one_token_per_100_ms_and_no_text() -> None:
    assert item_piece(spoken("user", "how much is it"), 1_250) == InputPiece("", 13)
    assert item_piece(spoken("user", ""), 100) == InputPiece("", 1)


def test_an_assistant_counts_one_token_per_50_ms_and_the_words() -> None:
    assert item_piece(spoken("assistant", "Hi."), 101) == InputPiece("assistant: Hi.", 3)


def test_usage_tells_text_and_audio_apart() -> None:
    usage = measure([InputPiece("x" * 40), InputPiece("", 25)], [], 6, 40)
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (35, 46, 81)
    assert (usage.input_token_details.text_tokens, usage.input_token_details.audio_tokens) == (10, 25)
    assert (usage.output_token_details.text_tokens, usage.output_token_details.audio_tokens) == (6, 40)


def test_cached_audio_is_counted_apart_and_inside_audio() -> None:
    before = [InputPiece("x" * 400), InputPiece("", 90)]
    usage = measure([*before, InputPiece("", 20)], before, 0)
    details = usage.input_token_details
    assert details.cached_tokens == 128  # of 190, in steps of 64
    assert (details.cached_tokens_details.text_tokens, details.cached_tokens_details.audio_tokens) == (
        100,
        28,
    )


def test_what_a_thinker_counted_gets_the_audio_on_top() -> None:
    usage = with_audio(measure(pieces("x" * 40), [], 6), 40)
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (10, 46, 56)
    assert usage.output_token_details.audio_tokens == 40
