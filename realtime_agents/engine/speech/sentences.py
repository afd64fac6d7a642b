"""Cutting an answer where a speaker draws breath; the parts joined are the answer again."""

from __future__ import annotations

import re
from typing import Final

MAX_CHARS: Final = 280
"""A longer sentence is spoken in parts, so that the first sound need not wait for all of it."""
_MIN_PART_CHARS: Final = 60

_LOOK_BACK: Final = 12
"""Characters that tell an abbreviation or the number of a list item."""

_MARK: Final = r"\[\d+\]"
# Closing quotes, brackets and citation marks belong to the sentence they follow.
_END = re.compile(rf"[.!?…][\"'”’)\]*_]*(?:\s*{_MARK})*(?=\s)|[.!?…][\"'”’)\]*_]*(?:\s*{_MARK})+")
_BLANK = re.compile(r"\s*")
_NEW_LINE = re.compile(r"\n\s*")
_BLOCK = re.compile(r"\s*(?:#{1,6}\s|[-*+•◦▪–]\s|\d{1,3}[.)]\s|>\s?|\||```)")
_ORDINAL_MARK = re.compile(r"\n\s*\d{1,3}\.$")
ABBREVIATED: Final = (
    r"Dr|Mr|Mrs|Ms|St|No|vs|Inc|Jr|Sr|Lt|Col|Maj|Capt|Sgt|Gen|Pub|Sec|Ch|approx|Jan|Feb|Mar|Apr|Jun|Jul"
    r"|Aug|Sept?|Oct|Nov|Dec|Fig|Vol|Ave|Blvd|Ste|ext|est"
)
"""Words whose full stop seldom ends a sentence."""
_ABBREVIATION = re.compile(rf"(?:^|[\s(\"“'/–—-])(?:[A-Z]|(?:[A-Za-z]\.){{1,3}}[A-Za-z]|{ABBREVIATED})\.$")
# After these a new sentence may begin; after the others it is a name or number that follows.
_MAY_END = re.compile(r"(?:a\.m|p\.m|etc|Inc|Jr|Sr)\.$")
_GOES_ON: Final = "–—-&/"
"""As in "8 a.m. – 5 p.m."."""
_TIME_ZONE = re.compile(r"\(?[ECMPHA][SD]?T\b")
_CLAUSE = re.compile(r"[,;:—](?=\s)|\s(?=(?:and|or|but|because|which|while|if|unless)\s)|\s[–—](?=\s)")


def split_sentences(text: str) -> list[str]:
    """Sentences, list items, headings and table rows in order, each with the white space after it."""
    cuts = sorted({*_line_ends(text), *_sentence_ends(text)})
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return [short for part in parts if part for short in _shorten(part)]


def _sentence_ends(text: str) -> list[int]:
    ends: list[int] = []
    for match in _END.finditer(text):
        after = _BLANK.match(text, match.end())
        end = after.end() if after else match.end()
        if end < len(text) and not _is_inside(text, match, end):
            ends.append(end)
    return ends


def _is_inside(text: str, match: re.Match[str], end: int) -> bool:
    """Whether the sentence goes on after what looks like its end."""
    following = text[end]
    if following.islower():
        return True
    start = match.start() - _LOOK_BACK
    # The beginning of the text is the beginning of a line.
    before = text[start : match.start() + 1] if start >= 0 else "\n" + text[: match.start() + 1]
    if _ORDINAL_MARK.search(before):
        return True
    if _ABBREVIATION.search(before) is None:
        return False
    if _MAY_END.search(before) is None or following.isdigit() or following in _GOES_ON:
        return True
    return _TIME_ZONE.match(text, end) is not None


def _line_ends(text: str) -> list[int]:
    """Ends of lines that stand by themselves; a line break inside running text is only a space."""
    ends: list[int] = []
    start = 0
    for match in _NEW_LINE.finditer(text):
        if match.end() == len(text):
            break
        blank_line = match.group().count("\n") > 1
        if blank_line or _BLOCK.match(text, match.end()) or _BLOCK.match(text, start):
            ends.append(match.end())
        start = match.end()
    return ends


def _shorten(sentence: str) -> list[str]:
    parts: list[str] = []
    while len(sentence) > MAX_CHARS:
        places = [m.end() for m in _CLAUSE.finditer(sentence, _MIN_PART_CHARS, MAX_CHARS)]
        if not places:
            places = [m.end() for m in re.finditer(r"\s", sentence[:MAX_CHARS]) if m.end() > _MIN_PART_CHARS]
        at = places[-1] if places else MAX_CHARS
        if sentence[at : at + 1].isspace():  # it stays with the part before it
            at += 1
        parts.append(sentence[:at])
        sentence = sentence[at:]
    return [*parts, sentence] if sentence else parts
