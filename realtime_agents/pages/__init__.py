"""The pages: what the app registers and which stylesheets it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from realtime_agents.components.knowledge_add import upload_script
from realtime_agents.components.shell import behaviour_script
from realtime_agents.pages.agents import agents_page
from realtime_agents.pages.conversation import conversation_page
from realtime_agents.pages.history import history_page
from realtime_agents.pages.knowledge import knowledge_page
from realtime_agents.pages.settings import settings_page
from realtime_agents.state.connection import ConnectionState, on_failure
from realtime_agents.state.doctor import DoctorState
from realtime_agents.state.history import HistoryState
from realtime_agents.state.knowledge import KnowledgeState
from realtime_agents.state.knowledge_ingest import IngestState
from realtime_agents.state.knowledge_versions import VersionsState

STYLESHEETS = [
    "/css/tokens.css",
    "/css/shell.css",
    "/css/conversation.css",
    "/css/voice.css",
    "/css/panels.css",
    "/css/pages.css",
    "/css/knowledge.css",
    "/css/print.css",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page and what it loads."""

    route: str
    title: str
    component: Callable[[], rx.Component]
    on_load: tuple[Any, ...] = ()


PAGES = (
    Page(route="/", title="Conversation", component=conversation_page),
    Page(route="/history", title="History", component=history_page, on_load=(HistoryState.arrive,)),
    Page(
        route="/knowledge",
        title="Knowledge",
        component=knowledge_page,
        on_load=(KnowledgeState.arrive, IngestState.arrive, VersionsState.arrive),
    ),
    Page(route="/agents", title="Agents", component=agents_page),
    Page(route="/settings", title="Settings", component=settings_page, on_load=(DoctorState.arrive,)),
)


def head_components() -> list[rx.Component]:
    """What goes into the head of every page."""
    return [
        rx.el.meta(name="theme-color", content="#f7f7f5", media="(prefers-color-scheme: light)"),
        rx.el.meta(name="theme-color", content="#0e0f12", media="(prefers-color-scheme: dark)"),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        behaviour_script(),
        upload_script(),
    ]


def register(app: rx.App) -> None:
    """Add every page; trouble shows in our own words, not in Reflex's toasts and alerts."""
    app.html_lang = "en"
    app.backend_exception_handler = on_failure
    app.toaster = None
    app.app_wraps = {place: wrap for place, wrap in app.app_wraps.items() if place[1] != "Overlay"}
    for page in PAGES:
        app.add_page(
            page.component,
            route=page.route,
            title=f"{page.title} · Realtime Agents" if page.route != "/" else "Realtime Agents",
            description="Talk or type with agents about Medicare and VA benefits.",
            # Every page joins the running session: it must not end while somebody reads the history.
            on_load=[ConnectionState.arrive, *page.on_load],
        )


__all__ = ["PAGES", "STYLESHEETS", "head_components", "register"]
