"""What thinking yields, piece by piece: words to say and tools to call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, TypeVar

from realtime_agents.protocol.items import Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """More words of the answer, spaces included; pieces may end anywhere, also inside a word."""

    text: str
    whole: bool = False
    """A sentence ends with them: it need not wait for the next one to begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of a tool, whole. Words that follow it begin a new message."""

    name: str
    arguments: str
    """JSON text of an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the thinking ended, where the thinker knows it: at most one, and the last thought."""

    cut_short: Literal["max_output_tokens", "content_filter"] | None = None
    """Why the answer is not whole: the reason of a response that is ``incomplete``."""
    usage: Usage | None = None
    """Tokens as the thinker counted them; ``None`` where it did not count."""


Thought = Words | ToolCall | Ended
Thoughts = AsyncGenerator[Thought, None]
"""The thoughts of one response. Closing it (``aclose``) stops the thinking.

Iterating raises `ThinkingError` when the thinker fails, possibly after some thoughts.
"""


async def until(thoughts: AsyncGenerator[T, None], stop: asyncio.Event) -> AsyncGenerator[T, None]:
    """``thoughts`` (or sentences) until ``stop`` is set, even while the next one is awaited; they then end at once.

    A generator cannot be closed while somebody awaits it: that is why this exists.
    """
    stopping = asyncio.create_task(stop.wait(), name="thinking stop")
    following: asyncio.Task[T | None] | None = None
    try:
        while not stop.is_set():
            following = asyncio.create_task(_next(thoughts), name="thinking")
            await asyncio.wait({stopping, following}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set() or (thought := following.result()) is None:
                return
            yield thought
    finally:
        tasks = [task for task in (stopping, following) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await thoughts.aclose()


async def _next(thoughts: AsyncGenerator[T, None]) -> T | None:
    return await anext(thoughts, None)
