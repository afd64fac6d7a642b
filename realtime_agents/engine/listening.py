"""Ears of one connection: input audio becomes turns.

    append → queue → tape → voice detection → rule → turns: speech_started … stopped, committed, response
                                                 ↘ pauses → reading ahead

The limits: ``max_waiting_audio_bytes`` of audio wait for detection, then the reader waits; a turn of
five minutes is ended, and what follows is the next one; of long turns only what is not yet read is
held. With ``turn_detection`` null the buffer holds at most ``max_audio_bytes`` that could not be
read yet: beyond that the client gets one ``input_audio_buffer_full``, and audio is dropped until a
commit or clear.

All times are positions in the audio written in the session, the idle time too: whoever sends no
audio, a muted microphone, is never asked whether they are there.
"""

from __future__ import annotations

import logging
from typing import Any, assert_never

from realtime_agents.engine.audio_format import PCM24K, AudioFormat, Decoder
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.input_audio import AudioTape
from realtime_agents.engine.input_queue import InputQueue
from realtime_agents.engine.output import Emit, new_id
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.sounding import HEARD_MS, Sounding
from realtime_agents.engine.speech.endpointing import (
    IdleTimedOut,
    ProbablyOver,
    SemanticRule,
    ServerVadRule,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    TurnEvent,
)
from realtime_agents.engine.speech.vad import VadFrame
from realtime_agents.engine.speech_access import UNAVAILABLE, SpeechAccess
from realtime_agents.engine.speech_port import Speech
from realtime_agents.engine.turn_rules import TurnMode, mode_for
from realtime_agents.engine.turns import Turns
from realtime_agents.errors import ProtocolError, SpeechBusy, SpeechError
from realtime_agents.protocol.events import Error, InputAudioBufferCleared
from realtime_agents.protocol.items import ErrorDetail

log = logging.getLogger(__name__)

SLICE_MS = 500
"""So much audio is detected at once: the loop stays free, and turns are told in time."""
MIN_COMMIT_MS = 100
_KEPT_MS = 1_000
"""Audio held while nobody speaks, besides the padding: detection and rule lag behind the tape."""


