"""What thinking yields, piece by piece: words to say and tools to call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """More words of the answer, spaces included; pieces may end anywhere, also inside a word."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of a tool, whole. Words that follow it begin a new message."""

    name: str
    arguments: str
    """JSON text of an object."""


Thought = Words | ToolCall
Thoughts = AsyncIterator[Thought]
"""The thoughts of one response. Closing it (``aclose``) stops the thinking."""
