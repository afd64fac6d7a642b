"""The section around a passage, so that it can be read where it stands. Pure."""

from __future__ import annotations

from realtime_agents.knowledge.blocks import parse_blocks
from realtime_agents.knowledge.port import Document, Passage

MAX_CHARS = 3_000
"""Of the section on each side of a passage; what is further away is left out at a paragraph's end."""


def around(document: Document, passage: Passage) -> tuple[str, str]:
    """What stands before and after ``passage`` in its section, as Markdown without the section's heading.

    Both are empty when the document does not hold the passage where it should: it was changed meanwhile.
    """
    text = document.text
    if text[passage.char_start : passage.char_end] != passage.text:
        return "", ""
    begin, end = 0, len(text)
    for block in parse_blocks(text):
        if block.kind != "heading":
            continue
        if block.end <= passage.char_start:
            begin = block.end
        elif block.start >= passage.char_end:
            end = block.start
            break
    return _last(text[begin : passage.char_start].strip()), _first(text[passage.char_end : end].strip())


def _first(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    cut = text.rfind("\n\n", 0, MAX_CHARS)
    return f"{text[: cut if cut > 0 else MAX_CHARS].rstrip()} …"


def _last(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    cut = text.find("\n\n", len(text) - MAX_CHARS)
    return f"… {text[cut if cut > 0 else len(text) - MAX_CHARS :].lstrip()}"
