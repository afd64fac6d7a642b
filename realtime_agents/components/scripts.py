"""The page's own JavaScript modules: hand-written files beside their Python, bundled with the page.

They import each other by relative path, so all of them are registered here, into one folder.
"""

from __future__ import annotations

import reflex as rx

_NAMES = (
    "answer_text.js",
    "spoken_words.js",
    "voice_bridge.js",
    "voice_controls.js",
    "voice_devices.js",
    "voice_engine.js",
    "voice_gate.js",
    "voice_level.js",
    "voice_menu.js",
    "voice_microphone.js",
    "voice_player.js",
    "voice_reports.js",
    "voice_socket.js",
    "voice_stage.js",
    "voice_store.js",
    "voice_tickets.js",
    "voice_uplink.js",
    "voice_words.js",
)
_PATHS = {name: rx.asset(name, shared=True).importable_path for name in _NAMES}


def library(name: str) -> str:
    """Where a component's ``library`` finds the module of that file name."""
    return _PATHS[name]
