"""Words to be said exactly as they are: instructions that ask for them, and the words in such instructions."""

from __future__ import annotations

import re

_ASKED = re.compile(
    r"\s*Say (?:exactly|this)(?: and nothing else)?:\s*[\"“](.+)[\"”]", re.IGNORECASE | re.DOTALL
)


def ask_for_words(words: str) -> str:
    """Instructions to say ``words``, which may hold quotation marks and line breaks."""
    return f'Say exactly: "{words}"'


def words_asked_for(instructions: str) -> str:
    """The words that instructions open with a demand for, up to the last quotation mark; empty when they do not."""
    asked = _ASKED.match(instructions)
    return asked[1].strip() if asked else ""
