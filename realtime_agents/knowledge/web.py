"""A web page, or all pages of a sitemap, as a source of documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from urllib.parse import urlsplit

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.extract import DocumentFailure, Found, Origin, kind_of, read_bytes
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.fetch.client import MAX_PAGE_BYTES, Fetched, Fetcher, FetchError, Validators
from realtime_agents.knowledge.fetch.sitemap import Sitemap, is_sitemap, parse_sitemap, unpacked
from realtime_agents.knowledge.ledger import Entry, SourceKey
from realtime_agents.knowledge.port import Document
from realtime_agents.knowledge.supply import AsBefore, Brought, Failed, Memory, Settled, Step, Vanished

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
        """See `Supply`. One batch for each page."""
        start = self.key.location
        first = await self._page(start, "", memory, may_be_sitemap=True)
        if isinstance(first, list):
            yield first
            if not self._gone:
                return
        else:
            for failure in await self._list(first):
                yield [Failed(entry=start, failure=failure)]
        for known in await memory.names():
            if known != start and len(self._pages) < self._max_pages:
                self._pages.setdefault(known, "")
        for url, modified in self._pages.items():
            steps = await self._page(url, modified, memory)
            self._done += 1
            yield steps if isinstance(steps, list) else []

    async def _page(
        self, url: str, modified: str, memory: Memory, *, may_be_sitemap: bool = False
    ) -> list[Step] | Fetched:
        """Steps of one page; the page itself when it is a sitemap and may be."""
        name = _name(url)
        self._doing = name
        known = await memory.entry(url)
        if known is not None and known.run == memory.run:
            return [AsBefore(entry=known)]  # it was read before the run was interrupted
        stands = known is not None and known.whole and await memory.stands(known)
        try:
            asked = (
                Validators(etag=known.etag, last_modified=known.last_modified)
                if known and stands
                else Validators()
            )
            fetched = await self._fetcher.get(url, asked)
        except FetchError as error:
            self._gone = error.gone
            if error.gone and known is not None:
                return [Vanished(entry=url)]
            return [Failed(entry=url, failure=DocumentFailure(name=name, reason=str(error)))]
        except DocumentError as error:
            return [Failed(entry=url, failure=DocumentFailure(name=name, reason=str(error)))]
        if fetched.unchanged and known is not None:
            return [AsBefore(entry=known)]
        if may_be_sitemap and await asyncio.to_thread(_holds_sitemap, fetched.body):
            return fetched
        return await self._read(url, modified, fetched)

    async def _read(self, url: str, modified: str, fetched: Fetched) -> list[Step]:
        name = _name(fetched.url)
        kind = _kind(fetched)
        if not kind:
            reason = f"pages of type {fetched.media_type or 'unknown'!r} cannot be read"
            return [Failed(entry=url, failure=DocumentFailure(name=name, reason=reason))]
        origin = Origin(
            name=name,
            collection=self.key.collection,
            url=fetched.url,
            source=urlsplit(fetched.url).hostname or "",
            date=modified,
            charset=fetched.charset or ("html" if kind == "html" else ""),
            remote=True,
        )
        found = await asyncio.to_thread(_all, read_bytes(fetched.body, kind, origin, self._extractor))
        steps: list[Step] = [
            Brought(entry=url, document=one) if isinstance(one, Document) else Failed(entry=url, failure=one)
            for one in found
        ]
        given = fetched.validators
        entry = Entry(name=url, etag=given.etag, last_modified=given.last_modified)
        return [*steps, Settled(entry=entry)]

    async def _list(self, first: Fetched) -> list[DocumentFailure]:
        """Fill the list of pages from a sitemap and those under it; what was left out, in words."""
        failures: list[DocumentFailure] = []
        waiting = [(first.url, 0)]
        bodies = {first.url: first.body}
        seen = {first.url}
        elsewhere = beyond = 0
        while waiting:
            url, depth = waiting.pop(0)
            self._doing = _name(url)
            try:
                body = bodies.pop(url, None) or (await self._fetcher.get(url)).body
                sitemap = await asyncio.to_thread(_sitemap, body)
            except DocumentError as error:
                failures.append(DocumentFailure(name=_name(url), reason=str(error)))
                continue
            for entry in sitemap.entries:
                place = self._checked(entry.location)
                if place is None:
                    elsewhere += 1
                elif not sitemap.is_index and (place in self._pages or len(self._pages) < self._max_pages):
                    self._pages.setdefault(place, entry.modified)
                elif not sitemap.is_index:
                    beyond += 1
                elif place not in seen and depth < MAX_SITEMAP_DEPTH and len(seen) < MAX_SITEMAPS:
                    seen.add(place)
                    waiting.append((place, depth + 1))
                elif place not in seen:
                    beyond += 1
        return [*failures, *_left_out(_name(first.url), elsewhere, beyond, self._max_pages)]

    def _checked(self, url: str) -> str | None:
        """The address in its plain form; None when it may not be fetched or is of another site."""
        try:
            plain = self._fetcher.check(url)
        except DocumentError:
            return None
        return plain if self._fetcher.same_site(plain, self.key.location) else None


def _left_out(name: str, elsewhere: int, beyond: int, limit: int) -> Iterator[DocumentFailure]:
    if elsewhere:
        yield DocumentFailure(
            name=name, reason=f"{elsewhere:,} of its addresses are of other sites or may not be read"
        )
    if beyond:
        yield DocumentFailure(
            name=name,
            reason=f"{beyond:,} of its entries were left out: {limit:,} pages are read at most, set more to read on",
        )


def _sitemap(body: bytes) -> Sitemap:
    return parse_sitemap(unpacked(body, MAX_PAGE_BYTES))


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


def _all(found: Iterator[Found]) -> list[Found]:
    return list(found)
