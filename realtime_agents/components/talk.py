"""Talk: one orb, big captions, the sources of what is being said, and the buttons of the voice."""

from __future__ import annotations

import reflex as rx

from realtime_agents.components.invitation import suggestion_buttons
from realtime_agents.components.sources import source_cards
from realtime_agents.components.voice import talk_controls, voice_caption, voice_orb
from realtime_agents.state.transcript import TranscriptState


def talk_stage() -> rx.Component:
    """Everything of Talk but the composer, which the three views share."""
    return rx.el.section(
        voice_orb(),
        voice_caption(),
        rx.cond(
            TranscriptState.asked,
            rx.el.div(
                source_cards(TranscriptState.sources),
                class_name="stage-sources",
                role="group",
                aria_label="Sources",
            ),
            suggestion_buttons(),
        ),
        talk_controls(),
        class_name="stage",
        aria_label="Talk",
    )
