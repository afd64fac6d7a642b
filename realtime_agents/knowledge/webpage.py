"""A web page as Markdown: the main text without menus, scripts and styles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

import trafilatura

_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "object", "head"})
_BLOCK = frozenset(
    """address article blockquote br dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre
    section table td th tr ul""".split()  # noqa: SIM905 - a list of words reads better as text
)
_DATES = (
    "last-modified",
    "dcterms.modified",
    "article:modified_time",
    "dcterms.issued",
    "article:published_time",
    "date",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """What a page says. ``text`` is Markdown; tags in it were text on the page, never markup."""

    title: str
    text: str
    url: str
    date: str


def read_page(html: str) -> WebPage:
    """Extract a page. ``text`` is empty when the page holds none. Links lose their address."""
    parts = _Parts()
    parts.feed(html)
    parts.close()
    text = trafilatura.extract(html, output_format="markdown", include_links=False, include_tables=True) or ""
    plain = parts.plain_text()
    if not text.strip():
        text = plain
    return WebPage(title=parts.title(), text=text.strip(), url=parts.canonical, date=next(parts.dates(), ""))


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
        if tag in _SILENT:
            self._silent += 1
        elif tag == "meta":
            self._meta.setdefault(
                (values.get("name") or values.get("property") or "").lower(), values.get("content", "")
            )
        elif tag == "link" and values.get("rel", "").lower() == "canonical":
            self.canonical = (
                values.get("href", "") if values.get("href", "").startswith(("http://", "https://")) else ""
            )
        elif tag == "body":
            self._silent = 0  # a head that was never closed must not swallow the page
        if tag in {"title", "h1"}:
            self._in = tag
        if tag in _BLOCK:
            self._pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        if tag == self._in:
            self._in = None
        if tag in _BLOCK:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in == "title":
            self._titles.append(data)
        elif self._in == "h1":
            self._heading.append(data)
        if not self._silent and self._in != "title":
            self._pieces.append(data)

    def title(self) -> str:
        """The page's own heading, else the window title without the site's name."""
        heading = " ".join("".join(self._heading).split())
        window = " ".join("".join(self._titles).split())
        return heading or re.split(r"\s+[|–—]\s+", window)[0]

    def dates(self) -> Iterator[str]:
        return (self._meta[name] for name in _DATES if self._meta.get(name))

    def plain_text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self._pieces).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
