"""What axe-core finds in every view, light and dark, and what a keyboard can do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.test_page_conversation import answered, opened
from tests.browser.test_voice_sound import answer_id, talking
from tests.support.accessibility import serious_findings
from tests.support.app_server import AppServer
from tests.support.audio_server import REDIRECT, FakeAudioServer

pytestmark = pytest.mark.browser

DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_talk_desk_and_lab_have_no_serious_finding_while_the_voice_is_on(
    sound_browser: Browser, server: AppServer, audio: FakeAudioServer, size: ViewportSize, scheme: str
) -> None:
    context = sound_browser.new_context(
        viewport=size, base_url=server.url, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.add_init_script(REDIRECT % audio.url)
    page = context.new_page()
    line = talking(page, audio)
    assert serious_findings(page) == []
    line.say(1, answer_id(page), words=12, ms=60_000)
    expect(page.locator(".answer .lit").first).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_test_id("view-talk").click()
    expect(page.locator(".caption .lit").first).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_test_id("talk-devices").click()
    expect(page.get_by_test_id("microphone")).to_be_visible()
    assert serious_findings(page) == []
    page.keyboard.press("Escape")
    page.get_by_test_id("view-lab").click()
    for tab in ("events", "turn", "knowledge"):
        page.get_by_test_id(f"tab-{tab}").click()
        expect(page.get_by_test_id(f"tab-{tab}")).to_have_attribute("aria-selected", "true")
        assert serious_findings(page) == []
    context.close()


@pytest.mark.parametrize("path", ["/", "/?view=talk", "/history", "/knowledge", "/agents", "/settings"])
def test_a_page_has_no_serious_finding(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    assert serious_findings(page) == []


def test_what_stands_in_the_empty_box_fits_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/")
    box = page.get_by_test_id("composer")
    expect(box).to_be_visible()
    assert box.evaluate("e => e.scrollHeight - e.clientHeight") <= 1


def test_the_passage_reader_keeps_the_tab_key_within_it(page: Page) -> None:
    opened(page)
    answered(page)
    page.get_by_test_id("citation").first.click()
    reader = page.get_by_test_id("passage-reader")
    expect(reader.get_by_role("button")).to_be_focused()
    assert serious_findings(page) == []
    inside = "document.querySelector('.reader').contains(document.activeElement)"
    for key in ("Tab",) * 5 + ("Shift+Tab",) * 5:
        page.keyboard.press(key)
        assert page.evaluate(inside)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("citation").first).to_be_focused()


def test_arrow_keys_go_from_tab_to_tab(page: Page) -> None:
    opened(page)
    page.get_by_test_id("view-lab").click()
    page.get_by_test_id("tab-events").focus()
    for key, name in (
        ("ArrowRight", "knowledge"),
        ("ArrowRight", "turn"),
        ("ArrowLeft", "knowledge"),
        ("Home", "turn"),
        ("End", "knowledge"),
    ):
        page.keyboard.press(key)
        tab = page.get_by_test_id(f"tab-{name}")
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(tab).to_have_attribute("tabindex", "0")
        expect(page.locator("[role=tab][tabindex='-1']")).to_have_count(2)


def test_a_small_phone_opens_at_the_top_and_can_change_its_colours(
    browser: Browser, server: AppServer
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, base_url=server.url, has_touch=True)
    page = opened(context.new_page())
    expect(page.get_by_test_id("suggestion").first).to_be_attached()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.get_by_test_id("transcript").evaluate("e => e.scrollTop") == 0
    background = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(background)
    page.get_by_role("button", name="Switch between light and dark").click()
    page.wait_for_function(f"before => {background} !== before", arg=before)
    context.close()
