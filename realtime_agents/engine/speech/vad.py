"""How likely it is that somebody speaks, 31 times a second: Silero on onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.onnx import open_model
from realtime_agents.engine.speech.resample import Resampler, Samples, pcm16_to_float

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE_HZ: Final = 16_000
FRAME_SAMPLES: Final = 512
FRAME_MS: Final = 32
FRAME_BYTES_24K: Final = FRAME_SAMPLES * 3 // 2 * 2
"""Bytes of PCM16 at 24 kHz that make one frame."""

_CONTEXT: Final = 64
_RATE = np.array(RATE_HZ, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class VadFrame:
    """32 ms of the stream."""

    at_ms: int
    """Where the frame ends, counted from the beginning of the stream."""
    probability: float
    """Of speech, 0…1."""


class VadModel:
    """The model, shared by all streams; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._session: InferenceSession = open_model(path)

    def run(
        self, window: NDArray[np.float32], state: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.float32]]:
        """Probability and next state, of a window (1, 576) at 16 kHz and the state (2, 1, 128) before it."""
        output, state = self._session.run(None, {"input": window, "state": state, "sr": _RATE})
        return float(output[0, 0]), state

    def probabilities(self, audio: Samples) -> NDArray[np.float32]:
        """One probability for each whole frame of a recording at 16 kHz."""
        stream = VadFrames(self)
        return np.array([frame.probability for frame in stream.push(audio)], np.float32)


class VadFrames:
    """Frames of one stream of 16 kHz float32 samples. Not thread-safe."""

    def __init__(self, model: VadModel) -> None:
        self._model = model
        self._frames = 0
        self._rest: Samples = np.zeros(0, np.float32)
        self._context: Samples = np.zeros(_CONTEXT, np.float32)
        self._state = np.zeros((2, 1, 128), np.float32)

    def push(self, audio: Samples) -> list[VadFrame]:
        """The frames that became complete."""
        samples = np.concatenate([self._rest, audio])
        whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = samples[whole:]
        return [self._frame(samples[at : at + FRAME_SAMPLES]) for at in range(0, whole, FRAME_SAMPLES)]

    def _frame(self, samples: Samples) -> VadFrame:
        window = np.concatenate([self._context, samples])
        probability, self._state = self._model.run(window[None], self._state)
        self._context = samples[-_CONTEXT:]
        self._frames += 1
        return VadFrame(at_ms=self._frames * FRAME_MS, probability=probability)


class VadStream:
    """Detector of one stream of PCM16 at 24 kHz; made by the kit, heard through the kit.

    One caller at a time. Bytes wait here until they make a frame, so pieces of any size will do.
    """

    def __init__(self, model: VadModel) -> None:
        self._resampler = Resampler(24_000, RATE_HZ)
        self._frames = VadFrames(model)
        self._waiting = bytearray()

    def take(self, pcm24k: bytes) -> bytes:
        """Keep the bytes; returns all that wait, in whole samples, once they are worth a frame, else nothing."""
        self._waiting += pcm24k
        whole = len(self._waiting) // 2 * 2
        if whole < FRAME_BYTES_24K:
            return b""
        taken = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        return taken

    def hear(self, pcm24k: bytes) -> list[VadFrame]:
        """Run the model over audio that `take` returned. Takes about 0.2 ms per frame: not on the event loop."""
        return self._frames.push(self._resampler.push(pcm16_to_float(pcm24k)))
