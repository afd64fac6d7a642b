"""Finds a Chromium and the flags with which it runs quietly on a closed network."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SOUND_ARGUMENTS = (
    *ARGUMENTS,
    "--headless=new",
    "--use-fake-device-for-media-stream",
)
"""A browser with a microphone that beeps and a loudspeaker, on a machine that has neither."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def launch_with_sound(
    driver: Playwright, microphone: Path | None = None, *, allowed: bool = True, untapped: bool = True
) -> Browser:
    """A Chromium that hears ``microphone`` once, a 48 kHz WAV file, or beeps; and plays what it is given.
    Pages may use the microphone without a question, or else are refused; unless ``untapped`` they may
    play only after somebody touched them, as it is for people.

    New headless mode is chosen by its flag, and Playwright's own muting is taken out: without both
    nothing is rendered.
    """
    free = ["--autoplay-policy=no-user-gesture-required"] if untapped else []
    asked = ["--use-fake-ui-for-media-stream"] if allowed else []
    heard = [f"--use-file-for-fake-audio-capture={microphone}%noloop"] if microphone else []
    return driver.chromium.launch(
        executable_path=find_browser(),
        headless=False,
        args=[*SOUND_ARGUMENTS, *asked, *heard, *free],
        ignore_default_args=["--mute-audio"],
    )


def find_browser() -> str | None:
    """Path of a Chromium or Chrome: the ``CHROMIUM`` variable first, then the usual names."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
