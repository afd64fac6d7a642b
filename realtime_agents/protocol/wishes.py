"""Wishes that the protocol has no field for: put into instructions in words, and found in them again."""

from __future__ import annotations

import re
from typing import Final

_SAY = re.compile(
    r"\s*Say (?:exactly|this)(?: and nothing else)?:\s*[\"“](.+)[\"”]", re.IGNORECASE | re.DOTALL
)
TO_GO_ON: Final = (
    "Your last answer was cut off by an echo of your own voice, not by the person. Go on right after its last"
    " word. Do not repeat what you said, do not greet, and do not mention the interruption."
)
"""Stands at the end of instructions."""


def to_say(words: str) -> str:
    """Instructions to say ``words`` exactly; they may hold quotation marks and line breaks."""
    return f'Say exactly: "{words}"'


def words_to_say(instructions: str) -> str:
    """The words that instructions begin with, up to the last quotation mark; empty when they ask for none."""
    asked = _SAY.match(instructions)
    return asked[1].strip() if asked else ""


def asks_to_go_on(instructions: str) -> bool:
    """Whether they end with `TO_GO_ON`."""
    return instructions.rstrip().endswith(TO_GO_ON)
