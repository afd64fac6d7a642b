"""The passage reader: a source as it stands in the knowledge base, with the quoted words marked."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import reflex as rx
from reflex.event import EventSpec

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.port import Passage
from realtime_agents.knowledge.surroundings import around
from realtime_agents.runtime import get_runtime
from realtime_agents.session.view import Citation
from realtime_agents.state.handlers import background, handler
from realtime_agents.state.history import HistoryState
from realtime_agents.state.quotes import mark_quote, plain_text
from realtime_agents.state.transcript import TranscriptState

log = logging.getLogger(__name__)


class ReaderState(rx.State):
    """What the reader shows; closed while ``opened`` is false."""

    opened: rx.Field[bool] = rx.field(default=False)
    key: rx.Field[str] = rx.field("")
    """``<turn>-<n>`` of the citation, to mark its card."""
    title: rx.Field[str] = rx.field("")
    section: rx.Field[str] = rx.field("")
    source: rx.Field[str] = rx.field("")
    """Publisher and date: ``VA.gov · as of 2026-01``."""
    url: rx.Field[str] = rx.field("")
    above: rx.Field[str] = rx.field("")
    """What stands before the passage in its section."""
    below: rx.Field[str] = rx.field("")
    before: rx.Field[str] = rx.field("")
    quote: rx.Field[str] = rx.field("")
    after: rx.Field[str] = rx.field("")
    note: rx.Field[str] = rx.field("")

    @background
    async def read_citation(self, turn_id: str, n: int) -> AsyncIterator[EventSpec]:
        """A citation chip or a source card was pressed."""
        async with self:
            transcript, history = await self.get_state(TranscriptState), await self.get_state(HistoryState)
            turn = transcript._turn(turn_id) or history._turn(turn_id)
            citation = next((c for c in turn.citations if c.n == n), None) if turn else None
            if citation is None:
                return
            key = self.key = f"{turn_id}-{n}"
        sheet = await _cited(citation)
        async with self:
            shown = self._open(key, sheet)
        if shown:
            yield _to_the_quote()

    @background
    async def read_passage(self, passage_id: str) -> AsyncIterator[EventSpec]:
        """A search result was pressed."""
        async with self:
            self.key = passage_id
        passage, note = await _passage(passage_id)
        sheet = (
            Sheet(title="Passage", note=note)
            if passage is None
            else await _whole(passage, quote=passage.summary)
        )
        async with self:
            shown = self._open(passage_id, sheet)
        if shown:
            yield _to_the_quote()

    @handler
    def close(self) -> None:
        """Put the reader away."""
        self.opened, self.key = False, ""

    def _open(self, key: str, sheet: Sheet) -> bool:
        """False when something else was pressed, or the reader put away, while this was fetched."""
        if self.key != key:
            return False
        self.title, self.section, self.source = sheet.title, sheet.section, sheet.source
        self.url = sheet.url if sheet.url.startswith(("https://", "http://")) else ""
        self.above, self.below = sheet.above, sheet.below
        self.before, self.quote, self.after, self.note = sheet.before, sheet.quote, sheet.after, sheet.note
        self.opened = True
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the reader shows of one source."""

    title: str
    section: str = ""
    source: str = ""
    url: str = ""
    above: str = ""
    before: str = ""
    quote: str = ""
    after: str = ""
    below: str = ""
    note: str = ""


async def _cited(citation: Citation) -> Sheet:
    passage, note = await _passage(citation.passage_id) if citation.passage_id else (None, "")
    if passage is not None:
        note = "" if citation.supported else "The words that were cited are not in this passage."
        return await _whole(passage, quote=citation.quote, note=note)
    return Sheet(
        title=citation.title,
        section=citation.section,
        source=_dated("" if citation.passage_id else "Dated fact", citation.as_of),
        url=citation.url,
        quote=citation.quote,
        note=note,
    )


async def _whole(passage: Passage, *, quote: str, note: str = "") -> Sheet:
    """The passage in its section, with the quote marked."""
    before, marked, after = mark_quote(plain_text(passage.text), quote)
    above, below = await _surroundings(passage)
    return Sheet(
        title=passage.title,
        section=passage.section,
        source=_dated(passage.source, passage.as_of or ""),
        url=passage.url,
        above=above,
        before=before,
        quote=marked,
        after=after,
        below=below,
        note=note,
    )


async def _passage(passage_id: str) -> tuple[Passage | None, str]:
    """The passage, or None and why it is not there."""
    try:
        passage = await get_runtime().knowledge.passage(passage_id)
    except KnowledgeError:
        log.exception("reading a passage failed")
        return None, "The knowledge base does not answer. The quoted words are shown as they were cited."
    if passage is None:
        return (
            None,
            "This passage is no longer in the knowledge base. The quoted words are shown as they were cited.",
        )
    return passage, ""


async def _surroundings(passage: Passage) -> tuple[str, str]:
    """What stands before and after the passage in its section; nothing where that cannot be told."""
    try:
        document = await get_runtime().knowledge.document(passage.document_id)
    except KnowledgeError:
        log.exception("reading the document of a passage failed")
        return "", ""
    above, below = around(document, passage) if document is not None else ("", "")
    return plain_text(above), plain_text(below)


def _to_the_quote() -> EventSpec:
    """Scroll the reader so that the passage is seen, once it is there."""
    return rx.call_script(
        "requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector("
        "'.reader mark, .reader-passage')?.scrollIntoView({block: 'center'})))"
    )


def _dated(source: str, as_of: str) -> str:
    return " · ".join(part for part in (source, as_of and f"as of {as_of}") if part)
