"""Lab and the other pages in a real browser."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from realtime_agents.session.view import Turn
from realtime_agents.settings import ROOT
from realtime_agents.store.history import HistoryStore
from realtime_agents.store.records import ConversationHeader
from tests.browser.test_page_conversation import answered, opened
from tests.support.app_server import AppServer, running_app, with_knowledge_of

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>document.title='owned'</script> **Bold** [click](javascript:alert(1)) and "
    "[site](https://www.va.gov/) [1]\n\n- one\n- two"
)


def test_lab_shows_figures_and_steps_of_the_turn(page: Page) -> None:
    opened(page)
    answered(page)
    page.get_by_test_id("view-lab").click()
    page.get_by_test_id("tab-turn").click()
    panel = page.get_by_test_id("lab-turn")
    expect(panel).to_contain_text("Searched knowledge")
    expect(panel.locator("dd").first).to_have_text(re.compile(r"^[\d.,]+ (ms|s)$"))


def test_the_event_log_filters_opens_and_copies(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page)
    answered(page)
    page.get_by_test_id("view-lab").click()
    page.get_by_test_id("tab-events").click()
    rows = page.get_by_test_id("event-row")
    expect(rows.last).to_contain_text("response.done")
    panel = page.get_by_role("tabpanel")
    assert panel.evaluate("e => e.scrollHeight - e.clientHeight") == 0, "only the list scrolls"
    page.get_by_test_id("event-filter").fill("session.update")
    expect(rows.first).to_contain_text("session.update")
    expect(page.locator("[data-testid=event-row][data-type='response.done']")).to_have_count(0)
    rows.first.click()
    expect(page.locator(".event-payload")).to_contain_text('"type"')
    shown = rows.count()
    page.get_by_test_id("event-copy").click()
    expect(page.get_by_test_id("event-copy")).to_contain_text("Copied")
    expect(page.get_by_test_id("event-copy")).to_contain_text("Copy as JSON")
    assert len(json.loads(page.evaluate("navigator.clipboard.readText()"))) == shown


def test_a_lab_that_was_open_before_the_first_question_follows_it(page: Page) -> None:
    opened(page)
    page.get_by_test_id("view-lab").click()
    expect(page.get_by_test_id("event-log")).to_be_visible()
    answered(page)
    expect(page.get_by_test_id("event-row").last).to_contain_text("response.done")


def test_lab_shows_what_the_model_was_given(page: Page) -> None:
    opened(page)
    answered(page, "I use VA health care. Do I need Part B when I turn 65?")
    page.get_by_test_id("view-lab").click()
    page.get_by_test_id("tab-knowledge").click()
    panel = page.get_by_test_id("lab-knowledge")
    expect(panel.locator(".hit").first).to_contain_text("meaning")
    panel.locator("summary").click()
    expect(panel.locator("details pre")).to_contain_text('"outcome"')


def test_a_past_conversation_is_found_read_and_deleted(page: Page) -> None:
    opened(page)
    answered(page, "What is the Part D out-of-pocket cap this year?")
    page.get_by_role("link", name="History").click()
    page.get_by_test_id("history-search").fill("out-of-pocket cap")
    found = page.get_by_test_id("conversation")
    expect(found).to_have_count(1)
    found.click()
    past = page.get_by_test_id("past-transcript")
    expect(past.locator("[data-role=agent]")).to_contain_text("$")
    page.get_by_test_id("delete").click()
    page.get_by_test_id("delete-confirm").click()
    expect(page.get_by_text("still going on")).to_be_visible()
    page.get_by_role("link", name="Conversation").click()
    page.get_by_test_id("connect").click()
    expect(page.get_by_test_id("connect")).to_have_attribute("data-phase", "closed")
    page.get_by_role("link", name="History").click()
    page.get_by_test_id("history-search").fill("out-of-pocket cap")
    expect(found).to_have_count(1)
    found.click()
    page.get_by_test_id("delete").click()
    page.get_by_test_id("delete-confirm").click()
    expect(found).to_have_count(0)


def test_the_session_goes_on_while_another_page_is_read(page: Page) -> None:
    opened(page)
    answered(page)
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_test_id("doctor")).to_contain_text("Conversation")
    page.get_by_role("link", name="Conversation").click()
    expect(page.get_by_test_id("connect")).to_have_attribute("data-phase", "ready")
    answered(page, "When can I sign up for Medicare?")


def test_words_of_a_model_are_never_markup(page: Page, server: AppServer) -> None:
    async def keep() -> None:
        history = HistoryStore(f"sqlite:///{server.data_dir / 'history.db'}")
        await history.open()
        header = ConversationHeader(id="hostile", scenario="benefits", agent="va", started_at=time.time())
        await history.save_conversation(header)
        turn = Turn(
            id="hostile-1", role="agent", status="completed", agent="va", text=HOSTILE, at=time.time()
        )
        await history.save_turn("hostile", turn)
        await history.close()

    # Playwright has the loop of this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(keep())).result()
    page.goto("/history")
    page.get_by_test_id("conversation").first.click()
    answer = page.get_by_test_id("past-transcript").locator(".answer")
    expect(answer).to_contain_text("<script>document.title='owned'</script>")
    expect(answer.locator("strong")).to_have_text("Bold")
    expect(answer.locator("li")).to_have_text(["one", "two"])
    links = answer.locator("a")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://www.va.gov/")
    expect(links).to_have_attribute("rel", "noopener noreferrer")
    assert page.title() != "owned"


def test_a_knowledge_search_opens_a_passage(page: Page) -> None:
    page.goto("/knowledge")
    expect(page.get_by_test_id("collection").first).to_contain_text("passage")
    page.get_by_test_id("knowledge-search").fill("late enrollment penalty for Part B")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_test_id("hit").first).to_contain_text("fused")
    page.get_by_test_id("hit").first.get_by_role("button").click()
    expect(page.get_by_test_id("passage-reader")).to_be_visible()


def test_the_agents_page_follows_an_edit_of_a_file_by_itself(
    browser: Browser, server: AppServer, tmp_path: Path
) -> None:
    agents = tmp_path / "agents"
    shutil.copytree(ROOT / "agent_configs", agents)
    file = agents / "benefits" / "medicare.yaml"
    with running_app(with_knowledge_of(server, tmp_path / "data"), {"AGENTS_DIR": str(agents)}) as app:
        page = browser.new_page(base_url=app.url)
        page.goto("/agents")
        card = page.locator("[data-testid=agent-file][data-agent=medicare]")
        expect(card).to_contain_text("search_knowledge")
        file.write_text(file.read_text().replace("title: Medicare", "title: Medicare desk", 1))
        expect(card).to_contain_text("Medicare desk")
        file.write_text(file.read_text().replace("title:", "tittle:", 1))
        expect(page.get_by_role("alert")).to_contain_text("medicare.yaml")
        page.close()


def test_agents_and_settings_show_what_is_in_force(page: Page) -> None:
    page.goto("/agents")
    expect(page.locator("[data-testid=agent-file][data-agent=medicare]")).to_contain_text("search_knowledge")
    page.goto("/settings")
    expect(page.get_by_test_id("part").first).to_contain_text("local engine")
    expect(page.get_by_role("region", name="Settings table")).to_contain_text("OPENAI_API_KEY")


@pytest.mark.parametrize("path", ["/", "/history", "/knowledge", "/agents", "/settings"])
def test_a_page_opens_without_a_word_in_the_console(page: Page, path: str) -> None:
    said: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path)
    expect(page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    assert said == []
