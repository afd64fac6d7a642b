"""Cutting streamed text into words and sentences, wherever its pieces end."""

from __future__ import annotations

import random

import pytest

from realtime_agents.engine.captions import Captions
from realtime_agents.engine.cutting import CLAUSE_CHARS, SENTENCE_CHARS, SentenceCutter, WordCutter

TEXT = (
    "The Part B premium is $185.00 in 2025. [1] You pay it monthly to Dr. Smith at 5 p.m. daily. It covers:\n"
    '- one item\n- two items\n"Really?" Yes. See No. 5 for more. It runs Oct. 15 to Dec. 7. Good day! (Also this.) Now Part B. Then [2] more. And so'
)
SENTENCES = [
    "The Part B premium is $185.00 in 2025. [1]",
    " You pay it monthly to Dr. Smith at 5 p.m. daily.",
    " It covers:",
    "\n- one item",
    "\n- two items",
    '\n"Really?"',
    " Yes.",
    " See No. 5 for more.",
    " It runs Oct. 15 to Dec. 7.",
    " Good day!",
    " (Also this.)",
    " Now Part B.",
    " Then [2] more.",
    " And so",
]


def pieces(text: str, seed: int) -> list[str]:
    chance = random.Random(seed)
    found = []
    while text:
        size = chance.randint(1, 30)
        found.append(text[:size])
        text = text[size:]
    return found


@pytest.mark.parametrize("seed", range(20))
def test_sentences_are_the_same_however_the_text_comes(seed: int) -> None:
    cutter = SentenceCutter()
    found = [sentence for piece in pieces(TEXT, seed) for sentence in cutter.feed(piece)]
    assert [*found, *cutter.rest()] == SENTENCES


def test_a_sentence_is_given_as_soon_as_the_next_one_begins() -> None:
    cutter = SentenceCutter()
    assert cutter.feed("It costs $185. ") == []
    assert cutter.feed("[1] ") == []
    assert cutter.feed("You ") == ["It costs $185. [1]"]


def test_a_very_long_sentence_is_cut_after_a_clause_or_a_word() -> None:
    cutter = SentenceCutter()
    clause = "and this goes on for quite a while without an end, "
    found = cutter.feed(clause * 20)
    assert all(len(part) <= CLAUSE_CHARS and part.endswith(",") for part in found)
    assert "".join([*found, *cutter.rest()]) == (clause * 20).strip()
    found = cutter.feed("word " * 300)
    assert found and all(len(part) <= SENTENCE_CHARS and part.endswith("word") for part in found)
    assert "".join([*found, *cutter.rest()]) == ("word " * 300).strip()


@pytest.mark.parametrize("seed", range(5))
def test_words_carry_the_space_before_them_and_the_text_is_trimmed(seed: int) -> None:
    cutter = WordCutter()
    found = [word for piece in pieces("  one  two\nthree ", seed) for word in cutter.feed(piece)]
    assert [*found, *cutter.rest()] == ["one", "  two", "\nthree"]


def test_text_without_any_space_does_not_pile_up() -> None:
    cutter = WordCutter()
    found = [word for _ in range(100) for word in cutter.feed("x" * 30)]
    assert found and all(len(word) < 300 for word in found)
    assert sum(map(len, [*found, *cutter.rest()])) == 3_000


def test_captions_show_what_two_readings_agree_on() -> None:
    captions = Captions()
    assert captions.offer("how much.") == ""
    assert captions.offer("how much is") == "how"
    assert captions.offer("how much is it") == " much"
    assert captions.offer("how much is it") == " is"
    assert captions.finish("how much is it in total?") == " it in total?"


def test_captions_are_not_taken_back_when_the_words_change_after_all() -> None:
    captions = Captions()
    captions.offer("our much is")
    assert captions.offer("our much is it") == "our much"
    assert captions.offer("how much is it") == ""
    assert captions.finish("how much is it") == ""
