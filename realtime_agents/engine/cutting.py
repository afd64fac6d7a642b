"""Cuts streamed text where it may be cut: after a word to send, after a sentence to speak.

Joined, the pieces give the text back; a piece carries the white space before it. Both cutters take
text in pieces that end anywhere and hold back what may still grow.
"""

from __future__ import annotations

import re

from realtime_agents.engine.speech.sentences import ABBREVIATED

WORD_CHARS = 200
"""A longer run without white space is sent in parts."""
CLAUSE_CHARS = 240
"""A sentence that gets longer than this is cut after a clause, so that nobody waits for its end."""
SENTENCE_CHARS = 480
"""And after any word when it gets this long."""

_WORD = re.compile(r"\s*\S+(?=\s)")
_WORDS = re.compile(r"\s*\S+")
# An end mark with closing quotes and citation marks, before what can begin a sentence.
_END = re.compile(r"[.!?…]+[\"”’')\]]*(?:\s*\[\d{1,3}\])*(?=\s+[\"“‘(]?[A-Z0-9$])|(?=\s*\n\s*[^\s\[])")
_ABBREVIATION = re.compile(
    rf"(?:\b(?:{ABBREVIATED}|Nos|e\.g|i\.e|a\.m|p\.m|U\.S)"
    r"|(?<!Part )\b[A-Z])\.$"
)
_CLAUSE = re.compile(r"[,;:](?=\s)")
_CLAUSE_MIN_CHARS = 60


class WordCutter:
    """Whole words, each with the space before it. Space around the whole text is dropped."""

    def __init__(self) -> None:
        self._rest = ""
        self._begun = False

    def feed(self, text: str) -> list[str]:
        """The words that are complete by now."""
        self._rest += text
        if not self._begun:
            self._rest = self._rest.lstrip()
            self._begun = bool(self._rest)
        found = _WORD.findall(self._rest)
        self._rest = self._rest[sum(map(len, found)) :]
        if len(self._rest) > WORD_CHARS:
            found.append(self._rest)
            self._rest = ""
        return found

    def rest(self) -> list[str]:
        """The words still held back; the text is over."""
        found, self._rest = _WORDS.findall(self._rest), ""
        return found


class SentenceCutter:
    """Whole sentences, or clauses of very long ones. A sentence is complete when the next one begins."""

    def __init__(self) -> None:
        self._words = WordCutter()
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that are complete by now."""
        self._rest += "".join(self._words.feed(text))
        found = []
        while (end := _end_of_sentence(self._rest)) or (end := _end_of_part(self._rest)):
            found.append(self._rest[:end])
            self._rest = self._rest[end:]
        return found

    def rest(self) -> list[str]:
        """What is still held back; the text is over."""
        self._rest += "".join(self._words.rest())
        found = self.feed("")
        if self._rest:
            found.append(self._rest)
            self._rest = ""
        return found


def _end_of_sentence(text: str) -> int:
    """Where the first sentence of ``text`` ends, 0 when that cannot be told yet."""
    for match in _END.finditer(text):
        if not text[: match.end()].strip():
            continue
        number = text[match.end() :].lstrip()[:1].isdigit()
        before = text[: match.start() + 1]
        is_abbreviation = _ABBREVIATION.search(before) and (number or not before.endswith(("No.", "Nos.")))
        if match.group() and is_abbreviation:
            continue
        return match.end()
    return 0


def _end_of_part(text: str) -> int:
    """Where a sentence that got too long is cut, 0 when it is not too long."""
    if len(text) <= CLAUSE_CHARS:
        return 0
    clauses = [match.end() for match in _CLAUSE.finditer(text, _CLAUSE_MIN_CHARS, CLAUSE_CHARS)]
    if clauses:
        return clauses[-1]
    if len(text) <= SENTENCE_CHARS:
        return 0
    words = [match.end() for match in _WORD.finditer(text, 0, SENTENCE_CHARS)]
    return words[-1] if words else SENTENCE_CHARS
