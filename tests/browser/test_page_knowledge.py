"""The Knowledge page in a real browser: files in, found, read; addresses refused; jobs stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.support.pdf_files import pdf

pytestmark = pytest.mark.browser

LEAFLET = pdf(
    [
        ("Walrus allowance", 20),
        "",
        "The walrus allowance pays for fish in winter, and for a long bath whenever it is asked for in",
        "writing.",
    ]
)
LETTER = "# Otter letter\n\nThe otter letter says that otters may stay. My number is 536-22-8714.\n"


def file(name: str, data: bytes | str) -> FilePayload:
    body = data.encode() if isinstance(data, str) else data
    return {"name": name, "mimeType": "application/octet-stream", "buffer": body}


def opened(page: Page) -> Page:
    page.goto("/knowledge")
    expect(page.get_by_test_id("collection").first).to_contain_text("passage")
    return page


def test_sent_files_are_read_found_and_shown_in_their_section(page: Page) -> None:
    opened(page)
    page.get_by_test_id("knowledge-collection").fill("animals")
    files = [file("walrus.pdf", LEAFLET), file("otter.md", LETTER), file("photo.png", b"\x89PNG")]
    page.get_by_test_id("upload-input").set_input_files(files)
    expect(page.get_by_test_id("upload-words")).to_have_text("3 files were sent.")
    job = page.get_by_test_id("job").first
    expect(job).to_have_attribute("data-state", "done", timeout=30_000)
    expect(job).to_contain_text("2 added, 1 skipped")
    expect(job.get_by_test_id("job-personal")).to_contain_text("animals/otter: 1 Social Security number")
    expect(page.get_by_test_id("ingest-result").first).to_contain_text("photo.png")
    assert "536-22" not in page.content()
    card = page.locator("[data-collection=animals]")
    expect(card).to_contain_text("2 documents")
    job.get_by_test_id("take-out").click()
    expect(job.get_by_test_id("job-personal")).to_be_hidden()
    expect(card).to_contain_text("1 document ")
    page.get_by_test_id("jobs-clear").click()
    expect(page.get_by_test_id("job")).to_have_count(0)
    card.click()
    expect(card).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("knowledge-search").fill("who pays for fish in winter")
    page.get_by_role("button", name="Search", exact=True).click()
    hit = page.get_by_test_id("hit").first
    expect(hit).to_contain_text("Walrus allowance")
    expect(hit).to_contain_text("#1")
    hit.get_by_role("button").click()
    expect(page.get_by_test_id("passage-reader").locator("mark")).to_contain_text("walrus allowance")


def test_a_dropped_file_is_sent_and_one_beside_the_zone_leaves_the_page_alone(page: Page) -> None:
    opened(page)
    drop = """(element) => {
        const data = new DataTransfer();
        data.items.add(new File(["# Dropped page\\n\\nWords of a dropped page."], "dropped.md"));
        for (const type of ["dragover", "drop"]) {
            element.dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
        }
    }"""
    page.locator("h1").evaluate(drop)
    expect(page.get_by_test_id("upload-words")).to_be_hidden()
    page.locator("[data-upload-zone]").evaluate(drop)
    expect(page.get_by_test_id("upload-words")).to_have_text("dropped.md was sent.")
    expect(page.get_by_test_id("job").first).to_have_attribute("data-state", "done", timeout=30_000)
    assert "/knowledge" in page.url


def test_what_cannot_be_taken_is_said_at_once(page: Page, tmp_path: Path) -> None:
    opened(page)
    large = tmp_path / "large.pdf"
    large.write_bytes(bytes(20 * 2**20 + 1))
    page.get_by_test_id("upload-input").set_input_files(large)
    expect(page.get_by_test_id("upload-words")).to_have_text("large.pdf is larger than 20 MB.")
    page.get_by_test_id("knowledge-collection").fill("Not A Name")
    page.get_by_test_id("upload-input").set_input_files([file("a.md", "Words.")])
    expect(page.get_by_test_id("upload-words")).to_contain_text("A collection's name has")
    page.get_by_test_id("knowledge-collection").fill("documents")
    page.get_by_test_id("knowledge-url").fill("http://127.0.0.1/private")
    page.get_by_test_id("knowledge-read").click()
    expect(page.get_by_test_id("ingest-problem")).to_contain_text("private network")


def test_searching_as_an_agent_keeps_to_what_it_reads(page: Page) -> None:
    opened(page)
    page.locator("[data-testid=search-as][data-agent=va]").click()
    page.get_by_test_id("knowledge-search").fill("late enrollment penalty for Part B")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".outcome")).to_contain_text("VA")
    expect(page.locator(".outcome")).not_to_contain_text("Medicare")
    expect(page.get_by_test_id("hit").first).to_contain_text("meaning")


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page)
    page.get_by_test_id("knowledge-search").fill("penalty")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    assert page.evaluate("document.querySelector('.sheet').scrollWidth <= window.innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
