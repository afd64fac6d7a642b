from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from realtime_agents.errors import ToolError
from realtime_agents.tools.output import MAX_OUTPUT_CHARS
from realtime_agents.tools.registry import Source, Tool, ToolContext, ToolRegistry, ToolResult
from realtime_agents.tools.runner import ToolRun, ToolRunner
from tests.tools.support import Ledger, context

SECRET = "my number is 123-45-6789"


def runner_of(function: Callable[..., Awaitable[Any]], *, timeout_s: float = 5.0) -> ToolRunner:
    schema = {
        "type": "object",
        "properties": {"query": {"type": "string"}},
        "required": [],
        "additionalProperties": False,
    }
    made = Tool(name="look", description="d", parameters=schema, function=function, timeout_s=timeout_s)
    return ToolRunner(ToolRegistry([made]), clock=iter(range(1000)).__next__)


async def run(
    runner: ToolRunner, arguments: str = "{}", *, name: str = "look", ledger: Ledger | None = None
) -> tuple[ToolRun, dict[str, Any]]:
    done = await runner.run(name, arguments, context("look"), ledger or Ledger())
    output = json.loads(done.output_json)
    assert isinstance(output, dict)
    assert len(done.output_json) <= MAX_OUTPUT_CHARS
    return done, output


def sources(count: int, size: int = 10) -> tuple[Source, ...]:
    return tuple(Source(document_id=f"d{i}", title=f"T{i}", quote="q", text="x" * size) for i in range(count))


async def test_a_result_carries_the_numbers_of_the_ledger_in_sources_and_words() -> None:
    async def look(context: ToolContext, query: str = "") -> ToolResult:
        return ToolResult(
            outcome="ok", say=f"{query} costs $5. [1] And $6. [2]", sources=sources(2), row="2 values"
        )

    done, output = await run(runner_of(look), '{"query": "It"}', ledger=Ledger(7))
    assert done.status == "completed"
    assert done.row == "2 values"
    assert done.duration_ms == 1000
    assert output["outcome"] == "ok"
    assert output["say"] == "It costs $5. [7] And $6. [8]"
    assert [source["n"] for source in output["sources"]] == [7, 8]
    assert [(each.n, each.source.document_id) for each in done.sources] == [(7, "d0"), (8, "d1")]


async def test_numbers_that_swap_places_do_not_collide() -> None:
    async def look(context: ToolContext) -> ToolResult:
        return ToolResult(outcome="ok", say="A [1] B [2]", sources=sources(2))

    numbers = iter([2, 1])
    done = await runner_of(look).run("look", "{}", context("look"), lambda source: next(numbers))
    assert json.loads(done.output_json)["say"] == "A [2] B [1]"


async def test_a_tool_error_is_told_to_the_model() -> None:
    async def look(context: ToolContext) -> ToolResult:
        raise ToolError("There is no facility near that place.")

    done, output = await run(runner_of(look))
    assert done.status == "failed"
    assert output == {"outcome": "error", "message": "There is no facility near that place."}


async def test_the_text_of_an_unexpected_error_is_neither_shown_nor_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def look(context: ToolContext) -> ToolResult:
        raise RuntimeError(SECRET)

    with caplog.at_level(logging.DEBUG):
        done, output = await run(runner_of(look))
    assert done.status == "failed"
    assert output["outcome"] == "error"
    assert SECRET not in done.output_json
    assert [record.__dict__.get("error") for record in caplog.records] == ["RuntimeError"]
    assert SECRET not in caplog.text


async def test_a_hanging_tool_is_cancelled_at_its_timeout() -> None:
    cancelled = asyncio.Event()

    async def look(context: ToolContext) -> ToolResult:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ToolResult(outcome="ok")

    runner = runner_of(look, timeout_s=0.01)
    done, output = await run(runner)
    assert done.status == "timeout"
    assert output == {"outcome": "error", "message": "look did not answer in time."}
    await asyncio.wait_for(cancelled.wait(), 1)
    await until_none_is_abandoned(runner)


async def test_a_tool_that_swallows_cancellation_does_not_hold_the_caller() -> None:
    release = asyncio.Event()

    async def look(context: ToolContext) -> ToolResult:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise RuntimeError("late and nobody listens")

    runner = runner_of(look, timeout_s=0.01)
    done, _ = await asyncio.wait_for(run(runner), 1)
    assert done.status == "timeout"
    assert runner.abandoned == 1
    release.set()
    await until_none_is_abandoned(runner)


