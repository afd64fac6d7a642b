"""The spoken side of a session: one line to a browser, and what is said over it in both directions."""

from __future__ import annotations

import logging
from collections.abc import Callable

from realtime_agents.protocol.effects import (
    AudioDone,
    InputTranscript,
    PlayAudio,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
)
from realtime_agents.protocol.items import ErrorDetail
from realtime_agents.protocol.records import ConversationItem
from realtime_agents.session.answer_rows import AnswerRows
from realtime_agents.session.answering import Answering
from realtime_agents.session.clock import Clock
from realtime_agents.session.configuring import Configuring
from realtime_agents.session.faults import SPEECH_BUSY, SPEECH_OFF, refusal_words
from realtime_agents.session.going_on import GoingOn, cut_speech
from realtime_agents.session.line import AudioLine
from realtime_agents.session.line_messages import (
    TAKEN_OVER,
    VOICE_REFUSED,
    FlushReason,
    LineEnd,
    LineError,
    ListenMode,
    ModeChanged,
    Notice,
    Ready,
    Speech,
)
from realtime_agents.session.listening import Listening
from realtime_agents.session.microphone import Microphone
from realtime_agents.session.mute import Mute
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.press import Press
from realtime_agents.session.roster import Roster
from realtime_agents.session.speaker import Speaker
from realtime_agents.session.status import StatusBoard, VoiceState
from realtime_agents.session.transcript import Transcript

log = logging.getLogger(__name__)

_UPLINK_FULL = "The connection to the voice server is slow: a part of what you said was lost."
_REFUSED = "The Realtime server cannot listen and speak here; the conversation goes on in text."
_TOO_MUCH = "The server has too much to say at once: a part of the answer was left without sound."
_NOT_PUSH_TO_TALK = "The button to talk works in push-to-talk only."


