"""How fast a site is asked: one request after the other, with a pause between them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

EVERY_S = 1.0
"""Between the starts of two requests to one site, unless its robots.txt asks for more."""


class Clock(Protocol):
    """Time as the fetcher sees it, so that tests need not wait."""

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class Pace:
    """Turns at one site after the other; each waits until its time has come."""

    clock: Clock
    every_s: float = EVERY_S
    _free_at: dict[str, float] = field(default_factory=dict)
    _delay_s: dict[str, float] = field(default_factory=dict)

    def slow_down(self, site: str, delay_s: float) -> None:
        """The site asks for at least this long between two requests."""
        self._delay_s[site] = max(delay_s, self.every_s)

    def pause_s(self, site: str) -> float:
        """How long the next request to the site has to wait."""
        return max(self._free_at.get(site, 0.0) - self.clock.monotonic(), 0.0)

    async def turn(self, site: str) -> None:
        """Wait for the next turn at the site and take it."""
        now = self.clock.monotonic()
        begin = max(self._free_at.get(site, now), now)
        self._free_at[site] = begin + self._delay_s.get(site, self.every_s)
        if begin > now:
            await self.clock.sleep(begin - now)
