"""What a conversation shows before the first question."""

from __future__ import annotations

import reflex as rx

from realtime_agents.state.catalog import CatalogState
from realtime_agents.state.connection import ConnectionState


@rx.memo
def suggestion_buttons() -> rx.Component:
    """The agent's suggestions; pressing one asks it."""
    return rx.el.div(
        rx.foreach(
            CatalogState.suggestions,
            lambda question: rx.el.button(
                question,
                type="button",
                class_name="suggestion",
                data_testid="suggestion",
                on_click=ConnectionState.ask(question),
            ),
        ),
        class_name="suggestions",
    )


@rx.memo
def invitation() -> rx.Component:
    """Warm, short, and with something to press."""
    return rx.el.section(
        rx.el.span(class_name="spark", aria_hidden=True),
        rx.el.h2("What would you like to know?"),
        rx.el.p(CatalogState.welcome, class_name="quiet"),
        suggestion_buttons(),
        class_name="invitation",
        data_testid="invitation",
    )
