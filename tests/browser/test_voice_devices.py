"""Microphone and speaker of the page in a real Chromium: how they are asked for, chosen and held."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.browser.test_voice_controls import pushing_to_talk, talk_runs
from tests.browser.test_voice_sound import stats, talking
from tests.support.app_server import AppServer
from tests.support.audio_server import RATE_HZ, REDIRECT, FakeAudioServer
from tests.support.browser import launch_with_sound

pytestmark = pytest.mark.browser

TAPS = """
window.untouched = new AudioContext();
window.made = [];
window.AudioContext = class extends AudioContext {
  constructor(options) {
    super(options);
    window.made.push({ during: window.event?.type, options });
  }
};
"""


def test_sound_is_unlocked_in_the_tap_and_its_rate_is_the_devices_own(
    driver: Playwright, server: AppServer, audio: FakeAudioServer
) -> None:
    browser = launch_with_sound(driver, untapped=False)
    page = browser.new_page(base_url=server.url)
    page.add_init_script(REDIRECT % audio.url)
    page.add_init_script(TAPS)
    line = talking(page, audio)
    assert page.evaluate("untouched.state") == "suspended", "the browser plays nothing by itself"
    assert page.evaluate("made") == [{"during": "click", "options": {"latencyHint": "interactive"}}]
    assert stats(page)["contextState"] == "running"
    line.say(1, "item_a", words=2, ms=300)
    line.until(lambda: {"type": "played", "item": "item_a", "ms": 300} in line.messages)
    browser.close()


ASKED = """
window.asked = [];
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) => {
  window.asked.push(wanted);
  return open(wanted);
};
"""


def test_echo_cancellation_and_noise_suppression_are_asked_for_and_on(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    voice_page.add_init_script(ASKED)
    talking(voice_page, audio)
    wanted = {"channelCount": 1, "echoCancellation": True, "noiseSuppression": True, "autoGainControl": True}
    assert voice_page.evaluate("asked") == [{"audio": wanted}]
    found = voice_page.evaluate("realtimeVoice.line.microphone.stream.getAudioTracks()[0].getSettings()")
    assert (found["echoCancellation"], found["noiseSuppression"]) == (True, True)
    voice_page.get_by_test_id("talk-devices").click()
    voice_page.get_by_test_id("microphone").select_option(index=1)
    voice_page.wait_for_function("asked.length === 2")
    again = voice_page.evaluate("asked[1].audio")
    assert again.pop("deviceId")["exact"]
    assert again == wanted


SINKS = """
window.sinks = [];
navigator.mediaDevices.enumerateDevices = async () => [
  { kind: "audiooutput", deviceId: "default", label: "Default" },
  { kind: "audiooutput", deviceId: "left", label: "Left speaker" },
  { kind: "audiooutput", deviceId: "gone", label: "Unplugged speaker" },
];
AudioContext.prototype.setSinkId = async (id) => {
  window.sinks.push(id);
  if (id === "gone") throw new DOMException("", "NotFoundError");
};
"""


def test_the_chosen_speaker_is_taken_and_remembered(voice_page: Page, audio: FakeAudioServer) -> None:
    voice_page.add_init_script(SINKS)
    talking(voice_page, audio)
    assert voice_page.evaluate("sinks") == []
    voice_page.get_by_test_id("talk-devices").click()
    speaker = voice_page.get_by_test_id("speaker")
    speaker.select_option(label="Left speaker")
    voice_page.wait_for_function("sinks.join() === 'left'")
    voice_page.reload()
    voice_page.get_by_test_id("talk").click()
    voice_page.wait_for_function("sinks.join() === 'left'")
    voice_page.get_by_test_id("talk-devices").click()
    expect(speaker).to_have_value("left")
    speaker.select_option(label="Unplugged speaker")
    expect(speaker).to_have_value("")


def test_the_button_is_held_by_a_pointer_that_may_wander_off(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = pushing_to_talk(voice_page, audio)
    voice_page.get_by_test_id("talk").hover()
    voice_page.mouse.down()
    line.until(lambda: sum(talk_runs(line)) >= 20)
    voice_page.mouse.move(5, 5)
    more = sum(talk_runs(line)) + 20
    line.until(lambda: sum(talk_runs(line)) >= more)
    assert [m["on"] for m in line.of("talk")] == [True]
    voice_page.mouse.up()
    line.until(lambda: [m["on"] for m in line.of("talk")] == [True, False])


SLOW = """
() => {
  window.slow = [];
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) =>
    new Promise((give) => slow.push(async () => {
      window.given = await open(wanted);
      give(window.given);
    }));
}
"""
IS_LET_GO = "given.getTracks().every((track) => track.readyState === 'ended')"


def test_a_mute_counts_although_a_microphone_is_being_opened(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    voice_page.evaluate(SLOW)
    voice_page.get_by_test_id("talk-devices").click()
    voice_page.get_by_test_id("microphone").select_option(index=1)
    voice_page.wait_for_function("slow.length === 1")
    voice_page.keyboard.press("Escape")
    voice_page.get_by_test_id("talk-mute").click()
    line.until(lambda: line.of("mute"))
    voice_page.evaluate("slow[0]()")
    voice_page.wait_for_function(IS_LET_GO)
    assert stats(voice_page)["tracks"] == 0
    assert [m["on"] for m in line.of("mute")] == [True]


def test_a_mute_that_is_lifted_for_a_moment_only_stays(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    voice_page.get_by_test_id("talk-mute").click()
    line.until(lambda: line.of("mute"))
    voice_page.evaluate(SLOW)
    voice_page.evaluate("document.activeElement.blur()")
    voice_page.keyboard.down("Space")
    voice_page.wait_for_function("slow.length === 1")
    voice_page.keyboard.up("Space")
    voice_page.evaluate("slow[0]()")
    voice_page.wait_for_function(IS_LET_GO)
    assert stats(voice_page)["tracks"] == 0
    assert [m["on"] for m in line.of("mute")] == [True]


def test_a_key_that_lifted_a_mute_does_not_mute_in_another_way_of_taking_turns(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    voice_page.get_by_test_id("talk-mute").click()
    line.until(lambda: line.of("mute"))
    voice_page.evaluate("document.activeElement.blur()")
    voice_page.keyboard.down("Space")
    line.until(lambda: [m["on"] for m in line.of("mute")] == [True, False])
    voice_page.evaluate("realtimeVoice.setMode('push_to_talk')")
    voice_page.keyboard.up("Space")
    voice_page.evaluate("realtimeVoice.setMode('server_vad')")
    voice_page.keyboard.press("Space")
    voice_page.evaluate("realtimeVoice.setMode('semantic_vad')")
    line.until(lambda: len(line.of("mode")) == 3)
    assert [m["on"] for m in line.of("mute")] == [True, False]
    assert stats(voice_page)["tracks"] == 1


OTHER_RATE = """
() => {
  const context = new AudioContext({ sampleRate: 16000 });
  const tone = new OscillatorNode(context, { frequency: 1000 });
  const out = new MediaStreamAudioDestinationNode(context);
  tone.connect(out);
  tone.start();
  window.other = out.stream;
  navigator.mediaDevices.getUserMedia = async () => out.stream;
}
"""


def test_a_microphone_of_another_rate_taken_in_mid_call_keeps_its_tone(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    voice_page.evaluate(OTHER_RATE)
    voice_page.get_by_test_id("talk-devices").click()
    voice_page.get_by_test_id("microphone").select_option(index=1)
    voice_page.wait_for_function("realtimeVoice.line.microphone.stream === other")
    begun = len(line.frames)
    line.until(lambda: len(line.frames) > begun + 100)
    # The newest second: what the first microphone beeped is long over.
    pcm = np.frombuffer(b"".join(line.frames[begun + 50 : begun + 100]), "<i2").astype(float)
    strength = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    loudest = float(np.argmax(strength)) * RATE_HZ / len(pcm)
    assert abs(loudest - 1_000) < 5
    assert np.abs(pcm).max() > 1_000
