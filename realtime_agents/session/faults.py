"""What an ``error`` event of the server means for the session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from realtime_agents.protocol.items import ErrorDetail

_BENIGN = frozenset(
    {
        "response_cancel_not_active",
        "conversation_already_has_active_response",
        "item_truncate_invalid_item_id",
        "item_truncate_invalid_audio_end_ms",
        "input_audio_buffer_commit_empty",
        "item_not_found",
    }
)
SPEECH_OFF = "speech_unavailable"
SPEECH_BUSY = "speech_busy"
"""Of the local engine, and of no command: it cannot listen or speak, or not to so many at once."""
_OVER = frozenset({"session_expired"})
_KEY = "the Realtime server refused the key; check OPENAI_API_KEY"
_QUOTA = "the account's quota at the Realtime server is used up; check its plan and billing"
_MODEL = "the Realtime server does not know the model, or this key may not use it; check REALTIME_MODEL and the account's access"
_BUSY = "the server is over its rate limit at the moment; try again in a minute"
_ACCOUNT = {
    "invalid_api_key": _KEY,
    "authentication_error": _KEY,
    "account_deactivated": "the account at the Realtime server is closed; write to its support",
    "insufficient_quota": _QUOTA,
    "billing_hard_limit_reached": _QUOTA,
    "beta_api_shape_disabled": "the Realtime server does not take this version of the protocol; update the app",
    "ephemeral_token_expired": "the key for the Realtime server has expired; get a new one",
    "invalid_model": _MODEL,
    "model_not_found": _MODEL,
    "permission_error": _MODEL,
    "unsupported_country_region_territory": "the Realtime server does not serve this country or region",
}
"""Trying again cannot help. Ends of sentences, by the code, or where there is none by the type, of an error."""
_PASSING = {
    "inference_rate_limit_exceeded": _BUSY,
    "rate_limit_exceeded": _BUSY,
    "rate_limit_error": _BUSY,
    "server_error": "the server had an internal error",
}
_CHAT_ACCOUNT = {
    "chat_key_refused": "the chat server refused the key; check ENGINE_CHAT_API_KEY",
    "chat_access_denied": "the chat server does not let this key use the model; check the account's access and ENGINE_CHAT_MODEL",
    "chat_model_not_found": "the chat server has no such model, or no chat completions at its address; check ENGINE_CHAT_MODEL and ENGINE_CHAT_BASE_URL",
    "chat_model_without_tools": "the chat model cannot call tools; choose one that can with ENGINE_CHAT_MODEL",
    "chat_quota_exceeded": "the account's quota at the chat server is used up; check its plan and billing",
    "chat_context_exceeded": "the conversation is too long for the chat model; start a new one",
    "chat_request_refused": "the chat server refused the request as a bad one; check ENGINE_CHAT_BASE_URL and ENGINE_CHAT_MODEL",
}
"""Codes of the local engine when another server does its thinking."""
_CHAT_PASSING = {
    "chat_server_unreachable": "the chat server does not answer; check that it runs, and ENGINE_CHAT_BASE_URL",
    "chat_server_timeout": "the chat server took too long",
    "chat_rate_limit_exceeded": "the chat server is over its rate limit at the moment; try again in a minute",
    "chat_server_error": "the chat server is failing at the moment, or still loading the model",
    "chat_stream_broken": "the chat server broke off in the middle of it",
    "chat_answer_unreadable": "what the chat server sent cannot be read; check that ENGINE_CHAT_BASE_URL is an OpenAI-compatible server",
}
_VOICE_FIELDS = "session.audio."
_TRANSCRIPTION_FIELDS = "session.audio.input.transcription"
_FIELD = re.compile(r"session(?:\.[a-z_]{1,40}|\[\d{1,3}\]){1,6}")
_FAILED = _PASSING | _ACCOUNT | _CHAT_PASSING | _CHAT_ACCOUNT


class Fault(StrEnum):
    """How to react to an error event."""

    BENIGN = "benign"
    """A known race; nothing is wrong."""
    OVER = "over"
    """The session on the server has ended; a close follows."""
    ACCOUNT = "account"
    """Trying again cannot help; the person or operator must act."""
    REFUSED = "refused"
    """A command was wrong or could not be carried out."""


def classify(error: ErrorDetail) -> Fault:
    """The class of an error event, by its code."""
    if (error.code or "") in _BENIGN or "already shorter than" in error.message:
        return Fault.BENIGN
    if (error.code or "") in _OVER:
        return Fault.OVER
    if (error.param or "").startswith(_VOICE_FIELDS):
        return Fault.REFUSED  # such as an unknown model for transcription: the one that answers is not meant
    return Fault.ACCOUNT if _name(error, _ACCOUNT) else Fault.REFUSED


def account_words(error: ErrorDetail) -> str:
    """What to do about an error of the account, as a sentence."""
    words = _ACCOUNT[_name(error, _ACCOUNT)]
    return f"{words[0].upper()}{words[1:]}."


def refusal_words(error: ErrorDetail) -> str:
    """That the server did not do what it was told, as a sentence."""
    if name := _name(error, _PASSING):
        return f"The Realtime server refused a command: {_PASSING[name]}."
    field, code = error.param or "", error.code or error.type or "no code"
    if field.startswith(_TRANSCRIPTION_FIELDS):
        return "The Realtime server does not take this model to write down what people say; check TRANSCRIPTION_MODEL."
    if _FIELD.fullmatch(field):
        return f"The Realtime server refused the settings of the session ({code}, {field})."
    return f"The Realtime server refused a command ({code})."


def is_lasting(error: ErrorDetail | None) -> bool:
    """True when asking again at once cannot help: somebody has to do something first."""
    return error is not None and bool(_name(error, _ACCOUNT | _CHAT_ACCOUNT))


def failure_words(error: ErrorDetail | None) -> str:
    """Why an answer failed, as the end of a sentence; the server's own text stays out of it."""
    if error is None:
        return "the server did not say why"
    if name := _name(error, _FAILED):
        return _FAILED[name]
    code = error.code or error.type
    return f"the server reported {code!r}" if code else "the server did not say why"


def _name(error: ErrorDetail, table: Mapping[str, str]) -> str:
    """What ``table`` knows an error by: its code, else its type; empty when it knows neither."""
    return next((name for name in (error.code, error.type) if name and name in table), "")
