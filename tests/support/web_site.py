"""A loopback web site whose every answer a test decides, and a clock for whoever reads it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.support.asgi_server import serving

Answer = Response | Callable[[Request], Response | Awaitable[Response]]


class JumpClock:
    """Nobody waits: a sleep moves the time on at once and is written down."""

    def __init__(self) -> None:
        self.time = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class WebSite:
    """Answers by path; 404 for the others. ``asked`` are the paths (with query) in order."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def page(self, path: str, words: str, **headers: str) -> None:
        """An HTML page with a heading and a paragraph."""
        html = f"<html><body><main><h1>{path.strip('/') or 'Start'}</h1><p>{words}</p></main></body></html>"
        self.answers[path] = Response(html, media_type="text/html", headers=headers)

    def text(self, path: str, text: str | bytes, media_type: str = "text/plain") -> None:
        self.answers[path] = Response(text, media_type=media_type)

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        self.answers[path] = Response(status_code=status, headers={"location": target})

    def sitemap(self, path: str, *urls: str, modified: str = "") -> None:
        """A sitemap of these paths or addresses."""
        last = f"<lastmod>{modified}</lastmod>" if modified else ""
        entries = "".join(f"<url><loc>{self.absolute(url)}</loc>{last}</url>" for url in urls)
        namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
        self.text(
            path, f'<?xml version="1.0"?><urlset xmlns="{namespace}">{entries}</urlset>', "application/xml"
        )

    def index(self, path: str, *urls: str) -> None:
        """A sitemap index."""
        entries = "".join(f"<sitemap><loc>{self.absolute(url)}</loc></sitemap>" for url in urls)
        self.text(path, f"<sitemapindex>{entries}</sitemapindex>", "text/xml")

    def absolute(self, url: str) -> str:
        return self.url + url if url.startswith("/") else url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["path"] + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        self.asked.append(path)
        self.requests.append(request)
        answer = self.answers.get(path, Response("not here", status_code=404))
        if not isinstance(answer, Response):
            made = answer(request)
            answer = made if isinstance(made, Response) else await made
        await answer(scope, receive, send)


@contextlib.asynccontextmanager
async def web_site() -> AsyncIterator[WebSite]:
    """A running site. Robots.txt is missing (all is allowed) until a test gives one."""
    site = WebSite()
    async with serving(site) as site.port:
        yield site
