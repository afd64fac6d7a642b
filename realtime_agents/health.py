"""What is in use and whether it answers: for the badge, `doctor`, the settings page and ``/api/health``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the app and the implementation behind it."""

    name: str
    """``conversation``, ``speech``, ``knowledge``, ``facts``, ``history``, ``agents``."""
    implementation: str
    """``local engine``, ``local engine · llama3.2 at 127.0.0.1:11434``, ``openai``, ``embedded``, ``sqlite`` …"""
    ok: bool
    detail: str = ""
    """A sentence for people; tells what to do when ``ok`` is false. Never a secret."""
    embedded: bool = True
    """True when it runs inside this process."""


def report(parts: Iterable[Part]) -> dict[str, Any]:
    """The body of ``/api/health``: ``{"status": "ok"|"degraded", "parts": {name: {…}}}``."""
    listed = tuple(parts)
    return {
        "status": "ok" if all(part.ok for part in listed) else "degraded",
        "parts": {p.name: {k: v for k, v in asdict(p).items() if k != "name"} for p in listed},
    }


def badge(parts: Iterable[Part]) -> str:
    """The short line of the page's header: ``Local engine · embedded knowledge``."""
    by_name = {part.name: part for part in parts}
    talks = by_name["conversation"].implementation if "conversation" in by_name else ""
    words = [f"{talks[0].upper()}{talks[1:]}"] if talks else []  # a model's name keeps its letters
    if "knowledge" in by_name:
        words.append(f"{by_name['knowledge'].implementation} knowledge")
    if "speech" in by_name and not by_name["speech"].ok:
        words.append("speech is off")
    return " · ".join(words)
