"""The agent's own voice in the microphone, told from a person's."""

from __future__ import annotations

import pytest

from realtime_agents.session.echo import is_echo

SAID = "In 2026 the Part B deductible is $283 [1]. After that you usually pay 20 percent. Shall I say more about it?"


@pytest.mark.parametrize(
    "heard",
    [
        "the Part B deductible is",
        "After that, you usually pay.",
        "part b deductible is 283 after that you",
        "the part be deductible is 283 after that",  # one word misheard
        "you usually pay 20 percent shall I say more about it",
        "deductible is 283 after that",  # the number of the source is not said
    ],
)
def test_words_that_the_agent_was_just_saying_are_an_echo(heard: str) -> None:
    assert is_echo(heard, SAID)


@pytest.mark.parametrize(
    "heard",
    [
        "",
        "stop",
        "yes",
        "more",
        "pay 20",  # too few to tell
        "What is the Part B deductible for 2027?",
        "and what about Part D",
        "is it more than that",
        "I usually go to Part B and after you say it",  # its words, picked from everywhere
        "say shall I more",  # its words in another order
    ],
)
def test_a_persons_words_are_none(heard: str) -> None:
    assert not is_echo(heard, SAID)


def test_when_the_agent_was_silent_nothing_is_an_echo() -> None:
    assert not is_echo("the Part B deductible is", "")


def test_a_long_answer_is_compared_quickly_and_rightly() -> None:
    assert is_echo("w500 w501 w502 w503", " ".join(f"w{n}" for n in range(1000)))
    assert not is_echo("w10 w500 w900", " ".join(f"w{n}" for n in range(1000)))
