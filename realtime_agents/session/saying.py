"""Words that are given, not thought: the server only says them."""

from __future__ import annotations

from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.verbatim import ask_for_words


def say_exactly(words: str, *, purpose: str) -> ResponseParams:
    """The server speaks these words and sees nothing of the conversation; ``purpose`` names the response."""
    return ResponseParams(
        input=(),
        tools=(),
        tool_choice="none",
        output_modalities=("audio",),
        instructions=ask_for_words(words),
        metadata={"purpose": purpose},
    )
