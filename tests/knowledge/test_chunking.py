from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from realtime_agents.knowledge.blocks import parse_blocks, plain_title
from realtime_agents.knowledge.chunking import MAX_WORDS, TARGET_WORDS, Chunk, embedded_text, measure, split


def texts(text: str, title: str = "") -> list[tuple[str, str]]:
    return [(chunk.section, text[chunk.start : chunk.end]) for chunk in split(text, title)]


def prose(words: int, topic: str = "word") -> str:
    """Sentences of ten words."""
    return " ".join(
        f"{topic.capitalize()} " + " ".join(f"{topic}{n}" for n in range(start, start + 9)) + "."
        for start in range(0, words, 10)
    )


def random_page(seed: int) -> str:
    """A page of everything, whole or broken, in any order."""
    chance = random.Random(seed)
    parts: list[Callable[[], str]] = [
        lambda: f"{'#' * chance.randint(1, 6)} {'Heading ' * chance.randint(0, 3)}{chance.randint(1, 9)}",
        lambda: prose(chance.randint(10, 400), chance.choice(["alpha", "beta"])),
        lambda: "\n".join(
            f"- item {n} " + "thing " * chance.randint(1, 30) for n in range(chance.randint(1, 40))
        ),
        lambda: (
            "| a | b |\n|---|---|\n" + "\n".join(f"| {n} | value {n} |" for n in range(chance.randint(1, 90)))
        ),
        lambda: "-----",
        lambda: "```\n" + "code line\n" * chance.randint(1, 5) + ("```" if chance.random() < 0.5 else ""),
        lambda: "x" * chance.randint(1, 9_000),
        lambda: "日本語の文章です。" * chance.randint(1, 400),
        lambda: "Title\n=====",
        lambda: "What will I pay?\nYou pay nothing.",
        lambda: "• bullet\ncontinued here.\nNew sentence at the margin.",
        lambda: " \t ",
        lambda: "A line that ends in a colon:",
        lambda: "word " * chance.randint(150, 700),
        lambda: "🙂 " * chance.randint(1, 50),
    ]
    pieces = [chance.choice(parts)() for _ in range(chance.randint(1, 14))]
    return chance.choice(["\n", "\n\n", "\r\n"]).join(pieces)


@pytest.mark.parametrize("seed", range(120))
def test_chunks_are_spans_in_order_within_the_size_limit(seed: int) -> None:
    text = random_page(seed)
    chunks = split(text, "Heading 1")
    for chunk in chunks:
        words = text[chunk.start : chunk.end]
        assert 0 <= chunk.start < chunk.end <= len(text)
        assert words == words.strip()
        assert measure(words) <= MAX_WORDS
    for first, second in itertools.pairwise(chunks):
        assert first.start < second.start
        assert first.end < second.end


@pytest.mark.parametrize("seed", range(120))
def test_no_word_of_a_page_is_lost(seed: int) -> None:
    text = random_page(seed)
    covered = bytearray(len(text))
    for chunk in split(text):
        covered[chunk.start : chunk.end] = b"\x01" * (chunk.end - chunk.start)
        at = text.find(chunk.section.split(" > ")[-1]) if chunk.section else -1
        assert not chunk.section or at >= 0
    for block in parse_blocks(text):
        if block.kind in {"heading", "rule"}:
            covered[block.start : block.end] = b"\x01" * (block.end - block.start)
    lost = [text[at] for at in range(len(text)) if not covered[at] and not text[at].isspace()]
    assert lost == [] or not split(text)


@pytest.mark.parametrize("seed", range(120))
def test_blocks_do_not_overlap_and_leave_only_white_space(seed: int) -> None:
    text = random_page(seed)
    at = 0
    for block in parse_blocks(text):
        assert text[at : block.start].strip() == ""
        assert block.end > block.start
        at = block.end
    assert text[at:].strip() == ""


def test_an_empty_text_has_no_chunks() -> None:
    assert split("") == []
    assert split(" \n\t\r\n ") == []


def test_a_page_of_nothing_but_headings_is_one_chunk() -> None:
    assert split("# One\n\n## Two") == [Chunk(section="", start=0, end=len("# One\n\n## Two"))]


def test_sections_carry_their_heading_path_without_the_title() -> None:
    body = prose(60)
    text = f"# The page\n{body}\n## Costs\n{body}\n### Part B\n{body}\n## Help\n{body}"
    assert [section for section, _ in texts(text, "the page")] == ["", "Costs", "Costs > Part B", "Help"]


