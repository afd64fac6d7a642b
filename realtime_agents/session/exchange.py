"""One request of the person and everything that follows it until the answer is finished."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from realtime_agents.session.metrics import Meter


class ExchangeState(StrEnum):
    """How far a request is."""

    OPEN = "open"
    ANSWERED = "answered"
    INTERRUPTED = "interrupted"
    """The person stopped it or asked something else."""
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """Changed only by `Answering`, and by the tools that run for it."""

    id: str
    """Id of the user turn, or ``session`` when the server began to speak by itself."""
    meter: Meter
    state: ExchangeState = ExchangeState.OPEN
    turns: list[str] = field(default_factory=list)
    """Ids of the agent turns that answer it, in order."""
    running_calls: set[str] = field(default_factory=set)
    """Rows of tools whose results the answer waits for."""
    outcomes: list[str] = field(default_factory=list)
    """What its tools found."""
    handoffs: int = 0
    retried: bool = False
    losses: int = 0
    """How often the connection was lost while an answer was due."""

    @property
    def is_open(self) -> bool:
        return self.state is ExchangeState.OPEN
