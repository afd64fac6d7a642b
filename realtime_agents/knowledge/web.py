"""A web page, or all pages of a sitemap, as a source of documents."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import urlsplit

from realtime_agents.errors import DocumentError, KnowledgeError
from realtime_agents.knowledge.extract import READER_VERSION, DocumentFailure, Origin, kind_of, read_bytes
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.fetch.client import MAX_PAGE_BYTES, Fetched, Fetcher, FetchError, Validators
from realtime_agents.knowledge.fetch.sitemap import MAX_ENTRIES, Sitemap, is_sitemap, parse_sitemap, unpacked
from realtime_agents.knowledge.ledger import Entry, SourceKey
from realtime_agents.knowledge.supply import (
    AsBefore,
    Failed,
    Memory,
    Settled,
    Step,
    Vanished,
    next_steps,
    unreadable,
)

MAX_PAGES = 500
"""Pages of one sitemap that are read unless more are asked for."""
MAX_SITEMAPS = 50
MAX_SITEMAP_DEPTH = 3
BATCH_PAGES = 4
_KINDS = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "text/markdown": "markdown",
    "application/x-ndjson": "records",
    "application/jsonl": "records",
}
_BY_NAME = frozenset({"", "text/plain", "application/octet-stream", "application/gzip", "application/x-gzip"})
"""Media types that say less than the name."""
_ELSEWHERE = "{count} of its addresses are of other sites or may not be read"
_PAGES = "{count} of its pages were left out: {most} are read at most (the ingest command: --max-pages)"
_DEPTH = "{count} sitemaps under it were left out: they are nested more than {depth} deep"
_SITEMAPS = "{count} sitemaps under it were left out: {sitemaps} are read at most"


def is_web_address(text: str) -> bool:
    """True for what is meant as a web address and not as a path."""
    return text.strip().lower().startswith(("http://", "https://"))


class WebSupply:
    """One address: a page, a document, or a sitemap and then its pages. Each page is an entry.

    Pages are fetched one after the other, at the site's pace; only those of the site that was
    named. Pages that an earlier run knew are asked for even when the sitemap has dropped them.
    """

    resumes = True
    forgets_unseen = False
    batch_documents = BATCH_PAGES

    def __init__(
        self, url: str, collection: str, fetcher: Fetcher, extractor: Extractor, *, max_pages: int = MAX_PAGES
    ) -> None:
        """Raises `DocumentError` for an address that may not be fetched."""
        self.key = SourceKey(kind="web", location=fetcher.check(url), collection=collection)
        self._fetcher = fetcher
        self._extractor = extractor
        self._max_pages = max_pages
        self._pages: dict[str, str] = {}
        """Date by address, in the order in which they are read."""
        self._sitemap: Fetched | None = None
        """What the address held, when that is a list of pages."""
        self._gone = False
        """The last page is not there any more; of a sitemap: then each page is asked for."""
        self._done = 0
        self._doing = ""

    @property
    def fraction(self) -> float | None:
        """Pages read of those known."""
        return self._done / len(self._pages) if self._pages else None

    @property
    def doing(self) -> str:
        return self._doing

    async def batches(self, memory: Memory) -> AsyncGenerator[list[Step]]:
        """See `Supply`. One batch for each page, several for a long list of records."""
        start = self.key.location
        async with aclosing(self._page(start, "", memory, may_be_sitemap=True)) as first:
            async for steps in first:
                yield steps
        if self._sitemap is not None:
            for failure in await self._list(self._sitemap):
                yield [Failed(entry=start, failure=failure)]
        elif not self._gone:
            return
        for known in await memory.names():
            if known != start and len(self._pages) < self._max_pages:
                self._pages.setdefault(known, "")
        for url, modified in self._pages.items():
            async with aclosing(self._page(url, modified, memory)) as read:
                async for steps in read:
                    yield steps
            self._done += 1

    async def _page(
        self, url: str, modified: str, memory: Memory, *, may_be_sitemap: bool = False
    ) -> AsyncGenerator[list[Step]]:
        """Steps of one page; none when it is a sitemap and may be. Nothing in a page ends the others."""
        self._doing = _name(url)
        try:
            async with aclosing(self._steps(url, modified, memory, may_be_sitemap)) as read:
                async for steps in read:
                    yield steps
        except KnowledgeError:
            raise  # the store or the ledger, not the page
        except Exception as error:  # noqa: BLE001  the edge of one page
            yield [unreadable(url, _name(url), error)]

    async def _steps(
        self, url: str, modified: str, memory: Memory, may_be_sitemap: bool
    ) -> AsyncGenerator[list[Step]]:
        known = await memory.entry(url)
        stands = known is not None and await self._stands(known, memory)
        asked = Validators()
        if known is not None and stands:
            if known.run == memory.run:  # it was read before the run was interrupted
                yield [AsBefore(entry=known)]
                return
            asked = Validators(etag=known.etag, last_modified=known.last_modified)
        try:
            fetched = await self._fetcher.get(url, asked)
        except DocumentError as error:
            self._gone = isinstance(error, FetchError) and error.gone
            if self._gone and known is not None:
                yield [Vanished(entry=url)]
            else:
                yield [Failed(entry=url, failure=DocumentFailure(name=_name(url), reason=str(error)))]
            return
        if fetched.unchanged and known is not None:
            yield [AsBefore(entry=known)]
        elif may_be_sitemap and await asyncio.to_thread(_holds_sitemap, fetched.body):
            self._sitemap = fetched
        else:
            async with aclosing(self._read(url, modified, fetched)) as read:
                async for steps in read:
                    yield steps

    async def _read(self, url: str, modified: str, fetched: Fetched) -> AsyncGenerator[list[Step]]:
        name = _name(fetched.url)
        kind = _kind(fetched)
        if not kind:
            reason = f"pages of type {fetched.media_type or 'unknown'!r} cannot be read"
            yield [Failed(entry=url, failure=DocumentFailure(name=name, reason=reason))]
            return
        origin = Origin(
            name=name,
            collection=self.key.collection,
            url=fetched.url,
            source=urlsplit(fetched.url).hostname or "",
            date=modified,
            charset=fetched.charset or ("html" if kind == "html" else ""),
            remote=True,
        )
        found = read_bytes(fetched.body, kind, origin, self._extractor)
        given = fetched.validators
        end = Settled(
            entry=Entry(name=url, mark=READER_VERSION, etag=given.etag, last_modified=given.last_modified)
        )
        held: list[Step] = []
        while steps := await asyncio.to_thread(next_steps, url, name, found):
            if held:
                yield held
            held = steps
        yield [*held, end]  # in one batch: an interruption between them would have the page read again

    @staticmethod
    async def _stands(known: Entry, memory: Memory) -> bool:
        """The store holds it as it would be read today: unless it has changed it need not be sent again."""
        return known.whole and known.mark == READER_VERSION and await memory.stands(known)

    async def _list(self, first: Fetched) -> list[DocumentFailure]:
        """Fill the list of pages from a sitemap and those under it; what was left out, in words."""
        failures: list[DocumentFailure] = []
        waiting = [(first.url, 0)]
        bodies = {first.url: first.body}
        seen = {first.url}
        left_out = Counter[str]()
        while waiting:
            url, depth = waiting.pop(0)
            self._doing = _name(url)
            try:
                body = bodies.pop(url, None) or (await self._fetcher.get(url)).body
                sitemap, places = await asyncio.to_thread(self._sitemap_of, body)
            except DocumentError as error:
                failures.append(DocumentFailure(name=_name(url), reason=str(error)))
                continue
            except Exception as error:  # noqa: BLE001  the edge of one sitemap
                failures.append(unreadable(url, _name(url), error).failure)
                continue
            if sitemap.cut:
                reason = f"it has more than {MAX_ENTRIES:,} entries; those after them were left out"
                failures.append(DocumentFailure(name=_name(url), reason=reason))
            for entry, place in zip(sitemap.entries, places, strict=True):
                if place is None:
                    left_out[_ELSEWHERE] += 1
                elif not sitemap.is_index:
                    if place in self._pages or len(self._pages) < self._max_pages:
                        self._pages.setdefault(place, entry.modified)
                    else:
                        left_out[_PAGES] += 1
                elif place in seen:
                    continue
                elif depth >= MAX_SITEMAP_DEPTH:
                    left_out[_DEPTH] += 1
                elif len(seen) >= MAX_SITEMAPS:
                    left_out[_SITEMAPS] += 1
                else:
                    seen.add(place)
                    waiting.append((place, depth + 1))
        words = {"most": f"{self._max_pages:,}", "depth": MAX_SITEMAP_DEPTH, "sitemaps": MAX_SITEMAPS}
        name = _name(first.url)
        told = (reason.format(count=f"{count:,}", **words) for reason, count in left_out.items())
        return [*failures, *(DocumentFailure(name=name, reason=reason) for reason in told)]

    def _sitemap_of(self, body: bytes) -> tuple[Sitemap, list[str | None]]:
        """What it lists, and the checked address of each. Blocks: tens of thousands take seconds."""
        sitemap = parse_sitemap(unpacked(body, MAX_PAGE_BYTES))
        return sitemap, self._fetcher.check_within(
            self.key.location, (entry.location for entry in sitemap.entries)
        )


def _holds_sitemap(body: bytes) -> bool:
    try:
        return is_sitemap(unpacked(body, MAX_PAGE_BYTES))
    except DocumentError:
        return False


def _kind(fetched: Fetched) -> str:
    kind = _KINDS.get(fetched.media_type, "")
    if kind or fetched.media_type not in _BY_NAME:
        return kind
    named = kind_of(urlsplit(fetched.url).path)
    if named:
        return named
    if fetched.body.startswith(b"%PDF-"):
        return "pdf"
    if fetched.media_type == "" and fetched.body.lstrip()[:1] == b"<":
        return "html"
    return "text" if fetched.media_type == "text/plain" else ""


def _name(url: str) -> str:
    """An address as people read it, and part of a document's id."""
    return url.partition("://")[2].rstrip("/") or url
