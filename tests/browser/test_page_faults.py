"""Bad input and servers that fail, in a real browser: a clear sentence, and nothing said is lost."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from realtime_agents.settings import ROOT
from tests.browser.test_page_conversation import ANSWERED, QUESTION, answered, ask, opened
from tests.support.app_server import AppServer, free_port, running_app, with_knowledge_of
from tests.support.broken_packages import damaged_weight
from tests.support.scripted_server import ScriptedServer, scripted_server

pytestmark = pytest.mark.browser

USER = "[data-testid=turn][data-role=user]"
AGENT = "[data-testid=turn][data-role=agent]"
HOSTILE_PAGE = """---
id: hostile
title: "<img src=x onerror=window.owned=1> Zebra allowance"
url: "javascript:window.owned=1"
source: "<b>Nobody</b>"
as_of: "2026-01"
collection: medicare
---

## <script>window.owned=1</script> The zebra allowance

The zebra allowance is paid to keepers of zebras. <script>window.owned=1</script>
<img src=x onerror="window.owned=1"> [press](javascript:window.owned=1) <style>body{display:none}</style>
"""


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture(scope="module")
def scripted_app(
    server: AppServer, scripted: ScriptedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AppServer]:
    """The app on the scripted server; ``server`` has built the page."""
    environment = {"REALTIME_BASE_URL": scripted.base_url}
    with running_app(with_knowledge_of(server, tmp_path_factory.mktemp("scripted")), environment) as running:
        yield running


def ingest(server: AppServer, page: Path) -> None:
    """Bring a page of knowledge in while the app runs, as a person would."""
    subprocess.run(
        [sys.executable, "-m", "realtime_agents", "ingest", str(page), "--collection", "medicare"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(server.data_dir)},
        check=True,
        capture_output=True,
    )


def test_a_server_that_dies_in_mid_answer_leaves_its_words_a_note_and_a_whole_answer(
    page: Page, scripted_app: AppServer, scripted: ScriptedServer
) -> None:
    page.goto(scripted_app.url)
    expect(page.get_by_test_id("runtime-badge")).to_contain_text("Realtime server")
    before = scripted.connections
    ask(page, "drop 6 20")
    note = page.get_by_test_id("breadcrumb")
    expect(note).to_contain_text(re.compile(r"Connection lost for \d+ s, reconnected\."))
    expect(page.locator(ANSWERED)).to_have_count(1)
    first, second = page.locator(AGENT).all()
    expect(first).to_have_attribute("data-status", "interrupted")
    expect(first).to_contain_text("w00000 w00001")
    expect(second).to_have_attribute("data-status", "completed")
    expect(second).to_contain_text("w00006 w00007")
    expect(page.locator(USER)).to_have_count(1)
    answered(page, "stream 2 0")
    assert scripted.connections == before + 2
    order = page.get_by_test_id("transcript").inner_text()
    assert order.index("w00000") < order.index("Connection lost") < order.index("stream 2 0")


def test_a_server_that_is_not_there_is_named_and_the_draft_stays(
    browser: Browser, server: AppServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    closed = free_port()
    environment = {"REALTIME_BASE_URL": f"http://127.0.0.1:{closed}/v1"}
    with running_app(with_knowledge_of(server, tmp_path_factory.mktemp("refused")), environment) as app:
        context = browser.new_context(base_url=app.url)
        page = context.new_page()
        page.goto("/")
        expect(page.get_by_test_id("runtime-badge")).to_contain_text("Realtime server")
        ask(page)
        expect(page.get_by_test_id("problem")).to_contain_text(
            f"Nothing answers at 127.0.0.1:{closed}: is the server running?", timeout=15_000
        )
        expect(page.get_by_test_id("composer")).to_have_value(QUESTION)
        expect(page.get_by_test_id("connect")).to_be_enabled()
        expect(page.locator(USER)).to_have_count(0)
        context.close()


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((401, "invalid_api_key"), "refused the key: check OPENAI_API_KEY"),
        (
            (404, "model_not_found"),
            "does not know the model, or this key may not use it: check REALTIME_MODEL",
        ),
        ((403, "insufficient_quota"), "is used up: check its plan and billing"),
    ],
)
def test_a_refused_account_is_told_with_what_to_do_and_works_once_it_is_mended(
    page: Page, scripted_app: AppServer, scripted: ScriptedServer, refusal: tuple[int, str], words: str
) -> None:
    page.goto(f"{scripted_app.url}/settings")
    scripted.refusal = refusal
    try:
        page.get_by_role("button", name="Check again").click()
        conversation = page.get_by_test_id("part").filter(has_text="Conversation")
        expect(conversation).to_contain_text(words)
        expect(conversation).to_have_attribute("data-ok", "false")
        page.goto(scripted_app.url)
        expect(page.get_by_test_id("runtime-badge")).to_contain_text("Realtime server")
        ask(page)
        expect(page.get_by_test_id("problem")).to_contain_text(words)
        expect(page.get_by_test_id("composer")).to_have_value(QUESTION)
        assert "secret" not in page.content()
    finally:
        scripted.refusal = None
    ask(page, "Hello")
    expect(page.locator(ANSWERED)).to_have_count(1)
    expect(page.get_by_test_id("problem")).to_have_count(0)


def test_a_damaged_speech_model_is_told_where_one_presses_and_typing_works(
    sound_browser: Browser, server: AppServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = damaged_weight(tmp_path_factory.mktemp("packages"))
    with running_app(with_knowledge_of(server, tmp_path_factory.mktemp("speechless")), broken) as app:
        context = sound_browser.new_context(viewport={"width": 1440, "height": 900}, base_url=app.url)
        page = context.new_page()
        page.goto("/?view=talk")
        expect(page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
        for _ in range(2):
            page.get_by_test_id("talk").click()
            problem = page.get_by_test_id("voice-problem")
            expect(problem).to_contain_text("Speech is off: The file 'silero_vad.onnx'")
            expect(problem).to_contain_text("requirements-voice.txt")
            expect(problem).to_contain_text("The session goes on in text.")
            page.wait_for_function("document.querySelector('[data-voice]').dataset.voice === 'off'")
            expect(page.get_by_test_id("notice")).to_have_count(0)
            page.get_by_role("button", name="Dismiss").click()
        page.get_by_test_id("view-desk").click()
        answered(page)
        page.goto("/settings")
        speech = page.get_by_test_id("part").filter(has_text="Speech is off")
        expect(speech).to_have_attribute("data-ok", "false")
        expect(speech).to_contain_text("SHA-256")
        expect(page.get_by_test_id("part").and_(page.locator("[data-ok=false]"))).to_have_count(1)
        page.goto("/")
        expect(page.get_by_test_id("runtime-badge")).to_contain_text("speech is off")
        health = app.health()
        assert (health["status"], health["parts"]["speech"]["ok"]) == ("degraded", False)
        context.close()


def test_a_message_that_is_too_long_is_refused_and_kept_whole(page: Page) -> None:
    opened(page)
    long = "why " * 5_000
    page.get_by_test_id("composer").focus()
    page.keyboard.insert_text(long)  # as pasting does: unlike `fill`, it is cut at the field's own limit
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("problem")).to_contain_text("up to 8,000 characters, and this one has 19,999")
    expect(page.get_by_test_id("composer")).to_have_value(long)
    expect(page.locator(USER)).to_have_count(0)


def test_markup_in_what_is_typed_and_in_a_page_of_knowledge_is_shown_as_text(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    typed = "<script>window.owned=1</script><img src=x onerror=window.owned=1> What is the zebra allowance?"
    written = tmp_path / "hostile.md"
    written.write_text(HOSTILE_PAGE)
    ingest(server, written)
    opened(page)
    ask(page, typed)
    expect(page.locator(USER)).to_contain_text(typed)
    page.goto("/knowledge")
    page.get_by_test_id("knowledge-search").fill("zebra allowance keepers")
    page.get_by_role("button", name="Search").click()
    hit = page.get_by_test_id("hit").first
    expect(hit).to_contain_text("<img src=x onerror=window.owned=1> Zebra allowance")
    hit.get_by_role("button").click()
    reader = page.get_by_test_id("passage-reader")
    expect(reader).to_contain_text("The zebra allowance is paid to keepers of zebras.")
    expect(reader.get_by_role("link")).to_have_count(0)
    assert page.locator("main script, main img, main style, [href^=javascript]").count() == 0
    assert page.evaluate("window.owned") is None


def test_two_tabs_on_one_session_show_the_same_and_either_may_ask_and_end_it(page: Page) -> None:
    opened(page)
    answered(page)
    # As a browser does for "Duplicate tab": the second begins with the storage of the first.
    stored = page.evaluate("JSON.stringify({...sessionStorage})")
    page.context.add_init_script(
        f"if (!sessionStorage.length) for (const [k, v] of Object.entries({stored})) sessionStorage.setItem(k, v)"
    )
    other = page.context.new_page()
    opened(other)
    expect(other.locator(ANSWERED)).to_have_count(1)
    ask(other, "When can I sign up for Medicare?")
    for tab in (page, other):
        expect(tab.locator(USER)).to_have_count(2)
        expect(tab.locator(ANSWERED)).to_have_count(2)
    assert page.locator(AGENT).last.inner_text() == other.locator(AGENT).last.inner_text()
    other.get_by_test_id("connect").click()
    expect(page.get_by_test_id("connect")).to_have_attribute("data-phase", "closed")
    expect(page.locator(ANSWERED)).to_have_count(2)
