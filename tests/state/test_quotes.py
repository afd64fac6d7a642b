from __future__ import annotations

from realtime_agents.state.quotes import mark_quote, plain_text


def test_the_quote_is_found_across_line_breaks() -> None:
    assert mark_quote("One. Two\nthree four. Five.", "Two three four.") == (
        "One. ",
        "Two\nthree four.",
        " Five.",
    )


def test_a_quote_with_marks_of_markdown_is_found_in_the_plain_text() -> None:
    text = plain_text("You pay **10 percent** for [each year](https://x.example).")
    assert (
        mark_quote(text, "**10 percent** for [each year](https://x.example)")[1]
        == "10 percent for [each year]"
    )


def test_a_quote_that_is_not_there_leaves_the_text_whole() -> None:
    assert mark_quote("Some text.", "Other words.") == ("Some text.", "", "")
    assert mark_quote("Some text.", " ") == ("Some text.", "", "")


def test_a_quote_is_words_not_a_pattern() -> None:
    assert mark_quote("It costs $202.90 (2026).", "$202.90 (2026)")[1] == "$202.90 (2026)"
    assert mark_quote("aaaa", "a.*")[1] == ""


def test_headings_and_lists_are_read_without_their_marks() -> None:
    assert plain_text("## Costs\n\n- one\n* two") == "Costs\n\n• one\n• two"
