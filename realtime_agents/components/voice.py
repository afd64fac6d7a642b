"""The voice on the page: what is drawn and pressed. How it works is in the JavaScript beside it.

``voice_engine.js`` owns microphone, speaker and socket, ``voice_store.js`` what is shown of them; these
components read that store, so that a button tells the truth before any server has answered.
"""

from __future__ import annotations

import reflex as rx

from realtime_agents.components.scripts import library
from realtime_agents.state.catalog import CatalogState
from realtime_agents.state.connection import ConnectionState
from realtime_agents.state.live import LiveState
from realtime_agents.state.reader import ReaderState
from realtime_agents.state.rows import TurnRow
from realtime_agents.state.transcript import TranscriptState
from realtime_agents.state.voice import VoiceState

_WORKLETS = ("audio/resampler.js", "audio/capture.js", "audio/playback.js")


class VoiceBridge(rx.Component):
    """Ties the voice to the page; not seen, one on every page."""

    library = library("voice_bridge.js")
    tag = "VoiceBridge"

    worklets: rx.Var[list[str]]
    """Addresses of the audio worklets, in the order in which they are loaded."""
    session: rx.Var[str]
    on_ticket: rx.EventHandler[lambda opens: [opens]]  # type: ignore[type-arg,valid-type]  # Reflex's notation
    """A ticket is needed; gets whether a conversation may be started for it."""
    on_told: rx.EventHandler[lambda phase, mode, muted, problem: [phase, mode, muted, problem]]  # type: ignore[type-arg,valid-type]
    """What the voice does changed."""


class VoiceOrb(rx.Component):
    """The orb, driven by the loudness of whoever speaks, and what happens in words."""

    library = library("voice_stage.js")
    tag = "VoiceOrb"

    activity: rx.Var[str]
    phase: rx.Var[str]
    status: rx.Var[str]
    agent: rx.Var[str]


class VoiceCaption(rx.Component):
    """The words being said, lit as they are said."""

    library = library("voice_stage.js")
    tag = "VoiceCaption"

    rows: rx.Var[tuple[TurnRow, ...]]
    """Rows of the present exchange."""
    live_id: rx.Var[str]
    live_text: rx.Var[str]
    last_id: rx.Var[str]
    last_text: rx.Var[str]
    invitation: rx.Var[str]
    on_cite: rx.EventHandler[lambda turn, number: [turn, number]]  # type: ignore[type-arg,valid-type]


class TalkControls(rx.Component):
    """Talk's row of buttons."""

    library = library("voice_controls.js")
    tag = "TalkControls"

    activity: rx.Var[str]
    on_stop: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore[type-arg,valid-type]


class TalkButton(rx.Component):
    """Starts the voice; then held to talk, or pressed to end it."""

    library = library("voice_controls.js")
    tag = "TalkButton"


class MuteButton(rx.Component):
    """Releases the microphone, and takes it again; nothing while the voice is off."""

    library = library("voice_controls.js")
    tag = "MuteButton"

    class_name: rx.Var[str]


class DevicesButton(rx.Component):
    """Opens the device menu."""

    library = library("voice_controls.js")
    tag = "DevicesButton"

    class_name: rx.Var[str]


class VoiceNotice(rx.Component):
    """What went wrong with the sound and what to do."""

    library = library("voice_controls.js")
    tag = "VoiceNotice"


class VoiceChip(rx.Component):
    """On pages without a conversation: the voice is on, and a press silences the microphone."""

    library = library("voice_controls.js")
    tag = "VoiceChip"


class VoiceAnnouncer(rx.Component):
    """Tells a screen reader what changed."""

    library = library("voice_controls.js")
    tag = "VoiceAnnouncer"

    activity: rx.Var[str]
    status: rx.Var[str]


class VoiceMenu(rx.Component):
    """Microphone, speaker, taking turns, recording."""

    library = library("voice_menu.js")
    tag = "VoiceMenu"

    recording: rx.Var[bool]
    recordable: rx.Var[bool]
    on_record: rx.EventHandler[lambda on: [on]]  # type: ignore[type-arg,valid-type]


def voice_bridge() -> rx.Component:
    """The voice of this page: its keys, tickets and worklets. One on every page."""
    return VoiceBridge.create(
        worklets=[str(rx.asset(path)) for path in _WORKLETS],
        session=ConnectionState.session_id,
        on_ticket=VoiceState.ask_ticket,
        on_told=VoiceState.be_told,
    )


@rx.memo
def voice_orb() -> rx.Component:
    """Coloured by what the voice does, moved by who speaks."""
    return VoiceOrb.create(
        activity=ConnectionState.activity,
        phase=ConnectionState.phase,
        status=ConnectionState.status,
        agent=CatalogState.agent_title,
    )


@rx.memo
def voice_caption() -> rx.Component:
    """The item that is heard, else the answer that is written, else the last one."""
    return VoiceCaption.create(
        rows=TranscriptState.current,
        live_id=LiveState.turn_id,
        live_text=LiveState.body + LiveState.settled + LiveState.tail,
        last_id=TranscriptState.last_answer_id,
        last_text=TranscriptState.last_answer,
        invitation="What would you like to know?",
        on_cite=lambda turn, n: ReaderState.read_citation(turn, n),
    )


@rx.memo
def talk_controls() -> rx.Component:
    """Type or mute, devices, talk, size of the captions, stop."""
    return TalkControls.create(activity=ConnectionState.activity, on_stop=ConnectionState.interrupt)


@rx.memo
def voice_menu() -> rx.Component:
    """Opened by the headphones; one on the page."""
    return VoiceMenu.create(
        recording=VoiceState.recording,
        recordable=ConnectionState.session_id != "",
        on_record=VoiceState.record,
    )


@rx.memo
def voice_announcer() -> rx.Component:
    """The live region; without voice it says what the session does."""
    return VoiceAnnouncer.create(activity=ConnectionState.activity, status=ConnectionState.status)


@rx.memo
def recording_sign() -> rx.Component:
    """Red, and there for as long as both sides are kept as sound."""
    return rx.cond(
        VoiceState.recording,
        rx.el.span("Recording", class_name="recording-sign", role="status", data_testid="recording-sign"),
    )


talk_button = TalkButton.create
mute_button = MuteButton.create
devices_button = DevicesButton.create
voice_notice = VoiceNotice.create
voice_chip = VoiceChip.create
