"""Asks how a pause sounds, beside reading its words: the answer counts when it comes in time."""

from __future__ import annotations

import asyncio

from realtime_agents.engine.input_audio import AudioTape
from realtime_agents.engine.speech.endpointing import SemanticRule
from realtime_agents.engine.speech_port import Speech

HEARD_MS = 8_000
"""So much of the end of a turn tells how it sounds."""


class Sounding:
    """Owns one task, about the last pause, until the next one or `close`. Nothing waits for it."""

    def __init__(self, tape: AudioTape) -> None:
        self._tape = tape
        self._task: asyncio.Task[None] | None = None

    def ask(self, speech: Speech, rule: SemanticRule, guess: int, start_ms: int, end_ms: int) -> None:
        """Tell ``rule`` how its guess sounds, of a turn that so far is from ``start_ms`` to ``end_ms``."""
        self._stop()
        pcm = self._tape.read(max(start_ms, end_ms - HEARD_MS), end_ms)
        self._task = asyncio.create_task(_tell(speech, rule, guess, pcm), name="engine sounding")

    async def close(self) -> None:
        """End the task; idempotent."""
        self._stop()
        if self._task is not None:
            await asyncio.wait({self._task})

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _tell(speech: Speech, rule: SemanticRule, guess: int, pcm: bytes) -> None:
    probability = await speech.sounds_over(pcm)
    if probability is not None:
        rule.listen(guess, probability)
