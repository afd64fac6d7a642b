"""The Reflex app: wiring only."""

from __future__ import annotations

import reflex as rx
from starlette.types import ASGIApp

from realtime_agents import pages, settings
from realtime_agents.api.app import build_api
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.runtime import serving

_speech = SpeechKit()
"""One for the engine that is mounted and the runtime that warms and closes it; it loads nothing by itself."""


def _with_api(page: ASGIApp) -> ASGIApp:
    return build_api(page, settings.load(), speech=_speech)


app = rx.App(
    api_transformer=_with_api,
    stylesheets=pages.STYLESHEETS,
    head_components=pages.head_components(),
    enable_state=True,
)
app.register_lifespan_task(serving, speech=_speech)
pages.register(app)
