"""The local Realtime server: ``WS /v1/realtime`` and ``GET /v1/models``, mounted or alone.

It speaks the GA Realtime protocol, in text and, when it is given speech, aloud. Any bearer key is accepted: it listens on loopback,
and whoever mounts it elsewhere guards the door.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketState

from realtime_agents.engine.brain import Brain
from realtime_agents.engine.config import MODEL, EngineConfig
from realtime_agents.engine.connection import Connection
from realtime_agents.engine.output import new_id
from realtime_agents.protocol.codec import encode_event
from realtime_agents.protocol.events import Error
from realtime_agents.protocol.items import ErrorDetail

__all__ = ["MODEL", "EngineConfig", "create_engine_app", "running_engine", "serve"]

CLOSE_BETA = 4000
GRACE_S = 3
_KEY_PROTOCOL = "openai-insecure-api-key."
_MODEL_CREATED = 1_763_769_600
"""22 November 2025, in seconds since the epoch: a constant, the field only has to be there."""


def create_engine_app(config: EngineConfig | None = None) -> Starlette:
    """An ASGI app with the engine's routes, both under ``/v1`` and without it, so it can be mounted at ``/v1``.

    It needs no lifespan: embedder and speech are loaded with the first connection, or at start-up
    when the app runs alone. Alone it also closes ``config.speech`` at its end; mounted, whoever
    mounts it does.
    """
    engine = _Engine(config or EngineConfig())
    return Starlette(
        routes=[
            *(WebSocketRoute(f"{prefix}/realtime", engine.realtime) for prefix in ("", "/v1")),
            *(Route(f"{prefix}/models", engine.models) for prefix in ("", "/v1")),
        ],
        lifespan=engine.lifespan,
    )


async def serve(config: EngineConfig | None, host: str, port: int) -> None:
    """Run the engine alone until interrupted."""
    await _Server(_uvicorn_config(config or EngineConfig(), host, port)).serve()


@contextlib.asynccontextmanager
async def running_engine(config: EngineConfig | None = None) -> AsyncIterator[str]:
    """The engine on a free loopback port for as long as the context lasts; yields the base URL ending in ``/v1``."""
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it each answer waits
    # 40 ms for a delayed acknowledgement.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        server = _Server(_uvicorn_config(config or EngineConfig(), "127.0.0.1", port), signals=False)
        task = asyncio.create_task(server.serve(sockets=[listener]), name="engine server")
        ready = asyncio.create_task(server.ready.wait())
        try:
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.should_exit = True
            ready.cancel()
            await task


class _Engine:
    """The endpoints, and what all connections share."""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._brain = Brain(config)
        self._sessions = 0
        self._warming: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Alone: load embedder and speech in the background, end the threads at the end."""
        warming = asyncio.create_task(self._brain.warm(), name="engine start")
        self._warm_speech()
        try:
            yield
        finally:
            tasks = [task for task in (warming, self._warming) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._brain.close()
            if self._config.speech is not None:
                await asyncio.to_thread(self._config.speech.close)

    def _warm_speech(self) -> None:
        """Load speech ahead of the first audio, once."""
        if self._config.speech is not None and self._warming is None:
            self._warming = asyncio.create_task(self._config.speech.warm(), name="engine speech start")

    async def models(self, _request: Request) -> JSONResponse:
        """``GET /v1/models``: the one model there is."""
        model = {"id": MODEL, "object": "model", "created": _MODEL_CREATED, "owned_by": "realtime-agents"}
        return JSONResponse({"object": "list", "data": [model]})

    async def realtime(self, websocket: WebSocket) -> None:
        """``WS /v1/realtime?model=…``: one session."""
        refusal = self._refusal(websocket)
        if refusal is not None:
            await _deny(websocket, refusal)
            return
        protocols = websocket.scope.get("subprotocols") or []
        self._sessions += 1
        self._warm_speech()
        try:
            await websocket.accept(subprotocol="realtime" if "realtime" in protocols else None)
            if websocket.headers.get("openai-beta", "").startswith("realtime"):
                await _end_beta(websocket)
                return
            asked = websocket.query_params.get("model", MODEL)
            code = await Connection(websocket, self._config, self._brain, asked_model=asked).run()
        finally:
            self._sessions -= 1
        states = {websocket.application_state, websocket.client_state}
        if states == {WebSocketState.CONNECTED}:
            await websocket.close(code)

    def _refusal(self, websocket: WebSocket) -> JSONResponse | None:
        if not _is_allowed_origin(websocket):
            return _denial(403, "forbidden_origin", "Pages of other origins may not use this engine.")
        if not _has_key(websocket):
            return _denial(401, "invalid_api_key", "Send any key: 'Authorization: Bearer x'.")
        if websocket.query_params.get("intent") == "transcription":
            return _denial(400, "invalid_value", "Transcription sessions are not available in this build.")
        if self._sessions >= self._config.max_sessions:
            return _denial(503, "too_many_sessions", "The engine serves as many sessions as it may.")
        return None


async def _deny(websocket: WebSocket, refusal: JSONResponse) -> None:
    """Refuse the upgrade with its status, or as 403 where the server cannot carry one."""
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(refusal)
    else:
        await websocket.close()


def _denial(status: int, code: str, message: str) -> JSONResponse:
    error = {"type": "invalid_request_error", "code": code, "message": message, "param": None}
    return JSONResponse({"error": error}, status_code=status)


def _is_allowed_origin(websocket: WebSocket) -> bool:
    """Only browsers send an origin: it must be this host, or this machine."""
    origin = websocket.headers.get("origin")
    if origin is None:
        return True
    parts = urlsplit(origin)
    return parts.netloc == websocket.headers.get("host") or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _has_key(websocket: WebSocket) -> bool:
    """A bearer header, or the subprotocol that stands for it where headers cannot be set."""
    scheme, _, key = websocket.headers.get("authorization", "").partition(" ")
    protocols = websocket.scope.get("subprotocols") or []
    return (scheme.lower() == "bearer" and bool(key)) or any(p.startswith(_KEY_PROTOCOL) for p in protocols)


async def _end_beta(websocket: WebSocket) -> None:
    """Clients of the retired beta protocol are told so, as the GA server does."""
    error = ErrorDetail(
        type="invalid_request_error",
        code="beta_api_shape_disabled",
        message="The Realtime beta API is not supported. Leave the OpenAI-Beta header out.",
    )
    await websocket.send_text(encode_event(Error(event_id=new_id("event"), error=error)))
    await websocket.close(CLOSE_BETA, "invalid_request_error.beta_api_shape_disabled")


def _uvicorn_config(config: EngineConfig, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        create_engine_app(config),
        host=host,
        port=port,
        ws="websockets-sansio",
        ws_max_size=max(config.max_message_bytes, config.max_append_bytes),
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


class _Server(uvicorn.Server):
    """uvicorn that says when it listens, and leaves signals alone inside another program."""

    def __init__(self, config: uvicorn.Config, *, signals: bool = True) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._signals = signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if not self._signals:
            yield
            return
        with super().capture_signals():
            yield
