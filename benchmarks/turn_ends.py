"""When a semantic turn ends: told from the words alone, and from words and sound.

Recordings of Debian's ``pocketsphinx-testdata``, read to their ends and cut in the middle of a phrase.
A whole sentence should be answered soon; a cut is a person who pauses to think, and each length of
pause says how often the agent would have broken in.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.goals import skip
from realtime_agents.engine.speech.endpointing import ProbablyOver, SemanticRule, SpeechStopped
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.engine.speech.resample import Samples, float_to_pcm16, resample
from realtime_agents.engine.speech.vad import FRAME_MS, VadFrame
from tests.support.speech import MISSING, librivox, silence

RATE_HZ = 16_000
CUTS = (0.2, 0.35, 0.5, 0.65, 0.8)
PAUSES_MS = (600, 1_000, 2_000)


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody fell silent after these words, which sounded so."""

    is_end: bool
    words: str
    sound: float | None

    def wait_ms(self, *, with_sound: bool) -> int:
        """The silence that the rule takes for the end of the turn."""
        rule = SemanticRule()
        rule.hear(VadFrame(at_ms=FRAME_MS, probability=1.0))
        for frame in range(2, 1_000):
            spoken = 1.0 if frame < 20 else 0.0
            for event in rule.hear(VadFrame(at_ms=frame * FRAME_MS, probability=spoken)):
                if isinstance(event, ProbablyOver):
                    rule.read(event.guess, self.words)
                    if with_sound and self.sound is not None:
                        rule.listen(event.guess, self.sound)
                if isinstance(event, SpeechStopped):
                    return event.silence_ms
        raise AssertionError("the turn never ended")


def loudness(audio: Samples) -> Samples:
    return np.convolve(audio**2, np.ones(480) / 480, "same").astype(np.float32)


def trimmed(audio: Samples) -> Samples:
    """Without the silence after it."""
    loud = loudness(audio)
    return audio[: np.flatnonzero(loud > loud.max() * 1e-3)[-1] + 1]


def cut(audio: Samples, share: float) -> Samples:
    """The first part of it, up to the quietest place near there: between two words, mostly."""
    at, around = int(len(audio) * share), 2_400
    near = loudness(audio[at - around : at + around])[480:-480]
    return audio[: at - around + 480 + int(near.argmin())]


async def measure() -> int:
    if not librivox():
        skip(MISSING)
    kit = SpeechKit()
    if not await kit.ready():
        print(kit.problem)
        return 1
    pauses, times = [], []
    for _, audio in librivox():
        whole = trimmed(audio)
        for part in (*(cut(whole, share) for share in CUTS), whole):
            heard = np.concatenate([part, silence(0.2)])
            pcm = float_to_pcm16(resample(heard, RATE_HZ, 24_000))
            words = (await kit.transcribe(heard)).text
            began = time.perf_counter()
            sound = await kit.sounds_over(pcm)
            times.append((time.perf_counter() - began) * 1_000)
            pauses.append(Pause(part is whole, words, sound))
    kit.close()
    if pauses[0].sound is None:
        print(kit.notice or "smart-turn is not installed: see requirements-smart-turn.txt")
    else:
        print(f"a judgement by sound takes {statistics.median(times):.0f} ms, best {min(times):.0f}")
    print("                 whole sentences: wait     mid-phrase: ended in a pause of")
    for name, with_sound in (("words", False), ("words and sound", True)):
        whole_ms = [pause.wait_ms(with_sound=with_sound) for pause in pauses if pause.is_end]
        waits = [pause.wait_ms(with_sound=with_sound) for pause in pauses if not pause.is_end]
        ended = (f"{ms / 1000:.1f} s {sum(w <= ms for w in waits):2} of {len(waits)}" for ms in PAUSES_MS)
        print(
            f"{name:16} median {statistics.median(whole_ms):5.0f}, mean {statistics.mean(whole_ms):5.0f} ms     "
            + ",  ".join(ended)
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(measure()))
