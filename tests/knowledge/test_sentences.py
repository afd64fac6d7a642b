from __future__ import annotations

import itertools
import random

import pytest

from realtime_agents.knowledge.sentences import is_speakable, plain_fragments, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs $1.50 in 2026. You pay.", ["It costs $1.50 in 2026.", "You pay."]),
        ("The U.S. Congress met. It ended.", ["The U.S. Congress met.", "It ended."]),
        ("Call 8:00 a.m. to 9:00 p.m. ET daily.", ["Call 8:00 a.m. to 9:00 p.m. ET daily."]),
        ("See Dr. Smith vs. Mr. Jones Inc. Then go.", ["See Dr. Smith vs. Mr. Jones Inc. Then go."]),
        ("A. General rules apply. B. Others do not.", ["A. General rules apply.", "B. Others do not."]),
        (
            "It is in Part B. You pay by May 1. Then stop.",
            ["It is in Part B.", "You pay by May 1.", "Then stop."],
        ),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("No capital. but goes on.", ["No capital. but goes on."]),
        ("First part\n\nsecond part", ["First part", "second part"]),
        ("You get:\n- One thing\n- Another thing", ["You get:", "- One thing", "- Another thing"]),
        ("wrapped\nline here. Next.", ["wrapped\nline here.", "Next."]),
        ("## Costs\nYou pay.", ["## Costs", "You pay."]),
        (
            "End of one.\n## Costs\n### Part B\nYou pay.",
            ["End of one.", "## Costs", "### Part B", "You pay."],
        ),
        ("| a | b |\n| c | d |", ["| a | b |", "| c | d |"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_would_pause(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("seed", range(40))
def test_sentences_hold_every_word_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    alphabet = [
        "word",
        "U.S.",
        "No.",
        "1.",
        "- ",
        "\n",
        "\n\n",
        ". ",
        "? ",
        "A",
        "# ",
        "•",
        " | ",
        "$5",
        "”",
        ")",
        "\t",
        "é",
    ]
    text = "".join(chance.choice(alphabet) for _ in range(120))
    spans = list(sentence_spans(text))
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(a < b for a, b in spans)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))


def test_a_part_of_a_text_is_cut_at_its_borders() -> None:
    text = "One here. Two here. Three here."
    assert [text[a:b] for a, b in sentence_spans(text, 10, 25)] == ["Two here.", "Three"]


@pytest.mark.parametrize(
    ("sentence", "speakable"),
    [
        ("You pay nothing.", True),
        ("$257 is the deductible.", True),
        ("“Covered” means paid.", True),
        ("wrapped\nline is fine.", True),
        ("You pay **nothing**.", False),
        ("See [this](https://x.org).", False),
        ("Go to https://x.org now.", False),
        ("- One thing.", False),
        ("1. One thing.", False),
        ("| a | b |.", False),
        ("No full stop", False),
        ("You get:\n- this.", False),
        ("", False),
    ],
)
def test_only_whole_sentences_without_marks_can_be_spoken(sentence: str, speakable: bool) -> None:
    assert is_speakable(sentence) is speakable


def test_fragments_are_the_words_between_marks() -> None:
    text = "- **Bold thing**: call [the office](tel:+1) or\n- `code` https://x.org/a done"
    fragments = list(plain_fragments(text))
    assert "Bold thing" in fragments
    assert "the office" in fragments
    assert all(fragment in text for fragment in fragments)
    assert not any(mark in fragment for fragment in fragments for mark in "*[]`|")
