"""The agents as their files have them now."""

from __future__ import annotations

import reflex as rx
from reflex.vars import ObjectVar

from realtime_agents.components.header import page_header
from realtime_agents.components.rings import ring
from realtime_agents.components.shell import frame
from realtime_agents.state.roster import AgentLine, MistakeLine, RosterState, ScenarioLine


def _agent(agent: ObjectVar[AgentLine]) -> rx.Component:
    return rx.el.li(
        ring(agent.initial, agent.color),
        rx.el.div(
            rx.el.div(
                rx.el.b(agent.title),
                rx.cond(agent.opens, rx.el.span("opens the call", class_name="tag")),
                rx.el.code(agent.version),
                class_name="agent-head",
            ),
            rx.el.p(agent.description),
            rx.cond(agent.facts != "", rx.el.small(agent.facts)),
        ),
        class_name="agent-card",
        data_testid="agent-file",
        data_agent=agent.name,
        key=agent.key,
    )


def _scenario(scenario: ObjectVar[ScenarioLine]) -> rx.Component:
    return rx.el.section(
        rx.el.h2(scenario.title),
        rx.el.p(scenario.description, class_name="quiet"),
        rx.el.ul(rx.foreach(scenario.agents, _agent), class_name="agent-list"),
        class_name="group",
        key=scenario.name,
    )


def _mistake(mistake: ObjectVar[MistakeLine]) -> rx.Component:
    return rx.el.li(rx.el.code(mistake.where), rx.el.span(mistake.message), key=mistake.where)


@rx.memo
def _content() -> rx.Component:
    return rx.el.div(
        rx.cond(
            RosterState.mistakes,
            rx.el.section(
                rx.el.h2("To be put right"),
                rx.el.p(
                    "The last good version of these files stays in use until they are.", class_name="quiet"
                ),
                rx.el.ul(rx.foreach(RosterState.mistakes, _mistake), class_name="mistakes"),
                class_name="group group-bad",
                role="alert",
            ),
            rx.el.p(
                rx.icon("circle-check", size=16),
                "All files are valid. An edit is taken up by the next conversation, without a restart.",
                class_name="valid",
            ),
        ),
        rx.foreach(RosterState.scenarios, _scenario),
        class_name="sheet",
        tab_index=0,
        role="region",
        aria_label="Agents",
        on_mount=RosterState.watch,
        on_unmount=RosterState.unwatch,
    )


def agents_page() -> rx.Component:
    """Scenarios, their agents, and what is wrong in the files."""
    return frame("/agents", page_header("Agents"), _content())
