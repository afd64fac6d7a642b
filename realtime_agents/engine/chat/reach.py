"""Is the chat server there at all? A connection that is opened and closed; no request, no key."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit
from urllib.request import getproxies

from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.chat.faults import late, unreachable

LIMIT_S = 2.0


async def problem_of(config: ChatConfig, *, limit_s: float = LIMIT_S) -> str:
    """Why no connection can be opened, in words; empty when one can, or when only a proxy could tell."""
    parts = urlsplit(config.base_url)
    if not config.is_loopback and getproxies().get(parts.scheme):
        return ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except TimeoutError:
        return str(late(config, limit_s))
    except OSError:
        return str(unreachable(config))
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return ""
