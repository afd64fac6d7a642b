"""A spoken conversation as it is heard: from the end of speech to the first sound, and to silence at a barge-in.

    python -m benchmarks.voice_page [--rounds 2]

The real app with its local engine, real Chromium, questions spoken by the engine's own voice as the
microphone. A probe in the page looks at the newest samples of microphone and speaker every few
milliseconds, so both ends of each figure are what a person hears:

* ``answer``   last sound of the question to the first sound of the answer. Target: p50 at most 900 ms.
* ``silence``  ``speech_started`` in the event log to the last sound of the interrupted answer. Target: at most 60 ms.
* ``flush``    the same from the moment at which the page was told to be silent; it is a part of ``silence``.

Then a table of where the time of the answers went. Exits with 1 when a target is missed or nothing was measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.goals import UNMEASURED, Goals, skip
from realtime_agents import page_build
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.engine.speech.resample import pcm16_to_float, resample
from tests.support.app_server import running_app
from tests.support.browser import find_browser, launch_with_sound

RATE_HZ = 48_000
LEAD_S = 4.0
PAUSE_S = 14.0
"""Room for an answer; the next question would interrupt a longer one, which is no harm."""
BEFORE_BARGE_IN_S = 4.5
QUESTIONS = (
    "How much is the Part B premium in twenty twenty six?",
    "What is the Part A deductible?",
    "When can I sign up for Medicare?",
)
INTERRUPTION = "Wait, please stop."
ANSWER_MS = 900
SILENCE_MS = 60
LOUD = 0.02
QUIET = 0.001
_GAP_MS = 700
"""Pauses inside a question are shorter."""
_WARM_MS = 5_000
_SAID_MS = 300
"""Something is being said when there was sound so lately: words have gaps."""
_LISTENED_MS = 1_000
"""So long after ``speech_started`` the interrupted answer is looked for; the next one comes later."""
STAGES = {
    "turn is over": ("input_audio_buffer.speech_stopped", "server"),
    "words are read": ("conversation.item.input_audio_transcription.completed", "server"),
    "first words": ("response.output_audio_transcript.delta", "server"),
    "first audio": ("response.output_audio.delta", "server"),
}

# Moments are those of the system's clock, which the server's log has as well.
_PROBE = """() => {
  const { line } = window.realtimeVoice;
  const seen = { sound: [], flushed: [], audio: [] };
  window.__seen = seen;
  const note = (name, method) => {
    const before = line.player[method].bind(line.player);
    line.player[method] = (...given) => {
      seen[name].push(Date.now());
      return before(...given);
    };
  };
  note("flushed", "flush");
  note("audio", "frame");
  const samples = new Float32Array(1024);
  const newest = (analyser) => {
    analyser.getFloatTimeDomainData(samples);
    let peak = 0;
    for (let i = samples.length - 256; i < samples.length; i += 1) peak = Math.max(peak, Math.abs(samples[i]));
    return peak;
  };
  setInterval(() => seen.sound.push([Date.now(), newest(line.microphone.analyser), newest(line.player.analyser)]), 4);
}"""


@dataclass(slots=True)
class Figures:
    """Milliseconds of every question and every interruption."""

    answer_ms: list[float] = field(default_factory=list)
    silence_ms: list[float] = field(default_factory=list)
    flush_ms: list[float] = field(default_factory=list)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    """From the end of speech to each stage of the answer."""


def _spoken(texts: Sequence[str]) -> list[np.ndarray]:
    async def speak() -> list[np.ndarray]:
        kit = SpeechKit()
        await kit.warm()
        try:
            return [
                np.concatenate([pcm16_to_float(s.pcm) async for s in kit.speak(text, voice="cedar")])
                for text in texts
            ]
        finally:
            kit.close()

    return [resample(sound, 24_000, RATE_HZ) for sound in asyncio.run(speak())]


def _write_microphone(path: Path, rounds: int) -> float:
    """The microphone's recording; returns its length in seconds."""
    *questions, interruption = _spoken([*QUESTIONS, INTERRUPTION])
    parts = [_silence(LEAD_S)]
    for _ in range(rounds):
        for question in questions:
            parts += [question, _silence(PAUSE_S)]
        parts += [questions[0], _silence(BEFORE_BARGE_IN_S), interruption, _silence(PAUSE_S / 2)]
    sound = np.concatenate(parts)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return len(sound) / RATE_HZ


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def run(rounds: int) -> Figures:
    """Hold the conversation; takes about a minute per round. Needs a Chromium."""
    if find_browser() is None:
        skip("no Chromium or Chrome found (set CHROMIUM=/path)")
    page_build.ensure_built()
    with tempfile.TemporaryDirectory() as folder:
        microphone = Path(folder) / "microphone.wav"
        length_s = _write_microphone(microphone, rounds)
        with running_app(Path(folder) / "data") as app, sync_playwright() as playwright:
            browser = launch_with_sound(playwright, microphone)
            context = browser.new_context(permissions=["microphone", "clipboard-read", "clipboard-write"])
            page = context.new_page()
            page.goto(app.url)
            page.get_by_test_id("composer").wait_for()
            page.wait_for_timeout(_WARM_MS)  # models are loaded in the background after the start
            page.get_by_test_id("view-lab").click()
            page.get_by_test_id("mic").click()
            page.wait_for_function("() => window.realtimeVoice.stats().tracks === 1")
            page.evaluate(_PROBE)
            page.wait_for_timeout(length_s * 1000)
            seen = page.evaluate("() => window.__seen")
            page.get_by_test_id("mic").click()  # the log stands still when no more is heard
            page.wait_for_function("() => window.realtimeVoice.stats().tracks === 0")
            figures = _figures(seen, _events(page))
            browser.close()
    return figures


