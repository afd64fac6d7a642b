from __future__ import annotations

import pytest

from realtime_agents.safety.danger import (
    CRISIS_ANSWER,
    EMERGENCY_ANSWER,
    EMERGENCY_ANSWER_IN_SPANISH,
    answer_to_danger,
    speaks_of_danger,
)


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
        "quiero morirme",
        "Me quiero matar",
        "pienso en quitarme la vida",
    ],
)
def test_words_of_somebody_in_danger_are_heard(text: str) -> None:
    assert speaks_of_danger(text)


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
        "¿Medicare cubre un infarto o dolor de pecho?",
        "¿Cuánto paga el seguro de vida?",
    ],
)
def test_questions_about_benefits_are_left_to_the_agents(text: str) -> None:
    assert not speaks_of_danger(text)


def test_the_answer_names_the_line_and_how_to_reach_it() -> None:
    assert "dial 988" in CRISIS_ANSWER
    assert "press 1" in CRISIS_ANSWER
    assert "Veterans Crisis Line" in CRISIS_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "I feel dizzy and my chest hurts",
        "I have chest pain",
        "My husband is having a heart attack",
        "I think I'm having a stroke",
        "I can’t breathe",
        "She isn't breathing",
        "My father just collapsed",
        "I took too many pills",
        "the bleeding won't stop",
        "I need an ambulance!",
    ],
)
def test_a_medical_emergency_is_sent_to_911(text: str) -> None:
    assert answer_to_danger(text) == EMERGENCY_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "Does Medicare cover a visit for chest pain?",
        "I had a stroke in 2019. Is rehab covered?",
        "Do I need an ambulance letter for a claim?",
        "What if I need an ambulance?",
        "Who pays when I need an ambulance to another hospital?",
        "Is oxygen covered if I have trouble breathing at night?",
        "My roof collapsed, does VA help?",
        "What counts as a medical emergency?",
    ],
)
def test_questions_about_cover_for_emergencies_are_left_to_the_agents(text: str) -> None:
    assert not answer_to_danger(text)


@pytest.mark.parametrize(
    "text", ["Me duele mucho el pecho", "creo que tengo un infarto", "mi esposa no puede respirar"]
)
def test_an_emergency_told_in_spanish_is_answered_in_spanish(text: str) -> None:
    assert answer_to_danger(text) == EMERGENCY_ANSWER_IN_SPANISH


def test_the_crisis_line_is_named_in_spanish_to_those_who_write_it() -> None:
    told = answer_to_danger("ya no quiero vivir")
    assert "988" in told
    assert "911" in told
    assert "veteranos" in told
