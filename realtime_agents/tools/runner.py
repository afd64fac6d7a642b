"""Runs one tool call and always comes back with JSON text for the model.

A tool may raise, hang, swallow its cancellation or return megabytes: the caller gets a `ToolRun`
within the tool's timeout, and the conversation goes on.

    owner       owns                                     ended by
    ──────────  ───────────────────────────────────────  ──────────────────────────────
    ToolRunner  the task of a running call               `run` (done, timeout, cancelled)
    ToolRunner  abandoned tasks that ignore cancelling   their own end; counted, logged
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from realtime_agents.errors import ToolError
from realtime_agents.tools.output import Written, write_error, write_result
from realtime_agents.tools.registry import Source, Tool, ToolContext, ToolRegistry, ToolResult
from realtime_agents.tools.schema import parse_arguments

log = logging.getLogger(__name__)

NumberSource = Callable[[Source], int]
"""Gives a source its citation number; the session keeps the ledger."""

MAX_MESSAGE_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedSource:
    """A source as the model saw it: with the number an answer cites it by."""

    n: int
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRun:
    """The end of one tool call."""

    status: Literal["completed", "failed", "timeout"]
    output_json: str
    """Text of the function_call_output; always valid JSON of bounded size."""
    row: str
    """A few words for people: ``6 passages``."""
    sources: tuple[NumberedSource, ...] = ()
    """What the model may cite, as it stands in ``output_json``."""
    duration_ms: int = 0


class ToolRunner:
    """Runs the tools of a registry. Safe to use from many tasks at once."""

    def __init__(self, registry: ToolRegistry, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._registry = registry
        self._clock = clock
        self._abandoned: set[asyncio.Task[ToolResult]] = set()

    @property
    def abandoned(self) -> int:
        """Tasks that were told to stop and are still running."""
        return len(self._abandoned)

    async def run(
        self, call_name: str, arguments_json: str, context: ToolContext, number_source: NumberSource
    ) -> ToolRun:
        """Run one call to its end. Raises only `asyncio.CancelledError`."""
        began = self._clock()
        run = await self._run(call_name, arguments_json, context, number_source)
        return ToolRun(
            status=run.status,
            output_json=run.output_json,
            row=run.row,
            sources=run.sources,
            duration_ms=round((self._clock() - began) * 1000),
        )

    async def _run(
        self, call_name: str, arguments_json: str, context: ToolContext, number_source: NumberSource
    ) -> ToolRun:
        tool = self._registry.get(call_name)
        if tool is None or call_name not in context.agent.tools:
            known = ", ".join(context.agent.tools) or "none"
            return _failed(f"There is no tool {call_name[:64]!r} for this agent; there is: {known}.")
        try:
            result = await self._result(tool, parse_arguments(arguments_json, tool.parameters), context)
            written = write_result(result, number_source)
        except ToolError as error:
            return _failed(str(error)[:MAX_MESSAGE_CHARS])
        except TimeoutError:
            log.warning("a tool ran out of time", extra={"tool": tool.name, "timeout_s": tool.timeout_s})
            text = write_error(f"{tool.name} did not answer in time.")
            return ToolRun(status="timeout", output_json=text, row="no answer in time")
        except Exception as error:  # noqa: BLE001  the edge of a tool call: its failure must not end the session
            # The text of an unexpected error may carry what a person said; its type does not.
            log.warning("a tool failed", extra={"tool": tool.name, "error": type(error).__name__})
            return _failed(f"{tool.name} failed. Say that it could not be looked up.")
        return _completed(result, written)

    async def _result(self, tool: Tool, arguments: dict[str, object], context: ToolContext) -> ToolResult:
        """The tool's result. Raises `TimeoutError` at its timeout, even if it will not be stopped."""
        task: asyncio.Task[ToolResult] = asyncio.ensure_future(tool.function(context, **arguments))
        try:
            # Unlike wait_for, wait does not wait for a task that swallows its cancellation.
            done, _ = await asyncio.wait({task}, timeout=tool.timeout_s)
        except asyncio.CancelledError:
            self._abandon(task)
            raise
        if not done:
            self._abandon(task)
            raise TimeoutError
        if task.cancelled():
            raise ToolError(f"{tool.name} was stopped.")
        return task.result()

    def _abandon(self, task: asyncio.Task[ToolResult]) -> None:
        self._abandoned.add(task)
        task.add_done_callback(self._forget)
        task.cancel()

    def _forget(self, task: asyncio.Task[ToolResult]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            # Fetched so that asyncio does not report it: the call was answered long ago.
            task.exception()


def _completed(result: ToolResult, written: Written) -> ToolRun:
    return ToolRun(
        status="completed",
        output_json=written.text,
        row=result.row or result.outcome.replace("_", " "),
        sources=tuple(NumberedSource(n=n, source=source) for n, source in written.sources),
    )


def _failed(message: str) -> ToolRun:
    return ToolRun(status="failed", output_json=write_error(message), row="failed")
