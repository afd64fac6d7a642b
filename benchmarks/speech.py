"""What the speech models cost: time to load, per frame, per utterance, per sentence; memory; wrong words.

No goal of its own; the goal it serves is 0.9 s from the end of speech to the first sound of the
answer, of which recognition and the first sentence are a part. Wrong words are counted on what
the engine itself says and, where Debian's ``pocketsphinx-testdata`` is installed, on recordings.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.engine.speech.resample import pcm16_to_float, resample
from tests.support.speech import librivox, word_errors, words

SENTENCE = "The standard Part B premium in 2026 is $202.90 a month [3]."
ASKED = ("What is the Part B premium this year?", "Can I keep my VA health care when I turn 65?")
RUNS = 15


def resident_mb() -> float:
    status = Path("/proc/self/status")
    if not status.is_file():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def times_ms(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Median and best of some runs; on a busy machine the best says more."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        await work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), min(times)


async def wrong_words(kit: SpeechKit) -> list[tuple[str, int, int]]:
    """(what was read, words wrong, words) of what the engine says, and of recordings."""
    rows: dict[str, list[tuple[str, str]]] = {"the engine's own voice": [], "recordings": []}
    for text in ASKED:
        pcm = b"".join([said.pcm async for said in kit.speak(text)])
        rows["the engine's own voice"].append((text, (await kit.transcribe_pcm24k(pcm)).text))
    for text, audio in librivox():
        rows["recordings"].append((text, (await kit.transcribe(audio)).text))
    return [
        (
            name,
            sum(word_errors(words(text), words(heard)) for text, heard in pairs),
            sum(len(words(text)) for text, _ in pairs),
        )
        for name, pairs in rows.items()
        if pairs
    ]


async def measure() -> int:
    before_mb = resident_mb()
    kit = SpeechKit()
    began = time.perf_counter()
    if not await kit.ready():
        print(kit.problem)
        return 1
    print(f"load and warm          {time.perf_counter() - began:6.2f} s")
    print(f"memory                 {resident_mb() - before_mb:6.0f} MB more than before")
    first = [said async for said in kit.speak(SENTENCE)]
    seconds = sum(len(said.pcm) for said in first) / 48_000
    median, best = await times_ms(lambda: anext(kit.speak(SENTENCE)))
    print(f"first sentence         {median:6.1f} ms, best {best:.1f}, for {seconds:.1f} s of sound")
    audio = resample(pcm16_to_float(b"".join(said.pcm for said in first)), 24_000, 16_000)
    for length in (1, 3):
        median, best = await times_ms(partial(kit.transcribe, audio[: length * 16_000]))
        print(f"recognition            {median:6.1f} ms, best {best:.1f}, for {length} s")
    pcm, stream = first[0].pcm[:48_000], kit.new_detector()
    median, best = await times_ms(lambda: kit.detect(stream, pcm))
    print(
        f"voice detection        {median * 32:6.0f} µs, best {best * 32:.0f}, per frame of 32 ms (1 s at a time)"
    )
    for name, wrong, count in await wrong_words(kit):
        print(f"wrong words            {wrong:3d} of {count}, {name}")
    print(f"memory                 {resident_mb() - before_mb:6.0f} MB more than before, after all this")
    kit.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(measure()))
