"""Buttons, keys and words of the voice in a real Chromium; the other end of the sound is a fake server."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from realtime_agents.protocol.spoken_words import word_ends
from tests.browser.test_page_conversation import answered, ask
from tests.browser.test_voice_sound import answer_id, is_off, is_on, stats, talking
from tests.support.app_server import AppServer
from tests.support.audio_server import REDIRECT, FakeAudioServer, FakeLine, tone
from tests.support.browser import launch_with_sound

pytestmark = pytest.mark.browser

FAIL_WITH = """
navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "%s"))
"""


def choose_mode(page: Page, mode: str) -> None:
    """By the device menu, as a person would."""
    page.locator("[data-testid=talk-devices]:visible, [data-testid=devices]:visible").click()
    page.get_by_test_id(f"mode-{mode}").check()
    page.keyboard.press("Escape")
    expect(page.locator("#voice-menu")).to_be_hidden()


def pushing_to_talk(page: Page, audio: FakeAudioServer) -> FakeLine:
    """The page with its voice on, and the button to talk."""
    line = talking(page, audio)
    choose_mode(page, "push_to_talk")
    line.until(lambda: line.of("mode") == [{"type": "mode", "mode": "push_to_talk"}])
    return line


def talk_runs(line: FakeLine) -> list[int]:
    """Frames of each time the button was held."""
    runs: list[int] = []
    for kind in line.order[line.order.index("mode") :]:
        if kind == "talk":
            runs.append(0)
        elif kind == "frame" and runs:
            runs[-1] += 1
    return runs[::2]


def test_nothing_leaves_the_microphone_until_the_button_is_held(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = pushing_to_talk(voice_page, audio)
    before = stats(voice_page)["framesCaptured"]
    voice_page.wait_for_function(f"realtimeVoice.stats().framesCaptured > {before + 25}")
    assert "frame" not in line.order[line.order.index("mode") :], "withheld while nobody holds"

    voice_page.keyboard.down("Space")
    line.until(lambda: sum(talk_runs(line)) >= 20)
    expect(voice_page.get_by_test_id("talk")).to_have_attribute("data-held", "true")
    sent = stats(voice_page)["sent"]["framesSent"]
    voice_page.keyboard.up("Space")
    line.until(lambda: [m["on"] for m in line.of("talk")] == [True, False])
    after = line.order[line.order.index("talk") :]
    assert after.count("frame") >= sent - line.order[: line.order.index("talk")].count("frame")
    captured = stats(voice_page)["framesCaptured"]
    voice_page.wait_for_function(f"realtimeVoice.stats().framesCaptured > {captured + 20}")
    assert line.order[-1] == "talk", "and again afterwards"


def test_the_sound_just_before_the_press_and_just_after_the_release_is_sent_too(page: Page) -> None:
    page.goto("/")
    counts = page.evaluate(
        """async () => {
          const { Gate } = await import("/external/realtime_agents/components/scripts/voice_gate.js");
          const log = [];
          const gate = new Gate((frame) => log.push(frame), (on) => log.push(on ? "on" : "off"));
          gate.setPushToTalk(true);
          let n = 0;
          const frames = (count) => { for (let i = 0; i < count; i += 1) gate.frame(n++); };
          frames(50); gate.press(); frames(3); gate.release(); frames(20);
          gate.press(); frames(2); gate.release(); frames(4); gate.press(); frames(1); gate.cut(); frames(5);
          return log;
        }"""
    )
    first = counts.index("off")
    assert counts[: first + 1] == ["on", *range(37, 61), "off"], "260 ms before, 160 ms after"
    second = counts[first + 1 :]
    assert second[0] == "on" and second[-1] == "off"
    assert second.count("on") == 1, "let go and pressed again within the tail is one turn"
    assert second[1:-1] == list(range(60 + 1 + 12 - 13, 80))[-len(second[1:-1]) :]


def test_a_press_that_loses_its_connection_ends_and_no_half_sentence_is_sent(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = pushing_to_talk(voice_page, audio)
    voice_page.keyboard.down("Space")
    line.until(lambda: sum(talk_runs(line)) >= 10)
    audio.answers = False
    line.drop()
    notice = voice_page.get_by_test_id("voice-notice")
    expect(notice).to_contain_text("say it again")
    expect(voice_page.get_by_test_id("talk")).to_have_attribute("data-held", "false")
    second = audio.line(2)
    second.ready("push_to_talk")
    is_on(voice_page)
    captured = stats(voice_page)["framesCaptured"]
    voice_page.wait_for_function(f"realtimeVoice.stats().framesCaptured > {captured + 20}")
    voice_page.keyboard.up("Space")
    assert second.frames == [] and second.of("talk") == []
    expect(notice).to_contain_text("say it again")

    voice_page.keyboard.down("Space")
    expect(notice).to_have_count(0)
    second.until(lambda: len(second.frames) >= 10)
    voice_page.keyboard.up("Space")
    second.until(lambda: [m["on"] for m in second.of("talk")] == [True, False])


UPLINK = """
async ([mode, actions]) => {
  const { Uplink } = await import("/external/realtime_agents/components/scripts/voice_uplink.js");
  const sent = [];
  let lost = 0, n = 0;
  const uplink = new Uplink(() => { lost += 1; });
  uplink.socket = {
    isReady: false,
    frame: (frame) => sent.push(frame),
    send({ on }) { if (this.isReady) sent.push(on ? "on" : "off"); },
  };
  uplink.setPushToTalk(mode === "push_to_talk");
  const does = {
    hands_free: () => uplink.setPushToTalk(false),
    push_to_talk: () => uplink.setPushToTalk(true),
    press: () => uplink.gate.press(),
    release: () => uplink.gate.release(),
    ready: () => { uplink.socket.isReady = true; uplink.ready(); },
    down: () => { uplink.socket.isReady = false; uplink.down(); },
  };
  for (const action of actions) {
    if (typeof action === "string") does[action]();
    else for (let i = 0; i < action; i += 1) uplink.frame(n++);
  }
  return { sent, lost, dropped: uplink.dropped };
}
"""


@pytest.mark.parametrize(
    ("mode", "actions", "sent", "lost", "dropped"),
    [
        ("push_to_talk", ["press", 100, "down", 100, "ready", 1], ["on", *range(201)], 0, 0),
        ("push_to_talk", ["press", 50, "release", 20, "ready"], ["on", *range(58), "off"], 0, 0),
        ("push_to_talk", ["press", 251, 10, "ready", 1, "release", 20], [], 1, 251),
        ("push_to_talk", ["ready", "press", 2, "down", 5, "ready", 5], ["on", 0, 1], 1, 0),
        ("server_vad", [300, "ready", 1], [*range(50, 301)], 0, 50),
        ("server_vad", ["ready", 2, "down", 5, "ready"], [*range(7)], 0, 0),
        ("server_vad", [5, "push_to_talk", 1, "ready"], [], 0, 0),
        ("push_to_talk", ["press", 5, "hands_free", "ready", 1], [5], 0, 0),
    ],
)
def test_what_is_said_before_the_connection_is_sent_whole_or_told_to_be_lost(
    page: Page, mode: str, actions: list[str | int], sent: list[str | int], lost: int, dropped: int
) -> None:
    page.goto("/")
    assert page.evaluate(UPLINK, [mode, actions]) == {"sent": sent, "lost": lost, "dropped": dropped}


def test_mute_releases_the_microphone_and_unmute_takes_it_again(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    assert stats(voice_page)["tracks"] == 1
    voice_page.get_by_test_id("talk-mute").click()
    line.until(lambda: line.of("mute") == [{"type": "mute", "on": True}])
    assert stats(voice_page)["tracks"] == 0
    expect(voice_page.locator(".orb-status")).to_have_text("Your microphone is off")
    expect(voice_page.get_by_test_id("announcer")).to_have_text("Microphone off")
    line.say(1, "item_a", words=2, ms=400)
    line.until(lambda: {"type": "played", "item": "item_a", "ms": 400} in line.messages)
    assert line.order[line.order.index("mute") :].count("frame") == 0
    voice_page.keyboard.press("m")
    line.until(lambda: [m["on"] for m in line.of("mute")] == [True, False])
    assert stats(voice_page)["tracks"] == 1
    frames = len(line.frames)
    line.until(lambda: len(line.frames) > frames + 10)


def test_a_mute_outlives_a_lost_connection(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    voice_page.get_by_test_id("talk-mute").click()
    line.until(lambda: line.of("mute"))
    line.drop()
    second = audio.line(2)
    second.until(lambda: second.of("mute") == [{"type": "mute", "on": True}])
    assert second.frames == []


def test_ending_the_voice_leaves_the_conversation_in_text(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    voice_page.get_by_test_id("talk").click()
    line.until(lambda: line.closed)
    is_off(voice_page)
    assert stats(voice_page) == {"rateHz": 0, "contextState": "", "tracks": 0, "framesCaptured": 0}
    voice_page.get_by_test_id("view-desk").click()
    answered(voice_page)
    expect(voice_page.get_by_test_id("connect")).to_have_attribute("data-phase", "ready")


def test_ending_the_conversation_ends_its_voice(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio, view="desk")
    voice_page.get_by_test_id("connect").click()
    line.until(lambda: line.closed)
    is_off(voice_page)


def test_space_types_a_space_in_the_composer_and_presses_a_button_that_has_the_focus(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = pushing_to_talk(voice_page, audio)
    voice_page.get_by_test_id("composer").focus()
    voice_page.keyboard.type("a b m")
    expect(voice_page.get_by_test_id("composer")).to_have_value("a b m")
    voice_page.get_by_test_id("captions").focus()
    voice_page.keyboard.press("Space")
    expect(voice_page.get_by_test_id("captions")).to_have_attribute("data-size", "2")
    assert line.of("talk") == [] and line.of("mute") == []


def test_space_starts_the_voice(voice_page: Page, audio: FakeAudioServer) -> None:
    voice_page.goto("/?view=desk")
    expect(voice_page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    voice_page.keyboard.press("Space")
    audio.line()
    is_on(voice_page)


def test_escape_stops_what_is_being_said(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    line.say(1, "item_a", words=30, ms=9000)
    line.until(lambda: line.of("played"))
    voice_page.keyboard.press("Escape")
    line.until(lambda: line.of("stop"))
    line.send("flush", reason="stopped")
    line.until(lambda: line.of("flushed"))


def test_the_way_of_taking_turns_and_the_size_of_the_captions_are_remembered(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    choose_mode(voice_page, "semantic_vad")
    line.until(lambda: line.of("mode"))
    voice_page.get_by_test_id("captions").click()
    voice_page.reload()
    expect(voice_page.get_by_test_id("captions")).to_have_attribute("data-size", "2")
    assert voice_page.evaluate("document.documentElement.dataset.captions") == "2"
    voice_page.get_by_test_id("talk").click()
    second = audio.line(2)
    second.until(lambda: second.messages[:1] == [{"type": "start", "mode": "semantic_vad"}])


def test_the_menu_names_the_devices_and_another_microphone_is_taken_at_once(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    voice_page.get_by_test_id("talk-devices").click()
    microphones = voice_page.get_by_test_id("microphone").locator("option")
    expect(microphones.nth(1)).to_contain_text("Fake")
    before = voice_page.evaluate("realtimeVoice.line.microphone.stream.id")
    voice_page.get_by_test_id("microphone").select_option(index=1)
    voice_page.wait_for_function(f"realtimeVoice.line.microphone.stream.id !== '{before}'")
    frames = len(line.frames)
    line.until(lambda: len(line.frames) > frames + 10)
    assert stats(voice_page)["tracks"] == 1
    expect(voice_page.get_by_test_id("speaker")).to_be_visible()
    voice_page.wait_for_function(
        "parseFloat(document.querySelector('[data-testid=meter]').style.getPropertyValue('--level')) > 0.2"
    )


def test_a_blocked_microphone_is_explained(driver: Playwright, server: AppServer) -> None:
    browser = launch_with_sound(driver, allowed=False)
    page = browser.new_page(base_url=server.url)
    page.goto("/?view=talk")
    expect(page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    page.get_by_test_id("talk").click()
    problem = page.get_by_test_id("voice-problem")
    expect(problem).to_contain_text("The microphone is blocked for this page. Allow it")
    is_off(page)
    page.get_by_test_id("view-desk").click()
    answered(page)
    browser.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotFoundError", "No microphone was found"),
        ("NotReadableError", "Another program may be using it"),
        ("TypeError", "Sound could not be started"),
    ],
)
def test_a_microphone_that_cannot_be_opened_is_explained(
    voice_page: Page, audio: FakeAudioServer, name: str, words: str
) -> None:
    voice_page.add_init_script(FAIL_WITH % name)
    voice_page.goto("/?view=talk")
    expect(voice_page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    voice_page.get_by_test_id("talk").click()
    expect(voice_page.get_by_test_id("voice-problem")).to_contain_text(words)
    is_off(voice_page)
    assert audio.lines == [], "no conversation was opened for it"
    expect(voice_page.get_by_test_id("connect")).to_have_attribute("data-phase", "new")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("Object.defineProperty(window, 'isSecureContext', {value: false})", "Open this page with https://"),
        ("delete window.AudioWorkletNode", "This browser is too old for voice"),
    ],
)
def test_a_page_without_what_voice_needs_says_so(
    voice_page: Page, audio: FakeAudioServer, script: str, words: str
) -> None:
    voice_page.add_init_script(script)
    voice_page.goto("/?view=talk")
    expect(voice_page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    voice_page.get_by_test_id("talk").click()
    expect(voice_page.get_by_test_id("voice-problem")).to_contain_text(words)
    voice_page.get_by_role("button", name="Dismiss").click()
    expect(voice_page.get_by_test_id("voice-problem")).to_have_count(0)


UNPLUG = """
() => {
  const [track] = realtimeVoice.line.microphone.stream.getAudioTracks();
  track.stop();
  track.dispatchEvent(new Event("ended"));
}
"""


def test_an_unplugged_microphone_is_replaced_by_the_systems_own(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    voice_page.evaluate(UNPLUG)
    voice_page.wait_for_function("realtimeVoice.stats().tracks === 1")
    frames = len(line.frames)
    line.until(lambda: len(line.frames) > frames + 10)
    expect(voice_page.get_by_test_id("voice-problem")).to_have_count(0)


def test_an_unplugged_microphone_without_another_is_a_mute_that_says_why(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    voice_page.evaluate("() => {%s}" % (FAIL_WITH % "NotFoundError"))
    voice_page.evaluate(UNPLUG)
    expect(voice_page.get_by_test_id("voice-problem")).to_contain_text("The microphone was unplugged.")
    line.until(lambda: line.of("mute") == [{"type": "mute", "on": True}])
    is_on(voice_page)
    line.say(1, "item_a", words=2, ms=300)
    line.until(lambda: {"type": "played", "item": "item_a", "ms": 300} in line.messages)


def test_sound_that_a_device_paused_comes_back_with_a_tap(voice_page: Page, audio: FakeAudioServer) -> None:
    talking(voice_page, audio)
    voice_page.evaluate("realtimeVoice.line.context.suspend()")
    expect(voice_page.get_by_test_id("voice-notice")).to_contain_text("Tap anywhere to go on")
    voice_page.locator(".orb-status").click()
    voice_page.wait_for_function("realtimeVoice.stats().contextState === 'running'")
    expect(voice_page.get_by_test_id("voice-notice")).to_have_count(0)


def test_sound_that_breaks_ends_the_voice_and_says_how_to_go_on(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    voice_page.evaluate("() => realtimeVoice.line.context.close()")
    expect(voice_page.get_by_test_id("voice-problem")).to_contain_text("Press the button to start it again")
    line.until(lambda: line.closed)
    voice_page.get_by_test_id("talk").click()
    audio.line(2)
    is_on(voice_page)


def test_captions_that_are_longer_than_their_frame_keep_the_spoken_word_in_view(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    voice_page.set_viewport_size({"width": 390, "height": 500})
    voice_page.emulate_media(reduced_motion="reduce")
    line = talking(voice_page, audio)
    item = answer_id(voice_page)
    voice_page.get_by_test_id("view-talk").click()
    voice_page.get_by_test_id("captions").click()
    line.send("item", n=1, id=item)
    frame = voice_page.get_by_role("region", name="Captions")
    expect(frame.locator(".w").first).to_be_visible()
    assert frame.evaluate("e => e.scrollHeight - e.clientHeight") > 20, "the answer does not fit"
    assert frame.evaluate("e => e.scrollTop") == 0
    words = frame.locator(".w").count()
    line.send("marks", n=1, points=[[1500, words]])
    line.audio(1, tone(1600))
    expect(frame.locator(".w").last).to_have_class(re.compile("lit"))
    assert frame.evaluate("e => e.scrollTop") > 0
    expect(frame.locator(".w").last).to_be_in_viewport()


def test_a_flush_is_answered_even_while_the_device_holds_the_sound(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    line.say(1, "item_a", words=30, ms=9000)
    line.until(lambda: line.of("played"))
    voice_page.evaluate("realtimeVoice.line.context.suspend()")
    line.send("flush", reason="barge_in")
    line.until(lambda: line.of("flushed"))


def test_a_second_flush_before_the_first_is_answered_is_credited_to_its_own_item(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    line.say(1, "item_a", words=30, ms=9000)
    line.until(lambda: any(m["ms"] > 200 for m in line.of("played")))
    voice_page.evaluate(
        """() => {
          const { player } = realtimeVoice.line;
          player.flush();
          player.announce(2, "item_b");
          player.flush();
        }"""
    )
    line.until(lambda: len(line.of("flushed")) == 2)
    first, second = line.of("flushed")
    assert first["item"] == "item_a" and first["ms"] > 200
    assert second == {"type": "flushed", "item": "item_b", "ms": 0}


def test_talk_shows_what_is_heard_and_the_orb_moves_with_it(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    item = answer_id(voice_page)
    voice_page.get_by_test_id("view-talk").click()
    line.say(1, item, words=15, ms=4000)
    caption = voice_page.get_by_test_id("caption")
    expect(caption).to_have_attribute("data-spoken", "true")
    orb = voice_page.get_by_test_id("orb")
    expect(orb).to_have_attribute("data-activity", "speaking")
    expect(voice_page.locator(".orb-status")).to_have_text(re.compile(r"\w+ is speaking"))
    voice_page.wait_for_function(
        "parseFloat(document.querySelector('[data-testid=orb]').style.getPropertyValue('--level')) > 0.5"
    )
    voice_page.wait_for_function("document.querySelectorAll('.caption .lit').length > 4")
    assert caption.get_by_test_id("citation").count() > 0
    line.until(lambda: {"type": "played", "item": item, "ms": 4000} in line.messages)
    expect(orb).to_have_attribute("data-activity", "listening")
    line.send("speech", on=True)
    expect(voice_page.locator(".orb-status")).to_have_text("Listening")
    expect(voice_page.get_by_test_id("announcer")).to_have_text("Listening")


def test_the_orb_stands_still_from_answer_to_answer(voice_page: Page, audio: FakeAudioServer) -> None:
    talking(voice_page, audio)
    orb = voice_page.locator(".orb")
    answer_id(voice_page)
    voice_page.get_by_test_id("view-talk").click()
    cards = voice_page.locator(".stage-sources .source")
    expect(cards.first).to_be_visible()
    where = orb.bounding_box()
    voice_page.evaluate("document.querySelector('.stage-sources').replaceChildren()")
    expect(cards).to_have_count(0)
    voice_page.evaluate("document.querySelector('.caption').textContent = 'A line.'")
    assert orb.bounding_box() == where


def test_the_next_question_takes_the_place_of_the_last_answer_and_its_cards(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    talking(voice_page, audio)
    ask(voice_page)
    expect(voice_page.get_by_test_id("caption")).to_contain_text("$202.90")
    cards = voice_page.get_by_test_id("source-card")
    expect(cards.first).to_be_visible()
    total = cards.count()
    assert total == voice_page.get_by_test_id("citation").count(), "all of them"
    ask(voice_page, "I use VA health care. Do I need Part B when I turn 65?")
    expect(voice_page.get_by_test_id("live-text")).to_be_visible()
    assert cards.count() == 0
    expect(voice_page.get_by_test_id("caption")).to_be_visible()
    expect(cards.first).to_be_visible()


def test_the_voice_goes_on_while_another_page_is_read_and_can_be_silenced_there(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    voice_page.get_by_role("link", name="History").click()
    chip = voice_page.get_by_test_id("voice-chip")
    expect(chip).to_have_text("Microphone on")
    frames = len(line.frames)
    line.until(lambda: len(line.frames) > frames + 10)
    chip.click()
    line.until(lambda: line.of("mute"))
    expect(chip).to_have_text("Microphone off")
    assert stats(voice_page)["tracks"] == 0
    voice_page.get_by_role("link", name="Conversation").click()
    is_on(voice_page)
    assert len(audio.lines) == 1


def test_the_same_words_count_as_spoken_here_and_on_the_server(page: Page) -> None:
    from_python = _counts()
    page.goto("/")
    counted = page.evaluate(
        """async (texts) => {
          const { countSpoken, wordNumbers } = await import("/external/realtime_agents/components/scripts/spoken_words.js");
          return texts.map((text) => [countSpoken(text), wordNumbers(text, 0).length]);
        }""",
        list(from_python),
    )
    assert [count for count, _ in counted] == list(from_python.values())


def test_the_buttons_of_talk_fit_a_phone_of_360_pixels(
    sound_browser: Browser, server: AppServer, audio: FakeAudioServer
) -> None:
    context = sound_browser.new_context(
        viewport={"width": 360, "height": 640}, base_url=server.url, has_touch=True
    )
    context.add_init_script(REDIRECT % audio.url)
    page = context.new_page()
    talking(page, audio)
    for view in ("talk", "desk", "lab"):
        page.get_by_test_id(f"view-{view}").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        small = page.evaluate(
            "[...document.querySelectorAll('button, a, select, textarea, summary')]"
            ".filter(e => e.checkVisibility({visibilityProperty: true}) && !e.matches('.cite, .skip, .badge'))"
            ".filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 90))"
        )
        assert small == []
    page.get_by_test_id("view-talk").click()
    expect(page.get_by_test_id("composer")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_test_id("composer")).to_be_focused()
    context.close()


@pytest.mark.parametrize(("width", "height"), [(844, 390), (667, 375)])
def test_a_phone_on_its_side_shows_words_and_buttons_without_scrolling(
    voice_page: Page, audio: FakeAudioServer, width: int, height: int
) -> None:
    talking(voice_page, audio)
    answer_id(voice_page)
    voice_page.get_by_test_id("view-talk").click()
    voice_page.set_viewport_size({"width": width, "height": height})
    expect(voice_page.get_by_test_id("talk")).to_be_in_viewport(ratio=1)
    expect(voice_page.get_by_test_id("caption")).to_be_in_viewport(ratio=0.5)
    voice_page.wait_for_function(
        "() => { const e = document.querySelector('.stage'); return e.scrollHeight <= e.clientHeight }"
    )


def _counts() -> dict[str, int]:
    texts = (
        "In 2026 Part B costs $202.90 a month. [1] See also [2] [3].",
        "**Yes** – 10% [1, 2] per year—not more…",
        "- one\n- two [12]\n1. three",
        "Form 10-10EZ: see [the page](https://www.va.gov/) [3]",
        "¿Cuánto cuesta? Größe ½ naïve _ * ** — ·",
        "",
    )
    return {text: len(word_ends(text)) for text in texts}
