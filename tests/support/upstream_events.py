"""What an `Upstream` gives, to be read one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from realtime_agents.errors import UpstreamClosed
from realtime_agents.protocol.events import ServerEvent
from realtime_agents.session.upstream import Upstream


async def events_of(upstream: Upstream) -> AsyncIterator[ServerEvent]:
    """Listens from the first step on; raises what ended the connection."""
    told: asyncio.Queue[ServerEvent | UpstreamClosed | None] = asyncio.Queue()

    async def listen() -> None:
        try:
            await upstream.listen(told.put_nowait)
        except UpstreamClosed as error:
            told.put_nowait(error)
        else:
            told.put_nowait(None)

    listening = asyncio.create_task(listen())
    try:
        while (one := await told.get()) is not None:
            if isinstance(one, UpstreamClosed):
                raise one
            yield one
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
