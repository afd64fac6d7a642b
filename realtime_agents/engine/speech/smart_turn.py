"""Whether somebody who pauses has finished, told from how it sounds: the smart-turn model, an extra.

Alone it is wrong too often, in both directions; it only shifts what the words say (`SemanticRule`).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from realtime_agents.engine.speech.assets import TURN_END_MODEL, is_installed, locate
from realtime_agents.engine.speech.log_mel import RATE_HZ, log_mel
from realtime_agents.engine.speech.onnx import open_model
from realtime_agents.engine.speech.resample import Samples, pcm16_to_float, resample
from realtime_agents.engine.speech.workers import Workers
from realtime_agents.errors import SpeechError, SpeechUnavailable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

log = logging.getLogger(__name__)

WINDOW_MS: Final = 8_000
"""So much of the end of what was said is heard; what is shorter has silence before it."""
_WINDOW: Final = WINDOW_MS * RATE_HZ // 1_000
_SMALLEST_VARIANCE: Final = 1e-7


class SmartTurn:
    """The model; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._session: InferenceSession = open_model(path)

    def probability(self, audio: Samples) -> float:
        """That the turn is over, 0…1, of float32 mono at 16 kHz that ends with about 200 ms of silence.

        Takes about 0.1 s: not on the event loop.
        """
        (output,) = self._session.run(None, {"input_features": log_mel(prepared(audio))[None]})
        return float(np.asarray(output).reshape(-1)[0])


def prepared(audio: Samples) -> Samples:
    """The last 8 s, silence put before what is shorter, with mean 0 and variance 1."""
    last = audio[-_WINDOW:]
    window = np.pad(last, (_WINDOW - len(last), 0))
    return np.asarray((window - window.mean()) / np.sqrt(window.var() + _SMALLEST_VARIANCE), np.float32)


class TurnEnds:
    """The model for all connections, if it is installed: it helps when it can, and is left out when not.

    | owns | made | ended |
    |---|---|---|
    | the model | `load` | `close`, its first failure |
    | a thread, and no queue before it | the first job | `close` |
    """

    def __init__(self) -> None:
        self._workers = Workers("ends of turns", threads=1, max_waiting=1)
        self._model: SmartTurn | None = None
        self.notice = ""
        """Why the extra is not in use although it is installed, in plain words."""

    def load(self) -> None:
        """Load the model, off the loop; never raises."""
        if not is_installed(TURN_END_MODEL):
            return
        try:
            model = SmartTurn(locate(TURN_END_MODEL))
            model.probability(np.zeros(RATE_HZ, np.float32))  # the first call is slower
        except SpeechUnavailable as error:
            self._leave_out(str(error))
        except Exception as error:
            log.exception("the smart-turn model could not be loaded")
            self._leave_out(f"The smart-turn model could not be loaded ({type(error).__name__}).")
        else:
            self._model = model

    async def probability(self, pcm24k: bytes) -> float | None:
        """`SmartTurn.probability` of PCM16 at 24 kHz; ``None`` when there is no model, or it is busy."""
        model = self._model
        if model is None:
            return None
        try:
            return await self._workers.run(
                lambda: model.probability(resample(pcm16_to_float(pcm24k), 24_000, RATE_HZ)), urgent=False
            )
        except SpeechError:
            return None
        except Exception as error:
            log.exception("the end of a turn could not be heard")
            self._leave_out(f"The smart-turn model failed ({type(error).__name__}).")
            return None

    def close(self) -> None:
        """Stop the thread."""
        self._workers.close()
        self._model = None

    def _leave_out(self, why: str) -> None:
        self._model, self.notice = None, f"{why} Ends of turns are told from the words alone."
        log.warning("the smart-turn model is not in use")
