"""Numbers and names as the page says them."""

from __future__ import annotations

import json

_TOOLS = {
    "search_knowledge": ("Searching knowledge", "Searched knowledge"),
    "benefit_fact": ("Looking up a dated fact", "Looked up a dated fact"),
}
"""While it runs, once it ended. Other tools are called by their own name."""


def duration_words(ms: float | None) -> str:
    """``41 ms``, ``1.24 s``, ``2 min 5 s``; empty when unknown."""
    if ms is None:
        return ""
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.2f} s" if ms < 10_000 else f"{ms / 1000:.1f} s"
    return f"{ms // 60_000:.0f} min {ms % 60_000 / 1000:.0f} s"


def count_words(number: int, one: str, many: str = "") -> str:
    """``1 turn``, ``1,204 turns``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def tool_words(name: str, *, running: bool) -> str:
    """What a tool row says: ``Searched knowledge``; an unknown tool's name in plain words."""
    if name in _TOOLS:
        return _TOOLS[name][0 if running else 1]
    return name.replace("_", " ").capitalize()


def title_words(name: str) -> str:
    """A name of a file or collection as a title: ``Medicare``, ``VA``."""
    words = name.replace("_", " ")
    return words.upper() if len(words) <= 3 else words.capitalize()


def initial(title: str) -> str:
    """The letter inside an agent's ring."""
    return next((letter.upper() for letter in title if letter.isalnum()), "·")


def pretty_json(text: str) -> str:
    """JSON text with indents; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def status_words(phase: str, activity: str, agent: str) -> str:
    """The line under the orb, also read out: ``Medicare is answering``."""
    match phase:
        case "connecting":
            return "Connecting"
        case "reconnecting":
            return "Connection lost, trying again"
        case "ready":
            return {
                "listening": f"{agent} is listening",
                "thinking": f"{agent} is thinking",
                "speaking": f"{agent} is answering",
                "error": "Something went wrong",
            }.get(activity, f"{agent} is ready")
        case "closing" | "closed":
            return "Conversation ended"
        case _:
            return "Not connected"
