"""From the lines of PDF pages to Markdown: headings guessed by size and weight, running heads dropped. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

HEADING_SIZE = 1.12
"""A line this much larger than the text is a heading."""
MAX_HEADING_CHARS = 120
MAX_LEVEL = 4
_MAX_HEADING_SHARE = 0.5
"""Of the characters: where more look like headings, size and weight say nothing."""
_EDGE_LINES = 2
"""Lines at the top and the bottom of a page that may be a running head."""
_RUNNING_SHARE = 0.4
_PARAGRAPH_GAP = 1.45
"""Of the usual distance between lines."""
_HEADING_GAP = 1.6
"""Of its size: the lines of one heading are no further apart."""
_FULL_LINE = 0.6
_FULL_LINE_CHARS = 40
"""A line shorter than this, or than that part of the longest one, was ended on purpose."""

_LEADERS = re.compile(r"(?:\.\s?){4,}\s*[\divxlc]*\s*$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"\W*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.IGNORECASE
)
_ITEM = re.compile(r"(?:[•◦▪‣·*–-]|\d{1,3}[.)]|[a-z]\))\s+\S")
_BULLET = re.compile(r"^[•◦▪‣·]\s*")
_LIGATURES = {
    ord(mark): plain
    for mark, plain in zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a page. ``size`` in points; ``y`` is its height on the page, up is more."""

    text: str
    size: float
    bold: bool
    y: float


Page = Sequence[Line]


def to_markdown(pages: Sequence[Page]) -> str:
    """The pages as one text. Without any heading each page becomes a section of its own."""
    cleaned = [_without_running(page, running) for running in (_running(pages),) for page in pages]
    body = _body_size(cleaned)
    headings = _heading_levels(cleaned, body)
    parts: list[str] = []
    for number, page in enumerate(cleaned, start=1):
        if not headings and len(pages) > 1 and page:
            parts.append(f"## Page {number}")
        parts.extend(_blocks(page, headings))
    return "\n\n".join(parts)


def _clean(text: str) -> str:
    return " ".join(text.translate(_LIGATURES).split())


def _running(pages: Sequence[Page]) -> frozenset[str]:
    """Lines, digits as one sign, that stand at the edge of many pages."""
    if len(pages) < 4:
        return frozenset()
    found = Counter(
        shape for page in pages for shape in {_shape(line.text) for line in _edges(_filled(page))}
    )
    least = max(3, _RUNNING_SHARE * len(pages))
    return frozenset(shape for shape, count in found.items() if count >= least)


def _filled(page: Page) -> list[Line]:
    return [line for line in page if line.text.strip()]


def _edges(lines: Sequence[Line]) -> Sequence[Line]:
    return lines if len(lines) <= 2 * _EDGE_LINES else [*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]]


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", _clean(text)).casefold()


def _without_running(page: Page, running: frozenset[str]) -> list[Line]:
    lines = _filled(page)
    kept: list[Line] = []
    for index, line in enumerate(lines):
        edge = index < _EDGE_LINES or index >= len(lines) - _EDGE_LINES
        if edge and (_shape(line.text) in running or _PAGE_NUMBER.fullmatch(line.text.strip())):
            continue
        text = _clean(line.text)
        if text and not _LEADERS.search(text):  # a table of contents repeats the headings
            kept.append(Line(text=text, size=round(line.size * 2) / 2, bold=line.bold, y=line.y))
    return kept


def _body_size(pages: Iterable[Page]) -> float:
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], -size), default=0.0)


def _heading_levels(pages: Sequence[Page], body: float) -> dict[tuple[float, bool], int]:
    """Level by (size, bold) of what counts as a heading: the largest is 1."""
    lines = [line for page in pages for line in page]
    large = {(line.size, line.bold) for line in lines if line.size >= body * HEADING_SIZE and _may_head(line)}
    bold = (
        {(body, True)}
        if any(line.bold and line.size == body and _may_head(line) for line in lines)
        else set()
    )
    for styles in (large | bold, large, bold):
        share = sum(len(line.text) for line in lines if (line.size, line.bold) in styles)
        if styles and share <= _MAX_HEADING_SHARE * sum(len(line.text) for line in lines):
            order = sorted({size for size, _ in styles}, reverse=True)
            return {style: min(order.index(style[0]) + 1, MAX_LEVEL) for style in styles}
    return {}


def _may_head(line: Line) -> bool:
    text = line.text
    return (
        len(text) <= MAX_HEADING_CHARS
        and bool(re.search(r"[^\W\d_]{2}", text))
        and not text.endswith((".", ",", ";"))
        and not _ITEM.match(text.lstrip("0123456789."))
    )


def _blocks(page: Page, headings: dict[tuple[float, bool], int]) -> list[str]:
    """Headings and paragraphs of one page in order."""
    gap = _usual_gap(page)
    margin = max(_FULL_LINE * max((len(line.text) for line in page), default=0), _FULL_LINE_CHARS)
    blocks: list[str] = []
    before: Line | None = None
    for line in page:
        level = headings.get((line.size, line.bold), 0) if _may_head(line) else 0
        apart = before is None or before.y - line.y > _PARAGRAPH_GAP * gap or line.y > before.y
        same = before is not None and (before.size, before.bold) == (line.size, line.bold)
        if level and before is not None and same and 0 < before.y - line.y < _HEADING_GAP * line.size:
            blocks[-1] = f"{blocks[-1]} {line.text}"  # a heading on two lines
        elif level:
            blocks.append(f"{'#' * level} {line.text}")
        elif apart or not blocks or blocks[-1].startswith("#"):
            blocks.append(_plain(line.text))
        else:
            full = before is not None and len(before.text) >= margin
            blocks[-1] = _joined(blocks[-1], _plain(line.text), full)
        before = line
    return blocks


def _usual_gap(page: Page) -> float:
    gaps = Counter(round(above.y - below.y, 1) for above, below in pairwise(page) if above.y > below.y)
    return max(gaps, key=lambda gap: (gaps[gap], -gap), default=0.0) or 1_000.0


def _plain(text: str) -> str:
    """Text that Markdown does not take for a heading or a rule."""
    text = _BULLET.sub("- ", text)
    return f"\\{text}" if text.startswith(("#", "---", "```", "~~~")) else text


def _joined(text: str, line: str, full: bool) -> str:
    """A paragraph with its next line. ``full``: the line before reached the margin."""
    if _ITEM.match(line):
        return f"{text}\n{line}"
    if broken := re.search(r"([^\W\d_])-$", text):
        return (text[:-1] if broken[1].islower() == line[:1].islower() else text) + line
    return f"{text} {line}" if full or line[:1].islower() else f"{text}\n{line}"
