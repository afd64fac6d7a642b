"""Fetches one URL: guarded, polite, bounded in time and size."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Self

import httpcore
import httpx

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.fetch.guard import Guard, site
from realtime_agents.knowledge.fetch.pace import Clock, Pace, SystemClock
from realtime_agents.knowledge.fetch.robots import MAX_BYTES, PRODUCT, Robots, parse_robots
from realtime_agents.knowledge.fetch.transport import GuardedTransport

MAX_PAGE_BYTES = 20 * 1024 * 1024
"""Size of one page, packed and unpacked."""
MAX_REDIRECTS = 5
PAGE_TIMEOUT_S = 60.0
"""For one request with all of its body: a server that drips bytes is left."""
RETRY_S = (2.0, 8.0)
"""Pauses before a request is made again when the network or the server fails for the moment."""
MAX_RETRY_AFTER_S = 120.0
_MAX_DIGITS = 20
_TIMEOUTS = httpx.Timeout(20.0, connect=10.0)
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})


class FetchError(DocumentError):
    """A page that was not read. ``gone``: the site says that it is not there any more."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        self.gone = gone
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a site gave with a page, to ask later whether it has changed."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        pairs = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer. ``unchanged`` (304) has no body."""

    url: str
    """Where the redirects ended."""
    body: bytes
    media_type: str
    """``text/html``, lower case; empty when the server names none."""
    charset: str
    validators: Validators
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


