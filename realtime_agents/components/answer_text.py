"""Text for people: answers with citation chips, and times in the reader's own time zone."""

from __future__ import annotations

import reflex as rx

from realtime_agents.components.scripts import library

_LIBRARY = library("answer_text.js")


class AnswerText(rx.Component):
    """An answer's text as React elements; never HTML. See ``answer_text.js``."""

    library = _LIBRARY
    tag = "AnswerText"

    text: rx.Var[str]
    turn: rx.Var[str]
    """Id of its turn: while that is spoken, its words light up one by one."""
    heard_chars: rx.Var[int]
    """``text[heard_chars:]`` was never heard and is struck through; -1 when all was."""
    on_cite: rx.EventHandler[lambda number: [number]]  # type: ignore[type-arg,valid-type]  # Reflex's notation
    """A citation chip was pressed; gets its number."""


class ClockTime(rx.Component):
    """A moment: the time of day, or with ``day`` also the date."""

    library = _LIBRARY
    tag = "ClockTime"

    at: rx.Var[int]
    """Milliseconds since the epoch."""
    day: rx.Var[bool]


answer_text = AnswerText.create
clock_time = ClockTime.create
