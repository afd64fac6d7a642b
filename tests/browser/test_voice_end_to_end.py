"""Recorded people talk to the real app in a real Chromium: what they said is read, the answer is heard."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.browser.test_page_conversation import ask
from tests.browser.test_voice_sound import is_off, is_on, stats
from tests.support.app_server import AppServer
from tests.support.browser import launch_with_sound
from tests.support.required import missing
from tests.support.speech import MISSING, has_recordings
from tests.support.voice_clips import reference, word_error_rate, write_speech

pytestmark = pytest.mark.browser

CLIPS = ("0870", "0890", "0930")
OTHERS = ("0880", "0920", "goforward", "cards/003", "cards/005")
WORST_ERROR_RATE = 0.10
LEAD_S = 3.0
PAUSE_S = 8.0
"""The answer has begun by then and is not over: the next clip interrupts it."""
PATIENCE_MS = 60_000
AUDIBLE = 1_000

USER = "[data-testid=turn][data-role=user]"
AGENT = "[data-testid=turn][data-role=agent]"
HEARD = "() => realtimeVoice.levels().out > 0.3"


@pytest.fixture
def listener(
    driver: Playwright, server: AppServer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page whose microphone plays the parts given by the test's parameter."""
    if not has_recordings():
        missing(MISSING, unless="REQUIRE_SPEECH")
    microphone = write_speech(tmp_path / "speech.wav", *request.param)
    browser = launch_with_sound(driver, microphone)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server.url)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    yield page
    browser.close()


def heard_words(page: Page, turns: int) -> str:
    """What the person said, once that many turns of theirs are complete."""
    done = page.locator(f"{USER}[data-status=completed]")
    expect(done).to_have_count(turns, timeout=PATIENCE_MS)
    return " ".join(done.locator(".said-by-person").all_inner_texts())


@pytest.mark.parametrize(
    "listener", [(LEAD_S, CLIPS[0], PAUSE_S, CLIPS[1], PAUSE_S, CLIPS[2], 60.0)], indirect=True
)
def test_people_are_understood_answered_aloud_and_may_interrupt_by_voice_and_by_typing(
    listener: Page,
) -> None:
    page = listener
    page.get_by_test_id("mic").click()
    is_on(page)
    page.wait_for_function(HEARD, timeout=PATIENCE_MS)
    expect(page.locator(".answer .w.lit").first).to_be_visible()

    cut = page.locator(f"{AGENT}[data-status=interrupted]")
    expect(cut.first.locator(".unheard")).to_be_visible(timeout=PATIENCE_MS)
    whole = cut.first.locator(".answer").inner_text()
    unheard = cut.first.locator(".unheard").inner_text()
    assert 0 < len(unheard) < len(whole), "some of it was heard"
    assert whole.rstrip().endswith(unheard.strip())

    said = heard_words(page, len(CLIPS))
    wanted = " ".join(reference(clip) for clip in CLIPS)
    assert word_error_rate(said, wanted) <= WORST_ERROR_RATE, said

    page.wait_for_function(HEARD, timeout=PATIENCE_MS)
    flushes = stats(page)["played"]["flushes"]
    interrupted = cut.count()
    ask(page)
    page.wait_for_function(f"realtimeVoice.stats().played.flushes > {flushes}")
    expect(cut).to_have_count(interrupted + 1)
    page.wait_for_function(HEARD, timeout=PATIENCE_MS)
    expect(page.locator(AGENT).last).to_contain_text("$202.90")
    expect(page.get_by_test_id("footer-audio").last).to_contain_text("first audio")

    page.get_by_test_id("view-lab").click()
    page.get_by_test_id("tab-turn").click()
    expect(page.get_by_test_id("lab-turn")).to_contain_text("First audio heard")
    page.get_by_test_id("mic").click()
    is_off(page)
    assert stats(page)["tracks"] == 0
    page.get_by_role("link", name="History").click()
    page.get_by_test_id("conversation").first.click()
    expect(page.get_by_test_id("past-transcript").locator(".unheard").first).to_be_visible()


