"""Text for people: answers with citation chips, and times in the reader's own time zone."""

from __future__ import annotations

import reflex as rx

_LIBRARY = rx.asset("answer_text.js", shared=True).importable_path


class AnswerText(rx.Component):
    """An answer's text as React elements; never HTML. See ``answer_text.js``."""

    library = _LIBRARY
    tag = "AnswerText"

    text: rx.Var[str]
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