class Fetcher:
    """One client for one run: keeps the pace and the rules of each site. Use as a context manager.

    Only whoever makes it can widen ``guard``; nothing in a URL, a page or a setting can.
    """

    def __init__(self, guard: Guard | None = None, *, clock: Clock | None = None) -> None:
        self._guard = guard or Guard()
        self._clock = clock or SystemClock()
        self.pace = Pace(self._clock)
        self._robots: dict[str, Robots] = {}
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(self._guard),
            timeout=_TIMEOUTS,
            trust_env=False,
            headers={
                "user-agent": f"{PRODUCT}/0.1 (knowledge ingest; reads robots.txt)",
                "accept": "text/html,application/xhtml+xml,application/pdf,text/plain;q=0.9,application/xml;q=0.8",
                "accept-encoding": "gzip",
            },
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    def check(self, url: str) -> str:
        """The URL in its plain form. Raises `DocumentError` when it may not be fetched."""
        return str(self._guard.check_url(url))

    def check_within(self, start: str, urls: Iterable[str]) -> list[str | None]:
        """Each URL in its plain form; None when it may not be fetched or is of another site than ``start``."""
        here = site(httpx.URL(start))
        return [self._checked_within(here, url) for url in urls]

    def _checked_within(self, here: str, url: str) -> str | None:
        try:
            checked = self._guard.check_url(url)
        except DocumentError:
            return None
        return str(checked) if site(checked) == here else None

    async def get(self, url: str, validators: Validators = Validators()) -> Fetched:
        """Fetch a page. Raises `FetchError` with what stands against it, `DocumentError` from the guard."""
        return await self._follow(self._guard.check_url(url), validators.headers())

    async def _follow(self, start: httpx.URL, headers: Mapping[str, str]) -> Fetched:
        url = start
        seen = {str(url)}
        for _ in range(MAX_REDIRECTS + 1):
            await self._permit(url)
            answer = await self._patiently(url, headers, MAX_PAGE_BYTES)
            if answer.status not in _REDIRECTS:
                return _fetched(url, answer)
            url = self._next(url, answer)
            if site(url) != site(start):
                raise FetchError(f"it leads to another site ({url.host}): give that address instead")
            if str(url) in seen:
                raise FetchError("its redirects lead in a circle")
            seen.add(str(url))
        raise FetchError(f"it redirects more than {MAX_REDIRECTS} times")

    def _next(self, url: httpx.URL, answer: _Answer) -> httpx.URL:
        target = answer.headers.get("location", "")
        if not target:
            raise FetchError(f"it redirects (status {answer.status}) without saying where to")
        try:
            joined = str(url.join(target))
        except (httpx.InvalidURL, ValueError):
            raise FetchError("it redirects to something that is no address") from None
        return self._guard.check_url(joined)

    async def _permit(self, url: httpx.URL) -> None:
        """Raises `FetchError` when the site's robots.txt says no."""
        origin = str(url.copy_with(raw_path=b"/"))
        robots = self._robots.get(origin)
        if robots is None:
            robots = self._robots[origin] = await self._read_robots(url)
            self.pace.slow_down(site(url), robots.delay_s)
        if robots.problem:
            raise FetchError(robots.problem)
        if not robots.allows(url.raw_path.decode("ascii", "replace")):
            raise FetchError("the site's robots.txt asks not to read it")

    async def _read_robots(self, page: httpx.URL) -> Robots:
        url = page.copy_with(raw_path=b"/robots.txt")
        try:
            for _ in range(MAX_REDIRECTS + 1):
                answer = await self._patiently(url, {}, MAX_BYTES, cut=True)
                if answer.status not in _REDIRECTS:
                    break
                url = self._next(url, answer)
        except DocumentError as error:
            return Robots(problem=str(error))
        if answer.status < 300:
            return parse_robots(answer.body)
        if answer.status == 429 or answer.status >= 500:
            # As the RFC has it: a site that cannot tell its rules is not read.
            return Robots(problem=f"the site's robots.txt cannot be read (status {answer.status})")
        return Robots()

    async def _patiently(
        self, url: httpx.URL, headers: Mapping[str, str], limit: int, *, cut: bool = False
    ) -> _Answer:
        """One answer; asks again when the network or the server fails for the moment."""
        for pause_s in RETRY_S:
            try:
                answer = await self._once(url, headers, limit, cut=cut)
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
                await self._clock.sleep(pause_s)
                continue
            if answer.status not in _TRY_AGAIN:
                return answer
            await self._clock.sleep(_retry_after(answer.headers, pause_s))
        try:
            return await self._once(url, headers, limit, cut=cut)
        except httpcore.TimeoutException:
            raise FetchError("the site did not answer in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise FetchError(f"the connection failed: {str(error) or type(error).__name__}") from None

    async def _once(self, url: httpx.URL, headers: Mapping[str, str], limit: int, *, cut: bool) -> _Answer:
        await self.pace.turn(site(url))
        try:
            async with asyncio.timeout(PAGE_TIMEOUT_S):
                request = self._client.build_request("GET", url, headers=dict(headers))
                response = await self._client.send(request, stream=True)
                try:
                    body = b"" if response.status_code in _REDIRECTS else await _body(response, limit, cut)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise FetchError(f"it did not arrive within {PAGE_TIMEOUT_S:.0f} s") from None
        return _Answer(response.status_code, response.headers, body)


async def _body(response: httpx.Response, limit: int, cut: bool) -> bytes:
    """The body, unpacked here piece by piece: what a few bytes may unpack to has no bound."""
    declared = response.headers.get("content-length", "")
    if _is_count(declared) and int(declared) > limit and not cut:
        raise FetchError(_too_large(limit))
    encoding = response.headers.get("content-encoding", "identity").strip().lower() or "identity"
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise FetchError(f"it is packed as {encoding[:40]!r}, which was not asked for")
    unpack = None if encoding == "identity" else zlib.decompressobj(16 + zlib.MAX_WBITS)
    whole, received = bytearray(), False
    async for piece in response.aiter_raw():
        received = received or bool(piece)
        try:
            whole += piece if unpack is None else unpack.decompress(piece, limit + 1 - len(whole))
        except zlib.error:
            raise FetchError("its gzip data is broken") from None
        if len(whole) > limit:
            if cut:
                return bytes(whole[:limit])
            raise FetchError(_too_large(limit))
    if unpack is not None and not unpack.eof and received:
        raise FetchError("it ended before it was complete")
    return bytes(whole)


def _too_large(limit: int) -> str:
    return f"it is larger than {limit // 2**20} MB"


def _fetched(url: httpx.URL, answer: _Answer) -> Fetched:
    if answer.status in _GONE:
        raise FetchError(f"the site says that it is not there (status {answer.status})", gone=True)
    if answer.status != 304 and not 200 <= answer.status < 300:
        raise FetchError(f"the site answered with status {answer.status}")
    content_type = Message()
    content_type["content-type"] = answer.headers.get("content-type", "")
    named = "content-type" in answer.headers
    return Fetched(
        url=str(url),
        body=answer.body,
        media_type=content_type.get_content_type() if named else "",
        charset=str(content_type.get_param("charset", "") or "") if named else "",
        validators=Validators(
            etag=answer.headers.get("etag", ""), last_modified=answer.headers.get("last-modified", "")
        ),
        unchanged=answer.status == 304,
    )


def _retry_after(headers: httpx.Headers, default_s: float) -> float:
    value = headers.get("retry-after", "")
    return min(float(value), MAX_RETRY_AFTER_S) if _is_count(value) else default_s


def _is_count(value: str) -> bool:
    """Digits as headers may have them: Python also takes ``²`` for one, and thousands of them for a number."""
    return value.isascii() and value.isdigit() and len(value) < _MAX_DIGITS
