"""Where sentences begin and end, and which of them can be spoken as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

# A blank line, or a line break before a list item, heading, table row or quote.
_HARD_BREAK = r"\n[ \t]*(?=\n)|\n(?=[ \t]*(?:[-*+•◦▪–][ \t]|\d{1,3}[.)][ \t]|#{1,6}[ \t]|\||>))"
_SOFT_BREAK = r"[.!?…][\"'”’)\]*_]{0,3}\s+(?=[\"'“‘(\[*_]{0,3}[A-Z0-9•$])"
_BREAK = re.compile(f"(?:{_HARD_BREAK})|(?:{_SOFT_BREAK})")
# What stands before a full stop that does not end a sentence.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"“‘])(?:(?:[A-Za-z]\.)+[A-Za-z]|Dr|Mr|Mrs|Ms|St|No|Nos|vs|Inc|Jr|Sr|Sec|Pub|Ch|Fig|Rev|approx"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)$"
)
# "A. General": a letter or number alone in front is a list mark. "Part B. You pay" is not.
_LIST_MARK = re.compile(r"\s*(?:[A-Za-z]|\d{1,2})$")
_HEADING_LINE = re.compile(r"\s*(#{1,6}[ \t][^\n]*)(?:\n|$)")
_MARKUP = re.compile(
    r"[*_`#|<>\[\]{}\\~•◦▪]|^\s*(?:[-+–]|\d{1,3}[.)])\s|https?://|\n\s*(?:[-+–]|\d{1,3}[.)])\s"
)


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Half-open spans of the sentences of ``text[start:end]``, without surrounding white space.

    List items and table rows count as sentences. Together the spans hold every character that
    is not white space.
    """
    stop = len(text) if end is None else end
    begin = start
    for match in _BREAK.finditer(text, start, stop):
        if text[match.start()] == "." and _goes_on(text, begin, match.start()):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, stop)


def _goes_on(text: str, begin: int, stop: int) -> bool:
    """True when the full stop at ``stop`` does not end the sentence that starts at ``begin``."""
    if _LIST_MARK.match(text, begin, stop):
        return True
    return _ABBREVIATION.search(text[max(begin, stop - 12) : stop]) is not None


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while heading := _HEADING_LINE.match(text, start, end):
        yield heading.span(1)
        start = heading.end()
    piece = text[start:end]
    body = piece.strip()
    if body:
        left = start + len(piece) - len(piece.lstrip())
        yield left, left + len(body)


def is_speakable(sentence: str) -> bool:
    """True for a whole sentence without Markdown marks, links or list signs."""
    begins = sentence[:1].isalnum() or sentence.startswith(("“", '"', "$"))
    return begins and sentence.endswith((".", "!", "?", "”", '"')) and not _MARKUP.search(sentence)


def plain_fragments(text: str) -> Iterator[str]:
    """Pieces of ``text`` between marks, each a substring, for text without a speakable sentence."""
    for line in re.split(r"\n\s*(?:\n|(?=[-*+•◦▪–]\s|\d{1,3}[.)]\s))", text):
        for piece in re.split(r"[*_`#|<>\[\]{}\\~•◦▪]+|\(/?[^()\s]*\)|https?://\S+", line):
            fragment = re.sub(r"^\s*(?:[-+–:]|\d{1,3}[.)])\s+", "", piece).strip()
            if fragment:
                yield fragment
