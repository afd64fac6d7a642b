"""The frame of every page: navigation, skip link, live region, fonts and page behaviour."""

from __future__ import annotations

import reflex as rx
from reflex_base.utils.imports import ImportDict, ImportVar
from reflex_components_core.core.banner import has_connection_errors

from realtime_agents.components.voice import voice_announcer, voice_bridge

_NAVIGATION = (
    ("/", "message-circle", "Conversation"),
    ("/history", "history", "History"),
    ("/knowledge", "library", "Knowledge"),
    ("/agents", "users", "Agents"),
    ("/settings", "settings", "Settings"),
)


def behaviour_script() -> rx.Component:
    """For the head, so that keys work before the page has connected."""
    return rx.el.script(src=rx.asset("page_behaviour.js", shared=True), defer=True)


class Fonts(rx.Fragment):
    """Inter and JetBrains Mono (SIL Open Font License), served by the app itself."""

    lib_dependencies: list[str] = [  # noqa: RUF012 - Reflex turns it into a field
        "@fontsource-variable/inter@5.3.0",
        "@fontsource-variable/jetbrains-mono@5.3.0",
    ]

    def add_imports(self) -> ImportDict:
        styles: list[str | ImportVar] = [
            "@fontsource-variable/inter/index.css",
            "@fontsource-variable/jetbrains-mono/index.css",
        ]
        return {"": styles}


class PageLink(rx.Component):
    """A link to another page of the app that keeps the page's socket open."""

    library = "react-router"
    tag = "Link"

    to: rx.Var[str]


def _navigation(here: str) -> rx.Component:
    def entry(address: str, icon: str, title: str) -> rx.Component:
        present = {"aria-current": "page"} if address == here else {}
        return PageLink.create(
            rx.icon(icon, size=20),
            rx.el.span(title),
            to=address,
            class_name="rail-link",
            custom_attrs={"title": title, **present},
        )

    return rx.el.nav(
        rx.el.span(class_name="logo", aria_hidden=True),
        *[entry(*item) for item in _NAVIGATION],
        aria_label="Pages",
        class_name="rail",
    )


@rx.memo
def _offline() -> rx.Component:
    """The page lost its server; Reflex tries again by itself."""
    return rx.cond(
        has_connection_errors,
        rx.el.div(
            rx.icon("wifi-off", size=16),
            "The server does not answer. Trying again…",
            class_name="offline",
            role="alert",
        ),
    )


def frame(here: str, header: rx.Component, *content: rx.Component) -> rx.Component:
    """One page: ``header`` above ``content``, the rail beside them (below them on a phone)."""
    return rx.el.div(
        Fonts.create(),
        rx.el.a("Skip to the content", href="#content", class_name="skip"),
        _navigation(here),
        header,
        rx.el.main(*content, id="content", class_name="main", tab_index=-1),
        voice_announcer(),
        voice_bridge(),
        _offline(),
        class_name="shell",
    )
