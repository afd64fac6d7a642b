"""Which words of a spoken text were said by when; pure.

A *spoken word* is a run of characters without white space that holds a letter or digit once citation
marks such as ``[3]`` or ``[1, 2]`` are taken out of the text. Marks are written and never said, so a
text has the same spoken words however its citations are numbered. Offsets count characters (code
points). The page lights captions by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_WORDS_PER_S: Final = 6
"""Nobody speaks faster: a server whose words run ahead of its audio is held to this."""

_CITATION = re.compile(r"\[\d{1,4}(?:\s*[,;]\s*\d{1,4})*\]")
_TOKEN = re.compile(r"\S+")
_SAYABLE = re.compile(r"[^\W_]")
_OPEN_MARK_CHARS = 64
"""How far back an open bracket may still become a citation mark."""


@dataclass(frozen=True, slots=True)
class WordMark:
    """After ``at_ms`` of an item's audio, ``words`` spoken words of its text have been said."""

    at_ms: int
    words: int


def word_ends(text: str) -> list[int]:
    """Offset of the end of each spoken word of ``text``."""
    return [token.end() for token in _TOKEN.finditer(_unmarked(text)) if _SAYABLE.search(token[0])]


def has_spoken_words(text: str) -> bool:
    """False for nothing, marks and punctuation alone."""
    return bool(word_ends(text))


def without_citations(text: str) -> str:
    """The words alone, with single spaces."""
    return " ".join(re.sub(rf"\s*{_CITATION.pattern}", "", text).split())


def _unmarked(text: str) -> str:
    """Marks become characters that are neither space nor sayable, so that offsets stay."""
    return _CITATION.sub(lambda mark: "." * len(mark[0]), text)


def end_of_words(text: str, count: int) -> int:
    """Offset of the end of the ``count``-th spoken word; 0 for none, the text's end for all."""
    if count <= 0:
        return 0
    ends = word_ends(text)
    return ends[count - 1] if count < len(ends) else len(text)


def words_by(marks: Sequence[WordMark], ms: int) -> int:
    """Whole spoken words said after ``ms``: linear from mark to mark, beginning with none at 0 ms."""
    before = WordMark(0, 0)
    for mark in marks:
        if mark.at_ms > ms:
            span = mark.at_ms - before.at_ms
            return before.words + (mark.words - before.words) * max(ms - before.at_ms, 0) // span
        before = mark
    return before.words


class WordCounter:
    """Counts the spoken words of a text that arrives in pieces, at the cost of the pieces."""

    def __init__(self) -> None:
        self._settled = 0
        self._tail = ""
        """From the last white space that is surely outside of a mark."""

    def add(self, piece: str) -> int:
        """Spoken words so far, with ``piece``; a last word that may still grow counts."""
        self._tail += piece
        opened = self._tail.rfind("[")
        may_be_mark = opened >= 0 and "]" not in self._tail[opened:]
        if not may_be_mark or len(self._tail) - opened >= _OPEN_MARK_CHARS:
            opened = len(self._tail)
        shown = _unmarked(self._tail[:opened])
        cut = max(shown.rfind(" "), shown.rfind("\n"), 0)
        self._settled += len(word_ends(shown[:cut]))
        self._tail = self._tail[cut:]
        return self._settled + len(word_ends(shown[cut:]))


class SpokenTrack:
    """Words and audio of one item as they arrive, brought together as marks.

    Words belong to the audio that comes with or after them. Marks grow in time and words.
    """

    def __init__(self) -> None:
        self._counter = WordCounter()
        self._words = 0
        self._marks: list[WordMark] = []

    @property
    def marks(self) -> Sequence[WordMark]:
        return self._marks

    def add_words(self, piece: str) -> None:
        """More of the text."""
        self._words = max(self._counter.add(piece), self._words)

    def replace_words(self, text: str) -> None:
        """The server corrected the text; marks that were given stay."""
        self._counter = WordCounter()
        self._words = self._counter.add(text)

    def add_audio(self, received_ms: int) -> WordMark | None:
        """Audio up to ``received_ms`` arrived; the new mark, when words came with it."""
        sayable = received_ms * MAX_WORDS_PER_S // 1000 + 1
        return self._mark(received_ms, min(self._words, sayable))

    def finish(self, total_ms: int) -> WordMark | None:
        """All audio has arrived: by its end all words are said. Again when words come later still."""
        return self._mark(total_ms, self._words)

    def words_by(self, ms: int) -> int:
        """Spoken words said after ``ms``."""
        return words_by(self._marks, ms)

    def _mark(self, at_ms: int, words: int) -> WordMark | None:
        last = self._marks[-1] if self._marks else WordMark(0, 0)
        if words <= last.words or at_ms <= 0:
            return None
        mark = WordMark(at_ms, words)
        if at_ms <= last.at_ms:
            mark = WordMark(last.at_ms, words)
            self._marks.pop()
        self._marks.append(mark)
        return mark
