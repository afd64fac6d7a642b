"""Speakable sentences out of passages: markup taken off, lists read out with their opening line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MIN_WORDS = 4
MAX_WORDS = 48
LIST_MAX_ITEMS = 6
FLAT_HEADING_WORDS = 10

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_BARE_URL = re.compile(r"\(?\bhttps?://[^\s)]+\)?")
_TAG = re.compile(r"<[^>]{1,80}>")
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*)")
_BULLET = re.compile(r"^\s*(?:[-*+•◦▪–]|\d{1,2}[.)]|[a-z][.)])\s+(.*)")
_INLINE_BULLET = re.compile(r"\s+[•◦▪]\s+")
_TABLE = re.compile(r"^\s*\|")
_BOUNDARY = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[\"“(]?[A-Z0-9$])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|U\.S|e\.g|i\.e|Dr|Mr|Mrs|Ms|St|No|vs|Inc|Jr|Sr|Pub|Sec|Ch|a\.m|p\.m|approx|Jan|Feb|Mar|Apr|Jun|Jul|Aug"
    r"|Sept|Oct|Nov|Dec))\.$"
)
_OPEN_START = re.compile(
    r"^(?:it|they|this|these|that|those|however|but|also|and|or|so|then|instead|otherwise|he|she|its|their|in this case"
    r"|in that case|for example|if so|if not|after that|in addition|for more|see|note|tip|go to|visit|figure|page|chapter|learn"
    r"|the (?:phone |fax )?(?:number|address|website|form|amount|rate|limit|fee|cost|deadline|date|letter|decision|office)s? (?:is|are|was))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence that can be read out, in its place."""

    text: str
    heading: str
    """The heading or question it stands under, inside the passage; empty for none."""
    order: int
    opens: bool
    """True when it can stand first: it does not point back to the sentence before."""


def speakable_sentences(passage: str) -> list[Sentence]:
    """The whole sentences of a passage in reading order, without markup, questions and fragments."""
    found: list[Sentence] = []
    for heading, text in _units(passage):
        count = len(text.split())
        if MIN_WORDS <= count <= MAX_WORDS and not text.endswith("?"):
            opens = _OPEN_START.match(text) is None and (text[:1].isupper() or text[:1] in '$“"0123456789')
            found.append(Sentence(text=text, heading=heading, order=len(found), opens=opens))
    return found


def plain(text: str) -> str:
    """One line of text without Markdown, tags and addresses."""
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    text = _EMPHASIS.sub("", _TAG.sub(" ", _BARE_URL.sub("", text)))
    return re.sub(r"\s+([,.;:])", r"\1", re.sub(r"\s+", " ", text)).strip()


def split_sentences(text: str) -> list[str]:
    """Sentences of running text; abbreviations and initials do not end one."""
    pieces: list[str] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        before, after = text[start : match.start()], text[match.end() : match.end() + 1]
        if _ABBREVIATION.search(before) and (after.isdigit() or not before.endswith("No.")):
            continue
        pieces.append(text[start : match.end()].strip())
        start = match.end()
    pieces.append(text[start:].strip())
    return [p for p in pieces if p]


def _units(passage: str) -> Iterator[tuple[str, str]]:
    """(heading, sentence) in order; a question in the text serves as the heading of what follows."""
    heading = lead = before = ""
    items: list[str] = []
    for kind, text in [*_blocks(passage), ("end", "")]:
        if kind == "item":
            items.append(text)
            continue
        yield from ((heading, sentence) for sentence in _read_list(lead, items, before))
        lead, items = "", []
        if kind == "heading":
            heading = text
        for sentence in split_sentences(text) if kind == "text" else ():
            if sentence.endswith("?"):
                heading, before, lead = sentence, "", ""
            elif sentence.endswith(":"):
                lead = sentence
            elif whole := _whole(sentence):
                before, lead = whole, ""
                yield heading, whole


def _read_list(lead: str, items: list[str], before: str) -> Iterator[str]:
    """``You may qualify if: you served; you are 65.`` or, without an opening line, item by item."""
    if items and not lead:
        for item in items:
            yield from (whole for s in split_sentences(item) if (whole := _whole(s)))
        return
    subject = ""
    if lead.lower() in ("you:", "they:", "we:") and before:  # "… if any of these are true. You: - served …"
        subject, lead = f"{lead.rstrip(':').lower()} ", f"{before.rstrip('.')}:"
    read, length = [], len(lead.split())
    for item in items[:LIST_MAX_ITEMS]:
        first = re.sub(r"[\s.;,:]+([”\"])?$", r"\1", split_sentences(item)[0]) if item else ""
        length += len(first.split())
        if not first or length > MAX_WORDS - 3:
            break
        first = re.sub(r",?\s+(?:and|or)$", "", first)
        read.append(subject + (first[:1].lower() + first[1:] if subject else first))
    if read:
        more = "; and more." if len(read) < len(items) else "."
        yield f"{lead} {'; '.join(read)}{more}"


def _whole(sentence: str) -> str | None:
    """The sentence, or ``None`` for a fragment such as a flattened heading or half a table row."""
    if sentence[-1:] in '.!”")' and re.search(r"[a-z]", sentence):
        return sentence
    return None


def _blocks(passage: str) -> Iterator[tuple[str, str]]:
    """("heading" | "item" | "text", plain text) of a Markdown or flattened page."""
    paragraph: list[str] = []
    item: list[str] = []

    def flush() -> Iterator[tuple[str, str]]:
        if item and (text := plain(" ".join(item))):
            yield "item", text
        if paragraph and (text := plain(" ".join(paragraph))):
            yield "text", text
        item.clear()
        paragraph.clear()

    lines = _INLINE_BULLET.sub("\n• ", passage).splitlines()
    for at, line in enumerate(lines):
        heading, bullet = _HEADING.match(line), _BULLET.match(line)
        if not line.strip() or _TABLE.match(line):
            yield from flush()
        elif heading or _is_flat_heading(lines, at):
            yield from flush()
            yield "heading", plain(heading[1] if heading else line)
        elif bullet:
            yield from flush()
            item.append(bullet[1])
        elif item:
            item.append(line.strip())
        else:
            paragraph.append(line.strip())
    yield from flush()


def _is_flat_heading(lines: list[str], at: int) -> bool:
    """A heading of a page whose layout was lost: short, alone, and the next line starts anew."""
    line, after = lines[at].strip(), lines[at + 1].strip() if at + 1 < len(lines) else ""
    before = lines[at - 1].strip() if at else ""
    short = (
        len(line.split()) <= FLAT_HEADING_WORDS
        and line[:1].isupper()
        and line[-1:].isalnum() | (line[-1:] == ")")
    )
    starts_anew = not before or before[-1] in ".!?:)" or before[-1].isdigit()
    return short and starts_anew and (after[:1].isupper() or _BULLET.match(after) is not None)
