"""One app server and one browser for all page tests; a fresh context (and so a fresh person) per test.

They live as long as this package's tests: Playwright keeps a running loop in the main thread, and
an asynchronous test after them could not start its own. `tests.support.together` says which files share them
when tests run in several processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from realtime_agents import page_build
from tests.support.app_server import AppServer, running_app
from tests.support.audio_server import REDIRECT, FakeAudioServer, fake_audio_server
from tests.support.browser import ARGUMENTS, find_browser, launch_with_sound

expect.set_options(timeout=15_000)  # an answer at reading pace takes five seconds, on a busy machine more


@pytest.fixture(scope="package")
def driver() -> Iterator[Playwright]:
    if find_browser() is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip(
            "no Chromium or Chrome found: the page is not tested here (set CHROMIUM=/path to use one)"
        )
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(driver: Playwright) -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        pytest.fail("REQUIRE_BROWSER is set, but there is no Chromium or Chrome on this machine")
    started = driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    yield started
    started.close()


@pytest.fixture(scope="package")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    if "PYTEST_XDIST_WORKER" in os.environ and not page_build.is_built():
        pytest.fail("two processes cannot build the page at once: python -m realtime_agents build")
    page_build.ensure_built()
    data_dir: Path = tmp_path_factory.mktemp("app")
    with running_app(data_dir) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: AppServer) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server.url)
    context.set_default_timeout(15_000)
    opened = context.new_page()
    yield opened
    context.close()


@pytest.fixture(scope="package")
def sound_browser(driver: Playwright, browser: Browser) -> Iterator[Browser]:
    """A browser with a microphone that beeps once a second, allowed without a question."""
    started = launch_with_sound(driver)
    yield started
    started.close()


@pytest.fixture(scope="package")
def fake_audio() -> Iterator[FakeAudioServer]:
    with fake_audio_server() as running:
        yield running


@pytest.fixture
def audio(fake_audio: FakeAudioServer) -> FakeAudioServer:
    """The other end of the page's sound; see `voice_page`."""
    fake_audio.forget()
    return fake_audio


@pytest.fixture
def voice_page(sound_browser: Browser, server: AppServer, audio: FakeAudioServer) -> Iterator[Page]:
    """A page whose sound goes to `audio`; its words come from the app as ever."""
    context = sound_browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server.url)
    context.set_default_timeout(15_000)
    context.add_init_script(REDIRECT % audio.url)
    yield context.new_page()
    context.close()