def _events(page: Page) -> list[dict[str, Any]]:
    """The event log as the Lab copies it: each with the moment at which it came."""
    page.get_by_test_id("tab-events").click()
    page.get_by_test_id("event-row").first.wait_for()
    page.get_by_test_id("event-copy").click()
    page.get_by_test_id("event-copy").get_by_text("Copied").wait_for()
    copied: list[dict[str, Any]] = json.loads(page.evaluate("() => navigator.clipboard.readText()"))
    return copied


def _figures(seen: dict[str, list[Any]], events: list[dict[str, Any]]) -> Figures:
    """``seen`` in the page and the server's ``events``, all in milliseconds of one clock."""
    sound = np.array(seen["sound"])
    at, heard, said = sound[:, 0], sound[:, 1], sound[:, 2]
    loud, audible = at[said > LOUD], at[said > QUIET]
    figures = Figures()
    for number, end in enumerate(_ends_of_speech(at[heard > LOUD])):
        if number % (len(QUESTIONS) + 2) == len(QUESTIONS) + 1:
            continue  # the interruption: what is heard after it may be what it interrupted
        first = _first(loud, end)
        if first is None:
            continue
        figures.answer_ms.append(first - end)
        stages = {name: _moments(events, *where) for name, where in STAGES.items()}
        stages |= {"audio in the page": np.array(seen["audio"]), "heard": loud}
        for name, moments in stages.items():
            if (moment := _first(moments, end)) is not None:
                figures.stages_ms.setdefault(name, []).append(moment - end)
    for started in _moments(events, "input_audio_buffer.speech_started", "server"):
        told = _first(np.array(seen["flushed"]), started - 1)
        if told is None or told > started + _LISTENED_MS:
            continue  # nothing was being said
        if not ((audible > started - _SAID_MS) & (audible <= started)).any():
            continue  # or not yet
        last = audible[(audible > started) & (audible < started + _LISTENED_MS)]
        silent = float(last[-1]) if len(last) else started
        figures.silence_ms.append(silent - started)
        figures.flush_ms.append(max(silent - told, 0.0))
    return figures


def _moments(events: list[dict[str, Any]], type_: str, origin: str) -> np.ndarray:
    """When events of a type came; runs of the same delta count once."""
    found = [e for e in events if e["from"] == origin and isinstance(e["event"], dict)]
    return np.array([e["at"] * 1000 for e in found if e["event"]["type"] == type_])


def _first(moments: np.ndarray, after: float) -> float | None:
    later = moments[moments > after]
    return float(later[0]) if len(later) else None


def _ends_of_speech(loud: np.ndarray) -> list[float]:
    """The end of every stretch of sound in the microphone."""
    if not len(loud):
        return []
    ends = loud[:-1][np.diff(loud) > _GAP_MS]
    return [*map(float, ends), float(loud[-1])]


def report(figures: Figures) -> int:
    """Print the figures; 1 when a target is missed."""
    goals = Goals()
    for name, values, of, most_ms in (
        ("answer", figures.answer_ms, statistics.median, ANSWER_MS),
        ("silence", figures.silence_ms, max, SILENCE_MS),
        ("flush", figures.flush_ms, max, SILENCE_MS),
    ):
        _row(name, values)
        goals.most(
            f"{name}, {'p50' if of is statistics.median else 'slowest'}",
            of(values) if values else UNMEASURED,
            most_ms,
            " ms",
        )
    print("\nfrom the end of speech until")
    for name, values in figures.stages_ms.items():
        _row(name, values)
    return int(goals.missed)


def _row(name: str, values: Sequence[float]) -> None:
    if values:
        print(
            f"{name:<18}  n {len(values):2}  p50 {statistics.median(values):5.0f} ms  slowest {max(values):5.0f} ms"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    return report(run(parser.parse_args().rounds))


if __name__ == "__main__":
    raise SystemExit(main())
