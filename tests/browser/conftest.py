"""One app server and one browser for all page tests; a fresh context (and so a fresh person) per test.

They live as long as this package's tests: Playwright keeps a running loop in the main thread, and
an asynchronous test after them could not start its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from realtime_agents import page_build
from tests.support.app_server import AppServer, running_app
from tests.support.browser import ARGUMENTS, find_browser


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
