"""Which addresses may be fetched from: the public internet, by http and https, on the usual ports.

Somebody who may name a URL must not reach with it what only this machine can reach: its own
services, its network, the metadata service of a cloud. Names are resolved here, every address is
checked, and the connection goes to an address that was checked (`client`), so that a name that
resolves differently a moment later gains nothing. Every redirect is checked again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from realtime_agents.errors import DocumentError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

MAX_URL_CHARS = 2_000
_RESOLVE_TIMEOUT_S = 10.0
_PORTS = {"http": 80, "https": 443}
_NUMERIC_HOST = re.compile(r"(?:0[xX][0-9a-fA-F]*|\d+)(?:\.(?:0[xX][0-9a-fA-F]*|\d*))*\.?")
"""What old resolvers take for an address in decimal, octal, hexadecimal or short form."""
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")

# The registries of special-purpose addresses (RFC 6890 and its successors). Written out, because
# what `is_global` says of them has changed between Python versions.
_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host of a virtual machine in Azure
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """True for an address of the public internet; IPv4 inside IPv6 is judged as IPv4."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _REFUSED_V4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_V6 and not any(address in block for block in _REFUSED_V6)


async def resolve(host: str, port: int) -> list[str]:
    """Addresses of a host, by the system's resolver. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_RESOLVE_TIMEOUT_S):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The rule. ``allow_loopback`` exists for tests alone and is deliberately not a setting."""

    allow_loopback: bool = False
    """Loopback addresses too, on any port."""
    resolver: Resolver = resolve

    def check_url(self, text: str) -> httpx.URL:
        """The URL without its fragment. Raises `DocumentError` that says why it is refused."""
        url = _parsed(text)
        if url.scheme not in _PORTS:
            raise DocumentError(f"only http and https addresses can be read, found {url.scheme or 'none'!r}")
        if url.userinfo:
            raise DocumentError("an address with a user name or password in it is not read")
        host = url.raw_host.decode("ascii", "replace")
        if not host:
            raise DocumentError("the address names no host")
        literal = _literal(host)
        if literal is None and (not _HOST.fullmatch(host) or _NUMERIC_HOST.fullmatch(host)):
            raise DocumentError(f"the address has no proper host name: {host[:60]!r}")
        if literal is not None:
            self.check_address(host)
        local = self.allow_loopback and (host == "localhost" or (literal is not None and literal.is_loopback))
        if url.port not in (None, *_PORTS.values()) and not local:
            raise DocumentError(f"only ports 80 and 443 are used, found {url.port}")
        return url.copy_with(fragment=None) if "#" in text else url

    def check_address(self, text: str) -> Address:
        """The address a connection may go to. Raises `DocumentError`."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise DocumentError(f"{text[:60]!r} is not an address") from None
        if is_public(address) or (self.allow_loopback and address.is_loopback):
            return address
        raise DocumentError(
            "it leads to this machine or a private network, which is never read from (use files instead)"
        )

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect for a host. One address that is not public refuses all: such an answer is a trick."""
        if _literal(host) is not None:
            return [str(self.check_address(host))]
        try:
            found = await self.resolver(host, port)
        except TimeoutError:
            raise DocumentError(f"the name {host!r} could not be resolved in time") from None
        except (OSError, UnicodeError):
            raise DocumentError(f"there is no host named {host!r}, or no network") from None
        if not found:
            raise DocumentError(f"there is no address for {host!r}")
        return [str(self.check_address(address)) for address in found]


def site(url: httpx.URL) -> str:
    """What two URLs of the same site share: the host without ``www.``, and an unusual port."""
    host = url.raw_host.decode("ascii", "replace").rstrip(".").removeprefix("www.")
    return host if url.port in (None, *_PORTS.values()) else f"{host}:{url.port}"


def _parsed(text: str) -> httpx.URL:
    if len(text) > MAX_URL_CHARS:
        raise DocumentError(f"the address is longer than {MAX_URL_CHARS:,} characters")
    if "\\" in text:
        raise DocumentError("the address has a backslash in it, which programs read differently")
    try:
        return httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise DocumentError(f"it is not a proper address: {error}") from None


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
