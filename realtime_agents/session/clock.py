"""Time as the session sees it, so that tests can move it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where a session reads time and waits."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never backwards: for durations and deadlines."""

    def now(self) -> float:
        """Seconds since the epoch: for what people see."""

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
