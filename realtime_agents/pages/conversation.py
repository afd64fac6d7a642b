"""The conversation: one session, three views of it."""

from __future__ import annotations

import reflex as rx

from realtime_agents.components.composer import composer
from realtime_agents.components.header import conversation_header
from realtime_agents.components.invitation import invitation
from realtime_agents.components.lab import lab_panel
from realtime_agents.components.shell import frame
from realtime_agents.components.sources import passage_reader, sources_panel
from realtime_agents.components.talk import talk_stage
from realtime_agents.components.transcript import transcript
from realtime_agents.components.voice import voice_menu
from realtime_agents.state.connection import ConnectionState


def conversation_page() -> rx.Component:
    """Talk, Desk or Lab around the one composer."""
    return frame(
        "/",
        conversation_header(),
        rx.el.div(
            rx.el.div(
                rx.cond(ConnectionState.view == "talk", talk_stage(), transcript(invitation())),
                composer(),
                class_name="middle",
            ),
            rx.match(
                ConnectionState.view,
                ("desk", sources_panel()),
                ("lab", lab_panel()),
                rx.fragment(),
            ),
            class_name="conversation",
            data_view=ConnectionState.view,
        ),
        passage_reader(),
        voice_menu(),
    )
