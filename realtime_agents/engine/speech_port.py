"""What the engine asks of speech: the kit keeps it, and so do scripted ones in tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from realtime_agents.engine.speech.kit import SpokenSentence
from realtime_agents.engine.speech.transcriber import Transcript
from realtime_agents.engine.speech.vad import VadFrame


class Speech(Protocol):
    """Ears and mouth for all connections of an engine; see `speech.kit.SpeechKit`."""

    @property
    def problem(self) -> str:
        """Why there is no speech, in plain words; empty while all is well or nothing was loaded yet."""

    @property
    def is_ready(self) -> bool:
        """Everything is loaded and works."""

    @property
    def notice(self) -> str:
        """What is wrong with an extra, in plain words; speech works without it."""

    async def warm(self) -> None:
        """Load everything; never raises."""

    async def ready(self) -> bool:
        """Whether speech can be used; loads it if that was not done."""

    def new_detector(self) -> Any:
        """Voice detection for one input stream."""

    async def detect(self, stream: Any, pcm24k: bytes) -> list[VadFrame]:
        """The frames that ``pcm24k`` completes. Raises `SpeechError`."""

    async def transcribe_pcm24k(self, pcm24k: bytes, *, partial: bool = False) -> Transcript:
        """The words of a recording, empty when nobody spoke. Raises `SpeechError`."""

    async def sounds_over(self, pcm24k: bytes) -> float | None:
        """How likely it sounds that a turn is over, 0…1; ``None`` where nothing can tell at once."""

    def speak(
        self, text: str, *, voice: str = ..., speed: float = ...
    ) -> AsyncGenerator[SpokenSentence, None]:
        """Say ``text`` sentence by sentence. Raises `SpeechError`."""

    def close(self) -> None:
        """Stop the threads."""
