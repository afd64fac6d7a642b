from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from realtime_agents.engine.speech.workers import Workers
from realtime_agents.errors import SpeechBusy, SpeechUnavailable

LIMIT_S = 5.0


class Gate:
    """Work that says when it begins and goes on until it is let go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.open = threading.Event()

    def work(self) -> str:
        self.began.set()
        assert self.open.wait(LIMIT_S)
        return "done"

    async def until_begun(self) -> None:
        assert await asyncio.to_thread(self.began.wait, LIMIT_S)


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


async def test_work_runs_in_another_thread_and_its_result_comes_back() -> None:
    workers = Workers("test", threads=1, max_waiting=1)
    assert await workers.run(threading.get_ident) != threading.get_ident()
    workers.close()


async def test_an_error_of_the_work_comes_back_and_the_thread_goes_on() -> None:
    workers = Workers("test", threads=1, max_waiting=1)
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 // 0)
    assert await workers.run(lambda: 7) == 7
    workers.close()


async def test_work_beyond_the_queue_is_refused_at_once(gate: Gate) -> None:
    workers = Workers("test", threads=1, max_waiting=1)
    running = asyncio.create_task(workers.run(gate.work))
    await gate.until_begun()
    waiting = asyncio.create_task(workers.run(lambda: "next"))
    await asyncio.sleep(0)
    with pytest.raises(SpeechBusy, match="1 test jobs are waiting"):
        await workers.run(lambda: "too much")
    gate.open.set()
    assert await running == "done"
    assert await waiting == "next"
    workers.close()


async def test_work_is_done_in_the_order_it_came(gate: Gate) -> None:
    workers, order = Workers("test", threads=1, max_waiting=8), list[int]()
    running = asyncio.create_task(workers.run(gate.work))
    await gate.until_begun()
    others = [asyncio.create_task(workers.run(lambda n=n: order.append(n))) for n in range(5)]  # type: ignore[misc]  # mypy infers no lambda with a default
    await asyncio.sleep(0)
    gate.open.set()
    await asyncio.gather(running, *others)
    assert order == list(range(5))
    workers.close()


async def test_work_that_can_be_left_out_leaves_a_thread_for_the_rest(gate: Gate) -> None:
    workers = Workers("test", threads=2, max_waiting=8)
    partial = asyncio.create_task(workers.run(gate.work, urgent=False))
    await gate.until_begun()
    with pytest.raises(SpeechBusy):
        await workers.run(lambda: "second partial", urgent=False)
    assert await workers.run(lambda: "final") == "final"
    gate.open.set()
    assert await partial == "done"
    assert await workers.run(lambda: "partial", urgent=False) == "partial"
    workers.close()


async def test_work_that_can_be_left_out_never_waits(gate: Gate) -> None:
    workers = Workers("test", threads=1, max_waiting=8)
    final = asyncio.create_task(workers.run(gate.work))
    await gate.until_begun()
    with pytest.raises(SpeechBusy):
        await workers.run(lambda: "partial", urgent=False)
    gate.open.set()
    await final
    workers.close()


async def test_who_stops_waiting_takes_the_work_back(gate: Gate) -> None:
    workers, done = Workers("test", threads=1, max_waiting=1), list[str]()
    running = asyncio.create_task(workers.run(gate.work))
    await gate.until_begun()
    given_up = asyncio.create_task(workers.run(lambda: done.append("given up")))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    kept = asyncio.create_task(workers.run(lambda: done.append("kept")))
    await asyncio.sleep(0)
    gate.open.set()
    await asyncio.gather(running, kept)
    assert done == ["kept"]
    workers.close()


async def test_who_stops_waiting_for_running_work_leaves_the_thread_whole(gate: Gate) -> None:
    workers = Workers("test", threads=1, max_waiting=1)
    running = asyncio.create_task(workers.run(gate.work))
    await gate.until_begun()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    gate.open.set()
    assert await workers.run(lambda: 7) == 7
    workers.close()


async def test_closing_drops_what_waits_and_refuses_more(gate: Gate) -> None:
    workers = Workers("test", threads=1, max_waiting=4)
    running = asyncio.create_task(workers.run(gate.work))
    await gate.until_begun()
    waiting = asyncio.create_task(workers.run(lambda: "never"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(workers.close))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.open.set()
    await closing
    assert await running == "done"
    with pytest.raises(SpeechUnavailable):
        await workers.run(lambda: "late")
