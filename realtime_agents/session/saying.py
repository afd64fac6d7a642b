"""Words that are given, not thought: the server only says them."""

from __future__ import annotations

from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.wishes import to_say


def say_exactly(words: str, *, purpose: str) -> ResponseParams:
    """The server speaks these words and sees nothing of the conversation; ``purpose`` names the response."""
    return ResponseParams(
        input=(),
        tools=(),
        tool_choice="none",
        output_modalities=("audio",),
        instructions=to_say(words),
        metadata={"purpose": purpose},
    )
