"""One request of the person and everything that follows it until the answer is finished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.session.metrics import Meter
from realtime_agents.session.timeline import Timeline

Params = Callable[[], ResponseParams | None]


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
    """Id of the user turn, or ``session`` when the server began to speak by itself; empty while the
    server has not said which item the person's speech became."""
    meter: Meter
    timeline: Timeline
    params: Params = lambda: None
    """How to ask for its answer, each time that it is asked for; None: as the session is configured."""
    verbatim_row: str = ""
    """The answer is this row, word for word, which stands already: it is only to be said aloud."""
    state: ExchangeState = ExchangeState.OPEN
    turns: list[str] = field(default_factory=list)
    """Ids of the agent turns that answer it, in order."""
    running_calls: set[str] = field(default_factory=set)
    """Rows of tools whose results the answer waits for."""
    outcomes: list[str] = field(default_factory=list)
    """What its tools found."""
    sources: list[int] = field(default_factory=list)
    """Numbers of the sources that its tools returned, in order."""
    unsourced: dict[str, int] = field(default_factory=dict)
    """By turn: how many of its citations named no source."""
    handoffs: int = 0
    began: bool = False
    """A response to it has begun."""
    retried: bool = False
    resumed: int = 0
    """How often its answer went on after an echo had cut it."""
    losses: int = 0
    """How often the connection was lost while an answer was due."""

    @property
    def is_open(self) -> bool:
        return self.state is ExchangeState.OPEN
