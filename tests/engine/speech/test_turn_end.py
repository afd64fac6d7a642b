from __future__ import annotations

import pytest

from realtime_agents.engine.speech.turn_end import TurnEnd, judge


@pytest.mark.parametrize(
    "text",
    [
        "What is the Part B premium?",
        "What is the Part B premium in 2026.",
        "how do I apply for health care",
        "I am a veteran and my wife has Medicare.",
        "I was born in 1958.",
        "Yes.",
        "No, thank you.",
        "okay",
        "My phone number is 800-633-4227.",
        "my number is eight zero zero six three three four two two seven.",
        "My zip code is 90210.",
        "It is form number 4572.",
    ],
)
def test_whole_sentences_questions_and_short_answers_are_finished(text: str) -> None:
    assert judge(text) is TurnEnd.FINISHED


@pytest.mark.parametrize(
    "text",
    [
        "Um.",
        "I want to know about the.",
        "What is the",
        "Tell me about Medicare and",
        "I am a veteran, but",
        "So, I was wondering.",
        "My name is",
        "My number is.",
        "I think",
        "I'd like to.",
        "Medicare,",
        "What about Part A or...",
        "M..",
        "Hm",
    ],
)
def test_fillers_function_words_and_openings_are_open(text: str) -> None:
    assert judge(text) is TurnEnd.OPEN


@pytest.mark.parametrize(
    "text",
    [
        "My number is 800.",
        "My phone number is 800-633.",
        "you can call me at eight zero zero",
        "My zip code is 9021.",
        "800 633",
        "My social security number is 123-45.",
        "The code is 48.",
    ],
)
def test_half_a_number_is_open(text: str) -> None:
    assert judge(text) is TurnEnd.OPEN


@pytest.mark.parametrize(
    "text", ["", "Medicare.", "Plan M.", "I'm 65.", "What is it for?", "How many months do I have?"]
)
def test_what_could_be_either_is_unclear(text: str) -> None:
    assert judge(text) is TurnEnd.UNCLEAR
