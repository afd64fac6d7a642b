"""Tells a person from the agent's own voice that came back through the microphone; pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from realtime_agents.protocol.spoken_words import without_citations

MIN_WORDS = 3
"""Of fewer words nobody can say whose they are: "yes" and "stop" are always the person's."""
_SHARE = 0.8
_WORD = re.compile(r"[^\W_]+")


def is_echo(heard: str, spoken: str) -> bool:
    """Whether ``heard`` is only words that the agent was just saying, ``spoken``, in their order.

    Speech recognition mishears an echo, so that one word in five may differ.
    """
    words = _words(heard)
    said = _words(without_citations(spoken))
    if len(words) < MIN_WORDS or not said:
        return False
    blocks = SequenceMatcher(None, words, said, autojunk=False).get_matching_blocks()
    same = sum(block.size for block in blocks)
    if same < _SHARE * len(words) or same < MIN_WORDS:
        return False
    first, last = blocks[0], blocks[-2]
    return last.b + last.size - first.b <= len(words) * 1.5 + 1  # close together, not picked from everywhere


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("’", "").replace("'", "").lower())
