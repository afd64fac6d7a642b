"""``python -m realtime_agents serve``: build the page if needed, then serve everything on one port."""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import time

import reflex as rx
import uvicorn
from reflex_base.environment import environment

from realtime_agents import logs, page_build
from realtime_agents.api.guard import is_loopback
from realtime_agents.api.websocket_protocol import UnhurriedWebSocket
from realtime_agents.commands.listening import require_free
from realtime_agents.realtime_agents import app
from realtime_agents.settings import Settings

_MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""Twice what the engine takes, so that it can say so itself; the page sends far less."""
_SHUTDOWN_S = 8


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve until interrupted; returns the exit code.

    Raises `SettingsError` when the address cannot be listened on and `page_build.BuildError` when the page cannot be built.
    """
    started = time.monotonic()
    require_free(
        settings.host,
        settings.port,
        host_name="HOST",
        port_advice="choose another with PORT=8001 make run",
    )
    page_build.ensure_built()
    logs.configure(settings.log_level)
    config = uvicorn.Config(
        _load_app,
        factory=True,
        host=settings.host,
        port=settings.port,
        ws=UnhurriedWebSocket,
        ws_max_size=_MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # sound does not get smaller, and packing it costs more than all the rest
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    server = _AnnouncingServer(config, settings, started)
    with contextlib.suppress(SystemExit):  # uvicorn has a code of its own for a start that failed
        server.run()
    return 0 if server.started else 1


def _load_app() -> object:
    """The compiled Reflex app with the built page mounted; nothing is compiled here."""
    environment.REFLEX_ENV_MODE.set(rx.constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
    return app()


class _AnnouncingServer(uvicorn.Server):
    """uvicorn, saying in one line where to point the browser."""

    def __init__(self, config: uvicorn.Config, settings: Settings, started: float) -> None:
        super().__init__(config)
        self._settings = settings
        self._began = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        shown = "localhost" if is_loopback(self._settings.host) else self._settings.host
        print(
            f"Realtime Agents: http://{shown}:{self._settings.port}  (ready in {time.monotonic() - self._began:.1f} s, Ctrl+C stops)",
            flush=True,
        )
        if not is_loopback(self._settings.host):
            print(
                "Listening beyond this machine: put a proxy with sign-in and TLS in front.",
                file=sys.stderr,
                flush=True,
            )
