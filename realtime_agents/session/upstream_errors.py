"""What a refused or ended connection means, in words a person can act on.

The codes and their classes are those of the Realtime reference; everything here is pure. Messages
name host and port of the server and never carry keys, query strings or what the server wrote, save
for a close reason that looks like an error code.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from dataclasses import dataclass

from openai import OpenAIError
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    SecurityError,
)

from realtime_agents.errors import UpstreamClosed, UpstreamRefused

_REASON_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class _Meaning:
    words: str
    recoverable: bool


_CLOSED = {
    1000: _Meaning("The Realtime server ended the conversation.", False),
    1001: _Meaning("The Realtime server ended the connection: its time was up or the server is restarting.", True),
    1002: _Meaning("The connection broke a rule of the WebSocket protocol.", False),
    1003: _Meaning("The Realtime server does not take this kind of message.", False),
    1005: _Meaning("The Realtime server ended the connection without saying why.", True),
    1006: _Meaning("The connection to the Realtime server was lost.", True),
    1007: _Meaning("The Realtime server could not read a message.", False),
    1008: _Meaning("The Realtime server ended the connection because of a policy: check the key and the account.", False),
    1009: _Meaning("A message was too big for the connection.", False),
    1011: _Meaning("The Realtime server failed or stopped answering.", True),
    1012: _Meaning("The Realtime server is restarting.", True),
    1013: _Meaning("The Realtime server is overloaded.", True),
    1014: _Meaning("A gateway before the Realtime server failed.", True),
    1015: _Meaning("The secure connection to the Realtime server broke.", True),
    4000: _Meaning(
        "The Realtime server refused the session as invalid: check REALTIME_MODEL, and that the server speaks "
        "the current (GA) Realtime protocol.",
        False,
    ),
}  # fmt: skip

_REFUSED = {
    400: _Meaning("{host} refused the connection as a bad request: check REALTIME_MODEL.", False),
    401: _Meaning("{host} refused the key: check OPENAI_API_KEY.", False),
    403: _Meaning("{host} does not let this key use the model: check the account's access and REALTIME_MODEL.", False),
    404: _Meaning(
        "{host} has no Realtime endpoint or model of that name: check REALTIME_BASE_URL (it usually ends "
        "in /v1) and REALTIME_MODEL.",
        False,
    ),
    408: _Meaning("{host} took too long to open the connection.", True),
    429: _Meaning("{host} is not taking more connections: a rate limit or the account's quota is used up.", True),
}  # fmt: skip

_REFUSED_FOR = {
    "invalid_api_key": _REFUSED[401],
    "model_not_found": _Meaning(
        "{host} does not know the model, or this key may not use it: check REALTIME_MODEL and the account's access.",
        False,
    ),
    "insufficient_quota": _Meaning("The account's quota at {host} is used up: check its plan and billing.", False),
    "billing_hard_limit_reached": _Meaning(
        "The account's spending limit at {host} is reached: check its billing.", False
    ),
    "rate_limit_exceeded": _Meaning("{host} is over its rate limit at the moment: try again in a minute.", True),
    "account_deactivated": _Meaning("The account at {host} is closed: write to its support.", False),
    "beta_api_shape_disabled": _Meaning("{host} does not take this version of the protocol: update the app.", False),
    "unsupported_country_region_territory": _Meaning("{host} does not serve this country or region.", False),
}  # fmt: skip
"""By the error code in the body or in a close reason, which says more than the status."""


def closed_by(error: ConnectionClosed) -> UpstreamClosed:
    """The end of an open connection, by the close code that either side sent."""
    frame = error.rcvd or error.sent
    if frame is None:
        return closed(1006)
    return closed(int(frame.code), frame.reason)


def closed(code: int, reason: str = "") -> UpstreamClosed:
    """The end of an open connection by the error code in its reason, which says more, or its close code."""
    named = _REFUSED_FOR.get(reason.rpartition(".")[2])
    meaning = named or _CLOSED.get(code) or _Meaning("The Realtime server ended the connection.", False)
    words = meaning.words.format(host="the Realtime server")
    # "invalid_request_error.beta_api_shape_disabled" helps; free text may carry anything.
    shown = f"{code}, {reason}" if _REASON_CODE.fullmatch(reason) else str(code)
    return UpstreamClosed(
        f"{words[0].upper()}{words[1:]} (close code {shown})", recoverable=meaning.recoverable, code=code
    )


def refused_status(status: int, host: str, body: bytes = b"") -> UpstreamRefused:
    """An HTTP answer that is not a WebSocket; of ``body`` only a known error code is looked at."""
    meaning = _REFUSED_FOR.get(_code_in(body)) or _REFUSED.get(status)
    if meaning is None and 500 <= status <= 599:
        meaning = _Meaning("{host} is failing or down at the moment.", True)
    if meaning is None:
        meaning = _Meaning("{host} answered, but not as a Realtime server: check REALTIME_BASE_URL.", False)
    return UpstreamRefused(
        f"{meaning.words.format(host=host)} (HTTP {status})", recoverable=meaning.recoverable, code=status
    )


def refused_by(error: Exception, host: str, *, open_timeout_s: float) -> UpstreamRefused:
    """Why a connection was not opened, from what the client library raised."""
    match error:
        case InvalidStatus():
            return refused_status(error.response.status_code, host, bytes(error.response.body or b""))
        case TimeoutError():
            return UpstreamRefused(f"{host} did not answer within {open_timeout_s:g} s.", recoverable=True)
        case socket.gaierror():
            return UpstreamRefused(
                f"The name in {host} is not known to the network: check REALTIME_BASE_URL.", recoverable=True
            )
        case ssl.SSLError():
            return UpstreamRefused(
                f"No secure connection to {host}: its certificate or TLS version is not accepted.",
                recoverable=False,
            )
        case ProxyError():
            return UpstreamRefused(f"The network's proxy does not let through to {host}.", recoverable=False)
        case ConnectionRefusedError():
            return UpstreamRefused(f"Nothing answers at {host}: is the server running?", recoverable=True)
        case OSError():
            return UpstreamRefused(f"{host} cannot be reached over the network.", recoverable=True)
        case InvalidMessage() if isinstance(error.__cause__, EOFError):
            return UpstreamRefused(f"{host} hung up while the connection was being opened.", recoverable=True)
        case SecurityError() | InvalidHandshake() | InvalidURI():
            return UpstreamRefused(
                f"{host} answered, but not as a Realtime server: check REALTIME_BASE_URL.", recoverable=False
            )
        case OpenAIError():
            return UpstreamRefused(
                f"The connection to {host} could not be prepared: check OPENAI_API_KEY and REALTIME_BASE_URL.",
                recoverable=False,
            )
        case _:
            return UpstreamRefused(
                f"The connection to {host} failed ({type(error).__name__}).", recoverable=False
            )


def _code_in(body: bytes) -> str:
    """The code of ``{"error": {"code": …}}``, or its type; empty when there is none."""
    try:
        error = json.loads(body)["error"]
        found = (error.get("code"), error.get("type"))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
    return next((name for name in found if isinstance(name, str) and name in _REFUSED_FOR), "")
