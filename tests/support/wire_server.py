"""A loopback WebSocket server whose every frame, refusal and close a test decides."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

Handler = Callable[[ServerConnection], Awaitable[None]]


class WireServer:
    """What came in, and where it listens."""

    def __init__(self, server: Server) -> None:
        port = next(iter(server.sockets)).getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.requests: list[Request] = []
        self.received: list[dict[str, Any]] = []


@asynccontextmanager
async def wire_server(
    handler: Handler | None = None, *, refuse: int | None = None, code: str = ""
) -> AsyncIterator[WireServer]:
    """Serve ``handler``, or a server that greets and listens.

    ``refuse``: answer upgrades with this status, and with an error object when ``code`` is given.
    """
    made: list[WireServer] = []

    async def listen(socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "session.created", "event_id": "e1", "session": {}}))
        async for frame in socket:
            made[0].received.append(json.loads(frame))

    def check(connection: ServerConnection, request: Request) -> Response | None:
        made[0].requests.append(request)
        if refuse is None:
            return None
        words = "key sk-secret is wrong\n"
        error = {"error": {"message": words, "type": "invalid_request_error", "code": code}}
        return connection.respond(HTTPStatus(refuse), json.dumps(error) if code else words)

    server = await serve(handler or listen, "127.0.0.1", 0, process_request=check, compression="deflate")
    made.append(WireServer(server))
    try:
        yield made[0]
    finally:
        server.close()
        await server.wait_closed()
