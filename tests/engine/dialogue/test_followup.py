"""Requests made self-contained from the turns before."""

from __future__ import annotations

from datetime import date

import pytest

from realtime_agents.engine.dialogue.followup import questions_in, resolve
from realtime_agents.engine.dialogue.phrases import ask_for
from realtime_agents.engine.dialogue.view import Call, Exchange

TODAY = date(2026, 11, 22)
PREMIUM = "What is the Part B premium in 2026?"


def after(earlier: str, said: str, reply: str = "An answer.") -> str:
    exchanges = [Exchange(request=earlier, reply=reply), Exchange(request=said)]
    return resolve(exchanges, TODAY).text


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("and in 2025?", "What is the Part B premium in 2025?"),
        ("and next year?", "What is the Part B premium in 2027?"),
        ("2024?", "What is the Part B premium in 2024?"),
        ("what about Part A?", "What is the Part A premium in 2026?"),
        ("what about 2027 for Part A", "What is the Part A premium in 2027?"),
        ("what about the deductible", "What is the deductible (2026, Part B)?"),
        ("and for a couple?", "What is the Part B premium in 2026 for a couple?"),
        ("how do I apply for it?", "how do I apply for it (Part B premium in 2026)?"),
        ("why?", "why (Part B premium in 2026)?"),
        ("And what if I miss the deadline?", "what if I miss the deadline (Part B premium in 2026)?"),
        ("What if I pay late?", "What if I pay late (Part B premium in 2026)?"),
        ("Can she get help with paying?", "Can she get help with paying (Part B premium in 2026)?"),
        ("And does the VA?", "does the VA (Part B premium in 2026)?"),
        ("Do I need Medicare too?", "Do I need Medicare too?"),
        ("And what does Medicare Advantage cost?", "what does Medicare Advantage cost?"),
        ("How do I file an appeal?", "How do I file an appeal?"),
        ("Medigap", "Medigap"),
        ("What is Medigap?", "What is Medigap?"),
        ("VA burial benefits for a spouse", "VA burial benefits for a spouse"),
    ],
)
def test_a_follow_up_takes_what_it_lacks_from_the_request_before(said: str, whole: str) -> None:
    assert after(PREMIUM, said) == whole


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("and the VA?", "Does the VA cover hearing aids?"),
        ("And does the VA?", "Does the VA cover hearing aids?"),
        ("what about Medicaid", "Does Medicaid cover hearing aids?"),
        ("what about glasses", "Does Medicare cover glasses?"),
        ("and glasses or contact lenses for my wife", "glasses or contact lenses for my wife"),
    ],
)
def test_the_same_is_asked_of_another_program_or_of_the_same_program_for_something_else(
    said: str, whole: str
) -> None:
    assert after("Does Medicare cover hearing aids?", said) == whole


def test_what_is_told_before_a_short_question_does_not_take_its_subject_away() -> None:
    assert (
        after("How do I sign up for Part B?", "I'm still working, can I wait?")
        == "I'm still working, can I wait (sign up for Part B)?"
    )


def test_one_before_a_noun_and_an_empty_there_point_to_nothing() -> None:
    for said in ("How much for 30 percent with one child?", "Is there money for the funeral?"):
        assert after("How much is a 100 percent VA rating?", said) == said


def test_a_short_question_that_stands_alone_may_be_about_what_was_spoken_of_before() -> None:
    exchanges = [Exchange(request="What is Extra Help?", reply="…"), Exchange(request="whats the limit?")]
    resolved = resolve(exchanges, TODAY)
    assert resolved.text == "whats the limit?"
    assert resolved.instead == "whats the limit (Extra Help)?"


def test_places_and_states_are_replaced_not_added() -> None:
    assert after("what's the weather in Paris", "and in London?") == "what's the weather in London?"
    assert after("Is it offered in Ohio?", "what about Texas?") == "Is it offered in Texas?"


def test_a_shared_noun_is_replaced() -> None:
    assert (
        after("how long is the initial enrollment period", "what about general enrollment")
        == "how long is the general enrollment period"
    )


def test_thanks_in_between_does_not_lose_the_thread() -> None:
    exchanges = [
        Exchange(request=PREMIUM, reply="An answer."),
        Exchange(request="thanks", reply="You're welcome."),
        Exchange(request="and in 2025?"),
    ]
    assert resolve(exchanges, TODAY).text == "What is the Part B premium in 2025?"


def test_follow_ups_chain() -> None:
    exchanges = [Exchange(request=r, reply="An answer.") for r in (PREMIUM, "and in 2025?", "and Part A?")]
    assert resolve(exchanges, TODAY).text == "What is the Part A premium in 2025?"


def test_the_answer_to_our_question_belongs_to_the_request_before() -> None:
    reply = ask_for("your ZIP code")
    resolved = resolve([Exchange(request="Find a clinic", reply=reply), Exchange(request="78701")], TODAY)
    assert (resolved.text, resolved.asked_for, resolved.answers) == (
        "Find a clinic (78701)",
        "your ZIP code",
        True,
    )


def test_the_answer_to_a_tools_question_does_too() -> None:
    asked = Call(name="f", arguments="{}", output='{"outcome": "needs_input", "message": "Which year?"}')
    exchanges = [
        Exchange(request="my premium", calls=(asked,), reply="Which year?"),
        Exchange(request="2025"),
    ]
    assert resolve(exchanges, TODAY).text == "my premium (2025)"


@pytest.mark.parametrize("said", ["yes", "Yes please.", "sure", "ok"])
def test_an_offered_year_is_taken(said: str) -> None:
    reply = "I don't have the standard Part B premium for 2027. I can tell you the one for 2026."
    exchanges = [Exchange(request="the Part B premium in 2027?", reply=reply), Exchange(request=said)]
    resolved = resolve(exchanges, TODAY)
    assert (resolved.text, resolved.answers) == ("the Part B premium in 2026?", True)


@pytest.mark.parametrize(
    ("message", "questions"),
    [
        ("what is Extra Help and how do I apply", ["what is Extra Help", "how do I apply (Extra Help)?"]),
        ("How much is Part B? And what is IRMAA?", ["How much is Part B", "what is IRMAA?"]),
        ("When can I sign up? How much is it?", ["When can I sign up", "How much is it (sign up)?"]),
        ("What is covered for me and my wife?", ["What is covered for me and my wife?"]),
        ("I use VA care and what I need is Part B", ["I use VA care and what I need is Part B"]),
    ],
)
def test_two_questions_in_one_message_are_told_apart(message: str, questions: list[str]) -> None:
    assert questions_in(message) == questions


def test_a_new_question_instead_of_an_answer_is_a_new_question() -> None:
    exchanges = [
        Exchange(request="Find a clinic", reply=ask_for("your ZIP code")),
        Exchange(request="What does Part B cover for people who travel abroad?"),
    ]
    resolved = resolve(exchanges, TODAY)
    assert resolved.text == "What does Part B cover for people who travel abroad?"
    assert not resolved.answers


def test_the_topic_of_several_sentences_is_the_last_question() -> None:
    earlier = "I'm turning 65 in March and I still work. Do I have to sign up for Part B? My wife asks."
    assert after(earlier, "And what if I'm late?") == "what if I'm late (sign up for Part B)?"
