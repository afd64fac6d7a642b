"""What an ``error`` event of the server means for the session."""

from __future__ import annotations

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
_OVER = frozenset({"session_expired"})
_ACCOUNT = {
    "invalid_api_key": "The Realtime server refused the key: check OPENAI_API_KEY.",
    "insufficient_quota": "The account's quota at the Realtime server is used up: check its plan and billing.",
    "beta_api_shape_disabled": "The Realtime server does not take this version of the protocol.",
    "ephemeral_token_expired": "The key for the Realtime server has expired: get a new one.",
    "invalid_model": "The Realtime server does not know the model: check REALTIME_MODEL.",
    "model_not_found": "The Realtime server does not know the model: check REALTIME_MODEL.",
}
_FAILED = {
    "inference_rate_limit_exceeded": "the server is over its rate limit at the moment",
    "rate_limit_exceeded": "the server is over its rate limit at the moment",
    "server_error": "the server had an internal error",
}


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
    code = error.code or ""
    if code in _BENIGN or "already shorter than" in error.message:
        return Fault.BENIGN
    if code in _OVER:
        return Fault.OVER
    return Fault.ACCOUNT if code in _ACCOUNT else Fault.REFUSED


def account_words(error: ErrorDetail) -> str:
    """What to do about an error of the account."""
    return _ACCOUNT[error.code or ""]


def failure_words(error: ErrorDetail | None) -> str:
    """Why an answer failed, as the end of a sentence; the server's own text stays out of it."""
    code = (error.code or error.type) if error is not None else ""
    return _FAILED.get(code or "", f"the server reported {code!r}" if code else "the server did not say why")
