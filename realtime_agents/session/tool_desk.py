"""Runs the tools that the model calls, beside the conversation, and gives their results back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from realtime_agents.agents.config import AgentConfig
from realtime_agents.knowledge.port import KnowledgeSearch, Query, SearchResult
from realtime_agents.protocol.commands import ConversationItemCreate
from realtime_agents.protocol.effects import CallTool
from realtime_agents.protocol.items import FunctionCallOutputItem
from realtime_agents.session.answer_rows import AnswerRows
from realtime_agents.session.answering import Answering
from realtime_agents.session.citing import Ledger
from realtime_agents.session.clock import Clock
from realtime_agents.session.exchange import Exchange
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.parts import Runner
from realtime_agents.session.reseed import CallRecord, call_items
from realtime_agents.session.timeline import Timeline
from realtime_agents.session.transcript import Transcript
from realtime_agents.session.view import ToolRow, Turn
from realtime_agents.tools.registry import Source, ToolContext
from realtime_agents.tools.runner import ToolRun

log = logging.getLogger(__name__)

MAX_RECORDS = 40
"""Results kept to be told to a new connection; older ones live on in the answers they led to."""
_BROKEN = ToolRun(
    status="failed",
    output_json='{"outcome":"error","message":"The tool failed. Say that it could not be looked up."}',
    row="failed",
)


@dataclass(frozen=True, slots=True)
class _Call:
    effect: CallTool
    row_id: str
    agent: AgentConfig
    exchange: Exchange
    connection: int
    """Number of the connection whose conversation holds the call."""
    began_s: float
    """Monotonic."""


class ToolDesk:
    """One task per call, at once, whatever their number; each gives exactly one output.

    A call goes on when the connection drops: its result is told to the next one. A result that
    nobody waits for any more is still given to the model, and starts no speech.

    ======== ========= ===========================
    owned    opened by closed by
    ======== ========= ===========================
    tasks    `start`   their end, `close`
    ======== ========= ===========================
    """

    def __init__(
        self,
        *,
        runner: Runner,
        context: Callable[[AgentConfig], ToolContext],
        ledger: Ledger,
        answering: Answering,
        rows: AnswerRows,
        outbox: Outbox,
        transcript: Transcript,
        clock: Clock,
    ) -> None:
        self._runner = runner
        self._context = context
        self._ledger = ledger
        self._answering = answering
        self._rows = rows
        self._outbox = outbox
        self._transcript = transcript
        self._clock = clock
        self._tasks: dict[asyncio.Task[None], _Call] = {}
        self._records: OrderedDict[str, CallRecord] = OrderedDict()

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    @property
    def records(self) -> Mapping[str, CallRecord]:
        """Ended calls by id of their row, the newest `MAX_RECORDS`."""
        return self._records

    def start(self, effect: CallTool, agent: AgentConfig, exchange: Exchange) -> None:
        """Run a call for ``agent``; its row appears now."""
        row_id = self._rows.new_turn_id(effect.item_id)
        call = _Call(effect, row_id, agent, exchange, self._outbox.connections, self._clock.monotonic())
        exchange.running_calls.add(row_id)
        self._transcript.put(
            Turn(
                id=row_id,
                role="tool",
                status="in_progress",
                agent=agent.name,
                at=self._clock.now(),
                tool=ToolRow(
                    call_id=effect.call_id, name=effect.name, arguments=effect.arguments, status="running"
                ),
            )
        )
        task = asyncio.create_task(self._run(call), name=f"tool {effect.name}")
        self._tasks[task] = call
        task.add_done_callback(self._forget)

    async def close(self) -> None:
        """Stop all calls; they give no output."""
        tasks = dict(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for call in tasks.values():
            if (turn := self._transcript.get(call.row_id)) and turn.status == "in_progress":
                self._show(call, ToolRun(status="failed", output_json="", row="stopped"))

    async def _run(self, call: _Call) -> None:
        effect = call.effect

        def numbered(source: Source) -> int:
            n = self._ledger.number(source)
            call.exchange.sources.append(n)
            return n

        try:
            context = self._context(call.agent)
            context = replace(
                context, knowledge=_TimedSearch(context.knowledge, call.exchange.timeline, self._clock)
            )
            run = await self._runner.run(effect.name, effect.arguments, context, numbered)
        except Exception as error:  # noqa: BLE001  the edge of a tool call: it must give an output
            # The text of the error may carry what the person said; its type does not.
            log.error("a tool could not be run", extra={"tool": effect.name, "error": type(error).__name__})
            run = _BROKEN
        duration_ms = round((self._clock.monotonic() - call.began_s) * 1000)
        call.exchange.timeline.tool(effect.name, call.began_s, duration_ms)
        self._show(call, run)
        self._give_back(call, run)

    def _show(self, call: _Call, run: ToolRun) -> None:
        effect = call.effect
        self._transcript.change(
            call.row_id,
            status="completed" if run.status == "completed" else "failed",
            tool=ToolRow(
                call_id=effect.call_id,
                name=effect.name,
                arguments=effect.arguments,
                status=run.status,
                summary=run.row,
                duration_ms=run.duration_ms,
            ),
        )

    def _give_back(self, call: _Call, run: ToolRun) -> None:
        effect, exchange = call.effect, call.exchange
        record = CallRecord(
            call_id=effect.call_id, name=effect.name, arguments=effect.arguments, output=run.output_json
        )
        self._records[call.row_id] = record
        if len(self._records) > MAX_RECORDS:
            self._records.popitem(last=False)
        if call.connection == self._outbox.connections:
            output = FunctionCallOutputItem(call_id=effect.call_id, output=run.output_json)
            self._outbox.send(ConversationItemCreate(item=output))
        else:  # this connection does not know the call; while there is none, nothing is sent
            self._outbox.send_all(ConversationItemCreate(item=item) for item in call_items(record))
        exchange.running_calls.discard(call.row_id)
        exchange.outcomes.append(_outcome(run))
        self._answering.want_if_ready(exchange)

    def _forget(self, task: asyncio.Task[None]) -> None:
        call = self._tasks.pop(task)
        call.exchange.running_calls.discard(call.row_id)


class _TimedSearch:
    """Notes on the timeline of a request when the knowledge base was searched for it."""

    def __init__(self, knowledge: KnowledgeSearch, timeline: Timeline, clock: Clock) -> None:
        self._knowledge = knowledge
        self._timeline = timeline
        self._clock = clock

    async def search(self, query: Query) -> SearchResult:
        began_s = self._clock.monotonic()
        try:
            return await self._knowledge.search(query)
        finally:
            self._timeline.search(began_s, round((self._clock.monotonic() - began_s) * 1000))


def _outcome(run: ToolRun) -> str:
    try:
        return str(json.loads(run.output_json).get("outcome", ""))
    except (ValueError, AttributeError):
        return ""
