"""The models once for all speech tests, and recorded speech."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime_agents.engine.speech.kit import SpeechKit
from tests.support.required import missing
from tests.support.speech import MISSING, librivox

Clips = list[tuple[str, NDArray[np.float32]]]


@pytest.fixture(scope="session")
def kit() -> Iterator[SpeechKit]:
    kit = SpeechKit()
    asyncio.run(kit.warm())
    if kit.problem:
        missing(kit.problem, unless="REQUIRE_SPEECH")
    yield kit
    kit.close()


@pytest.fixture(scope="session")
def clips() -> Clips:
    """(what is read, 16 kHz float32) of five recordings, 25 s together."""
    found = librivox()
    if not found:
        missing(MISSING, unless="REQUIRE_SPEECH")
    return found
