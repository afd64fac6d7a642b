"""A session on scripted connections: agents, tools, a clock that tests move, and checks at the end."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from realtime_agents.agents.config import AgentConfig, ScenarioConfig
from realtime_agents.errors import UpstreamClosed, UpstreamRefused
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.knowledge.port import KnowledgeBase, Query
from realtime_agents.protocol.items import FunctionCallItem, InputTokenDetails, Usage
from realtime_agents.session.session import Patience, Session, SessionParts
from realtime_agents.session.view import Turn, TurnChanged, Update
from realtime_agents.store.recordings import RecordingFiles
from realtime_agents.store.records import ConversationHeader, UsageEntry
from realtime_agents.tools.registry import Source, Tool, ToolContext, ToolRegistry, ToolResult, tool
from realtime_agents.tools.runner import ToolRunner
from tests.support.oracle import check_command
from tests.support.scripted_events import answer, calls
from tests.support.scripted_upstream import (
    Close,
    Expect,
    Refuse,
    ScriptedUpstream,
    Step,
    emit,
    expect,
)

TODAY = date(2026, 11, 22)
LIMIT_S = 5.0
"""No test waits longer than this for something that should happen at once."""


async def settle() -> None:
    """Let every task run until all of them wait for something from outside."""
    for _ in range(30):
        await asyncio.sleep(0)


class FakeClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._numbers = itertools.count()
        self.slept: list[float] = []
        """Every duration that was asked for."""

    def monotonic(self) -> float:
        return self._now

    def now(self) -> float:
        return 1_760_000_000.0 + self._now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._numbers), woken))
        await woken.wait()

    async def advance(self, seconds: float) -> None:
        """Move on, waking sleepers in order and letting each run."""
        end = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            wake_at, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, wake_at)
            woken.set()
            await settle()
        self._now = end
        await settle()


class MemoryHistory:
    """What a recorder wrote."""

    def __init__(self) -> None:
        self.headers: list[ConversationHeader] = []
        self.turns: dict[str, Turn] = {}
        self.placed: dict[str, str] = {}
        """The row that a row was to stand behind, where that was said."""
        self.usage: list[UsageEntry] = []
        self.agents: list[str] = []
        self.ended_at: float | None = None

    async def save_conversation(self, header: ConversationHeader) -> None:
        self.headers.append(header)

    async def update_conversation(
        self, conversation_id: str, *, agent: str | None = None, ended_at: float | None = None
    ) -> bool:
        if agent is not None:
            self.agents.append(agent)
        self.ended_at = ended_at if ended_at is not None else self.ended_at
        return True

    async def save_turn(self, conversation_id: str, turn: Turn, *, previous_id: str = "") -> None:
        self.turns[turn.id] = turn
        if previous_id:
            self.placed[turn.id] = previous_id

    async def delete_turn(self, conversation_id: str, turn_id: str) -> None:
        self.turns.pop(turn_id, None)

    async def save_usage(self, conversation_id: str, usage: UsageEntry) -> None:
        self.usage.append(usage)


def scenario(**versions: str) -> ScenarioConfig:
    """Three agents that may all hand over to one another; versions by agent name."""
    names = ("greeter", "medicare", "va")
    agents = {
        name: AgentConfig(
            name=name,
            title=name.capitalize(),
            description=f"Knows all about {name}.",
            instructions=f"Instructions of {name}.",
            tools=("search", "slow", "broken"),
            handoffs=tuple(other for other in names if other != name),
            version=versions.get(name, "1"),
        )
        for name in names
    }
    return ScenarioConfig(
        name="benefits", title="Benefits", description="All about benefits.", start="greeter", agents=agents
    )


class Toolbox:
    """Tools whose behaviour a test decides."""

    def __init__(self) -> None:
        self.result = ToolResult(outcome="ok", sources=(source("va/pact"),), row="1 passage")
        self.gate = asyncio.Event()
        """``slow`` waits for it."""
        self.begun = asyncio.Event()
        """``slow`` has begun."""
        self.stopped = False
        """``slow`` was cancelled."""
        self.contexts: list[ToolContext] = []
        self.searches = False
        """``slow`` searches the knowledge base of its context once ``gate`` is open."""

    def registry(self, *, slow_timeout_s: float = LIMIT_S) -> ToolRegistry:
        async def search(context: ToolContext, query: str) -> ToolResult:
            """Search the pages."""
            self.contexts.append(context)
            return self.result

        async def slow(context: ToolContext) -> ToolResult:
            """Takes its time."""
            self.begun.set()
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.stopped = True
                raise
            if self.searches:
                await context.knowledge.search(Query(text="pact act"))
            return self.result

        async def broken(context: ToolContext) -> ToolResult:
            """Fails."""
            raise RuntimeError("a secret that was typed")

        made: list[Tool] = [tool()(search), tool(timeout_s=slow_timeout_s)(slow), tool()(broken)]
        return ToolRegistry(made)


def source(document_id: str, quote: str = "Toxic exposure is covered.") -> Source:
    return Source(
        document_id=document_id,
        passage_id=f"{document_id}#1",
        title=document_id,
        quote=quote,
        text=quote * 3,
        url=f"https://example.org/{document_id}",
        as_of="2026-01",
    )


@dataclass
class Rig:
    """A started session and everything around it."""

    session: Session
    connections: list[ScriptedUpstream]
    clock: FakeClock
    toolbox: Toolbox
    history: MemoryHistory
    parts: SessionParts
    errors: list[logging.LogRecord] = field(default_factory=list)

    @property
    def turns(self) -> tuple[Turn, ...]:
        return self.session.snapshot().turns

    def rows(self) -> list[tuple[str, str, str]]:
        """(role, status, text) of every row; the handoff's arrow and the tool's name as text."""
        return [(t.role, t.status, _words(t)) for t in self.turns]

    async def ask(self, text: str) -> None:
        """Say something and wait for the end of the answer."""
        await self.session.send_text(text)
        await self.idle()

    async def idle(self) -> None:
        """Wait for the end of the answer."""
        async with asyncio.timeout(LIMIT_S):
            await self.session.wait_idle()

    async def played(self, index: int = 0) -> None:
        """Wait until a connection's script is at its end."""
        async with asyncio.timeout(LIMIT_S):
            await self.connections[index].finished()
        await settle()