async def test_cancelling_the_caller_cancels_the_tool() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def look(context: ToolContext) -> ToolResult:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return ToolResult(outcome="ok")

    task = asyncio.create_task(runner_of(look).run("look", "{}", context("look"), Ledger()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(cancelled.wait(), 1)


async def test_a_tool_that_gives_up_by_itself_has_failed() -> None:
    async def look(context: ToolContext) -> ToolResult:
        raise asyncio.CancelledError

    done, output = await run(runner_of(look))
    assert done.status == "failed"
    assert output["message"] == "look was stopped."


async def test_ten_megabytes_of_sources_are_cut_from_the_end() -> None:
    async def look(context: ToolContext) -> ToolResult:
        return ToolResult(outcome="ok", say="First. [1] Last. [10000]", sources=sources(10_000, 1000))

    ledger = Ledger()
    done, output = await run(runner_of(look), ledger=ledger)
    assert done.status == "completed"
    kept = len(output["sources"])
    assert 10 < kept < 24
    assert [source["title"] for source in output["sources"]] == [f"T{i}" for i in range(kept)]
    assert len(ledger.numbered) == kept, "a source that was dropped takes no number"
    assert output["say"] == "First. [1] Last."
    assert f"{10_000 - kept} of 10000 sources are left out" in output["truncated"]


@pytest.mark.parametrize(
    "result",
    [
        ToolResult(outcome="ok", say="s" * 10_000_000),
        ToolResult(outcome="ok", say="\x00" * 10_000_000),
        ToolResult(outcome="ok", data={"rows": ["x" * 100] * 100_000}),
        ToolResult(outcome="ok", sources=sources(1, 10_000_000)),
        ToolResult(outcome="ok", sources=(Source(document_id="d", title="t", quote="é" * 10_000_000),)),
        ToolResult(
            outcome="ok",
            sources=(Source(document_id="d", title="t", quote="q", extra={"x": "y" * 10_000_000}),),
        ),
    ],
    ids=["say", "control characters", "data", "text", "quote", "extra"],
)
async def test_ten_megabytes_anywhere_are_cut_with_a_word_saying_so(result: ToolResult) -> None:
    async def look(context: ToolContext) -> ToolResult:
        return result

    done, output = await run(runner_of(look))
    assert done.status == "completed"
    assert output["outcome"] == "ok"
    assert output["truncated"].startswith("Cut: ")


async def test_a_result_of_usual_size_is_not_cut() -> None:
    async def look(context: ToolContext) -> ToolResult:
        return ToolResult(outcome="ok", sources=sources(8, 1200))

    _, output = await run(runner_of(look))
    assert len(output["sources"]) == 8
    assert "truncated" not in output


async def test_text_that_no_socket_can_send_is_repaired() -> None:
    async def look(context: ToolContext) -> ToolResult:
        return ToolResult(outcome="ok", say="broken \ud800 surrogate")

    done, _ = await run(runner_of(look))
    done.output_json.encode("utf-8")


@pytest.mark.parametrize("data", [{"x": object()}, {"x": float("nan")}], ids=["object", "nan"])
async def test_a_result_that_json_has_no_form_for_is_a_failure(data: dict[str, Any]) -> None:
    async def look(context: ToolContext) -> ToolResult:
        return ToolResult(outcome="ok", data=data)

    done, output = await run(runner_of(look))
    assert done.status == "failed"
    assert output["outcome"] == "error"


async def test_a_tool_that_returns_something_else_is_a_failure() -> None:
    async def look(context: ToolContext) -> str:
        return "hello"

    done, _ = await run(runner_of(look))
    assert done.status == "failed"


async def test_wrong_arguments_never_reach_the_tool() -> None:
    async def look(context: ToolContext, query: str = "") -> ToolResult:
        raise AssertionError("must not run")

    runner = runner_of(look)
    for arguments, message in (
        ("{bad", "not valid JSON"),
        ('{"query": 5}', "'query' must be text"),
        ('{"query": "a", "extra": 1}', "There is no argument 'extra'"),
    ):
        done, output = await run(runner, arguments)
        assert done.status == "failed"
        assert message in output["message"]


async def test_a_tool_that_is_unknown_or_not_the_agents_is_refused() -> None:
    async def look(context: ToolContext) -> ToolResult:
        return ToolResult(outcome="ok")

    runner = runner_of(look)
    done, output = await run(runner, name="lok")
    assert done.status == "failed"
    assert output["message"] == "There is no tool 'lok' for this agent; there is: look."
    refused = await runner.run("look", "{}", context("other"), Ledger())
    assert refused.status == "failed"


async def test_calls_run_side_by_side() -> None:
    both = asyncio.Barrier(2)

    async def look(context: ToolContext) -> ToolResult:
        await both.wait()
        return ToolResult(outcome="ok")

    runner = runner_of(look)
    first, second = await asyncio.gather(run(runner), run(runner))
    assert first[0].status == second[0].status == "completed"


async def until_none_is_abandoned(runner: ToolRunner) -> None:
    async def turns() -> AsyncIterator[None]:
        for _ in range(100):
            await asyncio.sleep(0)
            yield

    async for _ in turns():
        if runner.abandoned == 0:
            return
    raise AssertionError("a task is still running")