class Listening:
    """Takes input audio until `close`. Every method but `append` waits for what was appended before."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        access: SpeechAccess,
        session: SessionState,
        tape: AudioTape,
        turns: Turns,
        emit: Emit,
    ) -> None:
        self._config = config
        self._access = access
        self._session = session
        self._turns = turns
        self._emit = emit
        self._queue = InputQueue(
            max_waiting_bytes=config.max_waiting_audio_bytes, on_failure=self._on_failure
        )
        self._tape = tape
        self._sounding = Sounding(tape)
        self._decoder = Decoder()
        self._detection = session.turn_detection
        self._mode: TurnMode = mode_for(self._detection)
        self._detector: Any = None
        self._base_ms = 0
        """Where on the tape the detector's time begins."""
        self._committed_ms = 0
        """Where the buffer begins: the end of what was committed or cleared."""
        self._is_full = False
        self._reply_ends_ms: int | None = None
        turns.on_noise = self._await_reply_again

    async def append(self, data: bytes, audio_format: AudioFormat) -> None:
        """Whole samples in a format; waits while too much audio waits already."""
        if data:
            await self._queue.put(lambda: self._take(data, audio_format), len(data))

    async def commit(self) -> None:
        """Close the turn by hand. Raises `ProtocolError` when there is next to nothing in the buffer."""
        await self._queue.run(self._commit)

    async def clear(self) -> None:
        """Forget what was not committed."""
        await self._queue.run(self._clear)

    async def settle(self) -> None:
        """Wait until everything appended has been heard: the session is about to change."""
        await self._queue.settle()

    async def reconfigure(self) -> None:
        """Follow the session. Another way to detect turns takes over when nobody speaks.

        Detection that is switched off stops at once: what was said stays in the buffer.
        """
        if self._session.turn_detection is None and self._detection is not None:
            if self._mode.rule.speaking:
                await self._turns.stop(self._tape.end_ms)
            self._adopt()
        elif not self._mode.rule.speaking:
            self._adopt()

    def on_answered(self, left_ms: float) -> None:
        """An answer has ended, and will be heard for ``left_ms`` more: the idle time begins then."""
        self._reply_ends_ms = self._tape.end_ms + round(left_ms)
        self._await_reply()

    async def close(self) -> None:
        """End the tasks; idempotent."""
        await self._queue.close()
        await self._sounding.close()

    async def _take(self, data: bytes, audio_format: AudioFormat) -> None:
        speech = await self._access.get()
        if speech is None:
            return
        step = SLICE_MS * audio_format.bytes_per_ms
        for start in range(0, len(data), step):
            await self._hear(speech, self._decoder.push(data[start : start + step], audio_format))

    async def _hear(self, speech: Speech, pcm: bytes) -> None:
        if await self._is_overfull(len(pcm)):
            return
        if self._detector is None:
            self._detector, self._base_ms = speech.new_detector(), self._tape.end_ms
        self._tape.write(pcm)
        if self._mode.is_manual:
            self._turns.open(speech, max(self._committed_ms, self._tape.start_ms))
        try:
            frames = await speech.detect(self._detector, pcm)
        except SpeechBusy:  # the detector never hears of it: its time stands still meanwhile
            log.warning("voice detection is overloaded, audio was skipped")
            self._base_ms += len(pcm) // PCM24K.bytes_per_ms
            return
        except SpeechError as error:
            await self._access.on_fault(error)
            return
        for frame in frames:
            await self._on_frame(speech, frame)
        self._forget()

    async def _on_frame(self, speech: Speech, frame: VadFrame) -> None:
        for event in self._mode.rule.hear(frame):
            await self._on_event(speech, event)
        if self._turns.current is not None and self._mode.rule.speaking:
            self._turns.current.sketch(self._base_ms + frame.at_ms)
        if self._detection != self._session.turn_detection and not self._mode.rule.speaking:
            self._adopt()

    async def _on_event(self, speech: Speech, event: TurnEvent) -> None:
        mode, turns, base_ms = self._mode, self._turns, self._base_ms
        match event:
            case SpeechStarted() if mode.is_manual:
                turns.open(speech, self._committed_ms).utterance.resume()
            case SpeechStarted(audio_start_ms=start_ms):
                first_ms = max(base_ms + start_ms, self._tape.start_ms, self._committed_ms)
                await turns.begin(speech, first_ms, interrupts=mode.interrupts)
            case ProbablyOver(guess=number, audio_end_ms=end_ms) if turns.current is not None:
                turns.current.utterance.guess(base_ms + end_ms)
                if isinstance(mode.rule, SemanticRule):
                    start_ms = turns.current.utterance.start_ms
                    self._sounding.ask(speech, mode.rule, number, start_ms, base_ms + end_ms)
                    words = await turns.current.utterance.guessed()
                    if words is not None:
                        mode.rule.read(number, words)
            case SpeechResumed() if turns.current is not None:
                turns.current.utterance.resume()
            case SpeechStopped() if mode.is_manual and turns.current is not None:
                turns.current.utterance.keep()
            case SpeechStopped(audio_end_ms=end_ms):
                await turns.stop(base_ms + end_ms)
                await turns.commit_and_answer(base_ms + end_ms, answer=mode.creates)
                self._committed_ms = base_ms + end_ms
            case IdleTimedOut(audio_start_ms=start_ms, audio_end_ms=end_ms):
                await turns.time_out(base_ms + start_ms, base_ms + end_ms)
                self._committed_ms = base_ms + end_ms
            case ProbablyOver() | SpeechResumed():
                pass
            case _:
                assert_never(event)

    async def _commit(self) -> None:
        speech = await self._access.get(tell=False)
        if speech is None:
            raise ProtocolError(self._access.problem, code=UNAVAILABLE)
        end_ms = self._tape.end_ms
        audio_ms = end_ms - self._committed_ms
        if audio_ms < MIN_COMMIT_MS:
            raise ProtocolError(
                "Error committing input audio buffer: buffer too small. Expected at least"
                f" {MIN_COMMIT_MS}ms of audio, but buffer only has {audio_ms}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        turn = self._turns.open(speech, max(self._committed_ms, self._tape.start_ms))
        length_ms = end_ms - turn.utterance.start_ms if not self._mode.is_manual else audio_ms
        self._begin_anew(end_ms)
        await self._turns.commit(end_ms, audio_ms=length_ms)

    async def _clear(self) -> None:
        self._turns.drop()
        self._begin_anew(self._tape.end_ms)
        await self._emit(InputAudioBufferCleared(event_id=new_id("event")))

    def _begin_anew(self, at_ms: int) -> None:
        self._committed_ms = at_ms
        self._is_full = False
        self._mode.rule.restart(at_ms - self._base_ms)

    def _adopt(self) -> None:
        """Take the session's present way to detect turns."""
        if self._detection == self._session.turn_detection:
            return
        self._detection = self._session.turn_detection
        self._mode = mode_for(self._detection)
        self._mode.rule.restart(max(self._committed_ms, self._tape.start_ms) - self._base_ms)
        if not self._mode.is_manual:
            self._turns.drop()  # what nobody committed is just what came before speech
        self._await_reply()

    def _await_reply(self) -> None:
        if isinstance(self._mode.rule, ServerVadRule) and self._reply_ends_ms is not None:
            self._mode.rule.await_reply(self._reply_ends_ms - self._base_ms)

    def _await_reply_again(self) -> None:
        """There was noise, and no answer to it: the idle time begins anew."""
        if self._reply_ends_ms is not None:
            self._reply_ends_ms = max(self._reply_ends_ms, self._tape.end_ms)
            self._await_reply()

    def _forget(self) -> None:
        """Let go of audio that nobody will ask for."""
        horizon_ms = self._tape.end_ms - _KEPT_MS - self._mode.padding_ms
        turn = self._turns.current
        if turn is None:
            self._tape.forget(horizon_ms)
            return
        if self._mode.is_manual and not self._mode.rule.speaking:
            turn.utterance.pass_silence(horizon_ms)
        heard_ms = HEARD_MS if isinstance(self._mode.rule, SemanticRule) else 0
        self._tape.forget(min(turn.utterance.unread_ms, self._tape.end_ms - heard_ms))

    async def _is_overfull(self, size_bytes: int) -> bool:
        """True when there is no room for more audio; the client is told once."""
        if self._tape.size_bytes + size_bytes <= self._config.max_audio_bytes:
            return False
        if not self._is_full:
            self._is_full = True
            message = (
                f"The input audio buffer is full: at most {self._config.max_audio_bytes} bytes wait to be read."
                " Audio is dropped until a commit or clear."
            )
            await self._emit(_error("invalid_request_error", "input_audio_buffer_full", message))
        return True

    async def _on_failure(self) -> None:
        await self._emit(_error("server_error", "server_error", "The engine failed to hear some audio."))


def _error(kind: str, code: str, message: str) -> Error:
    return Error(event_id=new_id("event"), error=ErrorDetail(type=kind, code=code, message=message))
