"""What is said for what is written: sentences in words that a voice can read out."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_agents.engine.speech.reading import Match, Reading
from realtime_agents.engine.speech.readings import READINGS
from realtime_agents.engine.speech.sentences import split_sentences

_SILENT = frozenset('[]{}<>#*_`~^\\/=@+$%&§°•"“”„«»')
_PAUSES = frozenset("–—()|")
_SYMBOLS = "\u2190"
"""Arrows, boxes and pictures begin here; they are not said."""
_WEAK = frozenset(",;:")
_STRONG = frozenset(".!?…")


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A sentence as it is written and as it is said."""

    text: str
    """A part of the answer, white space and all."""
    words: str
    """What the voice reads; empty when there is nothing to say."""
    places: tuple[tuple[int, int], ...]
    """Corresponding positions in ``text`` and ``words``, rising."""


def utterances(text: str) -> list[Utterance]:
    """The sentences of an answer; their ``text`` joined is the answer."""
    return [say(part) for part in split_sentences(text)]


def say(text: str) -> Utterance:
    """One sentence in words: no Markdown, marks or addresses, numbers and signs spelt out."""
    said = _Said()
    at = 0
    for start, end, words in _read(text):
        said.copy(text, at, start)
        said.add(words, start, end)
        at = end
    said.copy(text, at, len(text))
    return said.utterance(text)


def _read(text: str) -> list[tuple[int, int, str]]:
    """(start, end, words) of everything that is not said as it is written, in order."""
    found: list[tuple[int, int, str]] = []
    upcoming: dict[Reading, Match | None] = {}
    at = 0
    while True:
        best: tuple[Reading, Match] | None = None
        for reading in READINGS:
            match = upcoming.get(reading)
            if reading not in upcoming or (match is not None and match.start() < at):
                match = upcoming[reading] = reading.pattern.search(text, at)
            if match is not None and (best is None or match.start() < best[1].start()):
                best = reading, match
        if best is None:
            return found
        reading, match = best
        words = reading.say(match)
        if words is None:
            # Not its kind after all: look for the next one.
            upcoming[reading] = reading.pattern.search(text, match.start() + 1)
            continue
        found.append((match.start(), match.end(), words))
        at = match.end()


class _Said:
    """The words so far, and where each place of the text went."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._length = 0
        self._last = " "
        self._places: list[tuple[int, int]] = []

    def add(self, words: str, start: int, end: int) -> None:
        self._places.append((start, self._length))
        if words and self._last.isalnum() and words[0].isalnum():
            self._put(" ")
        for character in words:
            self._put(character)
        self._places.append((end, self._length))

    def copy(self, text: str, start: int, end: int) -> None:
        for at in range(start, end):
            character = text[at]
            if at == start or text[at - 1].isspace():
                self._places.append((at, self._length))
            if at == start and character.isalnum() and self._last.isalnum():
                self._put(" ")
            if character in _PAUSES:
                self._put(",")
                self._put(" ")
            elif character in "’‘":
                self._put("'")
            elif self._is_silent(character, text[at + 1 : at + 2]):
                self._put(" ")
            elif character.isalpha() or character < _SYMBOLS:
                self._put(character)

    def _is_silent(self, character: str, following: str) -> bool:
        if character == "-":
            return not (self._last.isalnum() and following.isalnum())
        return character in _SILENT or not character.isprintable()

    def utterance(self, text: str) -> Utterance:
        words = "".join(self._words).rstrip(" ,;:")
        if not any(c.isalnum() for c in words):
            words = ""
        elif words[-1] not in _STRONG:
            words += "."
        places: list[tuple[int, int]] = []
        for there, here in self._places:
            # Blanks that gave way to punctuation may have moved a place by one.
            here = min(max(here, places[-1][1] if places else 0), len(words))
            places.append((there, here))
        return Utterance(text=text, words=words, places=tuple(places))

    def _put(self, character: str) -> None:
        """Blanks are single, none stands before punctuation, and of two punctuation marks the stronger stays."""
        if character.isspace():
            if self._last != " ":
                self._append(" ")
        elif character in _WEAK or character in _STRONG:
            self._put_mark(character)
        else:
            self._append(character)

    def _put_mark(self, mark: str) -> None:
        while self._words and (self._last == " " or self._last in _WEAK):
            self._words.pop()
            self._length -= 1
            self._last = self._words[-1] if self._words else " "
        if self._words and (mark in _STRONG or self._last not in _STRONG):
            self._append(mark)
        elif self._words:
            self._append(" ")

    def _append(self, character: str) -> None:
        self._words.append(character)
        self._length += 1
        self._last = character
