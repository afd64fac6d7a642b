"""Sockets of small messages are read in small steps, where the event loop has such a setting."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from realtime_agents.small_reads import READ_BYTES, read_little_at_once


async def test_a_large_message_comes_in_small_steps_and_whole() -> None:
    steps: list[int] = []
    whole = asyncio.get_running_loop().create_future()

    class Reader(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            read_little_at_once(transport)

        def data_received(self, data: bytes) -> None:
            steps.append(len(data))
            if sum(steps) == 10 * READ_BYTES:
                whole.set_result(None)

    server = await asyncio.get_running_loop().create_server(Reader, "127.0.0.1", 0)
    async with server, asyncio.timeout(5):
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(bytes(10 * READ_BYTES))
        await whole
        writer.close()
        await writer.wait_closed()
    assert max(steps) <= READ_BYTES


def test_another_kind_of_transport_stays_as_it_is() -> None:
    class Other:
        __slots__ = ()

    read_little_at_once(cast(Any, Other()))
