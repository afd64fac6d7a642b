from __future__ import annotations

import ipaddress

import httpx
import pytest

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.fetch.guard import Guard, is_public, site


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(DocumentError, match="private network"):
        Guard().check_address(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "192.1.1.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_an_address_of_the_public_internet_is_allowed(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("javascript:alert(1)", "only http and https"),
        ("//example.org/", "only http and https"),
        ("example.org", "only http and https"),
        ("", "only http and https"),
        ("http:///path", "no host"),
        ("http://user:secret@example.org/", "user name or password"),
        ("http://user@example.org/", "user name or password"),
        ("http://example.org:8080/", "only ports 80 and 443"),
        ("https://example.org:22/", "only ports 80 and 443"),
        ("http://example.org:99999/", "only ports 80 and 443"),
        ("http://127.0.0.1/", "private network"),
        ("http://[::1]/", "private network"),
        ("http://[::ffff:127.0.0.1]/", "private network"),
        ("http://[::ffff:7f00:1]/", "private network"),
        ("http://169.254.169.254/latest/meta-data/", "private network"),
        ("http://2130706433/", "no proper host name"),
        ("http://0x7f000001/", "no proper host name"),
        ("http://0x7f.1/", "no proper host name"),
        ("http://127.1/", "no proper host name"),
        ("http://0177.0.0.1/", "not a proper address"),
        ("http://017700000001/", "no proper host name"),
        ("http://127.0.0.1./", "no proper host name"),
        ("http://１２７.0.0.1/", "not a proper address"),
        ("http://a%00b/", "no proper host name"),
        ("http://exa mple.org/", "not a proper address|no proper host name"),
        ("http://example.org\\@127.0.0.1/", "backslash"),
        ("http://example.org/\n", None),
        ("http://exam\nple.org/", "not a proper address"),
        ("http://[::1%25lo]/", "no proper host name|private network|not a proper address"),
        ("http://example.org/" + "a" * 3_000, "longer than"),
    ],
)
def test_an_address_that_may_not_be_fetched_is_refused_with_a_reason(url: str, reason: str | None) -> None:
    if reason is None:
        assert str(Guard().check_url(url)) == "http://example.org/"
        return
    with pytest.raises(DocumentError, match=reason):
        Guard().check_url(url)


def test_no_password_of_an_address_is_told() -> None:
    with pytest.raises(DocumentError) as caught:
        Guard().check_url("http://user:secret@example.org/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("HTTP://Example.ORG/a?b=c#part", "http://example.org/a?b=c"),
        ("https://example.org:443/", "https://example.org/"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        (" https://example.org ", "https://example.org"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
    ],
)
def test_an_address_that_may_be_fetched_gets_one_plain_form(url: str, plain: str) -> None:
    assert str(Guard().check_url(url)) == plain


async def test_a_name_that_resolves_to_a_private_address_is_refused() -> None:
    async def rebound(_host: str, _port: int) -> list[str]:
        return ["10.0.0.7"]

    with pytest.raises(DocumentError, match="private network"):
        await Guard(resolver=rebound).addresses("intranet.example", 80)


async def test_one_private_address_among_public_ones_refuses_all() -> None:
    async def mixed(_host: str, _port: int) -> list[str]:
        return ["8.8.8.8", "127.0.0.1"]

    with pytest.raises(DocumentError, match="private network"):
        await Guard(resolver=mixed).addresses("tricky.example", 80)


async def test_public_addresses_are_given_in_their_order() -> None:
    async def public(_host: str, _port: int) -> list[str]:
        return ["2606:4700::1", "8.8.8.8"]

    assert await Guard(resolver=public).addresses("example.org", 443) == ["2606:4700::1", "8.8.8.8"]


async def test_a_name_that_cannot_be_resolved_is_told_in_words() -> None:
    async def nothing(_host: str, _port: int) -> list[str]:
        raise OSError("gaierror")

    async def slow(_host: str, _port: int) -> list[str]:
        raise TimeoutError

    with pytest.raises(DocumentError, match="no host named 'nowhere"):
        await Guard(resolver=nothing).addresses("nowhere.example", 80)
    with pytest.raises(DocumentError, match="could not be resolved in time"):
        await Guard(resolver=slow).addresses("slow.example", 80)


def test_loopback_is_reached_only_by_who_asks_for_it_and_nothing_else_with_it() -> None:
    guard = Guard(allow_loopback=True)
    assert str(guard.check_url("http://127.0.0.1:8123/a")) == "http://127.0.0.1:8123/a"
    for url in ("http://10.0.0.1/", "http://169.254.169.254/", "http://0.0.0.0/", "http://8.8.8.8:8123/"):
        with pytest.raises(DocumentError):
            guard.check_url(url)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://www.va.gov/a", "https://va.gov/b", True),
        ("https://va.gov/", "https://va.gov:443/", True),
        ("https://va.gov/", "https://benefits.va.gov/", False),
        ("https://va.gov/", "https://va.gov.evil.example/", False),
        ("http://127.0.0.1:81/", "http://127.0.0.1:82/", False),
    ],
)
def test_a_site_is_its_host_without_www(one: str, other: str, same: bool) -> None:
    assert (site(httpx.URL(one)) == site(httpx.URL(other))) is same
