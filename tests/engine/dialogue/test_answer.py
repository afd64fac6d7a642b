"""Answers from what tools returned, and only from that."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from realtime_agents.engine.dialogue.answer import Question, compose, spoken_date
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.engine.dialogue.view import Call, read_prompt
from tests.engine.dialogue.scene import found, source

PROMPT = read_prompt("You are Medicare.\nYour scope: Medicare costs and rules.\nToday is 2026-11-22.")
DEDUCTIBLE = source(
    4,
    "The Part B deductible is $283 a year. After that you usually pay 20 percent of the approved amount.",
    title="Costs",
    section="Part B",
    as_of="2026-01",
)
HEARING = source(
    5,
    "Medicare does not cover hearing aids or exams for fitting hearing aids. You pay 100 percent for them.",
    title="Hearing aids",
    as_of="2026-01",
)


def answer(semantics: Semantics, question: str, *outputs: Any) -> str:
    texts = [o if isinstance(o, str) else json.dumps(o) for o in outputs]
    calls = [Call(name="f", arguments="{}", output=text) for text in texts]
    return compose(Question(text=question, prompt=PROMPT, tools=()), calls, semantics)


def test_what_a_tool_says_leads_and_is_not_repeated(semantics: Semantics) -> None:
    say = "In 2026 the Part B deductible is $283 a year. [3]"
    told = answer(
        semantics, "How much is the Part B deductible?", found(source(3, "x"), say=say), found(DEDUCTIBLE)
    )
    assert told == f"{say} See also [4]."


def test_passages_that_were_not_quoted_are_named_in_their_order_up_to_four_in_all(
    semantics: Semantics,
) -> None:
    others = [source(n, f"Page number {n} is about something else.") for n in (9, 8, 7, 6)]
    told = answer(semantics, "Does Medicare cover hearing aids?", found(HEARING, *others))
    assert told.endswith(" See also [9] [8] [7].")
    assert "[6]" not in told


def test_a_close_sentence_without_other_figures_supports_what_a_tool_says(semantics: Semantics) -> None:
    say = "In 2026 the Part B deductible is $283 a year. [3]"
    support = source(
        4, "How much you pay for the Part B deductible does not depend on your income or your state."
    )
    told = answer(semantics, "How much is the Part B deductible?", found(say=say), found(support))
    assert (
        told
        == f"{say} How much you pay for the Part B deductible does not depend on your income or your state. [4]"
    )


def test_sentences_of_sources_are_whole_and_each_carries_its_number(semantics: Semantics) -> None:
    told = answer(semantics, "Does Medicare cover hearing aids?", found(DEDUCTIBLE, HEARING))
    assert told.startswith("Medicare does not cover hearing aids or exams for fitting hearing aids. [5]")
    assert len(re.sub(r"\[\d+\]", "", told).split()) <= 90


def test_the_sentence_that_answers_the_heading_of_its_section_comes_first(semantics: Semantics) -> None:
    text = "Part D is optional. People without it may pay more later."
    asks_whether = source(1, f"No, {text}", section="Do I have to take Part D?")
    defines = source(2, "Part D is coverage for prescription drugs from a private plan.", title="Part D")
    told = answer(semantics, "What is Part D?", found(asks_whether, defines))
    assert told.startswith("Part D is coverage for prescription drugs from a private plan. [2]")
    assert "No," not in told
    told = answer(semantics, "Do I have to take Part D?", found(asks_whether, defines))
    assert told.startswith("No, Part D is optional. [1]")


def test_where_the_best_sentence_is_too_far_from_the_question_the_next_one_opens(
    semantics: Semantics,
) -> None:
    circle = source(1, "Circle the denied item on the notice and send it to the company that is named.")
    appeal = source(2, "When Medicare or a plan denies a claim or refuses to pay, the person can appeal.")
    assert "the person can appeal. [2]" in answer(semantics, "I got denied", found(circle, appeal))


def test_a_page_about_something_near_does_not_fill_the_answer_up(semantics: Semantics) -> None:
    feet = source(6, "Medicare covers foot exams for people with diabetes and nerve damage.", title="Feet")
    told = answer(semantics, "Does Medicare cover hearing aids?", found(HEARING, feet))
    assert "foot exams" not in told


def test_an_amount_without_a_year_gets_the_date_of_its_source(semantics: Semantics) -> None:
    told = answer(semantics, "How much is the Part B deductible?", found(DEDUCTIBLE))
    assert "The Part B deductible is $283 a year (as of January 2026). [4]" in told


def test_an_amount_of_another_year_than_asked_is_not_passed_off_as_the_answer(semantics: Semantics) -> None:
    told = answer(semantics, "How much is the Part B deductible in 2027?", found(DEDUCTIBLE))
    assert told.startswith("I don't have a value for 2027.")
    held = answer(semantics, "How much is the Part B deductible in 2026?", found(DEDUCTIBLE))
    assert held.startswith("The Part B deductible is $283")


def test_a_value_that_is_not_held_is_said_so_and_nothing_else(semantics: Semantics) -> None:
    missing = found(outcome="not_held")
    told = answer(semantics, "How much is the Part B deductible in 2027?", missing, found(DEDUCTIBLE))
    assert told == "I don't know that value for 2027 yet: it is not in what I have."
    own = found(outcome="not_held", say="The 2027 value is not out yet; in 2026 it was $283. [2]")
    assert answer(semantics, "the deductible in 2027", own).startswith("The 2027 value is not out yet")


@pytest.mark.parametrize(
    "question",
    [
        "Does Medicare cover wigs after chemotherapy?",
        "What is the capital of France?",
        "How do I renew my passport?",
    ],
)
def test_sources_that_lack_the_subject_give_no_answer(semantics: Semantics, question: str) -> None:
    told = answer(semantics, question, found(DEDUCTIBLE, HEARING))
    assert told.startswith("I don't know") and "[" not in told


def test_no_sources_a_question_and_a_failure_are_told_apart(semantics: Semantics) -> None:
    nothing = answer(semantics, "the deductible", found(outcome="not_found"))
    assert nothing.startswith("I don't know") and "Medicare costs and rules" in nothing
    asked = answer(semantics, "my premium", found(outcome="needs_input", message="Which year?"))
    assert asked == "Which year?"
    broken = answer(
        semantics, "the deductible", found(outcome="error", message="It took longer than 8 seconds.")
    )
    assert broken.startswith("That lookup failed (It took longer than 8 seconds).")


def test_one_failed_lookup_does_not_hide_another_that_worked(semantics: Semantics) -> None:
    told = answer(
        semantics, "Does Medicare cover hearing aids?", found(outcome="error", message="x"), found(HEARING)
    )
    assert told.endswith("[5]")


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("It is sunny in Paris.", "It is sunny in Paris."),
        ('{"temp": 21, "sky": "clear", "rain": false}', "Here is what I found: temp 21, sky clear, rain no."),
        ('[{"id": 1}, {"id": 2}]', "Here is what I found: id 1; id 2."),
        (
            '{"error": "no such city"}',
            "That lookup failed (no such city). Please try again in a moment, or ask in other words.",
        ),
        ('"done"', "done"),
    ],
)
def test_outputs_of_foreign_tools_are_put_into_words(semantics: Semantics, output: str, told: str) -> None:
    assert answer(semantics, "the weather in Paris", output) == told


@pytest.mark.parametrize("output", ["", "[]", "{}", "null"])
def test_empty_outputs_of_foreign_tools_are_nothing(semantics: Semantics, output: str) -> None:
    assert answer(semantics, "the weather in Paris", output).startswith("I don't know")


def test_passages_of_foreign_tools_are_quoted_without_numbers(semantics: Semantics) -> None:
    passages = {
        "results": [{"title": "Keys", "content": "You rotate access keys under Settings every 90 days."}]
    }
    told = answer(semantics, "How do I rotate access keys?", passages)
    assert told == "You rotate access keys under Settings every 90 days."


@pytest.mark.parametrize(
    "output",
    [
        '{"outcome": "ok", "sources": "x"}',
        '{"outcome": "ok", "sources": [1, {"n": "a", "text": 3}]}',
        '{"outcome": "?"}',
    ],
)
def test_malformed_outputs_are_nothing_and_never_a_crash(semantics: Semantics, output: str) -> None:
    assert answer(semantics, "the weather in Paris", output).startswith("I don't know")


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("2026-01", "January 2026"),
        ("2026-01-05", "January 5, 2026"),
        ("2026", "2026"),
        ("2026-13", "2026-13"),
    ],
)
def test_dates_are_spoken(text: str, spoken: str) -> None:
    assert spoken_date(text) == spoken
