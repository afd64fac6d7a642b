"""Words that are to be said exactly come through the instructions that ask for them."""

from __future__ import annotations

import pytest

from realtime_agents.protocol.verbatim import ask_for_words, words_asked_for


@pytest.mark.parametrize(
    "words",
    [
        "Dial 988, then press 1.",
        'The card says "Part A" and "Part B".',
        '"Part A" is the first.',
        "The notice is called “Medicare & You”.",
        "First line.\n\nSecond line, with 'quotes'.",
        'Say exactly: "this".',
    ],
)
def test_words_are_asked_for_whole(words: str) -> None:
    assert words_asked_for(ask_for_words(words)) == words


@pytest.mark.parametrize(
    "instructions", ["", "You are Medicare.", 'Never say exactly: "no".', "Say exactly: no."]
)
def test_other_instructions_ask_for_no_words(instructions: str) -> None:
    assert words_asked_for(instructions) == ""


def test_others_ask_in_words_of_their_own() -> None:
    assert words_asked_for("\nSay this and nothing else: “Good evening.”\nBe calm.") == "Good evening."
