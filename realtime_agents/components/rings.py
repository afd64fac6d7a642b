"""The thin coloured ring that stands for an agent."""

from __future__ import annotations

import reflex as rx

Text = rx.Var[str] | str


def ring(letter: Text, color: Text, *, small: bool = False) -> rx.Component:
    """``color`` is one of the page's colour tokens, see ``assets/css/tokens.css``."""
    return rx.el.span(
        letter,
        class_name="ring ring-small" if small else "ring",
        data_color=color,
        aria_hidden=True,
    )
