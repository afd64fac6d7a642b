"""Markdown read as blocks: just enough structure to cut a page at the right places.

Tolerant on purpose: what comes from PDF files and web pages is half Markdown at best. Every
block is a span of the text itself; nothing is rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "rule"]

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*#*[ \t]*$")
_SETEXT = re.compile(r"(=|-){3,}[ \t]*$")
_RULE = re.compile(r"[ \t]*(?:([-*_])(?:[ \t]*\1)*)[ \t]*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_ITEM = re.compile(r"[ \t]*(?:[-*+•◦▪–]|\d{1,3}[.)]|[a-zA-Z]\))[ \t]+\S")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
# A question on a line of its own: the headings that survive in text taken out of a PDF file.
_FLAT_HEADING = re.compile(r"[A-Z“\"'][^.!?•|]{8,118}\?[ \t]*$")
_SENTENCE_END = re.compile(r"[.!?:)”\"][ \t]*$")
_FLAT_LEVEL = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A span of the text. ``level`` and ``title`` are set for headings only."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text.rstrip())

    @property
    def blank(self) -> bool:
        return not self.text.strip()


def parse_blocks(text: str) -> list[Block]:
    """Blocks in order, not overlapping. What lies between them is white space."""
    lines = list(_lines(text))
    flat = not any(_ATX.match(line.text) for line in lines)
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        if lines[at].blank:
            at += 1
            continue
        block, at = _block(lines, at, flat)
        blocks.append(block)
    return blocks


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for raw in text.split("\n"):
        yield _Line(start, raw.rstrip("\r"))
        start += len(raw) + 1


def _block(lines: list[_Line], at: int, flat: bool) -> tuple[Block, int]:
    """The block that begins at a line that is not blank, and the index of the line after it."""
    line = lines[at]
    if _FENCE.match(line.text):
        return _span("code", lines, at, _fence_end(lines, at))
    if heading := _ATX.match(line.text):
        return _heading(line, len(heading[1]), heading[2] or ""), at + 1
    if _RULE.match(line.text):
        return _span("rule", lines, at, at + 1)
    if _is_table(lines, at):
        return _span("table", lines, at, _table_end(lines, at))
    if _ITEM.match(line.text):
        return _span("list", lines, at, _list_end(lines, at, flat))
    if at + 1 < len(lines) and (under := _SETEXT.match(lines[at + 1].text)):
        level = 1 if under[1] == "=" else 2
        block = Block(
            kind="heading", start=line.start, end=lines[at + 1].end, level=level, title=plain_title(line.text)
        )
        return block, at + 2
    if flat and _is_flat_heading(lines, at):
        return _heading(line, _FLAT_LEVEL, line.text), at + 1
    return _span("paragraph", lines, at, _paragraph_end(lines, at, flat))


def _span(kind: BlockKind, lines: list[_Line], first: int, after: int) -> tuple[Block, int]:
    last = after - 1
    while lines[last].blank:
        last -= 1
    indent = len(lines[first].text) - len(lines[first].text.lstrip())
    return Block(kind=kind, start=lines[first].start + indent, end=lines[last].end), after


def _heading(line: _Line, level: int, title: str) -> Block:
    return Block(kind="heading", start=line.start, end=line.end, level=level, title=plain_title(title))


def plain_title(markdown: str) -> str:
    """A heading's words without links, emphasis and anchors."""
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    words = re.sub(r"\{#[^}]*\}|<[^>]*>", "", words)
    return " ".join(re.sub(r"[*`]|(?<!\w)_+|_+(?!\w)", "", words).split())


def _fence_end(lines: list[_Line], at: int) -> int:
    mark = lines[at].text.strip()[:3]
    for index in range(at + 1, len(lines)):
        if lines[index].text.strip().startswith(mark):
            return index + 1
    return len(lines)


def _is_table(lines: list[_Line], at: int) -> bool:
    row = lines[at].text
    if row.count("|") < 1:
        return False
    if row.lstrip().startswith("|"):
        return True
    return at + 1 < len(lines) and "|" in lines[at + 1].text and bool(_TABLE_RULE.match(lines[at + 1].text))


def _table_end(lines: list[_Line], at: int) -> int:
    while at < len(lines) and "|" in lines[at].text:
        at += 1
    return at


def _starts_block(lines: list[_Line], at: int, flat: bool) -> bool:
    """True when a line cannot continue a paragraph or a list item."""
    text = lines[at].text
    if _ATX.match(text) or _FENCE.match(text) or _RULE.match(text) or _is_table(lines, at):
        return True
    return flat and _is_flat_heading(lines, at)


def _list_end(lines: list[_Line], at: int, flat: bool) -> int:
    index = at + 1
    while index < len(lines):
        line = lines[index]
        if line.blank:
            following = next((i for i in range(index, len(lines)) if not lines[i].blank), len(lines))
            if following == len(lines) or not _continues_list(lines[following].text):
                return index
            index = following
        elif _starts_block(lines, index, flat):
            return index
        elif (
            not _continues_list(line.text)
            and line.text[:1].isupper()
            and _SENTENCE_END.search(lines[index - 1].text)
        ):
            return index  # a new sentence at the margin: text out of PDF files has no blank lines
        index += 1
    return index


def _continues_list(text: str) -> bool:
    return bool(_ITEM.match(text)) or (text[:1] in " \t" and bool(text.strip()))


def _paragraph_end(lines: list[_Line], at: int, flat: bool) -> int:
    index = at + 1
    while index < len(lines):
        if lines[index].blank or _ITEM.match(lines[index].text) or _starts_block(lines, index, flat):
            return index
        index += 1
    return index


def _is_flat_heading(lines: list[_Line], at: int) -> bool:
    if not _FLAT_HEADING.match(lines[at].text):
        return False
    if at + 1 >= len(lines) or lines[at + 1].blank or lines[at + 1].text[:1].islower():
        return False
    return at == 0 or lines[at - 1].blank or bool(_SENTENCE_END.search(lines[at - 1].text))
