"""When somebody begins and ends to speak: two rules over the frames of voice detection.

Pure state machines. All times are milliseconds of the stream, as the frames carry them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from realtime_agents.engine.speech.turn_end import TurnEnd, judge
from realtime_agents.engine.speech.vad import FRAME_MS, VadFrame

START_FRAMES: Final = 2
"""Frames of speech in a row that begin a turn: a click is one."""
HYSTERESIS: Final = 0.15
"""Speech ends so far below the threshold at which it begins."""
LOWEST_THRESHOLD: Final = 0.1
HIGHEST_THRESHOLD: Final = 0.98
"""Thresholds beyond are taken for these: at 0 silence would be speech, at 1 nothing would."""
GUESS_MS: Final = 200
"""After so much silence the turn is probably over, and its words are worth reading."""
LONGEST_MS: Final = 300_000
"""A turn is ended after five minutes, whatever is heard."""

Eagerness = Literal["low", "medium", "high", "auto"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """Somebody speaks."""

    audio_start_ms: int
    """Where the turn's audio begins, the padding before the first word included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbablyOver:
    """It has been silent for 200 ms: time to read the words, in case nothing follows."""

    guess: int
    """Counts up; names the words to `SemanticRule.read`."""
    audio_start_ms: int
    audio_end_ms: int
    """The turn so far, silence included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechResumed:
    """Something did follow: what was read after `ProbablyOver` is not the whole turn."""

    guess: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """The turn is over."""

    audio_start_ms: int
    audio_end_ms: int
    """The silence that ended it included."""
    silence_ms: int
    """How much of that is silence; speech itself ended so much earlier."""
    guess: int | None
    """The `ProbablyOver` whose words are the whole turn; ``None`` when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTimedOut:
    """Nobody spoke for the whole idle time."""

    audio_start_ms: int
    audio_end_ms: int
    """The silence, from when the wait began."""


TurnEvent = SpeechStarted | ProbablyOver | SpeechResumed | SpeechStopped | IdleTimedOut


class _TurnRule:
    """What both rules share: how a turn begins, when it is probably over, and how long it may be."""

    def __init__(self, *, threshold: float, prefix_padding_ms: int) -> None:
        self._threshold = min(max(threshold, LOWEST_THRESHOLD), HIGHEST_THRESHOLD)
        self._silent_below = max(self._threshold - HYSTERESIS, LOWEST_THRESHOLD / 2)
        self._prefix_ms = prefix_padding_ms
        self._loud_frames = 0
        self._free_from_ms = 0
        """The end of the turn before, or the place where the buffer was cleared; padding never goes back beyond it."""
        self._start_ms: int | None = None
        self._speech_end_ms = 0
        self._guesses = 0
        self._guess: int | None = None

    @property
    def speaking(self) -> bool:
        """Whether a turn has begun and not ended."""
        return self._start_ms is not None

    def hear(self, frame: VadFrame) -> list[TurnEvent]:
        """What a frame brings about; frames come in order, without gaps."""
        if self._start_ms is None:
            return self._await_speech(frame)
        return self._await_silence(frame, self._start_ms)

    def restart(self, at_ms: int) -> None:
        """Forget the turn under way: its audio up to ``at_ms`` was committed or cleared by hand."""
        self._start_ms, self._guess, self._loud_frames = None, None, 0
        self._free_from_ms = at_ms

    def _await_speech(self, frame: VadFrame) -> list[TurnEvent]:
        self._loud_frames = self._loud_frames + 1 if frame.probability > self._threshold else 0
        if self._loud_frames < START_FRAMES:
            return []
        first_ms = frame.at_ms - self._loud_frames * FRAME_MS
        self._start_ms = max(first_ms - self._prefix_ms, self._free_from_ms, 0)
        self._speech_end_ms = frame.at_ms
        self._loud_frames, self._guess = 0, None
        return [SpeechStarted(audio_start_ms=self._start_ms)]

    def _await_silence(self, frame: VadFrame, start_ms: int) -> list[TurnEvent]:
        events: list[TurnEvent] = []
        if frame.probability > self._silent_below:
            self._speech_end_ms = frame.at_ms
            if self._guess is not None:
                events.append(SpeechResumed(guess=self._guess))
                self._guess = None
        silence_ms = frame.at_ms - self._speech_end_ms
        if self._guess is None and silence_ms >= GUESS_MS:
            self._guesses += 1
            self._guess = self._guesses
            events.append(ProbablyOver(guess=self._guess, audio_start_ms=start_ms, audio_end_ms=frame.at_ms))
        if silence_ms >= self._patience_ms() or frame.at_ms - start_ms >= LONGEST_MS:
            events.append(
                SpeechStopped(
                    audio_start_ms=start_ms,
                    audio_end_ms=frame.at_ms,
                    silence_ms=silence_ms,
                    guess=self._guess,
                )
            )
            self.restart(frame.at_ms)
        return events

    def _patience_ms(self) -> int:
        raise NotImplementedError


