"""Something that is done at a moment to come, unless it is called off before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from realtime_agents.session.clock import Clock

log = logging.getLogger(__name__)


class Deadline:
    """At most one thing waits. Synchronous to use; runs a task while armed.

    ======== ======== ==================================
    owned    opened   closed by
    ======== ======== ==================================
    task     `arm`    its end, `arm`, `disarm`
    ======== ======== ==================================
    """

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self._name = name
        self._task: asyncio.Task[None] | None = None

    @property
    def is_armed(self) -> bool:
        return self._task is not None

    def arm(self, seconds: float, action: Callable[[], None]) -> None:
        """Do ``action`` in so many seconds, instead of what waited before."""
        self.disarm()
        self._task = asyncio.create_task(self._wait(seconds, action), name=self._name)

    def disarm(self) -> None:
        """Call it off; safe when nothing waits, and within the action."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _wait(self, seconds: float, action: Callable[[], None]) -> None:
        await self._clock.sleep(seconds)
        self._task = None
        try:
            action()
        except Exception:
            log.exception("what was due could not be done", extra={"deadline": self._name})
