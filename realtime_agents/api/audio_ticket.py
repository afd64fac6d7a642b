"""Tickets with which a page opens the audio socket of its session.

A ticket names the session and when it expires, signed with a key that this process makes for
itself: tickets of another process, or from before a restart, do not count. It travels as a WebSocket
subprotocol, so it uses only characters that may stand there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from functools import cache

LIFETIME_S = 60
"""A ticket opens a socket for so long; an open socket needs none."""


def issue(session_id: str, *, now: Callable[[], float] = time.time) -> str:
    """A ticket for ``session_id``, for the page that shows it."""
    claim = f"{session_id}.{int(now()) + LIFETIME_S}"
    return f"{claim}.{_signature(claim)}"


def session_of(ticket: str, *, now: Callable[[], float] = time.time) -> str | None:
    """The session a ticket opens; None for one that is forged, changed or too old."""
    claim, _, signature = ticket.rpartition(".")
    session_id, _, expires = claim.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(claim).encode()):
        return None
    return session_id if now() <= int(expires) else None


def _signature(claim: str) -> str:
    digest = hmac.new(_key(), claim.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@cache
def _key() -> bytes:
    return secrets.token_bytes(32)
