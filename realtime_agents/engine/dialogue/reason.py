"""Why a request goes to another agent, in a few words a person can read."""

from __future__ import annotations

import re

from realtime_agents.engine.dialogue.text import clip_words

MAX_WORDS = 16

_IDENTIFIER = re.compile(r"\b[\w.+-]+@[\w.-]+\b|\b(?:\d[\s.-]?){5,}\d*\b|\b\d{5,}\b")
_THIRD_PERSON = (
    (r"\bI am\b|\bI['’]m\b", "they are"),
    (r"\bI['’]ve\b", "they have"),
    (r"\bI['’]ll\b", "they will"),
    (r"\bam I\b", "are they"),
    (r"\bI\b", "they"),
    (r"\bmy\b", "their"),
    (r"\bme\b", "them"),
    (r"\bmyself\b", "themselves"),
    (r"\bwe\b", "they"),
    (r"\bour\b", "their"),
)
_HOW_TO = re.compile(r"^how (?:do|can|should|would|could) (?:they|you|someone) (.+)", re.IGNORECASE)
_ABOUT = re.compile(
    r"^(?:what(?:'s|’s| is| are| was)|how much (?:is|are|was)|who(?:'s|’s| is| are)|where(?:'s|’s| is| are)"
    r"|when(?:'s|’s| is| are)|tell (?:them|us) about|explain|what about|i need|they need) (?!if\b)(.+)",
    re.IGNORECASE,
)
_HAPPENS = re.compile(r"^what (?:will )?happens? (.+)", re.IGNORECASE)
_WHETHER = re.compile(
    r"^(do|did|can|could|will|would|should|may|must|is|are|was|were|have|has) (they|you|he|she|it|there|this) (.+)",
    re.IGNORECASE,
)


def reason_for(request: str) -> str:
    """``asks about the Part B premium in 2026``; numbers that could identify someone are left out."""
    said = re.sub(r"\s+", " ", _IDENTIFIER.sub("… ", request)).strip().rstrip("?.! ")
    told, _, asked = said.rpartition(". ")
    reason = _reason(asked)
    if told and not reason.startswith("asks “"):
        return _clip(f"says {_of_them(_begun_small(told))}, {reason}")
    return _reason(said)


def _begun_small(text: str) -> str:
    """The sentence as it stands after a comma; ``I`` and ``VA`` stay as they are."""
    first = text.split(" ", 1)[0]
    return text if first.isupper() else text[0].lower() + text[1:]


def _of_them(text: str) -> str:
    for first, third in _THIRD_PERSON:
        text = re.sub(first, third, text, flags=re.IGNORECASE)
    return text


def _reason(said: str) -> str:
    text = _of_them(said)
    if match := _HOW_TO.match(text):
        return _clip(f"asks how to {match[1]}")
    if match := _HAPPENS.match(text):
        return _clip(f"asks what happens {match[1]}")
    if match := _WHETHER.match(text):
        verb = "" if match[1].lower() in ("do", "did") else f"{match[1].lower()} "
        return _clip(f"asks whether {match[2].lower()} {verb}{match[3]}")
    if match := _ABOUT.match(text):
        return _clip(f"asks about {match[1]}")
    return f"asks “{_clip(said)}”" if said else "asks for another agent"


def _clip(text: str) -> str:
    return clip_words(text, MAX_WORDS)
