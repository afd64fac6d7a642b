"""Sessions by id: who watches them, when they end, how many there may be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from realtime_agents.errors import SessionError, UpstreamRefused
from realtime_agents.session.registry import SessionRegistry
from realtime_agents.session.session import Session, SessionParts
from realtime_agents.session.view import Phase
from tests.support.scripted import FakeClock, refuses, rig, settle
from tests.support.scripted_upstream import FreeRunningUpstream, ScriptedUpstream


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def parts(clock: FakeClock) -> SessionParts:
    async with rig(start=False) as r:
        return replace(r.parts, upstream=FreeRunningUpstream, clock=clock)


@pytest.fixture
async def registry(clock: FakeClock) -> AsyncIterator[SessionRegistry]:
    registry = SessionRegistry(clock=clock, limit=2)
    yield registry
    await registry.close_all()


def is_running(session: Session) -> bool:
    return session.phase is Phase.READY


async def test_a_session_is_found_by_its_id_until_it_is_closed(
    registry: SessionRegistry, parts: SessionParts
) -> None:
    session = await registry.create(parts)
    assert registry.get(session.id) is session
    assert is_running(session)
    assert registry.is_running(session.conversation_id) and not registry.is_running("conv_other")
    await registry.close(session.id)
    assert not registry.is_running(session.conversation_id)
    await registry.close(session.id)
    assert registry.get(session.id) is None
    assert session.phase is Phase.CLOSED


async def test_a_session_lives_for_a_minute_after_the_last_one_left(
    registry: SessionRegistry, parts: SessionParts, clock: FakeClock
) -> None:
    session = await registry.create(parts)
    registry.attach(session.id)
    registry.attach(session.id)
    registry.detach(session.id)
    await clock.advance(3600)
    assert is_running(session)
    registry.detach(session.id)
    registry.detach(session.id)
    await clock.advance(59)
    assert is_running(session)
    await clock.advance(1)
    assert session.phase is Phase.CLOSED
    assert registry.get(session.id) is None


async def test_leaving_twice_is_leaving_once(
    registry: SessionRegistry, parts: SessionParts, clock: FakeClock
) -> None:
    session = await registry.create(parts)
    registry.detach(session.id)
    registry.attach(session.id)
    registry.detach(session.id)
    await clock.advance(60)
    assert session.phase is Phase.CLOSED


async def test_coming_back_within_the_minute_keeps_the_session(
    registry: SessionRegistry, parts: SessionParts, clock: FakeClock
) -> None:
    session = await registry.create(parts)
    registry.attach(session.id)
    registry.detach(session.id)
    await clock.advance(30)
    registry.attach(session.id)
    await clock.advance(600)
    assert registry.get(session.id) is session


async def test_a_session_that_nobody_ever_watched_ends_after_five_minutes(
    registry: SessionRegistry, parts: SessionParts, clock: FakeClock
) -> None:
    session = await registry.create(parts)
    await clock.advance(299)
    assert is_running(session)
    await clock.advance(1)
    assert session.phase is Phase.CLOSED


async def test_one_session_too_many_is_refused_in_words_and_a_closed_one_makes_room(
    registry: SessionRegistry, parts: SessionParts
) -> None:
    first = await registry.create(parts)
    await registry.create(parts)
    with pytest.raises(SessionError, match="All 2 places are taken"):
        await registry.create(parts)
    await first.close()
    await registry.create(parts)
    assert len(registry) == 2


async def test_a_session_that_cannot_connect_leaves_nothing_behind(
    registry: SessionRegistry, parts: SessionParts
) -> None:
    refused = replace(parts, upstream=lambda: ScriptedUpstream([refuses(recoverable=False)]))
    with pytest.raises(UpstreamRefused):
        await registry.create(refused)
    assert len(registry) == 0


async def test_close_all_ends_every_session(registry: SessionRegistry, parts: SessionParts) -> None:
    sessions = [await registry.create(parts) for _ in range(2)]
    await registry.close_all()
    assert [s.phase for s in sessions] == [Phase.CLOSED, Phase.CLOSED]
    assert len(registry) == 0


async def test_ids_of_nobody_are_ignored(registry: SessionRegistry) -> None:
    registry.attach("nobody")
    registry.detach("nobody")
    await registry.close("nobody")
    assert registry.get("nobody") is None


async def test_session_ids_cannot_be_guessed(registry: SessionRegistry, parts: SessionParts) -> None:
    ids = {(await registry.create(parts)).id for _ in range(2)}
    assert len(ids) == 2
    assert all(len(session_id) >= 22 for session_id in ids)


async def test_a_free_running_connection_answers_every_question(
    registry: SessionRegistry, parts: SessionParts
) -> None:
    session = await registry.create(parts)
    for _ in range(2):
        await session.send_text("Go on")
        await session.wait_idle()
    await settle()
    assert [len(t.text.split()) for t in session.snapshot().turns if t.role == "agent"] == [100, 100]
