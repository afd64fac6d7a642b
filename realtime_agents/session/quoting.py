"""Whether quoted words stand in the source they are said to come from. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

_QUOTE_AND_MARKERS = re.compile(
    r"[“\"]([^“”\"\n]{8,600})[”\"][\s.,;:]{0,3}((?:\[\d{1,4}(?:\s*[,;]\s*\d{1,4})*\]\s?)+)"
)
"""Words in quotation marks, and the citations that follow them at once."""
_LEAST_WORDS = 4
"""Fewer words in quotation marks are a name or a term, not a quotation."""
_LEFT_OUT = re.compile(r"\s*(?:…|\.\.\.|\[…\]|\[\.\.\.\])\s*")
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})
_MARKS = re.compile(r"[*_`#|>\\]+")


def stands_in(quote: str, text: str) -> bool:
    """Whether ``text`` holds ``quote``: in its words; white space, marks of Markdown and the kind of
    quotation marks may differ, and ``…`` may leave something out."""
    whole = _plain(text)
    at = 0
    for part in _LEFT_OUT.split(_plain(quote)):
        words = part.strip(" .,;:\"'")
        found = whole.find(words, at)
        if found < 0:
            return False
        at = found + len(words)
    return True


def misquoted(text: str, words_of: Callable[[int], str | None]) -> frozenset[int]:
    """Numbers cited for words in quotation marks that stand in none of the sources cited for them.

    ``words_of`` gives the full words of a source, None where they are not known: nothing is said of those.
    """
    wrong: set[int] = set()
    for quote, markers in _QUOTE_AND_MARKERS.findall(text):
        numbers = [int(number) for number in re.findall(r"\d+", markers)]
        sources = [words_of(number) for number in numbers]
        known = [words for words in sources if words is not None]
        if len(quote.split()) < _LEAST_WORDS or len(known) < len(sources):
            continue
        if not any(stands_in(quote, words) for words in known):
            wrong.update(numbers)
    return frozenset(wrong)


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub(" ", text.translate(_SAME).casefold()).split())
