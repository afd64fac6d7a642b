"""Threads for one kind of work, with a bounded queue in front of them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from realtime_agents.errors import SpeechBusy, SpeechUnavailable

T = TypeVar("T")

_JOIN_S = 2.0


class Workers:
    """Runs jobs first come, first served, on threads that start with the first job.

    Queue: at most ``max_waiting`` jobs wait; one more raises `SpeechBusy`. A job that is not
    ``urgent`` never waits: it is refused unless a thread is free, and one thread, where there are
    several, is kept free of such jobs. Who stops waiting for a job that has not begun takes it back.
    """

    def __init__(self, name: str, *, threads: int, max_waiting: int) -> None:
        self._name = name
        self._size = threads
        self._max_waiting = max_waiting
        self._max_spare_jobs = max(threads - 1, 1)
        self._lock = threading.Condition()
        self._waiting: deque[tuple[Callable[[], Any], Future[Any], bool]] = deque()
        self._threads: list[threading.Thread] = []
        self._running = 0
        self._running_spare = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Jobs that have not begun."""
        return len(self._waiting)

    async def run(self, work: Callable[[], T], *, urgent: bool = True) -> T:
        """The result of ``work``, run in a thread.

        Raises what ``work`` raises, `SpeechBusy` when it may not wait, `SpeechUnavailable` after `close`.
        """
        return await asyncio.wrap_future(self._submit(work, urgent=urgent))

    def close(self) -> None:
        """Take no more jobs, drop those that wait, and wait (2 s at most) for those that run."""
        with self._lock:
            self._closed = True
            dropped = [future for _, future, _ in self._waiting]
            self._waiting.clear()
            self._lock.notify_all()
        for future in dropped:
            future.cancel()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _submit(self, work: Callable[[], T], *, urgent: bool) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise SpeechUnavailable("Speech is off: the engine is stopping.")
            # Jobs that were taken back no longer count.
            if any(waiting.cancelled() for _, waiting, _ in self._waiting):
                self._waiting = deque(job for job in self._waiting if not job[1].cancelled())
            ahead = self._running + len(self._waiting)
            spare = self._running_spare + sum(not job[2] for job in self._waiting)
            if not urgent and (ahead >= self._size or spare >= self._max_spare_jobs):
                raise SpeechBusy(f"No {self._name} thread is free for work that can be left out.")
            if len(self._waiting) >= self._max_waiting:
                raise SpeechBusy(f"{len(self._waiting)} {self._name} jobs are waiting, no more may.")
            self._waiting.append((work, future, urgent))
            if len(self._threads) < self._size and ahead >= len(self._threads):
                thread = threading.Thread(
                    target=self._serve, name=f"{self._name}-{len(self._threads)}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
            self._lock.notify()
        return future

    def _serve(self) -> None:
        while (job := self._next()) is not None:
            work, future, urgent = job
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the job
                self._finished(urgent)
                future.set_exception(error)
            else:
                self._finished(urgent)
                future.set_result(result)
            # An idle thread must not hold on to the last audio.
            del job, work, future

    def _next(self) -> tuple[Callable[[], Any], Future[Any], bool] | None:
        """The next job that somebody still waits for; ``None`` when there will be none."""
        with self._lock:
            while True:
                while self._waiting:
                    job = self._waiting.popleft()
                    if job[1].set_running_or_notify_cancel():
                        self._running += 1
                        self._running_spare += not job[2]
                        return job
                if self._closed:
                    return None
                self._lock.wait()

    def _finished(self, urgent: bool) -> None:
        with self._lock:
            self._running -= 1
            self._running_spare -= not urgent
