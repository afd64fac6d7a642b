from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from realtime_agents.engine.speech import smart_turn
from realtime_agents.engine.speech.assets import TURN_END_MODEL, Asset, is_installed, locate
from realtime_agents.engine.speech.smart_turn import SmartTurn, TurnEnds, prepared
from realtime_agents.errors import SpeechUnavailable
from tests.engine.speech.conftest import Clips
from tests.support.speech import silence

RATE_HZ = 16_000
SECOND = bytes(48_000)


class Model:
    """Stands in for the model."""

    def __init__(self, path: Path | None = None) -> None:
        self.fault: Exception | None = None
        self.free = threading.Event()
        self.free.set()
        self.begun = threading.Event()

    def probability(self, audio: np.ndarray) -> float:
        self.begun.set()
        self.free.wait(10)
        if self.fault is not None:
            raise self.fault
        return len(audio) / RATE_HZ


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """Installed, whole and loaded by the next `TurnEnds.load`."""
    model = Model()
    monkeypatch.setattr(smart_turn, "is_installed", lambda asset: True)
    monkeypatch.setattr(smart_turn, "locate", lambda asset: Path("model.onnx"))
    monkeypatch.setattr(smart_turn, "SmartTurn", lambda path: model)
    return model


def test_short_speech_stands_at_the_end_of_eight_seconds_and_is_made_equally_loud() -> None:
    audio = np.random.default_rng(1).normal(0.1, 0.01, RATE_HZ).astype(np.float32)
    window = prepared(audio)
    assert window.shape == (8 * RATE_HZ,) and window.dtype == np.float32
    assert np.all(window[: 7 * RATE_HZ] == window[0])
    assert abs(float(window.mean())) < 1e-4 and float(window.std()) == pytest.approx(1, abs=1e-3)


def test_of_long_speech_only_the_end_counts() -> None:
    audio = np.random.default_rng(1).normal(0, 0.1, 20 * RATE_HZ).astype(np.float32)
    assert np.array_equal(prepared(audio), prepared(audio[-8 * RATE_HZ :]))


def test_silence_is_no_division_by_zero() -> None:
    assert np.all(prepared(silence(1)) == 0)


async def test_without_the_package_nothing_is_told_and_nothing_is_amiss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smart_turn, "is_installed", lambda asset: False)
    ends = TurnEnds()
    ends.load()
    assert await ends.probability(SECOND) is None
    assert ends.notice == ""
    ends.close()


async def test_a_damaged_file_is_named_and_the_words_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(asset: Asset) -> Path:
        raise SpeechUnavailable(f"The file of {asset.requirement} is not the expected one.")

    monkeypatch.setattr(smart_turn, "is_installed", lambda asset: True)
    monkeypatch.setattr(smart_turn, "locate", refuse)
    ends = TurnEnds()
    ends.load()
    assert await ends.probability(SECOND) is None
    assert ends.notice.startswith("The file of pipecat-ai==1.14.0") and ends.notice.endswith("words alone.")
    ends.close()


async def test_speech_is_judged_off_the_loop_at_16_khz(model: Model) -> None:
    ends = TurnEnds()
    ends.load()
    assert await ends.probability(SECOND) == pytest.approx(1.0, abs=0.01)
    ends.close()


async def test_while_it_is_busy_others_are_not_kept_waiting(model: Model) -> None:
    ends = TurnEnds()
    ends.load()
    model.free.clear()
    model.begun.clear()
    first = ends._workers._submit(lambda: model.probability(np.zeros(1)), urgent=False)
    assert model.begun.wait(10)
    assert await ends.probability(SECOND) is None
    model.free.set()
    first.result(10)
    assert ends.notice == ""
    ends.close()


async def test_a_model_that_fails_is_left_out_from_then_on(model: Model) -> None:
    ends = TurnEnds()
    ends.load()
    model.fault = RuntimeError("broken")
    assert await ends.probability(SECOND) is None
    assert "RuntimeError" in ends.notice
    model.fault = None
    assert await ends.probability(SECOND) is None
    ends.close()


async def test_a_model_that_cannot_be_loaded_is_left_out(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.fault = RuntimeError("not a model")
    ends = TurnEnds()
    ends.load()
    model.fault = None
    assert await ends.probability(SECOND) is None and "RuntimeError" in ends.notice
    ends.close()


async def test_after_the_end_nothing_is_told(model: Model) -> None:
    ends = TurnEnds()
    ends.load()
    ends.close()
    assert await ends.probability(SECOND) is None


@pytest.fixture(scope="module")
def real() -> SmartTurn:
    if not is_installed(TURN_END_MODEL):
        pytest.skip(f"{TURN_END_MODEL.requirement} is not installed; see requirements-smart-turn.txt")
    return SmartTurn(locate(TURN_END_MODEL))


def test_the_model_hears_the_end_of_a_sentence_and_the_middle_of_one(real: SmartTurn, clips: Clips) -> None:
    whole = next(audio for text, audio in clips if text.startswith("and mister john"))
    half = next(audio for text, audio in clips if text.startswith("he might even"))[: int(1.1 * RATE_HZ)]
    assert real.probability(np.concatenate([whole[: int(7.1 * RATE_HZ)], silence(0.2)])) > 0.8
    assert real.probability(np.concatenate([half, silence(0.2)])) < 0.2


def test_the_model_takes_speech_of_any_length(real: SmartTurn) -> None:
    for seconds in (0.0, 0.01, 8.0, 30.0):
        assert 0 <= real.probability(silence(seconds)) <= 1
