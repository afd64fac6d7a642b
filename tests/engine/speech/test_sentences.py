from __future__ import annotations

import pytest

from realtime_agents.engine.speech.sentences import MAX_CHARS, split_sentences


@pytest.mark.parametrize(
    "parts",
    [
        ["It costs $202.90 a month. ", "You pay it yourself."],
        ["It costs $202.90 a month [3]. ", "You pay it."],
        ["It costs more. [3][4] ", "You pay it."],
        ["It costs more.[3] ", "You pay it."],
        ["Really? ", "Yes! ", "“It does.” ", "(See below.) ", "Good…"],
        ["Dr. Smith and Mrs. Jones of the U.S. Army agree. ", "So do we."],
        ["It opens at 8 a.m. ET and closes at 5 p.m. ", "Then go home."],
        ["It costs 3.5 times as much, e.g. in May, i.e. now."],
        ["It runs from Oct. 15–Dec. 7 each year. ", "Ask Lt. Col. Smith."],
        ["Call 8:00 a.m. – 7:00 p.m. daily. ", "Bye."],
        ["It is open at 5 p.m.\n", "- Monday"],
        ["See 38 U.S.C. 1151 and No. 5. ", "Thank you."],
        ["Wait... what? ", "Yes."],
        ["# Costs\n", "Part B costs more.\n\n", "- one\n", "- two\n", "1. three\n", "2. four"],
        ["| Year | Premium |\n", "|---|---|\n", "| 2026 | $202.90 |"],
        ["A line that goes\non in the next. ", "Done."],
        ["  \n Leading and trailing space. ", "Stays. \n\n"],
        ["[3] "],
        ["\n"],
        [],
    ],
)
def test_answers_are_cut_into_sentences_and_nothing_is_lost(parts: list[str]) -> None:
    assert split_sentences("".join(parts)) == parts


def test_a_long_sentence_is_cut_at_clauses_into_parts_that_do_not_take_long() -> None:
    text = "You can keep both, " + "and then you may also ask for the next one, " * 20 + "and that is all."
    parts = split_sentences(text)
    assert "".join(parts) == text
    assert len(parts) > 2
    assert all(len(part) <= MAX_CHARS + 1 for part in parts)
    assert all(part.endswith((", ", " ")) for part in parts[:-1])


@pytest.mark.parametrize(
    "text", ["x" * 1_000, " " * 1_000, "Yes." + " \n" * 1_000, "[" * 1_000, "1." * 1_000]
)
def test_text_without_end_is_cut_too(text: str) -> None:
    parts = split_sentences(text)
    assert "".join(parts) == text
    assert max(map(len, parts)) <= MAX_CHARS + 1
