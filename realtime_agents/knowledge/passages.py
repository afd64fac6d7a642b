"""From a document to what is stored of it: passages, their windows and their vectors.

Each passage has a vector of the whole, with title and section before it, one of its page's title,
and, when it is long, one for each *window* of about 50 words, which is the text alone. Its cosine is the mean of the
whole's and the nearest window's: a long passage about several things is found by each of them,
and the window tells which part answers. Against the whole alone this gained 0.03 in hit@5 and 0.04
in MRR@10 (fusion, benchmarks/retrieval.py) for twice the time to embed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from realtime_agents.embedding import Embedder
from realtime_agents.knowledge.chunking import embedded_text, split
from realtime_agents.knowledge.port import Document
from realtime_agents.knowledge.sentences import Span, sentence_spans
from realtime_agents.knowledge.summary import stems, summarise

CUT_VERSION = "6"
"""Raise when chunking or windows change: documents are then cut and embedded anew at ingest."""
WINDOW_WORDS = 50
TITLES_KEPT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPassage:
    """A passage ready to be stored. Spans are in characters."""

    ord: int
    section: str
    text: str
    char_start: int
    char_end: int
    summary: Span
    """Inside ``text``."""
    windows: tuple[Span, ...]
    """Inside ``text``; empty for a passage that is about one window long."""
    key: str
    """SHA-256 of all that is embedded: an unchanged passage keeps its vectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedDocument:
    document: Document
    sha256: str
    passages: tuple[PreparedPassage, ...]


def place_of(passage_id: str) -> tuple[str, int]:
    """``a#1#b#0`` → document ``a#1#b``, place 0; place -1 where it is no passage's id."""
    name, _, place = passage_id.rpartition("#")
    if not (place.isascii() and place.isdigit() and len(place) < 10):
        return name, -1
    return name, int(place)


def fingerprint(document: Document) -> str:
    """Changes when anything that is stored of the document would change."""
    parts: tuple[str, ...] = (
        CUT_VERSION,
        document.id,
        document.collection,
        document.title,
        document.url,
        document.source,
        document.as_of or "",
        document.text,
    )
    details = (
        document.source_type,
        document.published or "",
        document.effective_from or "",
        document.effective_to or "",
    )
    if any(details):  # what has none of them keeps the fingerprint it always had
        parts += details
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def prepare(document: Document) -> PreparedDocument:
    """Cut a document. A document without any words has no passages."""
    passages = tuple(_passages(document))
    return PreparedDocument(document=document, sha256=fingerprint(document), passages=passages)


def _passages(document: Document) -> Iterator[PreparedPassage]:
    for number, chunk in enumerate(split(document.text, document.title)):
        text = document.text[chunk.start : chunk.end]
        whole = embedded_text(document.title, chunk.section, text)
        spans = windows(text)
        yield PreparedPassage(
            ord=number,
            section=chunk.section,
            text=text,
            char_start=chunk.start,
            char_end=chunk.end,
            summary=summarise(text, about=stems([document.title, chunk.section])),
            windows=spans,
            key=hashlib.sha256(f"{spans}\x1f{whole}".encode()).hexdigest(),
        )


def windows(text: str) -> tuple[Span, ...]:
    """Spans of whole sentences, about `WINDOW_WORDS` each; none when one would hold nearly all."""
    total = len(text.split())
    if total < 1.5 * WINDOW_WORDS:
        return ()
    goal = total / max(2, round(total / WINDOW_WORDS))
    found: list[Span] = []
    begin, words, last = 0, 0, 0
    for start, end in sentence_spans(text):
        size = len(text[start:end].split())
        if words and words + size / 2 > goal:
            found.append((begin, last))
            words = 0
        if not words:
            begin = start
        words += size
        last = end
    found.append((begin, last))
    return tuple(found) if len(found) > 1 else ()


class PassageEmbedder:
    """Makes the vectors of passages. Remembers those of the last titles, which passages of a page share."""

    def __init__(self, embedder: Embedder) -> None:
        self._embed = embedder.embed_passage
        self._title = lru_cache(TITLES_KEPT)(embedder.embed_passage)

    def vectors(self, title: str, section: str, text: str, spans: tuple[Span, ...]) -> NDArray[np.float16]:
        """float16 of shape ``(2 + len(spans), dims)``: the whole, the title, then its windows."""
        whole = self._embed(embedded_text(title, section, text))
        head = self._title(title.strip()) if title.strip() else whole
        return np.stack([whole, head, *(self._embed(text[start:end]) for start, end in spans)]).astype("<f2")
