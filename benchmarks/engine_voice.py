"""Time from the end of real recorded speech to the engine's first audio, over the real socket.

    python -m benchmarks.engine_voice [WAV ...] [--runs 1] [--detection server_vad|semantic_vad] [--silence-ms 500]

A client of the openai package streams each recording in real time, 20 ms at a time, then silence,
and reads the spoken answer. The recordings default to Debian's ``pocketsphinx-testdata``. The end
of speech is the last loud moment of the recording itself. The table shows milliseconds from there,
and in the first row from its first loud moment:

* ``started``     until ``speech_started``: how soon an answer is interrupted
* ``stopped``     until ``speech_stopped``
* ``transcript``  until the final transcript
* ``created``     until ``response.created``
* ``audio``       until the first audio delta. Target: p50 at most 900 ms; exits with 1 when it is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import statistics
import sys
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from benchmarks.goals import Goals, skip
from realtime_agents.engine.server import EngineConfig, running_engine
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.engine.speech.resample import float_to_pcm16, pcm16_to_float, resample
from tests.support import speech

RECORDINGS = speech.RECORDINGS / "librivox"
FRAME_MS = 20
FRAME_BYTES = FRAME_MS * 48
LOUD = 0.02
"""A recording is over after its last sample above this, of 1."""
AUDIO_P50_MS = 900
STARTED = "input_audio_buffer.speech_started"
ROWS = {
    "stopped": "input_audio_buffer.speech_stopped",
    "transcript": "conversation.item.input_audio_transcription.completed",
    "created": "response.created",
    "audio": "response.output_audio.delta",
}


@dataclass(slots=True)
class Recording:
    """PCM16 at 24 kHz with the place of its speech."""

    name: str
    pcm: bytes
    speech_ms: tuple[float, float]
    """Where speech begins and ends."""


@dataclass(slots=True)
class Heard:
    """When each event of one turn came first, in seconds of the clock."""

    times: dict[str, float] = field(default_factory=dict)
    transcript: str = ""
    answer: str = ""
    audio_bytes: int = 0


def load(path: Path) -> Recording:
    with wave.open(str(path)) as file:
        samples = pcm16_to_float(file.readframes(file.getnframes()))
        samples = resample(samples, file.getframerate(), 24_000)
    loud = np.flatnonzero(np.abs(samples) > LOUD)
    return Recording(path.stem, float_to_pcm16(samples), (float(loud[0]) / 24, float(loud[-1]) / 24))


async def stream(connection: AsyncRealtimeConnection, recording: Recording, done: asyncio.Event) -> float:
    """Send the recording and then silence, in real time, until ``done``; returns when it began."""
    began = time.perf_counter()
    frames = [recording.pcm[at : at + FRAME_BYTES] for at in range(0, len(recording.pcm), FRAME_BYTES)]
    sent = 0
    while not done.is_set():
        frame = frames[sent] if sent < len(frames) else bytes(FRAME_BYTES)
        sent += 1
        # A microphone hands a frame over when it is complete, not before.
        await asyncio.sleep(max(began + sent * FRAME_MS / 1000 - time.perf_counter(), 0))
        audio = base64.b64encode(frame).decode()
        await connection.send_raw(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    return began


async def listen(connection: AsyncRealtimeConnection, done: asyncio.Event) -> Heard:
    heard = Heard()
    while not done.is_set():
        event: dict[str, Any] = json.loads(await connection.recv_bytes())
        # Of a recording with pauses the last turn counts.
        if event["type"] == STARTED:
            first = heard.times.get(STARTED, time.perf_counter())
            heard = Heard(times={STARTED: first}, transcript=heard.transcript)
        heard.times.setdefault(event["type"], time.perf_counter())
        match event["type"]:
            case "error":
                raise SystemExit(f"engine: {event['error']['message']}")
            case "conversation.item.input_audio_transcription.completed":
                heard.transcript = f"{heard.transcript} {event['transcript']}".strip()
            case "response.output_audio.delta":
                heard.audio_bytes += len(base64.b64decode(event["delta"]))
            case "response.output_audio_transcript.done":
                heard.answer = event["transcript"]
            case "response.done" if event["response"]["status"] == "completed":
                done.set()
    return heard


async def turn(connection: AsyncRealtimeConnection, recording: Recording) -> tuple[dict[str, float], Heard]:
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        streaming = group.create_task(stream(connection, recording, done))
        listening = group.create_task(listen(connection, done))
    began, heard = streaming.result(), listening.result()
    first_ms, last_ms = recording.speech_ms
    times = {"started": (heard.times[STARTED] - began) * 1e3 - first_ms}
    times |= {name: (heard.times[type_] - began) * 1e3 - last_ms for name, type_ in ROWS.items()}
    return times, heard


async def measure(recordings: Sequence[Recording], runs: int, detection: dict[str, Any]) -> int:
    """Print what was heard and the table; 1 when the target is missed."""
    times: dict[str, list[float]] = {name: [] for name in ("started", *ROWS)}
    kit = SpeechKit()
    await kit.warm()
    async with (
        running_engine(EngineConfig(speech=kit)) as url,
        AsyncOpenAI(base_url=url, api_key="x") as api,
    ):
        for recording in [*recordings] * runs:
            async with api.realtime.connect(
                model="local-engine",
                websocket_connection_options={"proxy": None},  # type: ignore[typeddict-unknown-key]  # passed on
            ) as connection:
                session = {
                    "type": "realtime",
                    "output_modalities": ["audio"],
                    "audio": {"input": {"transcription": {"model": "local"}, "turn_detection": detection}},
                }
                await connection.send_raw(json.dumps({"type": "session.update", "session": session}))
                found, heard = await turn(connection, recording)
            for name, value in found.items():
                times[name].append(value)
            print(f"{recording.name}: heard {heard.transcript!r}")
            print(f"  said {heard.answer!r} in {heard.audio_bytes / 48_000:.1f} s of audio")
    print(f"\n{'':<12}{'n':>4}{'p50 ms':>9}{'max ms':>9}")
    for name, values in times.items():
        print(f"{name:<12}{len(values):>4}{statistics.median(values):>9.0f}{max(values):>9.0f}")
    goals = Goals()
    goals.most("end of speech to first audio, p50", statistics.median(times["audio"]), AUDIO_P50_MS, " ms")
    return int(goals.missed)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wav", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--detection", choices=("server_vad", "semantic_vad"), default="server_vad")
    parser.add_argument("--silence-ms", type=int, default=500)
    arguments = parser.parse_args()
    paths = arguments.wav or sorted(RECORDINGS.glob("*.wav"))
    if not paths:
        skip(f"{speech.MISSING}, or name WAV files")
    detection: dict[str, Any] = {"type": arguments.detection}
    if arguments.detection == "server_vad":
        detection["silence_duration_ms"] = arguments.silence_ms
    return asyncio.run(measure([load(path) for path in paths], arguments.runs, detection))


if __name__ == "__main__":
    sys.exit(main())
