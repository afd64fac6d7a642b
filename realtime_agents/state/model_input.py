"""What the model was given by a tool, read back from the event log.

The log cuts a payload at 8 kB, so the JSON text of a long search may end in the middle; what is
whole of it is still shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_OUTPUT = re.compile(r'"output":\s*"')
_SOURCES = re.compile(r'"sources":\s*\[')


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageLine:
    """A source as the model saw it, with the scores that the tool told it."""

    key: str
    n: int
    title: str
    meta: str
    quote: str
    score: str
    lexical: str
    cosine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInput:
    """One tool output. ``text`` is indented when it is whole."""

    text: str = ""
    whole: bool = True
    sources: tuple[PassageLine, ...] = ()


def read_model_input(payload: str) -> ModelInput:
    """The tool output inside the JSON text of a ``conversation.item.create`` event."""
    text, whole = _output(payload)
    sources = tuple(_passage_line(i, source) for i, source in enumerate(_sources(text)))
    if whole:
        try:
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            whole = False
    return ModelInput(text=text, whole=whole, sources=sources)


def _output(payload: str) -> tuple[str, bool]:
    try:
        return str(json.loads(payload)["item"]["output"]), True
    except (ValueError, KeyError, TypeError):
        pass
    found = _OUTPUT.search(payload)
    return (_unescaped(payload[found.end() :]), False) if found else ("", False)


def _unescaped(cut: str) -> str:
    """A JSON string whose end is missing; the cut may have split an escape."""
    body = cut.removesuffix("…")
    for drop in range(7):
        try:
            return str(json.loads(f'"{body[: len(body) - drop]}"'))
        except ValueError:
            continue
    return ""


def _sources(text: str) -> Iterator[dict[str, Any]]:
    found = _SOURCES.search(text)
    if found is None:
        return
    decoder, at = json.JSONDecoder(), found.end()
    while True:
        while text[at : at + 1] in {",", " ", "\n"}:
            at += 1
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            return
        if isinstance(value, dict):
            yield value


def _passage_line(index: int, source: dict[str, Any]) -> PassageLine:
    number = source.get("n")
    as_of = source.get("as_of")
    where = (source.get("section"), f"as of {as_of}" if as_of else "")
    return PassageLine(
        key=f"{index}",
        n=number if isinstance(number, int) else index + 1,
        title=str(source.get("title", "")),
        meta=" · ".join(str(part) for part in where if part),
        quote=str(source.get("quote") or source.get("text") or ""),
        score=_told(source, "score", 4),
        lexical=_told(source, "lexical", 2),
        cosine=_told(source, "cosine", 3),
    )


def _told(source: dict[str, Any], leg: str, digits: int) -> str:
    """Empty when the tool does not tell that score to the model."""
    return score_words(source[leg], digits) if leg in source else ""


def score_words(value: object, digits: int) -> str:
    """A score with ``digits`` decimals; a dash where a leg did not return the passage."""
    return f"{value:.{digits}f}" if isinstance(value, int | float) else "–"
