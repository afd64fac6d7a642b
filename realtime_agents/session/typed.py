"""What a person may type: cleaned, not empty, not too long."""

from __future__ import annotations

import unicodedata

from realtime_agents.errors import SessionError

MAX_MESSAGE_LENGTH = 8000
"""Characters of one message."""


def clean_message(text: str) -> str:
    """The message without control characters (line breaks and tabs stay) and outer white space.

    Raises `SessionError`, in words for the person, when nothing is left or it is too long.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"}).strip()
    if not kept:
        raise SessionError("The message is empty: type a question first.")
    if len(kept) > MAX_MESSAGE_LENGTH:
        raise SessionError(
            f"A message can have up to {MAX_MESSAGE_LENGTH:,} characters, and this one has {len(kept):,}. "
            "Shorten it, or send it in parts."
        )
    return kept
