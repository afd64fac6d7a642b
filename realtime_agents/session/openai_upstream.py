"""`Upstream` over the openai client: OpenAI, Azure, the local engine, any GA Realtime server."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.exceptions import ConnectionClosed

from realtime_agents.errors import UpstreamClosed, UpstreamRefused
from realtime_agents.protocol.codec import encode_command
from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.session.prompt_socket import PromptSocket
from realtime_agents.session.upstream import FrameReader, OnEvent
from realtime_agents.session.upstream_errors import closed_by, refused_by

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 10.0
PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 20.0
MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Far above any event of a session that never asks for an item's whole audio back."""
_CLOSE_TIMEOUT_S = 2.0


class OpenAIUpstream:
    """One WebSocket to ``<base_url>/realtime``, opened by the openai client, decoded by our codec.

    Frames that come before `listen` are kept, up to a number from which on TCP makes the server wait;
    after that each is handled as it arrives: none is ever dropped.

    ========== ============ ==============================
    owned      opened by    closed by
    ========== ============ ==============================
    socket     `connect`    `close`, or the other side
    ========== ============ ==============================
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        open_timeout_s: float = OPEN_TIMEOUT_S,
    ) -> None:
        """``base_url`` ends in ``/v1``; ``api_key`` may be empty for a server that needs none."""
        self._base_url = base_url
        self._api_key = api_key
        self._model = model
        self._open_timeout_s = open_timeout_s
        self._connection: AsyncRealtimeConnection | None = None
        self._socket: PromptSocket | None = None
        self._decoder = FrameReader()
        self._closing = False

    @property
    def oddities(self) -> Mapping[str, int]:
        return self._decoder.oddities

    async def connect(self) -> None:
        """Open the socket. Raises `UpstreamRefused`."""
        host = _host_of(self._base_url)

        def create(*args: Any, **kwargs: Any) -> PromptSocket:
            self._socket = PromptSocket(*args, **kwargs)
            return self._socket

        options: dict[str, Any] = {
            "create_connection": create,
            "max_size": MAX_FRAME_BYTES,
            "compression": None,
            "open_timeout": self._open_timeout_s,
            "close_timeout": _CLOSE_TIMEOUT_S,
            "ping_interval": PING_INTERVAL_S,
            "ping_timeout": PING_TIMEOUT_S,
        }
        if _is_loopback(self._base_url):
            options["proxy"] = None  # proxies from the environment would be asked for 127.0.0.1 too
        client = _client(self._base_url, self._api_key)
        try:
            self._connection = await client.realtime.connect(
                model=self._model,
                websocket_connection_options=options,  # type: ignore[arg-type]  # the client passes all on
            ).enter()
        except Exception as error:
            refused = refused_by(error, host, open_timeout_s=self._open_timeout_s)
            log.info(
                "connection to the Realtime server not opened",
                extra={"host": host, "error": type(error).__name__, "code": refused.code},
            )
            raise refused from error

    def offer(self, command: ClientEvent) -> bool:
        """Send one command at once; see the port."""
        return self._socket is not None and not self._closing and self._socket.offer(encode_command(command))

    async def send(self, command: ClientEvent) -> None:
        """Send one command. Raises `UpstreamClosed`."""
        if self._connection is None or self._closing:
            raise UpstreamClosed("The connection to the Realtime server is not open.", recoverable=True)
        try:
            await self._connection.send_raw(encode_command(command))
        except ConnectionClosed as error:
            raise closed_by(error) from error

    async def listen(self, on_event: OnEvent) -> None:
        """Give all events until the connection ends; see the port."""
        if self._socket is None or self._closing:
            return
        socket = self._socket

        def take(frame: bytes) -> None:
            event = self._decoder.read(frame)
            if event is not None and not self._closing:
                on_event(event)

        socket.hand_to(take)
        try:
            await socket.wait_closed()
        finally:
            socket.hand_to(_forget)
        if not self._closing:
            raise closed_by(socket.protocol.close_exc)

    async def close(self) -> None:
        """End the connection; safe to call twice and before `connect`."""
        if self._connection is None or self._closing:
            return
        self._closing = True
        if self._socket is not None:
            self._socket.hand_to(_forget)  # the answer to our close stands behind what is unread
        await self._connection.close()


def _forget(_frame: bytes) -> None:
    """Nobody listens any more."""


@lru_cache(maxsize=4)
def _client(base_url: str, api_key: str) -> AsyncOpenAI:
    """One client per server: making one takes 30 ms of TLS set-up. Raises `UpstreamRefused`."""
    if urlsplit(base_url).scheme not in {"http", "https", "ws", "wss"}:
        raise UpstreamRefused(
            "REALTIME_BASE_URL must begin with http:// or https://, for example https://host/v1.",
            recoverable=False,
        )
    # Local servers need no key, the client insists on one.
    return AsyncOpenAI(base_url=base_url, api_key=api_key or "none", max_retries=0)


def _host_of(base_url: str) -> str:
    parts = urlsplit(base_url)
    host = parts.hostname or "the Realtime server"
    return f"{host}:{parts.port}" if parts.port else host


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