class ServerVadRule(_TurnRule):
    """``server_vad``: a turn ends after a fixed silence; an idle time may be set on top."""

    def __init__(
        self,
        *,
        threshold: float = 0.5,
        prefix_padding_ms: int = 300,
        silence_duration_ms: int = 500,
        idle_timeout_ms: int | None = None,
    ) -> None:
        super().__init__(threshold=threshold, prefix_padding_ms=prefix_padding_ms)
        self._silence_ms = max(
            silence_duration_ms, FRAME_MS
        )  # with none at all, speech itself would end a turn
        self._idle_timeout_ms = idle_timeout_ms
        self._idle_from_ms: int | None = None

    def await_reply(self, from_ms: int) -> None:
        """The answer has been heard, or will be, at ``from_ms``: the idle time counts from there."""
        self._idle_from_ms = from_ms

    def hear(self, frame: VadFrame) -> list[TurnEvent]:
        """What a frame brings about; frames come in order, without gaps."""
        events = super().hear(frame)
        if self.speaking or self._idle_timeout_ms is None:
            self._idle_from_ms = None
        elif self._idle_from_ms is not None and frame.at_ms - self._idle_from_ms >= self._idle_timeout_ms:
            start_ms = max(self._idle_from_ms, self._free_from_ms)
            events.append(IdleTimedOut(audio_start_ms=start_ms, audio_end_ms=frame.at_ms))
            self.restart(frame.at_ms)
            self._idle_from_ms = None
        return events

    def _patience_ms(self) -> int:
        return self._silence_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patience:
    """Silence that ends a turn, by how its words end."""

    finished_ms: int
    unclear_ms: int
    open_ms: int


_PATIENCE: Final = {
    "low": _Patience(finished_ms=1000, unclear_ms=2500, open_ms=8000),
    "medium": _Patience(finished_ms=500, unclear_ms=1200, open_ms=4000),
    "high": _Patience(finished_ms=300, unclear_ms=700, open_ms=2000),
}

_UNDECIDED: Final = 0.5
_SOUNDS_OVER: Final = 0.8
_SOUNDS_OPEN: Final = 0.2
_SHORTER: Final = 0.6
_LONGER: Final = 2
_SHORTENED_MS: Final = 400
"""No wait is made shorter than this: voices fall before a comma, too."""


class SemanticRule(_TurnRule):
    """``semantic_vad``: how long a silence ends the turn depends on how the words so far end.

    The words come from outside: read the audio of each `ProbablyOver` and tell them with `read`.
    Until they are told, or when they cannot be read, the turn counts as unclear. How it sounded may
    be told too, with `listen`: that shifts the wait the words give, within the longest.
    """

    def __init__(self, *, eagerness: Eagerness = "auto") -> None:
        super().__init__(threshold=0.5, prefix_padding_ms=300)
        self._patience = _PATIENCE["medium" if eagerness == "auto" else eagerness]
        self._end = TurnEnd.UNCLEAR
        self._read_guess: int | None = None
        self._sound = _UNDECIDED
        self._heard_guess: int | None = None

    def read(self, guess: int, transcript: str) -> None:
        """The words of a `ProbablyOver`; ignored when speech has resumed since. Acts with the next frame."""
        if guess == self._guess:
            self._end, self._read_guess = judge(transcript), guess

    def listen(self, guess: int, probability: float) -> None:
        """How likely it sounds, 0…1, that the turn was over at a `ProbablyOver`; as `read` else."""
        if guess == self._guess:
            self._sound, self._heard_guess = probability, guess

    def _patience_ms(self) -> int:
        wait_ms = self._patience_with_words_ms()
        if self._guess is None or self._heard_guess != self._guess:
            return wait_ms
        if self._sound >= _SOUNDS_OVER:
            return min(wait_ms, max(round(wait_ms * _SHORTER), _SHORTENED_MS))
        if self._sound <= _SOUNDS_OPEN:
            return min(wait_ms * _LONGER, self._patience.open_ms)
        return wait_ms

    def _patience_with_words_ms(self) -> int:
        if self._guess is None or self._read_guess != self._guess:
            return self._patience.unclear_ms
        match self._end:
            case TurnEnd.FINISHED:
                return self._patience.finished_ms
            case TurnEnd.UNCLEAR:
                return self._patience.unclear_ms
            case TurnEnd.OPEN:
                return self._patience.open_ms
