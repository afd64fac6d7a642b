"""What went wrong with the chat server, as a code of the wire and words a person can act on; pure.

Messages name host, port and model, and the setting to look at. They never carry the key or what
the server wrote.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.errors import ThinkingError

UNREACHABLE = "chat_server_unreachable"
TIMEOUT = "chat_server_timeout"
KEY_REFUSED = "chat_key_refused"
NO_ACCESS = "chat_access_denied"
MODEL_UNKNOWN = "chat_model_not_found"
NO_TOOLS = "chat_model_without_tools"
QUOTA = "chat_quota_exceeded"
RATE_LIMITED = "chat_rate_limit_exceeded"
TOO_LONG = "chat_context_exceeded"
REFUSED = "chat_request_refused"
FAILED = "chat_server_error"
BROKEN_OFF = "chat_stream_broken"
UNREADABLE = "chat_answer_unreadable"
CODES = (
    UNREACHABLE, TIMEOUT, KEY_REFUSED, NO_ACCESS, MODEL_UNKNOWN, NO_TOOLS, QUOTA, RATE_LIMITED, TOO_LONG,
    REFUSED, FAILED, BROKEN_OFF, UNREADABLE,
)  # fmt: skip

_WORDS = {
    UNREACHABLE: "Nothing answers at {host}: is the chat server running, and is ENGINE_CHAT_BASE_URL right?",
    KEY_REFUSED: "{host} refused the key: check ENGINE_CHAT_API_KEY.",
    NO_ACCESS: "{host} does not let this key use the model {model}: check the account's access and ENGINE_CHAT_MODEL.",
    MODEL_UNKNOWN: "{host} has no model {model}, or no chat completions at this address: check ENGINE_CHAT_MODEL, and ENGINE_CHAT_BASE_URL, which usually ends in /v1.",
    NO_TOOLS: "The model {model} at {host} cannot call tools: choose one that can with ENGINE_CHAT_MODEL.",
    QUOTA: "The account's quota at {host} is used up: check its plan and billing.",
    RATE_LIMITED: "{host} is over its rate limit at the moment: try again in a minute.",
    TOO_LONG: "The conversation is too long for the model {model} at {host}.",
    REFUSED: "{host} refused the request as a bad one: is it an OpenAI-compatible chat server, and is ENGINE_CHAT_MODEL right?",
    FAILED: "{host} is failing at the moment, or still loading the model {model}.",
    BROKEN_OFF: "{host} broke off in the middle of the answer.",
    UNREADABLE: "The answer of {host} cannot be read: is it an OpenAI-compatible chat server?",
}  # fmt: skip
_BY_STATUS = {
    401: KEY_REFUSED,
    402: QUOTA,
    403: NO_ACCESS,
    404: MODEL_UNKNOWN,
    408: FAILED,
    413: TOO_LONG,
    429: RATE_LIMITED,
}
_BY_CODE = {
    "invalid_api_key": KEY_REFUSED,
    "model_not_found": MODEL_UNKNOWN,
    "invalid_model": MODEL_UNKNOWN,
    "insufficient_quota": QUOTA,
    "rate_limit_exceeded": RATE_LIMITED,
    "context_length_exceeded": TOO_LONG,
    "exceed_context_size_error": TOO_LONG,
}


def failure_of(error: Exception, config: ChatConfig, *, begun: bool) -> ThinkingError:
    """Why a request failed; ``begun``: the server had begun to answer it."""
    match error:
        case APIStatusError():
            return _failure(_code_of_status(error), config, status=error.status_code)
        case APITimeoutError():
            return late(config, config.connect_s)
        case APIConnectionError() if begun:
            return broken_off(config.host)
        case APIConnectionError() if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
            words = f"No secure connection to {config.host}: its certificate or TLS version is not accepted."
            return ThinkingError(words, code=UNREACHABLE)
        case APIConnectionError():
            return unreachable(config)
        case APIError():  # an error object in the middle of the stream
            return _failure(_code_of_body(error) or FAILED, config)
        case _:
            return unreadable(config.host)


def unreachable(config: ChatConfig) -> ThinkingError:
    """No connection could be opened."""
    return _failure(UNREACHABLE, config)


def late(config: ChatConfig, limit_s: float) -> ThinkingError:
    """The server was waited for long enough."""
    return ThinkingError(f"{config.host} did not answer within {limit_s:g} s.", code=TIMEOUT)


def broken_off(host: str) -> ThinkingError:
    """The stream ended before the answer did."""
    return ThinkingError(_WORDS[BROKEN_OFF].format(host=host), code=BROKEN_OFF)


def unreadable(host: str) -> ThinkingError:
    """What came is no chat completion."""
    return ThinkingError(_WORDS[UNREADABLE].format(host=host), code=UNREADABLE)


def _failure(code: str, config: ChatConfig, *, status: int | None = None) -> ThinkingError:
    words = _WORDS[code].format(host=config.host, model=repr(config.model))
    return ThinkingError(f"{words} (HTTP {status})" if status else words, code=code)


def _code_of_status(error: APIStatusError) -> str:
    status = error.status_code
    if (known := _code_of_body(error)) is not None:
        return known
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return FAILED if status >= 500 else REFUSED


def _code_of_body(error: APIError) -> str | None:
    """What the error's own code says, or its text where local servers have no code for it."""
    for name in (error.code, error.type):
        if name in _BY_CODE:
            return _BY_CODE[name]
    text = error.message.lower()
    if "tool" in text and ("support" in text or "--jinja" in text or "tool-call-parser" in text):
        return NO_TOOLS
    if "context" in text and any(word in text for word in ("length", "window", "size", "exceed")):
        return TOO_LONG
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it came from."""
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__
