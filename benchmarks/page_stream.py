"""What one streamed token costs the page: bytes on its socket and time until it is painted.

A scripted Realtime server streams numbered words, the real app relays them, real Chromium shows
them. Bytes are the payloads of the page's socket while the answer streams. The time of a word is
from its departure at the scripted server to the end of the first frame that shows it or a later
one. Both are measured with 10 and with 500 turns of history.

Targets at both lengths: at most 450 bytes per token, p50 at most 30 ms, p95 at most 60 ms; and at most a
tenth more bytes with 500 turns than with 10.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.goals import Goals, skip
from realtime_agents import page_build
from tests.support.app_server import running_app
from tests.support.browser import ARGUMENTS, find_browser
from tests.support.scripted_server import ScriptedServer, scripted_server

MAX_BYTES, MAX_P50_MS, MAX_P95_MS = 450.0, 30.0, 60.0
MAX_GROWTH = 1.1

_WATCH = """() => {
  window.__painted = [];
  let newest = -1;
  const channel = new MessageChannel();
  const waiting = [];
  channel.port1.onmessage = () => {
    const now = performance.timeOrigin + performance.now();
    for (const word of waiting.splice(0)) window.__painted.push([word, now]);
  };
  const look = () => {
    const live = document.querySelector('[data-testid=live-text]');
    if (!live) return;
    const found = live.textContent.match(/w(\\d{5})(?!.*w\\d{5})/s);
    if (!found || +found[1] <= newest) return;
    newest = +found[1];
    waiting.push(newest);
    requestAnimationFrame(() => channel.port2.postMessage(0));
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one run with ``turns`` turns of history."""

    turns: int
    tokens: int
    bytes_per_token: float
    p50_ms: float
    p95_ms: float


def measure(
    page: Page, wire: CDPSession, scripted: ScriptedServer, *, turns: int, words: int, interval_ms: int
) -> Figures:
    """Bring the conversation to ``turns`` turns, then stream one answer and measure it."""
    _grow_to(page, turns)
    page.evaluate(_WATCH)
    received: list[int] = []
    # Each page load or call adds a listener, so every run filters by its own switch.
    counting = [True]

    def count(frame: dict[str, dict[str, str]]) -> None:
        if counting[0]:
            received.append(len(frame["response"]["payloadData"].encode()))

    wire.on("Network.webSocketFrameReceived", count)
    scripted.sent_at.clear()
    _send(page, f"stream {words} {interval_ms}")
    page.wait_for_function(
        "() => document.querySelector('[data-testid=live-text]')?.textContent.includes('w')"
    )
    before_first = len(received)
    page.wait_for_function(
        "n => (window.__painted.length && window.__painted[window.__painted.length-1][0] >= n)",
        arg=min(scripted.sent_at) + words - 3,
        timeout=words * interval_ms + 30_000,
    )
    total = sum(received[before_first:])
    counting[0] = False
    _wait_until_idle(page)
    painted: list[tuple[int, float]] = page.evaluate("() => window.__painted")
    delays = sorted(_delays_ms(scripted, painted))
    return Figures(
        turns,
        len(delays),
        total / max(1, len(delays)),
        statistics.median(delays),
        delays[int(len(delays) * 0.95)],
    )


def _delays_ms(scripted: ScriptedServer, painted: list[tuple[int, float]]) -> list[float]:
    delays: list[float] = []
    frames = iter(painted)
    current = next(frames, None)
    for number, sent_s in sorted(scripted.sent_at.items()):
        while current is not None and current[0] < number:
            current = next(frames, None)
        if current is not None:
            delays.append(current[1] - sent_s * 1000)
    return delays


def _grow_to(page: Page, turns: int) -> None:
    have = page.evaluate("() => window.__turns || 0")
    while have < turns - 2:
        _send(page, "ok")
        _wait_until_idle(page)
        have += 2
    page.evaluate("n => { window.__turns = n }", have)


def _send(page: Page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")


def _wait_until_idle(page: Page) -> None:
    page.wait_for_function(
        "() => { const t = [...document.querySelectorAll('[data-testid=turn]')].at(-1);"
        " return t && t.dataset.role === 'agent' && t.dataset.status !== 'in_progress' }",
        timeout=60_000,
    )


def run(words: int = 200, interval_ms: int = 40) -> list[Figures]:
    """Measure at 10 and at 500 turns in one conversation; needs a Chromium."""
    path = find_browser()
    if path is None:
        skip("no Chromium or Chrome found (set CHROMIUM=/path)")
    page_build.ensure_built()
    with (
        tempfile.TemporaryDirectory() as folder,
        scripted_server() as scripted,
        running_app(Path(folder), {"REALTIME_BASE_URL": scripted.base_url}) as app,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        page.goto(app.url)
        page.get_by_test_id("composer").wait_for()
        figures = [
            measure(page, wire, scripted, turns=turns, words=words, interval_ms=interval_ms)
            for turns in (10, 500)
        ]
        browser.close()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=200)
    parser.add_argument("--interval-ms", type=int, default=40)
    arguments = parser.parse_args()
    print("history turns | tokens | bytes/token | painted p50 ms | p95 ms")
    found = run(arguments.words, arguments.interval_ms)
    for f in found:
        print(f"{f.turns:13} | {f.tokens:6} | {f.bytes_per_token:11.0f} | {f.p50_ms:14.1f} | {f.p95_ms:6.1f}")
    goals = Goals()
    for f in found:
        goals.most(f"{f.turns} turns, per token", f.bytes_per_token, MAX_BYTES, " bytes")
        goals.most(f"{f.turns} turns, painted p50", f.p50_ms, MAX_P50_MS, " ms")
        goals.most(f"{f.turns} turns, painted p95", f.p95_ms, MAX_P95_MS, " ms")
    growth = found[-1].bytes_per_token / found[0].bytes_per_token
    goals.most(f"bytes at {found[-1].turns} turns to those at {found[0].turns}", growth, MAX_GROWTH)
    return int(goals.missed)


if __name__ == "__main__":
    sys.exit(main())
