"""The queue between reader and detection: order, its bound, failures."""

from __future__ import annotations

import asyncio

import pytest

from realtime_agents.engine.input_queue import InputQueue
from realtime_agents.errors import ProtocolError


class Bench:
    """A queue whose work a test lets through."""

    def __init__(self, max_waiting_bytes: int = 2 * 512 + 100) -> None:
        self.done: list[str] = []
        self.failures = 0
        self.go = asyncio.Event()
        self.queue = InputQueue(max_waiting_bytes=max_waiting_bytes, on_failure=self._on_failure)

    async def _on_failure(self) -> None:
        self.failures += 1

    async def put(self, name: str, size: int) -> None:
        async def work() -> None:
            await self.go.wait()
            self.done.append(name)

        await self.queue.put(work, size)

    async def note(self, name: str) -> None:
        async def work() -> None:
            self.done.append(name)

        await self.queue.run(work)


async def steps() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_beyond_its_bound_whoever_puts_waits_and_nothing_is_dropped() -> None:
    bench = Bench()
    await bench.put("a", 60)
    await bench.put("b", 40)
    third = asyncio.create_task(bench.put("c", 1))
    await steps()
    assert not third.done()
    bench.go.set()
    await third
    await bench.queue.settle()
    assert bench.done == ["a", "b", "c"]
    await bench.queue.close()


async def test_tiny_pieces_do_not_pile_up_either() -> None:
    bench = Bench(10_000)
    putting = [asyncio.create_task(bench.put(str(n), 2)) for n in range(100)]
    await steps()
    assert sum(task.done() for task in putting) < 20
    bench.go.set()
    await asyncio.gather(*putting)
    await bench.queue.settle()
    assert bench.done == [str(n) for n in range(100)]
    await bench.queue.close()


async def test_one_that_is_larger_than_the_bound_is_taken_alone() -> None:
    bench = Bench()
    await bench.put("huge", 5_000)
    following = asyncio.create_task(bench.put("small", 1))
    await steps()
    assert not following.done()
    bench.go.set()
    await following
    await bench.queue.close()


async def test_what_is_run_comes_after_what_was_put_in_before() -> None:
    bench = Bench()
    await bench.put("a", 1)
    noted = asyncio.create_task(bench.note("b"))
    await steps()
    assert bench.done == []
    bench.go.set()
    await noted
    assert bench.done == ["a", "b"]
    await bench.queue.close()


async def test_a_failure_is_told_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()

    async def broken() -> None:
        raise ValueError("boom")

    await bench.queue.put(broken, 1)
    await bench.note("after")
    assert (bench.failures, bench.done) == (1, ["after"])
    assert "listening failed" in caplog.text
    await bench.queue.close()


async def test_what_is_run_raises_to_who_asked() -> None:
    bench = Bench()

    async def refused() -> None:
        raise ProtocolError("no", code="invalid_value")

    with pytest.raises(ProtocolError):
        await bench.queue.run(refused)
    assert bench.failures == 0
    await bench.queue.close()


async def test_nothing_runs_before_it_is_used_and_closing_is_harmless() -> None:
    bench = Bench()
    await bench.queue.settle()
    await bench.queue.close()
    await bench.put("a", 1)
    await steps()
    await bench.queue.close()
    await bench.queue.close()
    assert bench.done == []
