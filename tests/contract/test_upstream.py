"""One suite for every `Upstream`: scripted, free running, and the openai client on the local engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from realtime_agents.engine.server import EngineConfig, running_engine
from realtime_agents.errors import KnowledgeError, UpstreamClosed
from realtime_agents.protocol import events as ev
from realtime_agents.protocol.commands import (
    ConversationItemCreate,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from realtime_agents.protocol.items import MessageItem
from realtime_agents.protocol.session_config import RealtimeSession
from realtime_agents.session.openai_upstream import OpenAIUpstream
from realtime_agents.session.reseed import user_item
from realtime_agents.session.upstream import Upstream
from tests.support.scripted import says
from tests.support.scripted_upstream import FreeRunningUpstream, ScriptedUpstream, expect
from tests.support.upstream_events import events_of

LIMIT_S = 10.0
CONFIGURATION = RealtimeSession(
    instructions="Today is 2026-11-22.\n\nYou are Greeter.\n\nYour scope: greetings.",
    output_modalities=("text",),
).to_wire()


def no_embedder() -> object:
    raise KnowledgeError("these tests need no model")


@pytest.fixture(params=["scripted", "free running", "openai client on the local engine"])
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[Upstream]:
    match request.param:
        case "scripted":
            item = expect("conversation.item.create")
            steps = [expect("session.update"), item, expect("response.create"), says("Hello, I am Greeter.")]
            yield ScriptedUpstream(steps)
        case "free running":
            yield FreeRunningUpstream(deltas=5)
        case _:
            async with running_engine(EngineConfig(embedder=no_embedder)) as base_url:  # type: ignore[arg-type]
                connection = OpenAIUpstream(base_url=base_url, api_key="any", model="local-engine")
                yield connection
                await connection.close()


async def until(events: AsyncIterator[ev.ServerEvent], type_: str) -> list[ev.ServerEvent]:
    """Events up to and with the first of a type."""
    seen: list[ev.ServerEvent] = []
    async with asyncio.timeout(LIMIT_S):
        async for event in events:
            seen.append(event)
            if event.type == type_:
                return seen
    raise AssertionError(f"{type_} never came, only {[e.type for e in seen]}")


async def test_a_typed_question_is_answered_with_the_events_of_the_ga_protocol(upstream: Upstream) -> None:
    await upstream.connect()
    events = events_of(upstream)
    assert (await anext(events)).type == "session.created"

    await upstream.send(SessionUpdate(session=CONFIGURATION, event_id="c1"))
    updated = (await until(events, "session.updated"))[-1]
    assert isinstance(updated, ev.SessionUpdated)
    assert updated.session["instructions"] == CONFIGURATION["instructions"]

    await upstream.send(ConversationItemCreate(item=user_item("Hello", "item_mine"), event_id="c2"))
    (added,) = [
        e for e in await until(events, "conversation.item.added") if e.type == "conversation.item.added"
    ]
    assert isinstance(added, ev.ConversationItemAdded)
    assert added.item.id == "item_mine"

    await upstream.send(ResponseCreate(event_id="c3"))
    answer = await until(events, "response.done")
    done = answer[-1]
    assert isinstance(done, ev.ResponseDone)
    assert done.response.status == "completed"
    text = "".join(e.delta for e in answer if isinstance(e, ev.ResponseOutputTextDelta))
    (message,) = [item for item in done.response.output if isinstance(item, MessageItem)]
    assert text
    assert message.content[0].text == text
    assert [e.type for e in answer].index("response.created") < [e.type for e in answer].index(
        "response.output_text.delta"
    )
    await upstream.close()


async def test_close_ends_the_events_and_may_be_repeated(upstream: Upstream) -> None:
    await upstream.connect()
    events = events_of(upstream)
    await anext(events)
    await upstream.close()
    await upstream.close()
    async with asyncio.timeout(LIMIT_S):
        assert len([event async for event in events]) <= 1


async def test_nothing_can_be_sent_after_close(upstream: Upstream) -> None:
    await upstream.connect()
    await upstream.close()
    with pytest.raises(UpstreamClosed):
        await upstream.send(ResponseCancel(event_id="c1"))


async def test_nothing_odd_is_counted_in_a_plain_conversation(upstream: Upstream) -> None:
    await upstream.connect()
    await anext(events_of(upstream))
    assert dict(upstream.oddities) == {}
    await upstream.close()