def test_headings_lose_links_and_marks() -> None:
    assert plain_title("**Who** gets [the `flag`](/x)? {#who} <b>") == "Who gets the flag?"
    assert plain_title("snake_case __stays__") == "snake_case stays"


def test_a_long_section_is_cut_into_even_parts_that_share_a_sentence() -> None:
    found = texts("# Long\n" + prose(600))
    assert {section for section, _ in found} == {"Long"}
    sizes = [len(words.split()) for _, words in found]
    assert all(110 <= size <= MAX_WORDS for size in sizes)
    for (_, first), (_, second) in itertools.pairwise(found):
        last_sentence = first[first.rstrip(".").rindex(". ") + 2 :]
        assert second.startswith(last_sentence)


def test_sections_do_not_share_a_sentence() -> None:
    found = texts(f"# One\n{prose(100, 'alpha')}\n# Two\n{prose(100, 'beta')}")
    assert not set(found[0][1].split()) & set(found[1][1].split())


def test_a_section_a_little_over_the_target_stays_whole() -> None:
    assert TARGET_WORDS < 180
    assert len(split("# One\n" + prose(180))) == 1


def test_small_sections_under_one_heading_are_joined_and_keep_their_headings_as_text() -> None:
    text = "# Page\n## First\nShort one.\n## Second\nShort two.\n# Other\n" + prose(60)
    found = texts(text)
    assert found[0] == ("Page", "## First\nShort one.\n## Second\nShort two.")
    assert found[1][0] == "Other"


def test_a_small_lead_is_not_joined_to_a_section() -> None:
    assert [section for section, _ in texts("A lead.\n# One\nWords of one.")] == ["", "One"]


def test_a_list_stays_together_with_the_line_that_announces_it() -> None:
    items = "\n".join(f"- item number {n}" for n in range(10))
    text = f"# Page\n{prose(170)}\n\nYou may get it if you are:\n{items}"
    holding = [words for _, words in texts(text) if "item number 0" in words]
    assert len(holding) == 1
    assert "You may get it if you are:" in holding[0]
    assert "item number 9" in holding[0]


def test_a_table_that_fits_is_not_cut() -> None:
    table = "| Plan | Cost |\n|---|---|\n" + "\n".join(f"| Plan {n} | ${n} |" for n in range(12))
    text = f"# Page\n{prose(150)}\n\n{table}\n\n{prose(150)}"
    holding = [words for _, words in texts(text) if "| Plan 0 |" in words]
    assert any(table in words for words in holding)


def test_a_table_that_does_not_fit_is_cut_between_rows() -> None:
    rows = [f"| Plan {n} | costs {n} dollars |" for n in range(120)]
    text = "| Plan | Cost |\n|---|---|\n" + "\n".join(rows)
    found = texts(text)
    assert len(found) > 1
    for _, words in found:
        assert all(line in {"| Plan | Cost |", "|---|---|", *rows} for line in words.splitlines())


def test_a_code_block_is_not_read_as_headings() -> None:
    assert [block.kind for block in parse_blocks("```\n# not a heading\n```\ntext")] == ["code", "paragraph"]


def test_questions_on_lines_of_their_own_are_headings_in_text_out_of_a_pdf() -> None:
    text = f"Medicare pays. {prose(60)}\nWhat will I pay for an eye exam?\n{prose(60)}\nDo you need help?\n{prose(60)}"
    assert [section for section, _ in texts(text)] == [
        "",
        "What will I pay for an eye exam?",
        "Do you need help?",
    ]


def test_questions_are_not_headings_where_there_are_real_ones() -> None:
    text = f"# Costs\nMedicare pays.\nWhat will I pay for an eye exam?\n{prose(60)}"
    assert [section for section, _ in texts(text)] == ["Costs"]


def test_a_new_sentence_at_the_margin_ends_a_list_without_a_blank_line() -> None:
    kinds = [block.kind for block in parse_blocks("• one thing\ncontinued here.\nThen a paragraph begins.")]
    assert kinds == ["list", "paragraph"]


def test_one_word_longer_than_a_chunk_is_cut() -> None:
    found = split("y" * 10_000)
    assert len(found) > 1
    assert "".join("y" * 10_000)[: found[0].end].count("y") == found[0].end
    assert found[-1].end == 10_000


def test_the_embedded_text_says_where_a_passage_stands() -> None:
    assert embedded_text("Title", "A > B", "words") == "Title > A > B\nwords"
    assert embedded_text("Title", "", "words") == "Title\nwords"
    assert embedded_text("", "", "words") == "words"
