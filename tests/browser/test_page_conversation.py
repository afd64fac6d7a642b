"""The conversation page in a real browser, on the local engine."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.app_server import AppServer

pytestmark = pytest.mark.browser

QUESTION = "How much is the Part B premium in 2026?"
ANSWERED = "[data-testid=turn][data-role=agent]:not([data-status=in_progress]) [data-testid=footer-tokens]"


def ask(page: Page, text: str = QUESTION) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")


def answered(page: Page, text: str = QUESTION) -> None:
    before = page.locator(ANSWERED).count()
    ask(page, text)
    expect(page.locator(ANSWERED)).to_have_count(before + 1)


def opened(page: Page) -> Page:
    page.goto("/")
    expect(page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    return page


def test_a_question_is_answered_with_a_citation_that_opens_its_source(page: Page) -> None:
    opened(page)
    ask(page)
    expect(page.get_by_test_id("live-text")).to_contain_text("2026")
    expect(page.get_by_test_id("composer")).to_have_value("")
    expect(page.locator(ANSWERED)).to_have_count(1)
    expect(page.get_by_test_id("live-text")).to_have_count(0)
    expect(page.get_by_test_id("footer-latency").last).to_contain_text(re.compile(r"first token \d"))
    page.get_by_test_id("citation").first.click()
    reader = page.get_by_test_id("passage-reader")
    expect(reader.locator("mark")).to_contain_text("202.90")
    page.keyboard.press("Escape")
    expect(reader).to_have_count(0)
    expect(page.get_by_test_id("citation").first).to_be_focused()


def test_a_message_sent_before_the_page_has_connected_is_not_lost(page: Page) -> None:
    held: list[Route] = []
    free: list[bool] = []
    page.route("**/assets/*.js", lambda route: route.continue_() if free else held.append(route))
    page.goto("/", wait_until="commit")
    page.wait_for_function("() => window.realtimeAgents")
    ask(page)
    page.get_by_test_id("send").click()
    free.append(True)
    for route in held:
        route.continue_()
    expect(page.locator(ANSWERED)).to_have_count(1)
    expect(page.locator("[data-testid=turn][data-role=user]")).to_have_count(1)
    expect(page.get_by_test_id("composer")).to_have_value("")
    assert "message=" not in page.url


def test_a_handoff_and_the_tools_are_rows_of_the_transcript(page: Page) -> None:
    opened(page)
    answered(page)
    expect(page.get_by_test_id("breadcrumb").first).to_contain_text("Greeter → Medicare")
    expect(page.locator("[data-agent=medicare]")).to_have_attribute("aria-pressed", "true")
    tool = page.get_by_test_id("tool-row").first
    tool.locator("summary").click()
    expect(tool.locator("pre")).to_be_visible()


def test_a_reload_in_the_middle_of_an_answer_joins_it_again(page: Page) -> None:
    opened(page)
    ask(page, "I use VA health care. Do I need Part B when I turn 65?")
    live = page.get_by_test_id("live-text")
    expect(live).to_contain_text(re.compile(r"\w+ \w+"))
    page.reload()
    expect(page.locator("[data-testid=turn][data-role=user]")).to_have_count(1)
    expect(page.locator(ANSWERED)).to_have_count(1)
    expect(page.get_by_test_id("connect")).to_have_attribute("data-phase", "ready")


def test_the_keyboard_reaches_writes_sends_and_stops(page: Page) -> None:
    opened(page)
    page.keyboard.press("/")
    box = page.get_by_test_id("composer")
    expect(box).to_be_focused()
    page.keyboard.type("I use VA health care.")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Do I need Part B when I turn 65?")
    expect(box).to_have_value("I use VA health care.\nDo I need Part B when I turn 65?")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("live-text")).to_contain_text(re.compile(r"\w+ \w+"))
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=turn][data-role=agent]").last).to_have_attribute(
        "data-status", "interrupted"
    )


def test_three_views_share_one_conversation_and_one_composer(page: Page) -> None:
    opened(page)
    answered(page)
    for view, sign in (("talk", "caption"), ("lab", "event-log"), ("desk", "transcript")):
        page.get_by_test_id(f"view-{view}").click()
        expect(page.get_by_test_id(sign)).to_be_visible()
        for unique in ("composer", "send", "connect", "scenario-select", "agent-select", "runtime-badge"):
            expect(page.get_by_test_id(unique)).to_have_count(1)
    expect(page.locator(ANSWERED)).to_have_count(1)


def test_a_suggestion_asks_itself(page: Page) -> None:
    opened(page)
    suggestion = page.get_by_test_id("suggestion").first
    words = suggestion.inner_text()
    suggestion.click()
    expect(page.locator("[data-testid=turn][data-role=user]")).to_contain_text(words)
    expect(page.get_by_test_id("invitation")).to_have_count(0)


def test_pressing_an_agent_goes_on_with_it(page: Page) -> None:
    opened(page)
    answered(page)
    page.locator("[data-agent=va]").click()
    expect(page.get_by_test_id("breadcrumb").last).to_contain_text("VA")
    expect(page.locator("[data-agent=va]")).to_have_attribute("aria-pressed", "true")


def test_what_a_person_types_is_shown_as_typed(page: Page) -> None:
    opened(page)
    hostile = "<img src=x onerror=\"document.title='owned'\"> **bold** [1]"
    ask(page, hostile)
    row = page.locator("[data-testid=turn][data-role=user]")
    expect(row).to_contain_text(hostile)
    assert row.locator("img, strong, button").count() == 0


def test_ending_keeps_the_transcript_and_the_next_question_opens_a_new_one(page: Page) -> None:
    opened(page)
    answered(page)
    page.get_by_test_id("connect").click()
    expect(page.get_by_test_id("connect")).to_have_attribute("data-phase", "closed")
    expect(page.locator(ANSWERED)).to_have_count(1)
    ask(page, "When can I sign up for Medicare?")
    expect(page.locator("[data-testid=turn][data-role=user]")).to_have_count(1)
    expect(page.locator("[data-testid=turn][data-role=user]")).to_contain_text("sign up")


def test_the_transcript_follows_the_answer_unless_the_reader_scrolled_up(page: Page) -> None:
    page.set_viewport_size({"width": 900, "height": 420})
    opened(page)
    answered(page)
    thread = page.get_by_test_id("transcript")
    answered(page, "What does the first day in a hospital cost?")
    page.wait_for_function(
        """() => {
          const { scrollHeight, clientHeight, scrollTop } = document.querySelector("[data-testid=transcript]");
          return scrollHeight - clientHeight - scrollTop < 100;
        }"""
    )
    thread.evaluate("e => { e.scrollTop = 0 }")
    jump = page.get_by_role("button", name="To the newest words")
    expect(jump).to_be_visible()
    ask_quietly = page.locator("[data-agent=va]")
    page.locator(".pill-now").click()
    ask_quietly.click()
    expect(page.get_by_test_id("breadcrumb").last).to_contain_text("VA")
    assert thread.evaluate("e => e.scrollTop") < 50
    jump.click()
    expect(jump).to_be_hidden()


def test_what_is_added_while_the_transcript_follows_is_not_taken_for_scrolling_up(page: Page) -> None:
    opened(page)
    left = page.evaluate(
        """async () => {
          const frame = () => new Promise(requestAnimationFrame);
          const scroller = document.createElement("div");
          scroller.setAttribute("data-follow", "");
          scroller.style.cssText = "position: fixed; width: 100px; height: 100px; overflow: auto";
          const add = () => {
            const row = scroller.appendChild(document.createElement("div"));
            row.style.height = "200px";
          };
          document.body.append(scroller);
          add();
          await null; // now its following is asked for, and comes before this in the next frame
          await frame();
          if (scroller.scrollTop !== 100) throw new Error(`followed to ${scroller.scrollTop}`);
          add();
          await frame();
          await frame();
          return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
        }"""
    )
    assert left == 0


def test_a_phone_of_360_pixels_has_everything_and_scrolls_down_only(
    browser: Browser, server: AppServer
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, base_url=server.url, has_touch=True)
    page = opened(context.new_page())
    answered(page)
    for view in ("talk", "lab", "desk"):
        page.get_by_test_id(f"view-{view}").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".pill-now").click()
    page.locator("[data-agent=va]").click()
    expect(page.locator("#agent-menu")).to_be_hidden()
    expect(page.locator(".pill-now")).to_contain_text("VA")
    small = page.evaluate(
        "[...document.querySelectorAll('button, a, select, textarea, summary')]"
        ".filter(e => e.checkVisibility() && !e.matches('.cite, .skip, .badge'))"
        ".filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 90))"
    )
    assert small == []
    context.close()


def test_light_and_dark_follow_the_button(page: Page) -> None:
    opened(page)
    background = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(background)
    page.get_by_role("button", name="Switch between light and dark").click()
    page.wait_for_function(f"before => {background} !== before", arg=before)
