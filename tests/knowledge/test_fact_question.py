from __future__ import annotations

from datetime import date

import pytest

from realtime_agents.knowledge.fact_model import Lexicon
from realtime_agents.knowledge.fact_question import Question, QuestionReader

TODAY = date(2026, 11, 22)
READER = QuestionReader(Lexicon(terms={"part_b": ("part b",), "plan_k": ("plan k",), "plan": ("plan",)}))


def read(text: str) -> Question:
    return READER.read(text, TODAY)


@pytest.mark.parametrize(
    ("text", "years", "day"),
    [
        ("in 2027", (2027,), None),
        ("next year", (2027,), None),
        ("last year", (2025,), None),
        ("this year", (2026,), None),
        ("twenty twenty seven", (2027,), None),
        ("2024 and 2025, or 2024", (2024, 2025), None),
        ("in December 2025", (), date(2025, 12, 1)),
        ("on March 3, 2026", (), date(2026, 3, 3)),
        ("next month", (), date(2026, 12, 1)),
        ("in february 31 2026", (), date(2026, 2, 1)),
        ("it may march on", (), None),
        ("$2026 a month", (), None),
        ("now", (), None),
    ],
)
def test_times_are_read(text: str, years: tuple[int, ...], day: date | None) -> None:
    question = read(text)
    assert (question.years, question.day) == (years, day)


@pytest.mark.parametrize(
    ("text", "money", "percents"),
    [
        ("$150,000", (150000,), ()),
        ("150k", (150000,), ()),
        ("$1.5k", (1500,), ()),
        ("150 thousand dollars", (150000,), ()),
        ("one hundred fifty thousand", (150000,), ()),
        ("a hundred and ten thousand two hundred", (110200,), ()),
        ("day 61", (), ()),
        ("70%", (), (70,)),
        ("70 percent", (), (70,)),
        ("seventy percent", (), (70,)),
        ("one hundred per cent", (), (100,)),
        ("rated at 40", (), (40,)),
        ("fifty percent and thirty percent", (), (50, 30)),
    ],
)
def test_amounts_are_read_written_and_spoken(
    text: str, money: tuple[float, ...], percents: tuple[float, ...]
) -> None:
    question = read(text)
    assert (question.money, question.percents) == (money, percents)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("How much is it?", "amount"),
        ("Hi, can you tell me how much it is?", "amount"),
        ("If I earn more, what does it cost?", "amount"),
        ("What is it?", "what"),
        ("What if I am late?", "what_if"),
        ("I use VA. Do I need it?", "yes_no"),
        ("How do I apply?", "how"),
        ("Until when is it open?", "when"),
        ("Who pays first?", "who"),
        ("Why is it so high?", "why"),
        ("part b premium", "bare"),
    ],
)
def test_the_kind_of_answer_is_read(text: str, intent: str) -> None:
    assert read(text).intent == intent


def test_the_longest_term_wins_and_spelling_does_not_matter() -> None:
    assert read("Plan K or plan, PART-B").stems == ("plan_k", "or", "plan", "part_b")
    assert read("the plan’s rules").terms == {"plan"}


def test_times_and_small_words_say_nothing_about_the_subject() -> None:
    question = read("What is the Part B premium in 2027?")
    assert question.content == {"part_b", "premium"}
    assert question.text == "what is the part b premium"