def _words(turn: Turn) -> str:
    if turn.tool is not None:
        return turn.tool.name
    if turn.handoff is not None:
        return f"{turn.handoff.source} → {turn.handoff.target}"
    return turn.text


class _Collect(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.ERROR)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


@asynccontextmanager
async def rig(
    *scripts: Sequence[Step | Iterable[Step]],
    start: bool = True,
    allow_errors: bool = False,
    scenario_of: Callable[[], ScenarioConfig] = scenario,
    agent: str = "",
    patience: Patience | None = None,
    slow_timeout_s: float = LIMIT_S,
    tool_context: Callable[..., Any] | None = None,
    jitter: Callable[[], float] = lambda: 1.0,
    ignoring: Collection[str] = (),
    recordings: RecordingFiles | None = None,
    server_is_ours: bool = False,
) -> AsyncIterator[Rig]:
    """A session with one script per connection; each begins with the ``session.update`` it must get.

    At the end the session is closed, every script must have been played, and nothing may have
    been logged as an error unless ``allow_errors``.
    """
    connections = [ScriptedUpstream(_opening(flat(script)), ignoring=ignoring) for script in scripts]
    coming = iter(connections)
    clock, toolbox, history = FakeClock(), Toolbox(), MemoryHistory()
    tools = toolbox.registry(slow_timeout_s=slow_timeout_s)
    parts = SessionParts(
        upstream=lambda: next(coming),
        scenario=scenario_of,
        tools=tools,
        runner=ToolRunner(tools),
        tool_context=tool_context or _context,
        model="scripted",
        history=history,
        recordings=recordings,
        server_is_ours=server_is_ours,
        agent=agent,
        clock=clock,
        today=lambda: TODAY,
        jitter=jitter,
        patience=patience or Patience(),
    )
    made = Rig(Session(parts), connections, clock, toolbox, history, parts)
    handler = _Collect(made.errors)
    logger = logging.getLogger("realtime_agents")
    logger.addHandler(handler)
    try:
        if start:
            await made.session.start()
        yield made
        await settle()
    finally:
        await made.session.close()
        logger.removeHandler(handler)
    for connection in connections:
        connection.assert_finished()
        for command in connection.sent:
            check_command(command)
    if made.errors and not allow_errors:
        raise AssertionError([f"{r.name}: {r.getMessage()} {r.exc_info}" for r in made.errors])


