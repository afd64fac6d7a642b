"""Which rule finds the ends of turns, by what the session's ``turn_detection`` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_agents.engine.speech.endpointing import SemanticRule, ServerVadRule

MAX_PADDING_MS = 5_000
"""No more audio than this is kept from before speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMode:
    """How turns end, and what follows."""

    rule: ServerVadRule | SemanticRule
    is_manual: bool
    """The client commits; the rule only finds pauses in which to read what was said so far."""
    creates: bool
    """A response is created at the end of a turn."""
    interrupts: bool
    """The beginning of a turn stops a response that runs."""
    padding_ms: int


def mode_for(turn_detection: Mapping[str, Any] | None) -> TurnMode:
    """A fresh rule for a valid ``turn_detection`` with its defaults filled in; ``None`` is manual."""
    match turn_detection:
        case None:
            return TurnMode(
                rule=ServerVadRule(), is_manual=True, creates=False, interrupts=False, padding_ms=300
            )
        case {"type": "server_vad"}:
            padding_ms = min(turn_detection["prefix_padding_ms"], MAX_PADDING_MS)
            # Without automatic responses there is nothing that could ask who is silent.
            idle_ms = turn_detection["idle_timeout_ms"] if turn_detection["create_response"] else None
            rule: ServerVadRule | SemanticRule = ServerVadRule(
                threshold=turn_detection["threshold"],
                prefix_padding_ms=padding_ms,
                silence_duration_ms=turn_detection["silence_duration_ms"],
                idle_timeout_ms=idle_ms,
            )
        case _:
            padding_ms = 300
            rule = SemanticRule(eagerness=turn_detection["eagerness"])
    return TurnMode(
        rule=rule,
        is_manual=False,
        creates=turn_detection["create_response"],
        interrupts=turn_detection["interrupt_response"],
        padding_ms=padding_ms,
    )
