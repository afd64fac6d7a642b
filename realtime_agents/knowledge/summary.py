"""Choose the one or two sentences of a passage that say most, to be spoken and quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from realtime_agents.knowledge.analysis import STOP_WORDS, normalise
from realtime_agents.knowledge.sentences import Span, is_speakable, plain_fragments, sentence_spans

MAX_SUMMARY_WORDS = 45
_MIN_SENTENCE_WORDS, _MAX_SENTENCE_WORDS = 5, 40
_WORD = re.compile(r"[^\W_]+")
_FIGURE = re.compile(r"\$\s?\d|\d+ ?%|\b\d[\d,.]*\b")
_CAPTION = re.compile(r"(?=[A-Z])(?:[^\s.!?]+[ \t]+){0,5}[^\s.!?,]+[ \t]*\n(?=[A-Z]\w*(?:\s+\S+){4})")
# Sentences that point elsewhere instead of saying something.
_POINTER = re.compile(
    r"\b(?:TTY|(?:go to|on|see) pages?|learn more|find out|more information|for more|visit|1-8\d\d-|"
    r"taxpayer expense|Product No|accessible format|click|download|sign in)\b",
    re.IGNORECASE,
)


def stems(words: Iterable[str]) -> frozenset[str]:
    """Crude stems, good enough to see that ``payments`` and ``payment`` are the same word."""
    found = (word for text in words for word in _WORD.findall(normalise(text)))
    return frozenset(word[:6] for word in found if word not in STOP_WORDS)


def summarise(
    text: str, *, about: frozenset[str], asked: frozenset[str] = frozenset(), focus: Span | None = None
) -> Span:
    """Span of the best one or two sentences of ``text``; never empty unless the text is blank.

    ``about`` holds the stems of title and section, ``asked`` those of the question, ``focus``
    the part of the text that is nearest to the question in meaning.
    """
    spans = [_without_caption(text, span) for span in sentence_spans(text)]
    scored = [
        (_score(text[start:end], about, asked) + _position(index, start, end, focus), -index)
        for index, (start, end) in enumerate(spans)
        if _may_be_spoken(text[start:end])
    ]
    if not scored:
        return _fragment(text, about | asked, focus)
    index = -max(scored)[1]
    start, end = spans[index]
    if index + 1 < len(spans) and _goes_with(text, spans[index], spans[index + 1]):
        end = spans[index + 1][1]
    return start, end


def _without_caption(text: str, span: Span) -> Span:
    """Text out of PDF files has captions without a full stop on the lines before a sentence."""
    start, end = span
    while match := _CAPTION.match(text, start, end):
        start = match.end()
    return start, end


def _may_be_spoken(sentence: str) -> bool:
    return is_speakable(sentence) and _MIN_SENTENCE_WORDS <= len(sentence.split()) <= _MAX_SENTENCE_WORDS


def _goes_with(text: str, first: Span, second: Span) -> bool:
    following = text[slice(*second)]
    words = len(text[first[0] : second[1]].split())
    return words <= MAX_SUMMARY_WORDS and _may_be_spoken(following) and not _POINTER.search(following)


def _score(sentence: str, about: frozenset[str], asked: frozenset[str]) -> float:
    found = stems([sentence])
    score = 2.0 * len(found & asked) / max(len(asked), 1) + 0.15 * min(len(found & about), 4)
    if _FIGURE.search(sentence):
        score += 0.3
    if _POINTER.search(sentence):
        score -= 1.2
    if sentence.endswith("?"):
        score -= 1.0
    if sentence[:1].islower():
        score -= 0.6
    return score


def _position(index: int, start: int, end: int, focus: Span | None) -> float:
    early = 0.25 / (1 + index)
    inside = focus is not None and start < focus[1] and end > focus[0]
    return early + (0.8 if inside else 0.0)


def _fragment(text: str, wanted: frozenset[str], focus: Span | None) -> Span:
    """The best run of words between marks: lists, tables and addresses have no sentences."""
    area = text[slice(*focus)] if focus is not None else text
    fragments = list(plain_fragments(area)) or list(plain_fragments(text)) or [text.strip()]
    best = max(
        fragments,
        key=lambda piece: (len(stems([piece]) & wanted) + min(len(piece.split()), 20) / 10, len(piece)),
    )
    match = re.match(rf"(?:\S+\s+){{0,{_MAX_SENTENCE_WORDS - 1}}}\S*", best)
    cut = best[: match.end()].rstrip()[:400] if match else best[:400]
    start = text.index(cut)
    return start, start + len(cut)
