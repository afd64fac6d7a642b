"""What a session is built from, given by the composition root or by a test."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from realtime_agents.agents.config import AgentConfig, ScenarioConfig
from realtime_agents.session.clock import Clock, SystemClock
from realtime_agents.session.upstream import Upstream
from realtime_agents.session.voice_config import VoiceDefaults
from realtime_agents.store.recorder import History
from realtime_agents.store.recordings import RecordingFiles
from realtime_agents.tools.registry import ToolContext, ToolRegistry
from realtime_agents.tools.runner import NumberSource, ToolRun


class Runner(Protocol):
    """The part of `ToolRunner` that a session needs."""

    async def run(
        self, call_name: str, arguments_json: str, context: ToolContext, number_source: NumberSource
    ) -> ToolRun:
        """Run one call to its end; raises only `asyncio.CancelledError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a session waits, and how often it tries. Seconds, unless said otherwise."""

    first_tries: int = 3
    """Attempts to open the first connection before `Session.start` gives up."""
    reconnect_tries: int = 8
    """Attempts to open the connection again before the session ends."""
    backoff_s: float = 0.5
    """Wait before the second attempt; doubles up to ``backoff_max_s``."""
    backoff_max_s: float = 8.0
    stable_s: float = 10.0
    """A connection that held for so long starts the count of attempts anew."""
    stall_s: float = 30.0
    """A connection that is silent for so long while an answer is due counts as dropped."""
    rotate_after_s: float = 55 * 60.0
    """Age at which a connection is replaced at the next idle moment; servers end it at 60 minutes."""
    rotate_before_expiry_s: float = 5 * 60.0

    @property
    def answer_start_s(self) -> float:
        """A server that works but begins no answer within this time is asked once more. Longer than
        ``stall_s``, which takes care of one that says nothing at all."""
        return self.stall_s + 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionParts:
    """Everything a `Session` needs from outside. Callables are asked anew at each use."""

    upstream: Callable[[], Upstream]
    """Makes one connection that is not open yet."""
    scenario: Callable[[], ScenarioConfig]
    """The scenario as its files are now, so that an edit counts from the next turn or handoff on.
    May raise `ConfigError`; then the last good one stays in use."""
    tools: ToolRegistry
    runner: Runner
    tool_context: Callable[[str, AgentConfig], ToolContext]
    """What tools may use: (session id, agent that calls)."""
    model: str
    """Name of the model, for usage records."""
    server_is_ours: bool = False
    """The Realtime server is this app's own engine: its words for people may be shown."""
    history: History | None = None
    """Where conversations are kept; None keeps nothing."""
    recordings: RecordingFiles | None = None
    """Where recordings of conversations that are kept go; None: there are none."""
    agent: str = ""
    """Agent that opens the conversation; empty: the scenario's own start."""
    voice: VoiceDefaults = field(default_factory=VoiceDefaults)
    clock: Clock = field(default_factory=SystemClock)
    today: Callable[[], date] = date.today
    jitter: Callable[[], float] = random.random
    """0 to 1, spreads reconnects over time."""
    patience: Patience = field(default_factory=Patience)
