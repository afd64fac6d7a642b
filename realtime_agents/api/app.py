"""The HTTP and WebSocket routes beside the page: health, uploads, audio, recordings and the local Realtime engine."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp

from realtime_agents import runtime
from realtime_agents.api.audio import AudioEndpoint, find_registry
from realtime_agents.api.guard import OriginGuard, is_loopback
from realtime_agents.api.knowledge_upload import upload
from realtime_agents.api.recordings import recording
from realtime_agents.engine.server import create_engine_app
from realtime_agents.engine.speech_port import Speech
from realtime_agents.health import report
from realtime_agents.local_engine import engine_config
from realtime_agents.settings import Settings


def build_api(page: ASGIApp, settings: Settings, *, speech: Speech | None = None) -> ASGIApp:
    """Put our routes in front of ``page`` and the origin guard in front of everything.

    ``speech``: what the local engine hears and speaks with; whoever made it closes it.
    """
    routes: list[BaseRoute] = [
        Route("/api/health", health),
        Route("/api/knowledge/upload", upload, methods=["POST"]),
        WebSocketRoute("/api/audio", AudioEndpoint(find_registry)),
        Route("/api/recordings/{conversation}.wav", recording),
    ]
    if settings.uses_local_engine:
        routes.append(Mount("/v1", app=create_engine_app(engine_config(settings, speech=speech))))
    routes.append(Mount("/", app=page))
    return OriginGuard(
        Starlette(routes=routes),
        allowed_origins=settings.allowed_origins,
        loopback_only=is_loopback(settings.host),
    )


async def health(_request: Request) -> JSONResponse:
    """``GET /api/health``: 200 with ``status`` and the parts; 503 while starting."""
    current = runtime.find_runtime()
    if current is None:
        return JSONResponse({"status": "starting", "parts": {}}, status_code=503)
    return JSONResponse(report(current.health()), headers={"cache-control": "no-store"})
