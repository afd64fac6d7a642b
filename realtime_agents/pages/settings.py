"""What is in use, whether it answers, and how to change it."""

from __future__ import annotations

from typing import Literal

import reflex as rx
from reflex.style import color_mode, set_color_mode
from reflex.vars import ObjectVar

from realtime_agents.components.header import page_header
from realtime_agents.components.shell import frame
from realtime_agents.state.doctor import DoctorState, PartLine, SettingLine


def _part(part: ObjectVar[PartLine]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            part.ok,
            rx.el.span(rx.icon("circle-check", size=18), class_name="fine"),
            rx.el.span(rx.icon("circle-alert", size=18), class_name="bad"),
        ),
        rx.el.div(
            rx.el.div(
                rx.el.b(part.name),
                rx.el.code(part.implementation),
                rx.el.span(rx.cond(part.ok, "answers", "needs attention"), class_name="unseen"),
                class_name="agent-head",
            ),
            rx.cond(part.detail != "", rx.el.p(part.detail)),
        ),
        class_name="agent-card",
        data_testid="part",
        data_ok=part.ok,
        key=part.name,
    )


def _setting(setting: ObjectVar[SettingLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(rx.el.code(setting.name), scope="row"),
        rx.el.td(rx.el.code(setting.value)),
        rx.el.td(setting.help),
        key=setting.name,
    )


def _theme(mode: Literal["light", "dark", "system"], title: str) -> rx.Component:
    return rx.el.button(title, type="button", aria_pressed=color_mode == mode, on_click=set_color_mode(mode))


@rx.memo
def _content() -> rx.Component:
    return rx.el.div(
        rx.el.section(
            rx.el.div(
                rx.el.h2("What is in use"),
                rx.el.button(
                    rx.cond(DoctorState.checking, "Checking…", "Check again"),
                    type="button",
                    class_name="button",
                    on_click=DoctorState.look_again,
                ),
                class_name="group-head",
            ),
            rx.el.ul(rx.foreach(DoctorState.parts, _part), class_name="agent-list"),
            class_name="group",
            data_testid="doctor",
        ),
        rx.el.section(
            rx.el.h2("Appearance"),
            rx.el.div(
                _theme("light", "Light"),
                _theme("dark", "Dark"),
                _theme("system", "Like the system"),
                role="group",
                aria_label="Appearance",
                class_name="segments segments-left",
            ),
            class_name="group",
        ),
        rx.el.section(
            rx.el.h2("Settings"),
            rx.el.p(
                "Set them as environment variables and start the app again. Secrets are never shown.",
                class_name="quiet",
            ),
            rx.el.div(
                rx.el.table(
                    rx.el.thead(
                        rx.el.tr(rx.el.th("Variable"), rx.el.th("In force"), rx.el.th("What it does"))
                    ),
                    rx.el.tbody(rx.foreach(DoctorState.settings, _setting)),
                ),
                class_name="table-frame",
                tab_index=0,
                role="region",
                aria_label="Settings table",
            ),
            class_name="group",
        ),
        class_name="sheet",
        tab_index=0,
        role="region",
        aria_label="Settings",
    )


def settings_page() -> rx.Component:
    """Doctor, appearance, the settings table."""
    return frame("/settings", page_header("Settings"), _content())
