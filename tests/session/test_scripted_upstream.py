"""The scripted connection finds what does not go by its script."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realtime_agents.errors import UpstreamClosed, UpstreamRefused
from realtime_agents.protocol.commands import (
    InputAudioBufferAppend,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from tests.support.scripted import drops, refuses, says, settle
from tests.support.scripted_upstream import Hold, ScriptedUpstream, emit, expect
from tests.support.upstream_events import events_of


async def test_a_command_that_does_not_match_is_reported_with_what_was_expected() -> None:
    upstream = ScriptedUpstream([expect("response.cancel", response_id="resp_1")])
    await upstream.connect()
    await upstream.send(ResponseCancel(response_id="resp_2"))
    with pytest.raises(AssertionError, match=r"response_id is 'resp_2', expected 'resp_1'"):
        upstream.assert_finished()


async def test_a_command_that_nobody_expected_is_reported() -> None:
    upstream = ScriptedUpstream()
    await upstream.connect()
    upstream.assert_finished()
    await upstream.send(ResponseCreate())
    with pytest.raises(AssertionError, match=r"expected nothing, found .*response\.create"):
        upstream.assert_finished()


async def test_a_step_that_was_not_reached_is_reported() -> None:
    upstream = ScriptedUpstream([expect("response.create"), says("Hi.")])
    await upstream.connect()
    with pytest.raises(AssertionError, match=r"left over: .*response\.create.*\nleft over: \d+ events"):
        upstream.assert_finished()


@pytest.mark.parametrize(
    ("holding", "matches"),
    [
        ({"session": {"tools": [{"name": "a"}]}}, True),
        ({"session": {"tools": [{"name": "b"}]}}, False),
        ({"session": {"tools": []}}, False),
        ({"session": {"instructions": lambda text: "kind" in text}}, True),
        ({"session": {"voice": "marin"}}, False),
        ({"session": "text"}, False),
    ],
)
async def test_what_is_held_is_compared_as_a_subset_at_every_depth(
    holding: dict[str, Any], matches: bool
) -> None:
    upstream = ScriptedUpstream([expect("session.update", **holding)])
    await upstream.connect()
    await upstream.send(
        SessionUpdate(session={"instructions": "Be kind.", "tools": [{"name": "a", "type": "function"}]})
    )
    if matches:
        upstream.assert_finished()
    else:
        with pytest.raises(AssertionError, match="unmatched"):
            upstream.assert_finished()


async def test_ignored_commands_need_no_step_and_are_noted() -> None:
    upstream = ScriptedUpstream([expect("response.create")], ignoring={"input_audio_buffer.append"})
    await upstream.connect()
    await upstream.send(InputAudioBufferAppend(audio="AAAA"))
    await upstream.send(ResponseCreate())
    upstream.assert_finished()
    assert [command.type for command in upstream.sent] == ["input_audio_buffer.append", "response.create"]


async def test_a_refusal_raises_at_connect_and_a_close_ends_the_events_and_the_sending() -> None:
    refused = ScriptedUpstream([refuses()])
    with pytest.raises(UpstreamRefused):
        await refused.connect()
    refused.assert_finished()

    closed = ScriptedUpstream([drops(1012)])
    await closed.connect()
    with pytest.raises(UpstreamClosed) as caught:
        _ = [event async for event in events_of(closed)]
    assert caught.value.code == 1012
    with pytest.raises(UpstreamClosed):
        await closed.send(ResponseCreate())


async def test_nothing_is_played_while_the_script_holds() -> None:
    gate = asyncio.Event()
    upstream = ScriptedUpstream([Hold(gate), emit('{"type": "held.back", "event_id": "e"}')], greet=False)
    await upstream.connect()
    following = asyncio.ensure_future(anext(events_of(upstream)))
    await settle()
    assert not following.done()
    gate.set()
    async with asyncio.timeout(5):
        await upstream.finished()
        assert (await following).type == "held.back"
    await upstream.close()
