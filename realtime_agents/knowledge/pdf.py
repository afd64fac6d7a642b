"""Text of a PDF file. Runs in the process of `extraction_worker`, which may be ended at any time."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pypdf
from pypdf.errors import DependencyError, FileNotDecryptedError, PdfReadError

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.dates import iso_date
from realtime_agents.knowledge.pdf_layout import Line, to_markdown

MAX_PAGES = 2_000
MAX_CHARS = 2_000_000
_MIN_CHARS = 20
"""Fewer on all pages together: pictures of pages, with no text behind them."""
FRONT_PAGES = 2
_EFFECTIVE = re.compile(
    r"effective(?: date)?(?: as of| from| on)?:? "
    r"((?:\d{1,2} )?[a-z]{3,9}\.?(?: \d{1,2}(?:st|nd|rd|th)?,?)? \d{4}|\d{4}-\d{2}(?:-\d{2})?)\.?",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(
    r"(?:untitled.*|microsoft word.*|powerpoint presentation|.*\.(?:docx?|pdf|indd|qxd|pptx?|xlsx?|fm|tmp))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfText:
    """What a PDF says. Dates are ISO, empty when it has none; ``notes`` say what was left out."""

    title: str
    text: str
    modified: str
    """When the file was last changed."""
    published: str
    """When the file was made."""
    effective_date: str
    """From when on what it says holds, where a line of its first pages is about nothing else."""
    notes: tuple[str, ...] = ()


def read_pdf(data: bytes) -> PdfText:
    """Read a PDF. Raises `DocumentError` in words, and whatever pypdf raises for a broken file."""
    reader = _opened(data)
    count = len(reader.pages)
    if count > MAX_PAGES:
        raise DocumentError(f"it has {count:,} pages, more than {MAX_PAGES:,}: split it")
    pages = [_lines(reader.pages[number]) for number in range(count)]
    chars = [sum(len(line.text.strip()) for line in page) for page in pages]
    if sum(chars) < _MIN_CHARS:
        raise DocumentError(
            "it holds no text, perhaps pictures of pages: make it searchable (OCR) and try again"
        )
    if sum(chars) > MAX_CHARS:
        raise DocumentError(f"it holds more than {MAX_CHARS:,} characters: split it")
    empty = chars.count(0)
    notes = (f"{empty} of its {count} pages hold no text; the others were kept",) if empty else ()
    text = to_markdown(pages)
    return PdfText(
        title=_title(reader, text),
        text=text,
        modified=_date(reader, "/ModDate"),
        published=_date(reader, "/CreationDate"),
        effective_date=_effective_date(pages[:FRONT_PAGES]),
        notes=notes,
    )


def _opened(data: bytes) -> pypdf.PdfReader:
    if b"%PDF-" not in data[:1024]:
        raise DocumentError("it is not a PDF file")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError("it is protected with a password")
        len(reader.pages)
    except (DependencyError, FileNotDecryptedError):
        raise DocumentError("it is protected with a password") from None
    except PdfReadError as error:
        raise DocumentError(f"it is broken: {error}") from None
    return reader


def _lines(page: pypdf.PageObject) -> list[Line]:
    """Lines as they are written; each takes the size, weight and height of its longest piece."""
    pieces: list[tuple[str, float, bool, float]] = []

    def visit(
        text: str, outer: list[float], inner: list[float], font: Mapping[str, Any] | None, size: float
    ) -> None:
        scale = abs((inner[3] or inner[1]) * (outer[3] or outer[1]))
        height = inner[4] * outer[1] + inner[5] * outer[3] + outer[5]
        name = str((font or {}).get("/BaseFont", "")).lower()
        pieces.append((text, size * scale, "bold" in name or "black" in name or "heavy" in name, height))

    page.extract_text(visitor_text=visit)
    lines: list[Line] = []
    words, longest = "", ("", 0.0, False, 0.0)
    for piece in pieces:
        first, *others = piece[0].split("\n")
        words += first
        longest = max(longest, (first, *piece[1:]), key=lambda one: len(one[0].strip()))
        for other in others:
            lines.append(Line(text=words, size=longest[1], bold=longest[2], y=longest[3]))
            words, longest = other, (other, *piece[1:])
    lines.append(Line(text=words, size=longest[1], bold=longest[2], y=longest[3]))
    return [line for line in lines if line.text.strip()]


def _title(reader: pypdf.PdfReader, text: str) -> str:
    """The title in the metadata, unless it is a file's name; else the first heading of the text."""
    named = " ".join(_fact(reader, "/Title").split())
    if len(named) > 3 and not _NO_TITLE.fullmatch(named):
        return named[:300]
    heading = re.match(r"(?:[^\n]*\n{1,2}){0,3}?#{1,2} (?!Page \d)([^\n]+)", text)
    return heading[1][:300] if heading else ""


def _date(reader: pypdf.PdfReader, key: str) -> str:
    """`D:20260115…` as an ISO date."""
    match = re.match(r"(?:D:)?([0-9]{4})([0-9]{2})([0-9]{2})", _fact(reader, key))
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat() if match else ""
    except ValueError:
        return ""


def _effective_date(pages: Sequence[Sequence[Line]]) -> str:
    lines = (_EFFECTIVE.fullmatch(" ".join(line.text.split())) for page in pages for line in page)
    dates = (iso_date(found[1]) for found in lines if found)
    return next((one for one in dates if one), "")


def _fact(reader: pypdf.PdfReader, key: str) -> str:
    facts = reader.metadata
    return "" if facts is None else str(facts.get(key, ""))
