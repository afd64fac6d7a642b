"""Who may knock: Origin and Host checks ahead of every socket and every request.

A browser tells where a page came from (``Origin``) when its script asks for something. Whatever
another site asks for is refused, reading too, so a page elsewhere can neither drive nor look at an
app that runs on somebody's own machine. On a loopback address the ``Host`` header must be a
loopback name too, which stops DNS rebinding. Programs, links and address bars send no ``Origin``
and pass.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class OriginGuard:
    """ASGI middleware; ``allowed_origins`` are full origins such as ``https://agency.example``."""

    def __init__(
        self, app: ASGIApp, *, allowed_origins: Collection[str] = (), loopback_only: bool = True
    ) -> None:
        self._app = app
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed_origins)
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or (reason := self._refusal(scope)) is None:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            # Refusing before the handshake is accepted answers HTTP 403.
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
            return
        await PlainTextResponse(reason, status_code=403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if self._loopback_only and not is_loopback(host):
            return "This server answers on loopback only; open it as http://localhost."
        origin = headers.get("origin", "").rstrip("/").lower()
        if not origin or origin in self._allowed or origin in (f"http://{host}", f"https://{host}"):
            return None
        return "Requests from another site are refused."


def is_loopback(host: str) -> bool:
    """True for ``localhost``, ``*.localhost`` and loopback addresses, with or without a port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:  # also of a bracket without its other half
        return False
