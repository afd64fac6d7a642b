"""``GET /api/recordings/<conversation id>.wav``: a recorded conversation, whole or in parts."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from realtime_agents import runtime
from realtime_agents.store.recordings import RecordingFiles


async def recording(request: Request) -> Response:
    """The route: 404 for what is not there; ranges are served, so that players can jump."""
    current = runtime.find_runtime()
    return await serve(None if current is None else current.recordings, request.path_params["conversation"])


async def serve(files: RecordingFiles | None, conversation_id: str) -> Response:
    """The recording of a conversation among ``files``."""
    path = None if files is None else await asyncio.to_thread(files.find, conversation_id)
    if path is None:
        return PlainTextResponse("There is no such recording.", status_code=404)
    return FileResponse(path, media_type="audio/wav", headers={"cache-control": "no-store"})