def _opening(steps: list[Step]) -> list[Step]:
    return steps if steps and isinstance(steps[0], Refuse) else [expect("session.update"), *steps]


def _context(session_id: str, agent: AgentConfig) -> ToolContext:
    return ToolContext(
        session_id=session_id,
        agent=agent,
        knowledge=cast(KnowledgeBase, None),  # the tools of a test search nothing
        collections=(),
        facts=FactBook(),
        today=TODAY,
    )


def flat(steps: Iterable[Step | Iterable[Step]]) -> list[Step]:
    """Steps and groups of steps as one list."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Iterable):
            found.extend(step)
        else:
            found.append(step)
    return found


# Groups of steps.


def question(text: str) -> list[Step]:
    """The person's item and the wish for an answer."""
    return [user_item(text), expect("response.create")]


def user_item(text: str) -> Expect:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return expect("conversation.item.create", item=item)


def system_item(*, holding: str) -> Expect:
    item = {"role": "system", "content": [{"type": "input_text", "text": lambda text: holding in text}]}
    return expect("conversation.item.create", item=item)


def assistant_item(text: str) -> Expect:
    item = {"role": "assistant", "content": [{"type": "output_text", "text": text}]}
    return expect("conversation.item.create", item=item)


def call_item(call_id: str) -> Expect:
    return expect("conversation.item.create", item={"type": "function_call", "call_id": call_id})


def output_item(call_id: str, *, holding: str = "") -> Expect:
    item = {"type": "function_call_output", "call_id": call_id, "output": lambda text: holding in text}
    return expect("conversation.item.create", item=item)


def says(text: str, *, number: int = 1, usage: Usage | None = None) -> Step:
    """A whole answer, one delta per word."""
    words = [word + " " for word in text.split(" ")]
    words[-1] = words[-1].rstrip(" ")
    return emit(*answer(f"resp_{number}", f"item_answer_{number}", words, usage=usage))


def begins(text: str, *, number: int = 1) -> Step:
    """An answer that has said ``text`` and goes on."""
    events = answer(f"resp_{number}", f"item_answer_{number}", [text])
    return emit(*events[:5])


def call(name: str, arguments: str = "{}", *, call_id: str = "call_1") -> FunctionCallItem:
    return FunctionCallItem(id=f"item_{call_id}", call_id=call_id, name=name, arguments=arguments)


def calls_tools(*items: FunctionCallItem, number: int = 1, usage: Usage | None = None) -> Step:
    """A response that only calls tools."""
    return emit(*calls(f"resp_{number}", *items, usage=usage))


def drops(code: int = 1006, *, recoverable: bool = True) -> Close:
    return Close(
        UpstreamClosed("The connection to the Realtime server was lost.", recoverable=recoverable, code=code)
    )


def refuses(*, recoverable: bool = True, words: str = "Nothing answers at 127.0.0.1:1.") -> Refuse:
    return Refuse(UpstreamRefused(words, recoverable=recoverable))


def tokens(given: int, made: int, cached: int = 0) -> Usage:
    return Usage(
        total_tokens=given + made,
        input_tokens=given,
        output_tokens=made,
        input_token_details=InputTokenDetails(text_tokens=given, cached_tokens=cached),
    )


async def take(updates: AsyncIterator[Update], until: Callable[[Update], bool]) -> list[Update]:
    """Updates up to and with the first that fits."""
    found: list[Update] = []
    async with asyncio.timeout(LIMIT_S):
        async for update in updates:
            found.append(update)
            if until(update):
                return found
    raise AssertionError(f"the updates ended before the one that was waited for: {found}")


def is_turn(role: str, status: str = "completed") -> Callable[[Any], bool]:
    return lambda update: (
        isinstance(update, TurnChanged) and (update.turn.role, update.turn.status) == (role, status)
    )
