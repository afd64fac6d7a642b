"""Speakable sentences out of Markdown and flattened pages."""

from __future__ import annotations

from realtime_agents.engine.dialogue.sentences import plain, speakable_sentences, split_sentences


def texts(passage: str) -> list[str]:
    return [sentence.text for sentence in speakable_sentences(passage)]


def test_markup_links_and_tags_are_taken_off() -> None:
    raw = "You can **apply** [online](https://x.test/a) or by `mail` <br>at https://x.test ."
    assert plain(raw) == "You can apply online or by mail at."


def test_abbreviations_do_not_end_a_sentence() -> None:
    text = "Dr. Lee works in the U.S. today. See No. 5 of the list. No. That is wrong."
    assert split_sentences(text) == [
        "Dr. Lee works in the U.S. today.",
        "See No. 5 of the list.",
        "No.",
        "That is wrong.",
    ]


def test_a_list_is_read_out_with_its_opening_line() -> None:
    passage = (
        "You may qualify if you meet one of these:\n\n- You served in the military, **or**\n- You are 65.\n"
    )
    assert texts(passage) == [
        "You may qualify if you meet one of these: You served in the military; You are 65."
    ]


def test_a_list_under_a_pronoun_borrows_the_sentence_before() -> None:
    passage = (
        "You can get care if one of these is true.\n\nYou:\n- Served two years\n- Were discharged early\n"
    )
    assert texts(passage)[-1] == (
        "You can get care if one of these is true: you served two years; you were discharged early."
    )


def test_a_long_list_ends_with_a_word_about_the_rest() -> None:
    items = "\n".join(f"- The item number {n} of this long list of things" for n in range(9))
    (sentence,) = texts(f"All of these are covered:\n{items}")
    assert sentence.endswith("; and more.") and len(sentence.split()) <= 50


def test_questions_and_headings_stand_over_what_follows_and_are_not_read() -> None:
    passage = "## Costs\nThe deductible is paid first.\n\nHow do I apply?\nFill out the form and send it in."
    found = speakable_sentences(passage)
    assert [(s.heading, s.text) for s in found] == [
        ("Costs", "The deductible is paid first."),
        ("How do I apply?", "Fill out the form and send it in."),
    ]


def test_headings_of_a_flattened_page_are_not_glued_to_a_sentence() -> None:
    passage = "This ends here.\nSection 4: File an appeal\nFor details you can write to the plan.\n"
    assert texts(passage)[-1] == "For details you can write to the plan."


def test_tables_fragments_and_monsters_are_left_out() -> None:
    passage = f"| a | b |\n|---|---|\n| 1 | 2 |\n\nno end mark here\n\nToo short.\n\n{'word ' * 60}end."
    assert texts(passage) == []


def test_a_sentence_that_points_back_cannot_open() -> None:
    found = speakable_sentences(
        "Part B covers doctor visits. It also covers outpatient care. The phone number is 1-800-555-0100."
    )
    assert [sentence.opens for sentence in found] == [True, False, False]
