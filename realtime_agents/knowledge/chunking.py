"""Cut a document into passages: along its headings, whole sentences, lists and tables together."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from realtime_agents.knowledge.blocks import Block, parse_blocks
from realtime_agents.knowledge.sentences import sentence_spans

TARGET_WORDS = 150
"""A section is cut into equal parts of about this size."""
MAX_WORDS = 200
"""No passage is larger, whatever it holds."""
WHOLE_WORDS = 185
"""A section up to this size stays in one piece."""
MIN_WORDS = 15
"""A smaller section is joined to its neighbour under the same heading."""
OVERLAP_MAX_WORDS = 40
"""A longer last sentence is not repeated at the start of the next passage."""
CHARS_PER_WORD = 10
"""Text with few spaces (addresses, other scripts) is measured by characters instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A passage before it has an id. ``text[start:end]`` of the document is its text."""

    section: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never cut: a sentence, or a list or table that fits."""

    start: int
    end: int
    words: int
    sentence: bool


@dataclass(slots=True)
class _Section:
    path: tuple[str, ...]
    heading: Block | None
    blocks: list[Block]
    parent: tuple[str, ...] | None
    """Sections below this path may be joined to this one; None for the lead, which stands alone."""

    def words(self, text: str) -> int:
        return sum(measure(text[block.start : block.end]) for block in self.blocks)


def measure(text: str) -> int:
    """Size of a text in words."""
    return max(len(text.split()), math.ceil(len(text) / CHARS_PER_WORD))


def embedded_text(title: str, section: str, text: str) -> str:
    """What is given to the embedder for a passage: where it stands, then what it says."""
    head = f"{title} > {section}" if section else title
    return f"{head}\n{text}" if head else text


def split(text: str, title: str = "") -> list[Chunk]:
    """Cut ``text`` (Markdown) into chunks in reading order.

    Chunks of one section may share one sentence; headings and rules are left out of a chunk
    unless they stand between joined sections. A text without any words gives no chunks.
    """
    sections = _joined(list(_sections(text, title)), text)
    chunks = [chunk for section in sections for chunk in _cut(section, text)]
    if not chunks and (words := text.strip()):
        start = text.index(words)
        whole = _Section((), None, [Block(kind="paragraph", start=start, end=start + len(words))], None)
        chunks = list(_cut(whole, text))
    return chunks


def _sections(text: str, title: str) -> Iterator[_Section]:
    stack: list[tuple[int, str]] = []
    current = _Section((), None, [], None)
    for block in parse_blocks(text):
        if block.kind == "heading":
            if current.blocks:
                yield current
            while stack and stack[-1][0] >= block.level:
                stack.pop()
            stack.append((block.level, block.title))
            path = tuple(name for _, name in stack if name and name.casefold() != title.casefold())
            current = _Section(path, block, [], path[:-1] if path else None)
        elif block.kind != "rule":
            current.blocks.append(block)
    if current.blocks:
        yield current


def _joined(sections: Sequence[_Section], text: str) -> Iterator[_Section]:
    """Put sections too small to stand alone together with the one that follows.

    Only sections under the same parent, or a child with its own parent, are joined.
    """
    held: _Section | None = None
    for section in sections:
        if held is None:
            held = section
        elif _may_join(held, section, text):
            held = _join(held, section)
        else:
            yield held
            held = section
    if held is not None:
        yield held


def _join(held: _Section, section: _Section) -> _Section:
    """One section from two; headings that the common path no longer tells become text."""
    inner = [section.heading] if section.heading else []
    if section.path[: len(held.path)] == held.path:
        return _Section(held.path, held.heading, [*held.blocks, *inner, *section.blocks], held.parent)
    outer = [held.heading] if held.heading else []
    return _Section(held.path[:-1], None, [*outer, *held.blocks, *inner, *section.blocks], held.path[:-1])


def _may_join(held: _Section, section: _Section, text: str) -> bool:
    parent = held.parent
    if parent is None or len(section.path) <= len(parent) or section.path[: len(parent)] != parent:
        return False
    sizes = held.words(text), section.words(text)
    return min(sizes) < MIN_WORDS and sum(sizes) <= TARGET_WORDS


def _cut(section: _Section, text: str) -> Iterator[Chunk]:
    units = list(_units(section.blocks, text))
    total = sum(unit.words for unit in units)
    parts = 1 if total <= WHOLE_WORDS else math.ceil(total / TARGET_WORDS)
    goal = total / parts
    path = " > ".join(section.path)
    first = 0
    while first < len(units):
        start, repeated = _overlap(units, first)
        after, words = first, 0
        while after < len(units):
            size = units[after].words
            if words and (repeated + words + size > MAX_WORDS or words + size / 2 > goal):
                break
            words += size
            after += 1
        yield Chunk(section=path, start=start, end=units[after - 1].end)
        first = after


def _overlap(units: Sequence[_Unit], first: int) -> tuple[int, int]:
    """Where a chunk that begins with unit ``first`` starts, and how many words that repeats."""
    if first > 0:
        before = units[first - 1]
        if before.sentence and before.words <= min(OVERLAP_MAX_WORDS, MAX_WORDS - units[first].words):
            return before.start, before.words
    return units[first].start, 0


def _units(blocks: Iterable[Block], text: str) -> Iterator[_Unit]:
    for start, end, kind in _atoms(list(blocks), text):
        words = measure(text[start:end])
        if kind in {"list", "table", "heading"} and words <= MAX_WORDS // 2:
            yield _Unit(start, end, words, sentence=False)
            continue
        for left, right in sentence_spans(text, start, end):
            size = measure(text[left:right])
            if size <= MAX_WORDS // 2:
                yield _Unit(left, right, size, sentence=kind == "paragraph")
            else:
                yield from _pieces(text, left, right)


def _atoms(blocks: Sequence[Block], text: str) -> Iterator[tuple[int, int, str]]:
    """Blocks as (start, end, kind); a line that ends in a colon goes with the list after it."""
    held: Block | None = None
    for block in blocks:
        if held is not None:
            joined = measure(text[held.start : block.end])
            if block.kind in {"list", "table"} and joined <= MAX_WORDS // 2:
                yield held.start, block.end, block.kind
                held = None
                continue
            yield held.start, held.end, held.kind
            held = None
        if block.kind == "paragraph" and text[block.start : block.end].rstrip("* \t").endswith(":"):
            held = block
        else:
            yield block.start, block.end, block.kind
    if held is not None:
        yield held.start, held.end, held.kind


def _pieces(text: str, start: int, end: int) -> Iterator[_Unit]:
    """A sentence that is too long, cut between words; a word that is too long, anywhere."""
    limit = MAX_WORDS // 2
    left, right, words = start, start, 0
    for match in re.finditer(rf"\S{{1,{limit * CHARS_PER_WORD}}}", text[start:end]):
        stop = start + match.end()
        size = measure(text[left:stop])
        if size > limit and right > left:
            yield _Unit(left, right, words, sentence=False)
            left = start + match.start()
            size = measure(text[left:stop])
        right, words = stop, size
    yield _Unit(left, right, words, sentence=False)
