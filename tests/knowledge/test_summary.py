from __future__ import annotations

import pytest

from realtime_agents.knowledge.analysis import query_terms
from realtime_agents.knowledge.sentences import is_speakable
from realtime_agents.knowledge.summary import MAX_SUMMARY_WORDS, stems, summarise
from tests.knowledge.test_chunking import random_page


def summary(text: str, question: str = "", title: str = "", focus: tuple[int, int] | None = None) -> str:
    start, end = summarise(text, about=stems([title]), asked=stems(query_terms(question)), focus=focus)
    return text[start:end]


PAGE = (
    "Learn more at the page below. You can get a flag if you served. Your family may ask for it at any post office.\n\n"
    "The fee is $12 in 2026. Visit the office or call 1-800-555-0100 for more information."
)


def test_the_summary_says_something_instead_of_pointing_elsewhere() -> None:
    assert "Learn more" not in summary(PAGE)
    assert "call 1-800" not in summary(PAGE)


def test_the_summary_answers_the_question() -> None:
    assert summary(PAGE, "how much is the fee").startswith("The fee is $12 in 2026.")
    assert summary(PAGE, "can my family ask").startswith("Your family may ask for it at any post office.")


def test_the_part_that_is_nearest_in_meaning_is_preferred() -> None:
    start = PAGE.index("The fee")
    assert summary(PAGE, focus=(start, len(PAGE))).startswith("The fee is $12")


def test_a_second_sentence_is_added_where_both_are_short() -> None:
    assert summary("You pay 20% of the cost. The deductible applies to it too.") == (
        "You pay 20% of the cost. The deductible applies to it too."
    )


def test_markup_is_avoided() -> None:
    text = "**You** must [apply](/x) soon. The flag is given at no cost to you.\n- one\n- two"
    assert summary(text) == "The flag is given at no cost to you."


def test_a_heading_inside_a_passage_is_not_spoken() -> None:
    assert summary("## Costs\nYou pay twenty percent of it.") == "You pay twenty percent of it."


def test_captions_before_a_sentence_are_left_out() -> None:
    text = "Corrective lenses (continued)\nWhat you pay\nMedicare will cover one pair of eyeglasses after surgery."
    assert summary(text) == "Medicare will cover one pair of eyeglasses after surgery."


@pytest.mark.parametrize(
    "text",
    [
        "- Outreach\n- Counseling\n- Referrals",
        "| Plan | $12 |\n|---|---|",
        "[a link](https://x.org)",
        "...",
        "🙂",
        "x" * 900,
    ],
)
def test_text_without_a_sentence_still_has_a_summary(text: str) -> None:
    found = summary(text)
    assert found
    assert found in text
    assert len(found) <= 400


def test_a_list_is_summarised_by_the_words_of_an_item() -> None:
    assert (
        summary("- **Outreach** work\n- Counseling for families\n- Referrals", "counseling")
        == "Counseling for families"
    )


@pytest.mark.parametrize("seed", range(60))
def test_any_summary_is_a_short_piece_of_its_text(seed: int) -> None:
    text = random_page(seed)[:1_500].strip()
    if not text:
        return
    start, end = summarise(text, about=stems(["page"]), asked=stems(["alpha"]))
    found = text[start:end]
    assert found.strip() == found != ""
    assert len(found.split()) <= MAX_SUMMARY_WORDS
    assert is_speakable(found) or "\n\n" not in found
