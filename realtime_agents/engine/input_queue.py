"""The bounded queue between the socket's reader and voice detection.

Appends are worked off in order by one task. When ``max_waiting_bytes`` of audio wait, the reader
waits too, and with it the client's socket: nothing is dropped and nothing piles up. Each append
counts 512 bytes more, so that tiny ones are bounded as well; one that is larger than the bound is
taken when nothing else waits. `run` and `settle` come after everything that was put in before them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]

_ENTRY_BYTES = 512


class InputQueue:
    """Owns one task from the first use to `close`."""

    def __init__(self, *, max_waiting_bytes: int, on_failure: Work) -> None:
        self._max_waiting_bytes = max_waiting_bytes
        self._on_failure = on_failure
        self._entries: asyncio.Queue[tuple[Work, int, asyncio.Future[None] | None]] = asyncio.Queue()
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def put(self, work: Work, size_bytes: int) -> None:
        """Queue work on so many bytes of audio; waits while too many wait already."""
        size_bytes += _ENTRY_BYTES
        while self._waiting_bytes and self._waiting_bytes + size_bytes > self._max_waiting_bytes:
            self._room.clear()
            await self._room.wait()
        self._waiting_bytes += size_bytes
        self._put(work, size_bytes, None)

    async def run(self, work: Work) -> None:
        """Do ``work`` in its turn; raises what it raises."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(work, 0, done)
        await done

    async def settle(self) -> None:
        """Wait until everything that was put in is done."""
        if self._task is not None:
            await self.run(_nothing)

    async def close(self) -> None:
        """End the task; what waits is dropped."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _put(self, work: Work, size_bytes: int, done: asyncio.Future[None] | None) -> None:
        self._entries.put_nowait((work, size_bytes, done))
        if self._task is None:
            self._task = asyncio.create_task(self._work_off(), name="engine listening")

    async def _work_off(self) -> None:
        while True:
            work, size_bytes, done = await self._entries.get()
            try:
                await work()
            except Exception as error:  # one piece of audio that fails must not make the session deaf
                if done is None:
                    log.exception("listening failed")
                    await self._on_failure()
                elif not done.done():
                    done.set_exception(error)
            else:
                if done is not None and not done.done():
                    done.set_result(None)
            self._waiting_bytes -= size_bytes
            self._room.set()


async def _nothing() -> None:
    pass
