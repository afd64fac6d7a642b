"""A loopback site, and a fetcher that may reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from realtime_agents.knowledge.fetch.client import Fetcher
from realtime_agents.knowledge.fetch.guard import Guard
from tests.support.web_site import JumpClock, WebSite, web_site


@pytest.fixture
async def site() -> AsyncIterator[WebSite]:
    async with web_site() as running:
        yield running


@pytest.fixture
def clock() -> JumpClock:
    return JumpClock()


@pytest.fixture
async def fetcher(clock: JumpClock) -> AsyncIterator[Fetcher]:
    async with Fetcher(Guard(allow_loopback=True), clock=clock) as made:
        yield made
