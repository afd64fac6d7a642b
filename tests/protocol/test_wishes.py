"""What is wished for in instructions is found in them again."""

from __future__ import annotations

import pytest

from realtime_agents.protocol.wishes import TO_GO_ON, asks_to_go_on, to_say, words_to_say


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
    assert words_to_say(to_say(words)) == words


@pytest.mark.parametrize(
    "instructions", ["", "You are Medicare.", 'Never say exactly: "no".', "Say exactly: no."]
)
def test_other_instructions_ask_for_no_words(instructions: str) -> None:
    assert words_to_say(instructions) == ""


def test_others_ask_in_words_of_their_own() -> None:
    assert words_to_say("\nSay this and nothing else: “Good evening.”\nBe calm.") == "Good evening."


def test_the_wish_to_go_on_stands_behind_the_instructions_of_the_agent() -> None:
    assert asks_to_go_on(f"You are Medicare.\n\n{TO_GO_ON}\n")
    assert not asks_to_go_on("You are Medicare. Go on.")
