"""Reading of sitemaps and sitemap indexes (sitemaps.org). Pure; bounded against hostile XML."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import dataclass, field
from xml.parsers import expat

from realtime_agents.errors import DocumentError

MAX_ENTRIES = 50_000
"""As the protocol has it; further entries are left out, and `Sitemap.cut` says so."""
_MAX_DEPTH = 12
_MAX_TEXT_CHARS = 4_000
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(urlset|sitemapindex)[\s>/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapEntry:
    """One ``<url>`` or ``<sitemap>``. ``modified`` is an ISO date, empty when not given."""

    location: str
    modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """What a sitemap lists: pages, or other sitemaps when ``is_index``."""

    is_index: bool
    entries: tuple[SitemapEntry, ...]
    cut: bool = False


def is_sitemap(data: bytes) -> bool:
    """Whether the data begins like a sitemap. Comments and a style sheet may come first."""
    return _ROOT.search(data[:4_000]) is not None


def unpacked(data: bytes, limit: int) -> bytes:
    """The data, gunzipped when it is gzip. Raises `DocumentError` beyond ``limit`` bytes or when broken."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            whole = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise DocumentError("its gzip data is broken") from None
    if len(whole) > limit:
        raise DocumentError(f"it unpacks to more than {limit // 2**20} MB")
    return whole


def parse_sitemap(data: bytes) -> Sitemap:
    """Entries in order. Raises `DocumentError` for XML that is broken or defines entities."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entities
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DocumentError(
            f"its XML is broken in line {error.lineno}: {expat.ErrorString(error.code)}"
        ) from None
    except _Enough:
        return Sitemap(is_index=reader.is_index, entries=tuple(reader.entries), cut=True)
    if not reader.known:
        raise DocumentError("it is XML, but no sitemap")
    return Sitemap(is_index=reader.is_index, entries=tuple(reader.entries))


class _Enough(Exception):
    """The entries that are taken are complete."""


def _refuse_entities(*_: object) -> None:
    raise DocumentError("its XML defines entities, which no sitemap needs")


@dataclass(slots=True)
class _Reader:
    """Handlers of the parser: keeps ``<loc>`` and ``<lastmod>`` of each entry."""

    entries: list[SitemapEntry] = field(default_factory=list)
    is_index: bool = False
    known: bool = False
    path: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    size: int = 0
    location: str = ""
    modified: str = ""

    def start(self, name: str, _attributes: object) -> None:
        local = name.rpartition(" ")[2]
        if not self.path:
            self.known = local in {"urlset", "sitemapindex"}
            self.is_index = local == "sitemapindex"
        self.path.append(local)
        if len(self.path) > _MAX_DEPTH:
            raise DocumentError("its XML is nested too deeply for a sitemap")
        if len(self.path) == 2:
            self.location = self.modified = ""
        self.words, self.size = [], 0

    def text(self, words: str) -> None:
        self.size += len(words)
        if self.size <= _MAX_TEXT_CHARS:
            self.words.append(words)

    def end(self, _name: str) -> None:
        local = self.path.pop()
        words = "".join(self.words).strip() if self.size <= _MAX_TEXT_CHARS else ""
        if len(self.path) == 2 and local == "loc":
            self.location = words
        elif len(self.path) == 2 and local == "lastmod":
            found = _DATE.match(words)
            self.modified = found[0] if found else ""
        elif len(self.path) == 1 and self.location:
            self._keep()
        self.words, self.size = [], 0

    def _keep(self) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            raise _Enough
        self.entries.append(SitemapEntry(location=self.location, modified=self.modified))
