from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.fetch import client
from realtime_agents.knowledge.fetch.client import MAX_PAGE_BYTES, Fetcher, FetchError, Validators
from realtime_agents.knowledge.fetch.guard import Guard
from tests.support.web_site import JumpClock, WebSite


async def refused(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(DocumentError) as caught:
        await fetcher.get(url)
    return str(caught.value)


async def test_a_page_comes_with_its_type_and_what_tells_its_version(site: WebSite, fetcher: Fetcher) -> None:
    site.answers["/a"] = Response(
        "Wörds".encode("latin-1"),
        headers={
            "content-type": "Text/HTML; charset=ISO-8859-1",
            "etag": '"1"',
            "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        },
    )
    page = await fetcher.get(f"{site.url}/a#part")
    assert (page.url, page.media_type, page.charset) == (f"{site.url}/a", "text/html", "ISO-8859-1")
    assert page.body.decode("latin-1") == "Wörds"
    assert page.validators == Validators(etag='"1"', last_modified="Thu, 01 Jan 2026 00:00:00 GMT")
    request = site.requests[-1]
    assert request.headers["user-agent"].startswith("RealtimeAgents/")
    assert request.headers["host"] == f"127.0.0.1:{site.port}"


async def test_a_page_that_has_not_changed_is_not_sent_again(site: WebSite, fetcher: Fetcher) -> None:
    def answer(request: Request) -> Response:
        same = request.headers.get("if-none-match") == '"1"'
        return Response(status_code=304) if same else Response("Words", headers={"etag": '"1"'})

    site.answers["/a"] = answer
    first = await fetcher.get(f"{site.url}/a")
    second = await fetcher.get(f"{site.url}/a", first.validators)
    assert (first.unchanged, second.unchanged, second.body) == (False, True, b"")


# Guard


async def test_without_the_switch_of_tests_loopback_is_refused_before_anything_is_sent(site: WebSite) -> None:
    async with Fetcher(clock=JumpClock()) as fetcher:
        for host in ("127.0.0.1", "localhost", "[::1]"):
            assert await refused(fetcher, f"http://{host}:{site.port}/")
    assert site.asked == []


async def test_a_name_that_leads_to_this_machine_is_refused_when_it_connects(site: WebSite) -> None:
    async def resolver(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with Fetcher(Guard(resolver=resolver), clock=JumpClock()) as fetcher:
        assert "private network" in await refused(fetcher, "http://innocent.example/")
    assert site.asked == []


async def test_the_connection_goes_to_the_address_that_was_checked(site: WebSite) -> None:
    """A name that resolves to something else a moment later must gain nothing."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    guard = Guard(allow_loopback=True, resolver=rebinding)
    site.page("/", "Words.")
    async with Fetcher(guard, clock=JumpClock()) as fetcher:
        assert (await fetcher.get(f"http://localhost:{site.port}/")).body
    assert site.requests[-1].headers["host"] == f"localhost:{site.port}"
    assert len(answers) == 1, "one connection, one resolution"


async def test_a_redirect_into_a_private_network_is_refused(site: WebSite, fetcher: Fetcher) -> None:
    for number, target in enumerate(
        ("http://169.254.169.254/latest/", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://0.0.0.0/")
    ):
        site.redirect(f"/{number}", target)
        assert "private network" in await refused(fetcher, f"{site.url}/{number}")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("http://user:pw@127.0.0.1/", "user name or password"),
        ("http://2130706433/", "no proper host name"),
        ("https://example.org/", "leads to another site"),
        ("http://[", "no proper host name"),
        ("", "without saying where to"),
    ],
)
async def test_a_redirect_is_checked_like_the_address_itself(
    site: WebSite, fetcher: Fetcher, target: str, reason: str
) -> None:
    site.redirect("/a", target)
    with pytest.raises(DocumentError, match=reason):
        await fetcher.get(f"{site.url}/a")


# Redirects


async def test_redirects_are_followed_up_to_five(site: WebSite, fetcher: Fetcher) -> None:
    for number in range(6):
        site.redirect(f"/{number}", f"/{number + 1}", (301, 302, 303, 307, 308, 302)[number])
    site.page("/6", "Words.")
    assert (await fetcher.get(f"{site.url}/1")).url == f"{site.url}/6"
    assert "redirects more than 5 times" in await refused(fetcher, f"{site.url}/0")


async def test_redirects_in_a_circle_are_told(site: WebSite, fetcher: Fetcher) -> None:
    site.redirect("/a", "/b")
    site.redirect("/b", "/a")
    assert "in a circle" in await refused(fetcher, f"{site.url}/a")
    site.redirect("/c", "/c")
    assert "in a circle" in await refused(fetcher, f"{site.url}/c")


# Robots


async def test_what_robots_txt_forbids_is_not_asked_for(site: WebSite, fetcher: Fetcher) -> None:
    site.text("/robots.txt", "User-agent: *\nDisallow: /private")
    site.page("/public", "Words.")
    site.redirect("/way-in", "/private/page")
    await fetcher.get(f"{site.url}/public")
    for path in ("/private/page", "/way-in"):
        assert "robots.txt asks not to" in await refused(fetcher, site.url + path)
    assert "/private/page" not in site.asked
    assert site.asked.count("/robots.txt") == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_site_without_rules_may_be_read(site: WebSite, fetcher: Fetcher, status: int) -> None:
    site.answers["/robots.txt"] = Response(status_code=status)
    site.page("/a", "Words.")
    assert (await fetcher.get(f"{site.url}/a")).body


async def test_a_site_that_cannot_tell_its_rules_is_not_read(site: WebSite, fetcher: Fetcher) -> None:
    site.answers["/robots.txt"] = Response(status_code=503)
    site.page("/a", "Words.")
    assert "robots.txt cannot be read (status 503)" in await refused(fetcher, f"{site.url}/a")
    assert "/a" not in site.asked


async def test_rules_longer_than_the_limit_are_read_up_to_it(site: WebSite, fetcher: Fetcher) -> None:
    site.text("/robots.txt", "User-agent: *\nDisallow: /private\n" + "#" * 3_000_000)
    assert "robots.txt asks not to" in await refused(fetcher, f"{site.url}/private")


# Pace


async def test_a_site_is_asked_once_a_second(site: WebSite, fetcher: Fetcher, clock: JumpClock) -> None:
    for path in ("/a", "/b"):
        site.page(path, "Words.")
        await fetcher.get(site.url + path)
    assert site.asked == ["/robots.txt", "/a", "/b"]
    assert clock.slept == [1.0, 1.0]


async def test_a_site_that_wants_more_time_gets_it(site: WebSite, fetcher: Fetcher, clock: JumpClock) -> None:
    site.text("/robots.txt", "User-agent: *\nCrawl-delay: 7")
    for path in ("/a", "/b"):
        site.page(path, "Words.")
        await fetcher.get(site.url + path)
    assert clock.slept == [1.0, 7.0]


async def test_a_server_in_trouble_is_asked_again_later(
    site: WebSite, fetcher: Fetcher, clock: JumpClock
) -> None:
    answers = [
        Response(status_code=503, headers={"retry-after": "30"}),
        Response(status_code=429, headers={"retry-after": "99999"}),
        Response("Words"),
    ]
    site.answers["/a"] = lambda _request: answers.pop(0)
    assert (await fetcher.get(f"{site.url}/a")).body == b"Words"
    assert clock.slept == [1.0, 30.0, 120.0]


@pytest.mark.parametrize("value", ["²", "9" * 5_000, "-1", "1e999", "soon", ""])
async def test_a_pause_that_is_no_number_is_not_obeyed(
    site: WebSite, fetcher: Fetcher, clock: JumpClock, value: str
) -> None:
    answers = [Response(status_code=503, headers={"retry-after": value}), Response("Words")]
    site.answers["/a"] = lambda _request: answers.pop(0)
    assert (await fetcher.get(f"{site.url}/a")).body == b"Words"
    assert clock.slept == [1.0, 2.0]


async def test_a_server_that_stays_in_trouble_is_given_up(site: WebSite, fetcher: Fetcher) -> None:
    site.answers["/a"] = Response(status_code=500)
    assert "status 500" in await refused(fetcher, f"{site.url}/a")
    assert site.asked.count("/a") == 3


async def test_a_server_that_is_not_there_is_told(fetcher: Fetcher) -> None:
    assert "connection failed" in await refused(fetcher, "http://127.0.0.1:9/")


# Answers


@pytest.mark.parametrize(("status", "gone"), [(404, True), (410, True), (403, False), (400, False)])
async def test_only_not_found_and_gone_say_that_a_page_is_gone(
    site: WebSite, fetcher: Fetcher, status: int, gone: bool
) -> None:
    site.answers["/a"] = Response(status_code=status)
    with pytest.raises(FetchError) as caught:
        await fetcher.get(f"{site.url}/a")
    assert caught.value.gone is gone
    assert str(status) in str(caught.value)


async def test_a_page_that_is_too_large_is_left_at_its_announcement(site: WebSite, fetcher: Fetcher) -> None:
    sent: list[int] = []

    async def parts() -> AsyncIterator[bytes]:
        for number in range(100):
            sent.append(number)
            yield b"a" * 2**20

    said = {"content-length": str(100 * 2**20)}
    site.answers["/said"] = lambda _request: StreamingResponse(parts(), headers=said)
    assert "larger than 20 MB" in await refused(fetcher, f"{site.url}/said")
    assert 20 not in sent


async def test_a_page_that_grows_too_large_is_left_on_the_way(site: WebSite, fetcher: Fetcher) -> None:
    sent: list[int] = []

    async def parts() -> AsyncIterator[bytes]:
        for number in range(100):
            sent.append(number)
            yield b"a" * 2**20

    site.answers["/unsaid"] = lambda _request: StreamingResponse(parts())
    assert "larger than 20 MB" in await refused(fetcher, f"{site.url}/unsaid")
    assert 99 not in sent


async def test_gzip_is_unpacked_and_a_bomb_is_not(site: WebSite, fetcher: Fetcher) -> None:
    packed = {"content-encoding": "gzip"}
    site.answers["/a"] = Response(gzip.compress(b"Words"), headers=packed)
    assert (await fetcher.get(f"{site.url}/a")).body == b"Words"
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(bomb.compress(bytes(2**20)) for _ in range(300)) + bomb.flush()
    assert len(body) < 400_000
    site.answers["/bomb"] = Response(body, headers=packed)
    assert "larger than 20 MB" in await refused(fetcher, f"{site.url}/bomb")
    site.answers["/broken"] = Response(gzip.compress(b"Words" * 99)[:-20], headers=packed)
    assert "before it was complete" in await refused(fetcher, f"{site.url}/broken")
    site.answers["/noise"] = Response(b"no gzip", headers=packed)
    assert "gzip data is broken" in await refused(fetcher, f"{site.url}/noise")
    site.answers["/odd"] = Response(b"x", headers={"content-encoding": "br"})
    assert "not asked for" in await refused(fetcher, f"{site.url}/odd")


async def test_a_page_as_large_as_allowed_is_read(site: WebSite, fetcher: Fetcher) -> None:
    site.answers["/a"] = Response(bytes(MAX_PAGE_BYTES))
    assert len((await fetcher.get(f"{site.url}/a")).body) == MAX_PAGE_BYTES


async def test_a_server_that_never_ends_is_left(
    site: WebSite, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.text("/robots.txt", "")
    await refused(fetcher, f"{site.url}/nothing")
    monkeypatch.setattr(client, "PAGE_TIMEOUT_S", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    site.answers["/a"] = lambda _request: StreamingResponse(drip())
    assert "did not arrive within" in await refused(fetcher, f"{site.url}/a")
