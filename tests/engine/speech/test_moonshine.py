from __future__ import annotations

import pytest

from realtime_agents.engine.speech.moonshine import decode_tokens, read_tokenizer, without_circling


def test_tokens_are_records_of_a_length_and_so_many_bytes() -> None:
    long = b"x" * 300
    assert read_tokenizer(b"\x00" + b"\x02ab" + bytes([300 % 128 + 128, 300 // 128]) + long) == [
        b"",
        b"ab",
        long,
    ]


def test_words_begin_at_their_mark_and_special_tokens_are_left_out() -> None:
    tokens = [b"<s>", "\u2581Part".encode(), "\u2581B".encode(), b"</s>", b"."]
    assert decode_tokens([0, 1, 2, 4, 3], tokens) == "Part B."


def test_byte_tokens_make_characters_and_half_a_character_is_dropped() -> None:
    tokens = [b"caf", b"<0xC3>", b"<0xA9>"]
    assert decode_tokens([0, 1, 2], tokens) == "café"
    assert decode_tokens([0, 1], tokens) == "caf"


@pytest.mark.parametrize(
    "tokens", [[5] * 11, [1, 2] * 5, [1, 2, 3] * 3, [1, 2, 3, 4] * 3 + [1, 2, 3, 5], list(range(40))]
)
def test_repetitions_that_people_say_are_kept(tokens: list[int]) -> None:
    assert without_circling(tokens) is None


@pytest.mark.parametrize(
    ("tokens", "kept"),
    [([9, *[5] * 12], [9, 5]), ([9, *[1, 2] * 6], [9, 1, 2]), ([7, *[1, 2, 3, 4] * 4], [7, 1, 2, 3, 4])],
)
def test_a_model_that_goes_in_circles_is_stopped_after_the_first_round(
    tokens: list[int], kept: list[int]
) -> None:
    assert without_circling(tokens) == kept