@pytest.mark.parametrize("listener", [(LEAD_S, "0930", 60.0)], indirect=True)
def test_push_to_talk_sends_what_is_said_while_space_is_held(listener: Page) -> None:
    page = listener
    page.evaluate("localStorage.setItem('realtime-agents-voice', JSON.stringify({mode: 'push_to_talk'}))")
    page.reload()
    expect(page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    page.keyboard.down("Space")
    is_on(page)
    # The clip is over when so many frames of 20 ms came from the microphone.
    page.wait_for_function("() => realtimeVoice.stats().framesCaptured > 340", timeout=PATIENCE_MS)
    assert page.locator(f"{USER}[data-status=completed]").count() == 0, "the turn lasts as long as the key"
    page.keyboard.up("Space")
    said = heard_words(page, 1)
    assert word_error_rate(said, reference("0930")) <= WORST_ERROR_RATE, said
    page.wait_for_function(HEARD, timeout=PATIENCE_MS)


@pytest.mark.parametrize(
    "listener", [(LEAD_S, *(part for clip in OTHERS for part in (clip, 2.5)), 60.0)], indirect=True
)
def test_other_clips_short_ones_too_are_understood_while_answers_are_interrupted(listener: Page) -> None:
    page = listener
    page.get_by_test_id("mic").click()
    is_on(page)
    wanted = " ".join(reference(clip) for clip in OTHERS)
    page.wait_for_function(
        """([rows, count]) => [...document.querySelectorAll(rows)].map((row) => row.innerText).join(" ")
          .split(/\\s+/).length >= count""",
        arg=[f"{USER}[data-status=completed] .said-by-person", len(wanted.split()) - 2],
        timeout=PATIENCE_MS,
    )
    said = " ".join(page.locator(f"{USER}[data-status=completed] .said-by-person").all_inner_texts())
    assert word_error_rate(said, wanted) <= WORST_ERROR_RATE, said


@pytest.mark.parametrize("listener", [(5.0, "0930", 60.0)], indirect=True)
def test_a_conversation_is_recorded_only_when_asked_and_can_be_played_and_downloaded(
    listener: Page, tmp_path: Path
) -> None:
    page = listener
    page.get_by_test_id("mic").click()
    is_on(page)
    sign = page.get_by_test_id("recording-sign")
    expect(sign).to_have_count(0)
    page.get_by_test_id("devices").click()
    page.get_by_test_id("record").click()
    expect(sign).to_be_visible()
    expect(page.get_by_test_id("record")).to_be_checked()
    page.keyboard.press("Escape")
    page.wait_for_function(HEARD, timeout=PATIENCE_MS)
    page.get_by_role("link", name="Settings").click()
    expect(sign).to_be_visible()
    page.get_by_role("link", name="Conversation").click()
    page.wait_for_function("() => realtimeVoice.stats().played.samplesPlayed > 48_000", timeout=PATIENCE_MS)
    page.get_by_test_id("devices").click()
    page.get_by_test_id("record").click()
    expect(sign).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_test_id("connect").click()
    is_off(page)

    page.get_by_role("link", name="History").click()
    page.get_by_test_id("conversation").first.click()
    player = page.get_by_test_id("recording")
    expect(player).to_be_visible()
    page.wait_for_function("() => document.querySelector('audio').duration > 1")
    with page.expect_download() as download:
        page.get_by_test_id("recording-download").click()
    kept = tmp_path / "kept.wav"
    download.value.save_as(kept)
    with wave.open(str(kept)) as sound:
        assert sound.getnchannels() == 2
        sides = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, 2)
    person, agent = (np.flatnonzero(np.abs(side.astype(int)) > AUDIBLE) for side in sides.T)
    assert len(person) > 1_000 and len(agent) > 1_000, "both sides"
    assert person[0] < agent[0], "in the order in which they were heard"