class Voice:
    """Owns the line, and decides who may speak. Synchronous.

    ========== ================= ===================================
    owned      opened by         closed by
    ========== ================= ===================================
    line       `attach`          the browser, `attach`, `close`
    microphone constructor       garbage
    press      constructor       garbage
    speaker    constructor       `close`
    listening  constructor       `close`
    mute       constructor       `close`
    ========== ================= ===================================

    A new line takes the place of the one before. While there is a line the server is configured
    for audio; without one the conversation is text.
    """

    def __init__(
        self,
        *,
        conversation_id: str,
        answering: Answering,
        rows: AnswerRows,
        configuring: Configuring,
        roster: Roster,
        transcript: Transcript,
        outbox: Outbox,
        status: StatusBoard,
        clock: Clock,
        server_is_ours: bool,
        on_turn: Callable[[str], None],
        on_danger: Callable[[str], None],
    ) -> None:
        """``on_turn`` gets the row of each thing the person says, ``on_danger`` that of somebody in danger;
        ``server_is_ours``: why the server cannot speak is shown in its own words."""
        self._conversation_id = conversation_id
        self._answering = answering
        self._configuring = configuring
        self._roster = roster
        self._status = status
        self._on_turn = on_turn
        self._clock = clock
        self._server_is_ours = server_is_ours
        self._line: AudioLine | None = None
        self._mode: ListenMode = "server_vad"
        self._hears_speech = False
        self.microphone = Microphone(outbox, clock)
        self._mute = Mute(self.microphone, clock, person_speaks=lambda: self._hears_speech)
        self._press = Press(self.microphone, self._tell)
        self.speaker = Speaker(
            rows=rows, transcript=transcript, outbox=outbox, clock=clock, on_change=self._show
        )
        self._going_on = GoingOn(
            answering=answering,
            speaker=self.speaker,
            transcript=transcript,
            roster=roster,
            is_quiet=lambda: self._line is not None and not (self._hears_speech or self._press.is_down),
        )
        self._listening = Listening(
            answering=answering,
            rows=rows,
            transcript=transcript,
            outbox=outbox,
            clock=clock,
            on_turn=on_turn,
            on_danger=on_danger,
            interrupt=lambda: self.interrupt("stopped"),
            go_on=self._going_on.after,
            tell=self._tell,
        )

    @property
    def is_attached(self) -> bool:
        return self._line is not None

    @property
    def is_busy(self) -> bool:
        """Somebody speaks, or is about to."""
        speaking = self._hears_speech or self._press.is_down
        return speaking or self.speaker.is_playing or self.speaker.is_cutting

    def attach(self, mode: ListenMode) -> AudioLine:
        """A browser listens and speaks from now on; the one before no longer does."""
        before, line = self._line, AudioLine(self)
        self._line = line
        if before is not None:
            before.end(TAKEN_OVER)
        self._set_mode(mode)
        self._mute.end()
        self._stop_hearing()
        self.speaker.attach(line)
        line.put(Ready(mode, self._conversation_id))
        self._configuring.configure_voice(name_voice=True)
        self._show()
        return line

    def interrupt(self, reason: FlushReason) -> None:
        """Stop the answer and its sound."""
        self.silence(reason)
        self._answering.interrupt()

    def silence(self, reason: FlushReason) -> None:
        """Nothing is wanted of what is being said, nor of the rest of what an echo has cut."""
        self._listening.forget_cuts()
        self._going_on.forget()
        self.speaker.cut(reason)

    def close(self, why: LineEnd) -> None:
        """The session is over."""
        if self._line is not None:
            self._line.end(why)
        self._mute.close()
        self._listening.close()
        self.speaker.close()

    # What the server says.

    def on_audio(self, effect: PlayAudio) -> None:
        """Sound of an answer."""
        self._roster.on_audio()
        wanted = self._answering.on_audio(effect)
        if wanted is not None:
            self.speaker.on_audio(effect, *wanted)

    def on_words(self, delta: TextDelta) -> None:
        """Words that go with the sound of an answer."""
        if self._answering.is_wanted(delta.response_id):
            self.speaker.on_words(delta)

    def on_audio_done(self, effect: AudioDone) -> None:
        """All sound of an item has arrived."""
        self.speaker.on_audio_done(effect.item_id)

    def on_speech_started(self, effect: SpeechStarted) -> None:
        """The person began to speak: whoever else speaks stops."""
        if self._line is None or self._mode == "push_to_talk":
            return
        self._hears_speech = True
        taking = self._roster.turn_taking()
        exchange = self._answering.open_exchange
        agent_words = self.speaker.recent_words()
        cut = self.speaker.last_cut if self.speaker.cut("barge_in") else ()
        self._answering.interrupt(by_server=taking.server_interrupts)
        self._line.put(Speech(True))
        self._on_turn(effect.item_id)
        started_s = self.microphone.time_of(effect.audio_start_ms + taking.prefix_ms)
        self._listening.on_started(
            effect.item_id,
            started_s,
            agent_words=agent_words,
            interrupted=exchange,
            cut=cut_speech(cut, exchange),
            server_answers=taking.server_answers,
        )
        self._show()

    def on_speech_stopped(self, effect: SpeechStopped) -> None:
        """The person fell silent."""
        if self._line is None:
            return
        self._hears_speech = False
        self._line.put(Speech(False))
        waited_ms = self._roster.turn_taking().silence_ms
        ended_s = self.microphone.end_of_speech(effect.audio_end_ms, waited_ms=waited_ms)
        self._listening.on_stopped(effect.item_id, ended_s)
        self._show()

    def on_item(self, item: ConversationItem) -> None:
        """An item appeared or changed."""
        self._listening.on_item(item, server_answers=self._roster.turn_taking().server_answers)

    def on_transcript(self, effect: InputTranscript) -> None:
        """Words of the person."""
        self._listening.on_transcript(effect)

    def on_error(self, error: ErrorDetail) -> bool:
        """``error``; True when it was about the voice and is told to the person."""
        if error.code in ("input_audio_buffer_commit_empty", SPEECH_OFF):
            self._listening.on_commit_refused()
        if error.code == SPEECH_BUSY:
            self._tell(_TOO_MUCH)
            return True
        if not self._configuring.refused_voice(error) and error.code != SPEECH_OFF:
            return False
        line, self._line = self._line, None
        if line is not None:
            log.warning("the Realtime server refused voice", extra={"code": error.code or ""})
            words = _REFUSED
            if self._server_is_ours and error.code == SPEECH_OFF:
                words = error.message
            elif error.param:
                words = f"{_REFUSED} {refusal_words(error)}"
            line.put(LineError(error.code or "voice_refused", words))
            line.end(VOICE_REFUSED)
            self._roster.listen = None
            self.speaker.detach()
            self._stop_hearing()
            self._configuring.configure()
            self._show()
        return True

    def on_open(self) -> None:
        """A new connection: it has heard nothing yet."""
        self.microphone.on_open()

    def on_lost(self) -> None:
        """The connection is gone, and what was half said with it; before the answers are told."""
        self._hears_speech = False
        self._going_on.forget()
        self.speaker.do_what_waits()  # a press that was to be a turn is lost like one
        self._press.on_lost()
        self._listening.on_lost()
        self._show()

    def on_audio_dropped(self) -> None:
        """The connection takes less than the person says."""
        self._tell(_UPLINK_FULL)

    # What the browser says; `LineHost`.

    def on_pushed(self, pcm: bytes) -> None:
        if not self._mute.is_on and (self._press.is_down or self._mode != "push_to_talk"):
            self.microphone.push(pcm)

    def on_played(self, item_id: str, played_ms: int) -> None:
        self.speaker.on_played(item_id, played_ms)

    def on_played_of(self, n: int, played_ms: int) -> None:
        self.speaker.on_played_of(n, played_ms)

    def on_flushed(self, item_id: str, played_ms: int) -> None:
        self.speaker.on_flushed(item_id, played_ms)

    def on_mode(self, mode: ListenMode) -> None:
        if self._line is None or mode == self._mode:
            return
        self._set_mode(mode)
        self._stop_hearing()
        self.microphone.clear()
        self._configuring.configure_voice()
        self._line.put(ModeChanged(mode))
        self._show()

    def on_talk(self, on: bool) -> None:
        if self._mode != "push_to_talk":
            if on and self._line is not None:
                self._line.put(LineError("not_push_to_talk", _NOT_PUSH_TO_TALK))
            return
        if on and not self._press.is_down:
            self.interrupt("barge_in")
            self._press.begin()
        elif not on and self._press.end():
            released_s = self._clock.monotonic()
            self.speaker.after_cut(lambda: self._commit(released_s))
        self._show()

    def on_mute(self, on: bool) -> None:
        if on:
            self._mute.begin(self._roster.turn_taking().longest_silence_ms)
        else:
            self._mute.end()
        self._show()

    def on_stop(self) -> None:
        self.interrupt("stopped")

    def on_line_ended(self, line: AudioLine) -> None:
        if line is not self._line:
            return
        self._line = None
        if self._hears_speech or self._press.is_down:
            self.microphone.clear()
        self._stop_hearing()
        self.speaker.detach()
        self._roster.listen = None
        self._configuring.configure_voice(leave=True)
        exchange = self._answering.open_exchange
        if exchange is not None and exchange.verbatim_row:
            self._answering.interrupt()  # it stands in the transcript already
        self._show()

    def _set_mode(self, mode: ListenMode) -> None:
        self._mode = self._roster.listen = mode
        # Of all servers only those with semantic VAD do not say how long they waited.
        self.microphone.measure(mode == "semantic_vad")

    def _commit(self, ended_s: float) -> None:
        self.microphone.commit()
        self._listening.on_released(ended_s)

    def _stop_hearing(self) -> None:
        self._hears_speech = False
        self._press.drop()

    def _tell(self, words: str) -> None:
        if self._line is not None:
            self._line.put(Notice(words))

    def _show(self) -> None:
        """Tell the page what microphone and speaker are doing."""
        hands_free = self._mode != "push_to_talk" and not self._mute.is_on
        self._status.set_voice(
            VoiceState(
                mic_open=self._line is not None and (hands_free or self._press.is_down),
                person_speaks=self._hears_speech or self._press.is_down,
                playing=self.speaker.is_playing,
            )
        )
