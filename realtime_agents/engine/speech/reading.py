"""What a reading is: a kind of thing that is written one way and said another."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Match = re.Match[str]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A pattern and what is said for it."""

    pattern: re.Pattern[str]
    say: Callable[[Match], str | None]
    """The words; ``None`` when the match is not of this kind after all."""


def reading(pattern: str, say: Callable[[Match], str | None] | str, flags: int = 0) -> Reading:
    """A reading that says the same words each time, or those a function finds."""
    if isinstance(say, str):
        words = say
        return Reading(re.compile(pattern, flags), lambda _: words)
    return Reading(re.compile(pattern, flags), say)
