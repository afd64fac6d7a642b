from __future__ import annotations

import pytest

from realtime_agents.safety.crisis import CRISIS_ANSWER, speaks_of_crisis


@pytest.mark.parametrize(
    "text",
    [
        "I want to hurt myself",
        "i'm going to kill\nmyself tonight",
        "My husband, a veteran, talks about killing himself.",
        "I feel really suicidal",
        "I've been thinking about suicide since my claim was denied",
        "I don’t want to live anymore",
        "They would be better off without me.",
        "there is no reason to live",
        "I want to die",
    ],
)
def test_words_of_somebody_in_danger_are_heard(text: str) -> None:
    assert speaks_of_crisis(text)


@pytest.mark.parametrize(
    "text",
    [
        "Does Medicare cover suicide prevention counseling?",
        "What happens to my benefits when I die?",
        "Can I enroll myself in Part B?",
        "My father wants to diet.",
        "Is life insurance paid to my wife?",
        "How do I end my Medicare Advantage plan?",
        "Would I be better off with Medigap?",
    ],
)
def test_questions_about_benefits_are_left_to_the_agents(text: str) -> None:
    assert not speaks_of_crisis(text)


def test_the_answer_names_the_line_and_how_to_reach_it() -> None:
    assert "dial 988" in CRISIS_ANSWER
    assert "press 1" in CRISIS_ANSWER
    assert "Veterans Crisis Line" in CRISIS_ANSWER
