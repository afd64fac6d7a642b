"""Who to speak to, how to look at it, and what is in use."""

from __future__ import annotations

import reflex as rx
from reflex.vars import ObjectVar

from realtime_agents.components.rings import ring
from realtime_agents.components.voice import recording_sign, voice_chip
from realtime_agents.state.catalog import CatalogState
from realtime_agents.state.connection import ConnectionState
from realtime_agents.state.rows import AgentFace

_MENU = "agent-menu"


@rx.memo
def _scenario_select() -> rx.Component:
    return rx.el.label(
        rx.el.span("Scenario", class_name="unseen"),
        rx.el.select(
            rx.foreach(CatalogState.scenarios, lambda s: rx.el.option(s[1], value=s[0])),
            value=CatalogState.scenario,
            on_change=ConnectionState.choose_scenario,
            data_testid="scenario-select",
            class_name="select",
        ),
        rx.icon("chevron-down", size=15),
        class_name="select-frame",
    )


@rx.memo
def agent_pill(
    rest: rx.RestProp,
    name: rx.Var[str],
    title: rx.Var[str],
    initial: rx.Var[str],
    color: rx.Var[str],
    about: rx.Var[str],
    chosen: rx.Var[bool],
) -> rx.Component:
    """One agent: a thin coloured ring and a name."""
    return rx.el.button(
        rest,
        ring(initial, color),
        title,
        type="button",
        class_name="pill",
        data_agent=name,
        aria_pressed=chosen,
        title=about,
        on_click=ConnectionState.choose_agent(name),
        custom_attrs={"popovertarget": _MENU, "popovertargetaction": "hide"},
    )


def _pill(agent: ObjectVar[AgentFace]) -> rx.Component:
    return agent_pill(
        name=agent.name,
        title=agent.title,
        initial=agent.initial,
        color=agent.color,
        about=agent.description,
        chosen=CatalogState.agent == agent.name,
        key=agent.name,
    )


@rx.memo
def _agent_menu() -> rx.Component:
    """A row of pills; on a phone the same element is a menu behind the present agent's pill."""
    return rx.el.div(
        rx.el.button(
            ring(CatalogState.agent_initial, CatalogState.agent_color),
            rx.el.span(CatalogState.agent_title),
            rx.el.span(", change the agent or the scenario", class_name="unseen"),
            rx.icon("chevron-down", size=15),
            type="button",
            class_name="pill pill-now",
            custom_attrs={"popovertarget": _MENU},
        ),
        rx.el.div(
            _scenario_select(),
            rx.el.div(
                rx.foreach(CatalogState.agents, _pill),
                role="group",
                aria_label="Agent",
                class_name="pills",
            ),
            id=_MENU,
            class_name="agent-menu",
            custom_attrs={"popover": "auto"},
        ),
        class_name="agents",
        data_testid="agent-select",
    )


@rx.memo
def _view_switch() -> rx.Component:
    def choice(view: str, title: str) -> rx.Component:
        return rx.el.button(
            title,
            type="button",
            aria_pressed=ConnectionState.view == view,
            data_testid=f"view-{view}",
            on_click=ConnectionState.choose_view(view),
        )

    return rx.el.div(
        choice("talk", "Talk"),
        choice("desk", "Desk"),
        choice("lab", "Lab"),
        role="group",
        aria_label="View",
        class_name="segments",
    )


@rx.memo
def _badge() -> rx.Component:
    return rx.el.a(
        CatalogState.badge,
        href="/settings",
        class_name="badge",
        data_testid="runtime-badge",
        data_ok=CatalogState.healthy,
        title="What is in use",
    )


def _theme_button() -> rx.Component:
    return rx.el.button(
        rx.color_mode_cond(rx.icon("moon", size=18), rx.icon("sun", size=18)),
        type="button",
        class_name="icon-button theme-button",
        aria_label="Switch between light and dark",
        title="Light or dark",
        on_click=rx.toggle_color_mode,
    )


def conversation_header() -> rx.Component:
    """The conversation page's header."""
    return rx.el.header(
        rx.el.h1("Conversation", class_name="unseen"),
        _agent_menu(),
        recording_sign(),
        _view_switch(),
        _badge(),
        _theme_button(),
        class_name="head",
    )


def page_header(title: str) -> rx.Component:
    """The other pages' header."""
    return rx.el.header(
        rx.el.h1(title),
        recording_sign(),
        voice_chip(),
        _badge(),
        _theme_button(),
        class_name="head head-page",
    )
