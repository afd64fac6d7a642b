from __future__ import annotations

import pytest

from realtime_agents.knowledge import surroundings
from realtime_agents.knowledge.port import Document, Passage
from realtime_agents.knowledge.surroundings import around

TEXT = """# Flags

Lead of the page.

## Who gets one

The family gets it.

A friend may ask.

Nobody else may.

## How to ask

Fill in a form.
"""


def passage(words: str, text: str = TEXT) -> tuple[Document, Passage]:
    start = text.find(words)
    document = Document(id="d", title="Flags", text=text, collection="va")
    return document, Passage(
        id="d#1",
        document_id="d",
        collection="va",
        title="Flags",
        section="Who gets one",
        url="",
        source="",
        as_of=None,
        text=words,
        summary=words,
        char_start=start,
        char_end=start + len(words),
    )


@pytest.mark.parametrize(
    ("words", "above", "below"),
    [
        ("A friend may ask.", "The family gets it.", "Nobody else may."),
        ("The family gets it.", "", "A friend may ask.\n\nNobody else may."),
        ("Lead of the page.", "", ""),
        ("Fill in a form.", "", ""),
        (
            "Nobody else may.\n\n## How to ask\n\nFill in a form.",
            "The family gets it.\n\nA friend may ask.",
            "",
        ),
    ],
)
def test_a_passage_is_shown_within_its_section_and_no_further(words: str, above: str, below: str) -> None:
    assert around(*passage(words)) == (above, below)


def test_without_headings_the_whole_page_is_the_section() -> None:
    assert around(*passage("Two.", "One.\n\nTwo.\n\nThree.")) == ("One.", "Three.")


def test_a_long_section_is_cut_at_the_end_of_a_paragraph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "MAX_CHARS", 12)
    assert around(*passage("Mid.", "First one.\n\nSecond.\n\nMid.\n\nFourth.\n\nFifth one.")) == (
        "… Second.",
        "Fourth. …",
    )
    assert around(*passage("Mid.", "a" * 50 + "\n\nMid.\n\n" + "b" * 50)) == (
        "… " + "a" * 12,
        "b" * 12 + " …",
    )


def test_a_document_that_was_changed_meanwhile_shows_nothing_around() -> None:
    document, there = passage("A friend may ask.")
    changed = Document(id="d", title="Flags", text="Other words. " + TEXT, collection="va")
    assert around(changed, there) == ("", "")
    assert around(document, there) != ("", "")
