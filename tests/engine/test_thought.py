"""Thoughts end when they are told to, whatever they wait for."""

from __future__ import annotations

import asyncio

import pytest

from realtime_agents.engine.brain import Brain
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.dialogue.view import DialogueContext, ToolSpec
from realtime_agents.engine.thought import Thoughts, ToolCall, Words, until
from realtime_agents.errors import KnowledgeError, ThinkingError
from realtime_agents.protocol.items import ContentPart, MessageItem


class Thinker:
    """Says two words, then waits for good; remembers that it was closed."""

    def __init__(self) -> None:
        self.closed = False
        self.waiting = asyncio.Event()

    async def thoughts(self) -> Thoughts:
        try:
            yield Words(text="one")
            yield Words(text=" two")
            self.waiting.set()
            await asyncio.Event().wait()
        finally:
            self.closed = True


async def test_all_thoughts_come_through_in_order() -> None:
    async def thoughts() -> Thoughts:
        yield Words(text="one")
        yield ToolCall(name="t", arguments="{}")

    assert [t async for t in until(thoughts(), asyncio.Event())] == [
        Words(text="one"),
        ToolCall(name="t", arguments="{}"),
    ]


async def test_stop_ends_a_thinker_that_waits() -> None:
    thinker, stop, heard = Thinker(), asyncio.Event(), []

    async def listen() -> None:
        async for thought in until(thinker.thoughts(), stop):
            heard.append(thought)

    listening = asyncio.create_task(listen())
    await thinker.waiting.wait()
    stop.set()
    await listening
    assert heard == [Words(text="one"), Words(text=" two")]
    assert thinker.closed


async def test_stop_between_two_thoughts_asks_for_no_more() -> None:
    thinker, stop = Thinker(), asyncio.Event()
    heard = []
    async for thought in until(thinker.thoughts(), stop):
        heard.append(thought)
        stop.set()
    assert heard == [Words(text="one")]
    assert thinker.closed


async def test_a_cancelled_listener_ends_the_thinker() -> None:
    thinker = Thinker()

    async def listen() -> None:
        async for _ in until(thinker.thoughts(), asyncio.Event()):
            pass

    listening = asyncio.create_task(listen())
    await thinker.waiting.wait()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert thinker.closed


async def test_a_failure_of_the_thinker_comes_through() -> None:
    async def thoughts() -> Thoughts:
        yield Words(text="one")
        raise ThinkingError("gone", code="server_error")

    heard = []
    with pytest.raises(ThinkingError, match="gone"):
        async for thought in until(thoughts(), asyncio.Event()):
            heard.append(thought)
    assert heard == [Words(text="one")]


def no_embedder() -> None:
    raise KnowledgeError("none in this test")


async def test_the_dialogue_thinks_in_words_or_calls() -> None:
    brain = Brain(EngineConfig(embedder=no_embedder))  # type: ignore[arg-type]  # it only raises
    try:
        said = [t async for t in brain.think(DialogueContext(instructions='Say exactly: "Well then."'))]
        tool = ToolSpec(name="now", parameters={"type": "object", "properties": {}})
        question = MessageItem(role="user", content=(ContentPart(type="input_text", text="What time?"),))
        context = DialogueContext(instructions="", items=(question,), tools=(tool,), forced_tool="now")
        called = [t async for t in brain.think(context)]
    finally:
        await brain.close()
    assert said == [Words(text="Well then.")]
    assert called == [ToolCall(name="now", arguments="{}")]
