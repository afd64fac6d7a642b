"""The pages: what the app registers and which stylesheets it needs."""

from __future__ import annotations

import reflex as rx

from realtime_agents.pages.conversation import conversation_page
from realtime_agents.state.connection import ConnectionState

STYLESHEETS = [
    "/css/tokens.css",
    "/css/shell.css",
    "/css/conversation.css",
    "/css/panels.css",
    "/css/pages.css",
    "/css/print.css",
]


def head_components() -> list[rx.Component]:
    """What goes into the head of every page."""
    return [
        rx.el.meta(name="theme-color", content="#f7f7f5", media="(prefers-color-scheme: light)"),
        rx.el.meta(name="theme-color", content="#0e0f12", media="(prefers-color-scheme: dark)"),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
    ]


def register(app: rx.App) -> None:
    """Add every page, and put our own connection banner in the place of Reflex's toasts."""
    app.html_lang = "en"
    app.toaster = None
    app.app_wraps = {place: wrap for place, wrap in app.app_wraps.items() if place[1] != "Overlay"}
    app.add_page(
        conversation_page,
        route="/",
        title="Realtime Agents",
        description="Talk or type with agents about Medicare and VA benefits.",
        on_load=ConnectionState.arrive,
    )


__all__ = ["STYLESHEETS", "head_components", "register"]
