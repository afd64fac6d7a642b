from __future__ import annotations

import pytest

from realtime_agents.knowledge.fetch.robots import Robots, parse_robots


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("user-agent:*\ndisallow:/private", "/private/a", False),
        ("User-agent: *\nDisallow: /private", "/privateer", False),
        ("User-agent: *\nDisallow: /private/", "/private", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a/b", "/a/b/c", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /a*b*c", "/a1b2c3", False),
        ("User-agent: *\nDisallow: /a*b*c", "/a1c2b3", True),
        ("User-agent: *\nDisallow: /a$", "/a", False),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: *.php", "/a.php5", False),
        ("User-agent: *\nDisallow: /?q=", "/?q=1", False),
        ("User-agent: *\nDisallow: /ä", "/%C3%A4/x", False),
        ("User-agent: *\nDisallow: /%7Eann", "/~ann", False),
        ("User-agent: *\nDisallow: /a%2Fb", "/a/b", True),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: other\nUser-agent: RealtimeAgents\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: realtimeagents\nDisallow: /x", "/a", True),
        ("User-agent: RealtimeAgents/2.0\nDisallow: /", "/a", False),
        ("User-agent: RealtimeAgentsBot\nDisallow: /", "/a", True),
        (
            "User-agent: RealtimeAgents\nDisallow: /a\nUser-agent: *\nDisallow: /\nUser-agent: RealtimeAgents\nDisallow: /b",
            "/b",
            False,
        ),
        ("User-agent: *\nSitemap: https://x/s.xml\nDisallow: /a", "/a", False),
        ("Disallow: /", "/a", True),
        ("\ufeffUser-agent: * # all\r\nDisallow: /a # secret\r\n", "/a", False),
        ("nonsense\n:::\nUser-agent *\nDisallow /", "/a", True),
    ],
)
def test_the_longest_rule_that_fits_decides(text: str, path: str, allowed: bool) -> None:
    assert parse_robots(text.encode()).allows(path) is allowed


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        ("User-agent: *\nCrawl-delay: 10", 10.0),
        ("User-agent: *\nCrawl-delay: 2.5\nDisallow: /a", 2.5),
        ("User-agent: *\nCrawl-delay: 3\n\nUser-agent: RealtimeAgents\nDisallow: /a", 0.0),
        ("User-agent: *\nCrawl-delay: soon", 0.0),
        ("User-agent: *\nCrawl-delay: -4", 0.0),
        ("User-agent: *\nCrawl-delay: nan", 0.0),
        ("User-agent: *\nCrawl-delay: 1e300", 3600.0),
    ],
)
def test_the_delay_a_site_asks_for_is_kept(text: str, delay_s: float) -> None:
    assert parse_robots(text.encode()).delay_s == delay_s


def test_rules_that_are_not_known_allow_nothing() -> None:
    assert not Robots(problem="the site does not answer").allows("/")


def test_rules_made_to_be_slow_are_decided_all_the_same() -> None:
    pattern = "/" + "a*" * 300 + "b"  # a matcher that tries every way would never come back
    text = "User-agent: *\n" + f"Disallow: {pattern}\n" * 700
    assert parse_robots(text.encode() + b"\xff" * 1_000).allows("/" + "a" * 1_900)
