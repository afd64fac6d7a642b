"""A web page as Markdown: the main text without menus, scripts and styles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

import trafilatura

from realtime_agents.knowledge.dates import iso_date

_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "object", "head"})
_BLOCK = frozenset(
    """address article blockquote br dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre
    section table td th tr ul""".split()  # noqa: SIM905 - a list of words reads better as text
)
_MODIFIED = (
    "last-modified",
    "last-updated",
    "dcterms.modified",
    "dc.date.modified",
    "article:modified_time",
    "datemodified",
    "og:updated_time",
)
_PUBLISHED = (
    "dcterms.issued",
    "dc.date.issued",
    "dc.date",
    "article:published_time",
    "datepublished",
    "date",
)
"""Names of ``<meta>`` that hold a date, the surest first; names from JSON-LD count among them."""
_MAX_LINKED_DATA_CHARS = 200_000
_SAYS_WHEN = (
    ("last-updated", re.compile(r"\b(?:updated|modified|reviewed)\b[\s\w:]{0,20}$", re.IGNORECASE)),
    ("datepublished", re.compile(r"\b(?:published|posted)\b[\s\w:]{0,20}$", re.IGNORECASE)),
    ("effective-date", re.compile(r"(?:^|\n)\s*effective\b[\s\w:]{0,20}$", re.IGNORECASE)),
)
"""Words before a ``<time>``. A sentence may tell of a day of force, too: only at the start of a line it is the page's."""
_LINKED_DATE = re.compile(r'"(date(?:Modified|Published))"\s*:\s*"([^"\\]{4,40})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """What a page says. ``text`` is Markdown; tags in it were text on the page, never markup."""

    title: str
    text: str
    url: str
    """The address that the page gives for itself; empty when it gives none."""
    modified: str = ""
    """ISO, when it was last changed; empty when it does not say."""
    published: str = ""
    effective_date: str = ""
    """ISO, from when on what it says holds; rarely given."""
    site: str = ""
    """Name of the site, as the page gives it."""


def read_page(html: str) -> WebPage:
    """Extract a page. ``text`` is empty when the page holds none. Links lose their address."""
    parts = _Parts()
    parts.feed(html)
    parts.close()
    text = trafilatura.extract(html, output_format="markdown", include_links=False, include_tables=True) or ""
    plain = parts.plain_text()
    if not text.strip():
        text = plain
    return WebPage(
        title=parts.title(),
        text=text.strip(),
        url=parts.canonical,
        modified=parts.date(*_MODIFIED),
        published=parts.date(*_PUBLISHED),
        effective_date=parts.date("effective-date", "dcterms.valid"),
        site=parts.site(),
    )


class _Parts(HTMLParser):
    """Title, canonical address, dates and plain text, for pages that trafilatura finds nothing in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.canonical = ""
        self._pieces: list[str] = []
        self._titles: list[str] = []
        self._heading: list[str] = []
        self._meta: dict[str, str] = {}
        self._silent = 0
        self._in: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "script" and values.get("type", "").strip().lower() == "application/ld+json":
            self._in = "linked data"
        if tag in _SILENT:
            self._silent += 1
        elif tag == "meta":
            self._meta.setdefault(
                (values.get("name") or values.get("property") or values.get("itemprop") or "").lower(),
                values.get("content", ""),
            )
        elif tag == "link" and values.get("rel", "").lower() == "canonical":
            self.canonical = (
                values.get("href", "") if values.get("href", "").startswith(("http://", "https://")) else ""
            )
        elif tag == "body":
            self._silent = 0  # a head that was never closed must not swallow the page
        elif tag == "time":
            before = "".join(self._pieces[-6:])[-80:]
            for name, words in _SAYS_WHEN:
                if words.search(before):
                    self._meta.setdefault(name, values.get("datetime", ""))
        if tag == "title" or (tag == "h1" and not "".join(self._heading).strip()):
            self._in = tag
        if tag in _BLOCK:
            self._pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        if tag == self._in or (tag == "script" and self._in == "linked data"):
            self._in = None
        if tag in _BLOCK:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in == "title":
            self._titles.append(data)
        elif self._in == "h1":
            self._heading.append(data)
        elif self._in == "linked data":
            for name, value in _LINKED_DATE.findall(data[:_MAX_LINKED_DATA_CHARS]):
                self._meta.setdefault(name.lower(), value)
        if not self._silent and self._in != "title":
            self._pieces.append(data)

    def title(self) -> str:
        """The page's own heading, else the window title without the site's name."""
        heading = " ".join("".join(self._heading).split())
        window = " ".join("".join(self._titles).split())
        return heading or re.split(r"\s+[|–—]\s+", window)[0]

    def date(self, *names: str) -> str:
        """The first date under these names, ISO; empty when there is none."""
        found = (iso_date(self._meta.get(name, "")) for name in names)
        return next((one for one in found if one), "")

    def site(self) -> str:
        """As `WebPage.site`."""
        return " ".join(self._meta.get("og:site_name", "").split())[:100]

    def plain_text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self._pieces).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
