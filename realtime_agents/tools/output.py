"""The JSON text a tool gives to the model, cut to a bound.

``{"outcome", "say", "sources": [{"n", "title", "section", "url", "as_of", "quote", "text", …}],
"data", "message"}``; ``n`` is the number an answer cites by, and ``truncated`` says what was left
out when the whole was too long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from realtime_agents.tools.registry import Source, ToolResult

MAX_OUTPUT_CHARS = 24_000
"""About 6,000 tokens: a search of eight passages fits several times over."""
MAX_FIELD_CHARS = 6_000
MAX_SHORT_FIELD_CHARS = 500
_NOTE_CHARS = 300
"""Room kept for the note about what was cut."""
_MARKER = re.compile(r"\s?\[(\d{1,6})\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The text, and the sources that are in it with their numbers."""

    text: str
    sources: tuple[tuple[int, Source], ...]


def write_error(message: str) -> str:
    """The output of a call that failed or was wrong."""
    return _dump({"outcome": "error", "message": message})


def write_result(result: ToolResult, number_source: Callable[[Source], int]) -> Written:
    """The output of a call, at most `MAX_OUTPUT_CHARS` long.

    Sources are dropped from the end first; only those that stay get a number. Raises `TypeError`
    or `ValueError` when the result holds something that JSON has no form for.
    """
    notes: list[str] = []
    data: Mapping[str, Any] = result.data
    data_chars = len(_dump(dict(data)))
    if data_chars > MAX_OUTPUT_CHARS // 2:
        data, data_chars = {}, 2
        notes.append("the data was too long and is left out")
    say = _cut(result.say, MAX_FIELD_CHARS, notes, "say")
    room = MAX_OUTPUT_CHARS - data_chars - len(_dump(say)) - _NOTE_CHARS
    kept: list[Source] = []
    for source in result.sources:
        room -= len(_dump(_source(9999, source, notes))) + 1
        if room < 0:
            notes.append(f"{len(result.sources) - len(kept)} of {len(result.sources)} sources are left out")
            break
        kept.append(source)
    numbered = [(number_source(source), source) for source in kept]
    body: dict[str, Any] = {
        "outcome": result.outcome,
        "say": _renumber(say, [n for n, _ in numbered]),
        "sources": [_source(n, source, []) for n, source in numbered],
        "data": data,
    }
    if result.message:
        body["message"] = _cut(result.message, MAX_SHORT_FIELD_CHARS, notes, "message")
    if notes:
        body["truncated"] = ("Cut: " + "; ".join(dict.fromkeys(notes)) + ".")[: _NOTE_CHARS - 50]
    text = _dump(body)
    if len(text) > MAX_OUTPUT_CHARS:
        # Text made of characters that JSON writes as six each.
        return Written(
            text=_dump({"outcome": result.outcome, "truncated": "Cut: nothing was left."}), sources=()
        )
    return Written(text=text, sources=tuple(numbered))


def _source(n: int, source: Source, notes: list[str]) -> dict[str, Any]:
    extra = dict(source.extra)
    if len(_dump(extra)) > MAX_FIELD_CHARS:
        notes.append("details of a source are left out")
        extra = {}
    return {
        **extra,
        "n": n,
        "title": _cut(source.title, MAX_SHORT_FIELD_CHARS, notes, "title"),
        "section": _cut(source.section, MAX_SHORT_FIELD_CHARS, notes, "section"),
        "url": _cut(source.url, MAX_FIELD_CHARS, notes, "url"),
        "as_of": _cut(source.as_of, MAX_SHORT_FIELD_CHARS, notes, "as_of"),
        "quote": _cut(source.quote, MAX_FIELD_CHARS, notes, "quote"),
        "text": _cut(source.text, MAX_FIELD_CHARS, notes, "text"),
    }


def _cut(text: str, limit: int, notes: list[str], what: str) -> str:
    if len(text) <= limit:
        return text
    notes.append(f"{what!r} ends early")
    return text[: limit - 1] + "…"


def _renumber(say: str, numbers: list[int]) -> str:
    """Put the session's numbers in place of positions; a marker of a dropped source goes."""

    def number(match: re.Match[str]) -> str:
        position = int(match[1])
        if not 1 <= position <= len(numbers):
            return ""
        return match[0].replace(f"[{position}]", f"[{numbers[position - 1]}]")

    return _MARKER.sub(number, say)


def _dump(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    # A lone surrogate is a valid Python string that no socket can send.
    return text.encode("utf-8", "replace").decode("utf-8")


def _plain(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case Mapping():
            return dict(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")
