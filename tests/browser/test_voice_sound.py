"""Sound through a real Chromium: frames out, items in, flush, losses. The other end is a fake server."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page_conversation import answered
from tests.support.audio_server import RATE_HZ, FakeAudioServer, FakeLine, tone

pytestmark = pytest.mark.browser

FRAME_BYTES = 960
REPORT_LAG_MS = 600
"""The page reports what it played ten times a second; the rest is for the way there and back."""


def stats(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("realtimeVoice.stats()")
    return found


def talking(page: Page, audio: FakeAudioServer, *, view: str = "talk") -> FakeLine:
    """The page with its voice on."""
    page.goto(f"/?view={view}")
    expect(page.get_by_test_id("runtime-badge")).to_contain_text("Local engine")
    page.get_by_test_id("talk" if view == "talk" else "mic").click()
    line = audio.line()
    is_on(page)
    return line


def is_on(page: Page) -> None:
    page.wait_for_function("document.querySelector('[data-voice]')?.dataset.voice === 'on'")


def is_off(page: Page) -> None:
    page.wait_for_function("document.querySelector('[data-voice]')?.dataset.voice === 'off'")


def answer_id(page: Page) -> str:
    """Id of the newest answer; goes by way of Desk, which shows the rows."""
    page.get_by_test_id("view-desk").click()
    answered(page)
    found: str | None = page.locator("[data-role=agent][data-turn]").last.get_attribute("data-turn")
    assert found
    return found


def test_the_microphone_leaves_as_20_ms_frames_after_the_start_message(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    line.until(lambda: len(line.frames) >= 60)
    assert line.messages[0] == {"type": "start", "mode": "server_vad"}
    assert line.order[0] == "start"
    assert {len(frame) for frame in line.frames} == {FRAME_BYTES}
    assert any(any(frame) for frame in line.frames), "the fake device beeps"
    assert stats(voice_page)["sent"]["framesDropped"] == 0


def test_an_item_is_played_to_its_end_and_its_words_light_up_on_the_way(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    item = answer_id(voice_page)
    words = voice_page.locator(".answer .w")
    line.send("item", n=1, id=item)
    expect(words.first).to_be_visible()
    assert voice_page.locator(".answer .w.lit").count() == 0
    line.send("marks", n=1, points=[[2000, 20]])
    line.audio(1, tone(2000))
    voice_page.wait_for_function("document.querySelectorAll('.answer .w.lit').length >= 3")
    assert voice_page.locator(".answer .w:not(.lit)").count() > 0
    line.send("item_end", n=1, ms=2000)
    line.until(lambda: any(m["ms"] == 2000 for m in line.of("played")))
    reported = [m["ms"] for m in line.of("played")]
    assert reported == sorted(reported)
    assert len(reported) >= 10, "about every 100 ms"
    expect(words).to_have_count(0)
    played = stats(voice_page)["played"]
    assert played["samplesPlayed"] == 2 * RATE_HZ
    assert 0.28 < played["peak"] < 0.33


def test_what_was_heard_rides_on_the_microphones_frames_and_goes_alone_without_them(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    line.say(1, "item_a", words=8, ms=1500)
    line.until(lambda: {"type": "played", "item": "item_a", "ms": 1500} in line.messages)
    *way, end = line.of("played")
    assert len(way) >= 8
    assert [m["ms"] for m in way] == sorted(m["ms"] for m in way)
    assert sum("rode" in m for m in way) > len(way) / 2, "a page that is held up for a moment sends one alone"
    assert "rode" not in end, "the end of an item does not wait for a frame"
    voice_page.get_by_test_id("talk-mute").click()
    line.until(lambda: line.of("mute"))
    line.say(2, "item_b", words=8, ms=1000)
    line.until(lambda: {"type": "played", "item": "item_b", "ms": 1000} in line.messages)
    alone = [m for m in line.of("played") if m["item"] == "item_b"]
    assert len(alone) >= 5 and not any(m.get("rode") for m in alone)


def test_a_report_waits_for_a_frame_only_while_frames_go_and_no_report_overtakes_another(page: Page) -> None:
    page.goto("/")
    sent = page.evaluate(
        """async () => {
          const { HeardReports } = await import("/external/realtime_agents/components/scripts/voice_reports.js");
          const sent = [];
          const reports = new HeardReports((id, ms) => sent.push([id, ms]));
          const frame = () => { const report = reports.take(); sent.push(report ? [report.n, report.ms] : "frame"); };
          let now = 0;
          performance.now = () => now;
          reports.add("a", 1, 100);
          frame(); reports.add("a", 1, 200); frame(); frame();
          reports.add("a", 1, 300); reports.add("b", 2, 20); frame();
          reports.add("b", 2, 30); reports.end("b", 40); frame();
          reports.add("b", 2, 40); reports.end("c", 9);
          reports.add("old", 0, 50); reports.add("older", -1, 50); frame();
          reports.add("a", 1, 400); reports.forget(); frame();
          reports.add("a", 1, 500);
          await new Promise((done) => { reports.sendAlone = (id, ms) => done(sent.push([id, ms])); });
          now += 100;
          reports.add("a", 1, 600);
          return sent;
        }"""
    )
    assert sent == [
        *(["a", 100], "frame", [1, 200], "frame"),
        *(["a", 300], [2, 20]),
        *(["b", 40], "frame"),
        *(["b", 40], ["c", 9], "frame"),
        "frame",
        *(["a", 500], ["a", 600]),
    ]


def test_a_flush_is_silence_at_once_and_old_frames_stay_silent(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    line.say(1, "item_a", words=30, ms=8000)
    line.until(lambda: any(m["ms"] > 400 for m in line.of("played")))
    line.send("flush", reason="barge_in")
    line.until(lambda: line.of("flushed"))
    where = line.of("flushed")[0]
    assert where["item"] == "item_a"
    assert line.of("played")[-1]["ms"] - 100 <= where["ms"] <= line.of("played")[-1]["ms"] + REPORT_LAG_MS
    voice_page.wait_for_function("realtimeVoice.levels().out === 0")
    assert stats(voice_page)["played"]["samplesPlayed"] - where["ms"] * RATE_HZ // 1000 < RATE_HZ // 2
    line.audio(1, tone(400), offset_samples=8 * RATE_HZ)
    line.say(2, "item_b", words=3, ms=300)
    line.until(lambda: {"type": "played", "item": "item_b", "ms": 300} in line.messages)
    assert stats(voice_page)["played"]["framesDropped"] == 2
    assert not [m for m in line.of("played")[-3:] if m["item"] == "item_a"]


FLUSHED = """
async (rate) => {
  const seconds = 20;
  const context = new OfflineAudioContext(1, seconds * rate, rate);
  for (const name of ["resampler", "playback"]) await context.audioWorklet.addModule(`/audio/${name}.js`);
  const node = new AudioWorkletNode(context, "realtime-playback", { numberOfInputs: 0, outputChannelCount: [1] });
  node.connect(context.destination);
  const came = {};
  const waiting = {};
  node.port.onmessage = ({ data }) => {
    came[data.type] = data;
    waiting[data.type]?.(data);
  };
  node.port.postMessage({ type: "item", n: 1 });
  node.port.postMessage({ type: "audio", n: 1, offset: 0, pcm: new Int16Array(seconds * 24000).fill(9000) });
  // The context halts every 50 ms; the first time it plays, it is flushed before the next sample.
  let at = 0;
  const halt = async () => {
    if (came.progress && !at) {
      at = Math.round(context.currentTime * rate);
      const answered = new Promise((resolve) => { waiting.flushed = resolve; });
      node.port.postMessage({ type: "flush", flush: 1 });
      await answered;
    }
    context.resume();
  };
  for (let t = 0.05; t < seconds; t += 0.05) context.suspend(t).then(halt);
  const sound = (await context.startRendering()).getChannelData(0);
  return { ...came.flushed, at, before: Math.abs(sound[at - 1]), first: sound.findIndex((x) => x !== 0), last: sound.findLastIndex((x) => x !== 0) };
}
"""


@pytest.mark.parametrize("rate", [RATE_HZ, 44_100, 48_000])
def test_after_a_flush_one_quantum_fades_and_then_no_sample_is_played(page: Page, rate: int) -> None:
    page.goto("/")
    found = page.evaluate(FLUSHED, rate)
    assert found["at"] > 0 and found["before"] > 0.2, "it was playing"
    assert found["at"] <= found["last"] < found["at"] + 128, "samples of the device after the flush"
    assert (found["n"], found["flush"]) == (1, 1)
    played = found["samples"] * rate / RATE_HZ
    assert played == pytest.approx(found["at"] - found["first"], abs=60), "but for the filter's length"


def test_a_flush_while_nothing_plays_is_answered_by_silence(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    line.send("flush", reason="stopped")
    line.say(1, "item_a", words=2, ms=200)
    line.until(lambda: {"type": "played", "item": "item_a", "ms": 200} in line.messages)
    assert line.of("flushed") == []


def test_sound_that_stalls_goes_on_where_it_stopped(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    line.send("item", n=1, id="item_a")
    line.audio(1, tone(300))
    voice_page.wait_for_function("realtimeVoice.stats().played.underruns === 1")
    line.audio(1, tone(500), offset_samples=300 * RATE_HZ // 1000)
    line.send("item_end", n=1, ms=800)
    line.until(lambda: {"type": "played", "item": "item_a", "ms": 800} in line.messages)
    assert stats(voice_page)["played"]["samplesPlayed"] == 800 * RATE_HZ // 1000


def test_a_word_said_twice_by_the_network_is_played_once(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    line.send("item", n=1, id="item_a")
    line.audio(1, tone(400))
    line.audio(1, tone(400), offset_samples=200 * RATE_HZ // 1000)
    line.send("item_end", n=1, ms=600)
    line.until(lambda: {"type": "played", "item": "item_a", "ms": 600} in line.messages)
    assert stats(voice_page)["played"]["samplesPlayed"] == 600 * RATE_HZ // 1000


def test_a_lost_connection_comes_back_with_a_fresh_ticket(voice_page: Page, audio: FakeAudioServer) -> None:
    first = talking(voice_page, audio)
    first.drop()
    second = audio.line(2)
    second.until(lambda: len(second.frames) >= 20)
    assert second.messages[0]["type"] == "start"
    assert second.ticket and first.ticket
    assert second.ticket.split(".")[0] == first.ticket.split(".")[0], "the same session"
    is_on(voice_page)
    expect(voice_page.get_by_test_id("voice-notice")).to_have_count(0)


def test_what_a_lost_connection_brought_is_not_taken_for_what_the_next_one_brings(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    first = talking(voice_page, audio)
    first.say(1, "item_a", words=4, ms=2500)
    first.until(lambda: first.of("played"))
    first.drop()
    second = audio.line(2)
    is_on(voice_page)
    second.say(1, "item_b", words=2, ms=300)
    second.until(lambda: {"type": "played", "item": "item_b", "ms": 300} in second.messages)
    second.until(lambda: {"type": "played", "item": "item_a", "ms": 2500} in second.messages)
    assert all(m["ms"] <= 300 for m in second.of("played") if m["item"] == "item_b")


def test_what_waited_for_the_connection_does_not_count_as_a_slow_one(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    audio.answers = False
    line.drop()
    second = audio.line(2)
    # Five seconds at once, marked from its first frame to its last.
    voice_page.evaluate(
        """() => {
          const { uplink } = realtimeVoice.line;
          for (let i = 0; i < 250; i += 1) uplink.frame(new Uint8Array(960).fill(i + 1).buffer);
          uplink.frame = () => {};
        }"""
    )
    second.ready()
    second.until(lambda: len(second.frames) >= 250)
    assert [frame[0] for frame in second.frames[-250:]] == [(i + 1) % 256 for i in range(250)]
    assert stats(voice_page)["sent"]["framesDropped"] == 0
    expect(voice_page.get_by_test_id("voice-notice")).to_have_count(0)


def test_a_slow_connection_is_told_for_as_long_as_it_is_slow(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    voice_page.clock.install()
    talking(voice_page, audio)
    voice_page.evaluate(
        """() => {
          const { socket } = realtimeVoice.line.socket;
          Object.defineProperty(socket, "bufferedAmount", { configurable: true, get: () => 200_000 });
        }"""
    )
    notice = voice_page.get_by_test_id("voice-notice")
    expect(notice).to_contain_text("slow")
    assert notice.evaluate("e => e.parentElement.getAttribute('role')") == "status"
    voice_page.clock.fast_forward(20_000)
    expect(notice).to_contain_text("slow")
    voice_page.evaluate("delete realtimeVoice.line.socket.socket.bufferedAmount")
    voice_page.clock.fast_forward(20_000)
    expect(notice).to_have_count(0)


def test_a_server_that_restarts_is_waited_for(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    audio.refuse = 1001
    line.close(1001)
    expect(voice_page.get_by_test_id("voice-notice")).to_contain_text("Trying again")
    audio.refuse = 0
    audio.line(2)
    is_on(voice_page)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (4404, "This conversation is over"),
        (4408, "too slow for sound"),
        (4409, "moved to another page or device"),
        (4413, "more sound than the server takes"),
        (4429, "more sound than the server takes"),
        (4503, "cannot speak or listen at the moment"),
    ],
)
def test_a_close_code_is_explained_and_the_voice_can_be_started_again(
    voice_page: Page, audio: FakeAudioServer, code: int, words: str
) -> None:
    line = talking(voice_page, audio)
    line.close(code)
    expect(voice_page.get_by_test_id("voice-problem")).to_contain_text(words)
    is_off(voice_page)
    assert stats(voice_page)["tracks"] == 0, "the microphone is released"
    voice_page.get_by_test_id("talk").click()
    audio.line(2)
    is_on(voice_page)
    expect(voice_page.get_by_test_id("voice-problem")).to_have_count(0)


def test_a_conversation_that_ends_takes_its_voice_along_without_a_complaint(
    voice_page: Page, audio: FakeAudioServer
) -> None:
    line = talking(voice_page, audio)
    line.close(1000)
    is_off(voice_page)
    expect(voice_page.get_by_test_id("voice-problem")).to_have_count(0)


def test_words_of_the_server_about_the_sound_are_shown(voice_page: Page, audio: FakeAudioServer) -> None:
    line = talking(voice_page, audio)
    line.send("notice", text="Some of your words were lost: the server was busy.")
    expect(voice_page.get_by_test_id("voice-notice")).to_contain_text("words were lost")
    line.send("error", code="bad_audio", text="expected whole samples")
    expect(voice_page.get_by_test_id("voice-problem")).to_contain_text("expected whole samples")


def test_garbage_from_the_server_is_ignored(voice_page: Page, audio: FakeAudioServer) -> None:
    said: list[str] = []
    voice_page.on("pageerror", lambda error: said.append(str(error)))
    line = talking(voice_page, audio)
    line.send("marks", n=77, points=[[1, 1]])
    line.send("item_end", n=77, ms=5)
    line.send("no_such_message")
    line.audio(78, tone(100))
    line.say(1, "item_a", words=1, ms=150)
    line.until(lambda: {"type": "played", "item": "item_a", "ms": 150} in line.messages)
    assert said == []


RESAMPLE = """
async ([from, to, hz]) => {
  await import("/audio/resampler.js");
  const resampler = new globalThis.RealtimeResampler(from, to);
  const out = [];
  for (let i = 0; i < from; i += 1) {
    resampler.push(Math.sin((2 * Math.PI * hz * i) / from));
    while (resampler.ready) out.push(resampler.pull());
  }
  // Amplitude at each frequency of interest, by correlation over the settled middle second half.
  const part = out.slice(Math.floor(to / 4), Math.floor(to / 4) + Math.floor(to / 2));
  const strength = (f) => {
    let re = 0, im = 0;
    part.forEach((x, i) => { re += x * Math.cos((2 * Math.PI * f * i) / to); im += x * Math.sin((2 * Math.PI * f * i) / to); });
    return (2 * Math.hypot(re, im)) / part.length;
  };
  const power = part.reduce((sum, x) => sum + x * x, 0) / part.length;
  return { count: out.length, tone: strength(hz), power };
}
"""


@pytest.mark.parametrize("rate", [8_000, 16_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000])
@pytest.mark.parametrize("direction", ["capture", "playback"])
def test_any_device_rate_keeps_time_and_tone(page: Page, rate: int, direction: str) -> None:
    page.goto("/")
    source, target = (rate, RATE_HZ) if direction == "capture" else (RATE_HZ, rate)
    found = page.evaluate(RESAMPLE, [source, target, 1000])
    assert abs(found["count"] - target) <= 1, "a second stays a second"
    assert abs(found["tone"] - 1) < 0.01
    noise = found["power"] - found["tone"] ** 2 / 2
    assert noise < 0.5 * 10**-6, "60 dB below the tone"


@pytest.mark.parametrize("hz", [13_000, 15_000, 20_000, 23_000])
def test_tones_above_what_24_khz_can_hold_do_not_fold_into_speech(page: Page, hz: int) -> None:
    page.goto("/")
    found = page.evaluate(RESAMPLE, [48_000, RATE_HZ, hz])
    assert found["power"] < 0.5 * 10**-7, "70 dB below what was put in"
