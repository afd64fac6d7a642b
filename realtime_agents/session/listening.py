"""What the person says aloud: rows that appear at once and get their words later, or go again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from realtime_agents.protocol.commands import ConversationItemDelete
from realtime_agents.protocol.effects import InputTranscript
from realtime_agents.protocol.items import MessageItem
from realtime_agents.protocol.records import ConversationItem
from realtime_agents.safety.danger import speaks_of_danger
from realtime_agents.session.answer_rows import AnswerRows
from realtime_agents.session.answering import Answering
from realtime_agents.session.clock import Clock
from realtime_agents.session.deadline import Deadline
from realtime_agents.session.echo import is_echo
from realtime_agents.session.exchange import Exchange
from realtime_agents.session.going_on import CutSpeech
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.transcript import Transcript
from realtime_agents.session.view import Turn, TurnStatus

INAUDIBLE = "[inaudible]"
ANSWER_DUE_S = 6.0
"""A server that answers turns by itself and has not begun by then is asked."""
NOISE_DUE_S = 1.0
"""How long a turn without words waits for an answer nevertheless: the model may have heard what the
transcription did not."""
WORDS_WITHIN_S = 30.0
"""Words of a turn that come later than this, and after the next turn has begun, do not come any more."""
_MAX_WAITS = 3
_REMEMBERED = 32
_LOST = "The connection was lost before your words had arrived. Please say it again."
_ECHO = "I heard my own voice. A headset helps, or push-to-talk."


@dataclass(slots=True, kw_only=True)
class SpokenTurn:
    """One utterance of the person, from its first sound on."""

    item_id: str
    started_s: float | None = None
    ended_s: float | None = None
    """When the last sound of speech was heard, monotonic."""
    vad_s: float | None = None
    """When the server told that speech had ended."""
    agent_words: str = ""
    """What the agent was saying when this began; empty when it was silent."""
    interrupted: Exchange | None = None
    """The request whose answer this speech cut off."""
    cut: CutSpeech | None = None
    """What it silenced."""
    server_answers: bool | None = None
    """The server answers it by itself; None: as it is configured when the turn ends."""
    row_id: str = ""
    committed_s: float = 0.0
    exchange: Exchange | None = None
    text: str = ""
    is_final: bool = False
    waits: int = 0
    """How often its answer was due and there was reason to wait on."""


class Listening:
    """Follows every utterance from the first sound to its words. Synchronous but for its deadline.

    A turn begins when the server commits it, and its exchange with it, so that whatever the server
    answers belongs to it. Its words may come before, during or after the answer.
    """

    def __init__(
        self,
        *,
        answering: Answering,
        rows: AnswerRows,
        transcript: Transcript,
        outbox: Outbox,
        clock: Clock,
        on_turn: Callable[[str], None],
        on_danger: Callable[[str], None],
        interrupt: Callable[[], None],
        go_on: Callable[[CutSpeech], None],
        tell: Callable[[str], None],
    ) -> None:
        """``on_turn`` gets the row of each new turn, ``on_danger`` the row of words of somebody in danger,
        ``tell`` what the person should know; ``interrupt`` stops the answer and its sound,
        ``go_on`` says the rest of one."""
        self._answering = answering
        self._rows = rows
        self._transcript = transcript
        self._outbox = outbox
        self._clock = clock
        self._on_turn = on_turn
        self._on_danger = on_danger
        self._interrupt = interrupt
        self._go_on = go_on
        self._tell = tell
        self._turns: dict[str, SpokenTurn] = {}
        self._pressed: Exchange | None = None
        """The request of a button that was let go, while the server has not named its item."""
        self._due = Deadline(clock, "answer to speech")

    def on_started(
        self,
        item_id: str,
        started_s: float,
        *,
        agent_words: str,
        interrupted: Exchange | None,
        cut: CutSpeech | None,
        server_answers: bool,
    ) -> None:
        """The server hears speech, which will be that item."""
        turn = self._turn(item_id)
        turn.started_s, turn.agent_words, turn.interrupted = started_s, agent_words, interrupted
        turn.server_answers, turn.cut = server_answers, cut

    def on_stopped(self, item_id: str, ended_s: float) -> None:
        """The server hears no more of it."""
        turn = self._turn(item_id)
        turn.ended_s = ended_s if turn.started_s is None else max(ended_s, turn.started_s)
        turn.vad_s = self._clock.monotonic()

    def on_released(self, ended_s: float) -> None:
        """The button to talk was let go and what was said committed: ask for the answer."""
        self._pressed = self._answering.begin("", at_s=ended_s)
        self._pressed.timeline.mark("speech_end", ended_s)
        self._answering.want()

    def on_item(self, item: ConversationItem, *, server_answers: bool) -> None:
        """An item appeared or changed; only speech of the person that has no row yet matters."""
        if not is_speech(item):
            return
        turn = self._turn(item.id)
        if turn.row_id:
            return
        self._give_up_old()
        turn.row_id = self._rows.new_turn_id(item.id)
        turn.committed_s = self._clock.monotonic()
        if turn.server_answers is None:
            turn.server_answers = server_answers
        self._on_turn(turn.row_id)
        previous = self._transcript.row_of(item.previous_item_id or "")
        row = Turn(
            id=turn.row_id,
            role="user",
            status="in_progress",
            text=turn.text,
            at=self._clock.now(),
            spoken=True,
        )
        self._transcript.put_after(row, previous)
        self._begin(turn)
        if turn.is_final:
            self._settle(turn, failed=False)

    def on_transcript(self, effect: InputTranscript) -> None:
        """What was said, as far as it is known."""
        turn = self._turn(effect.item_id)
        if turn.is_final:
            return
        turn.text, turn.is_final = effect.text.strip(), effect.final
        if not turn.row_id:
            return
        if turn.is_final:
            self._settle(turn, failed=effect.failed)
        else:
            self._transcript.change(turn.row_id, text=turn.text)

    def forget_cuts(self) -> None:
        """The person wants no more of what their turns silenced, even if they turn out to be echoes."""
        for turn in self._turns.values():
            turn.cut = None

    def on_commit_refused(self) -> None:
        """There was nothing to commit."""
        if self._pressed is not None and self._pressed is self._answering.current:
            self._answering.interrupt()
        self._pressed = None

    def on_lost(self) -> None:
        """The connection is gone, and with it every word that was not told yet."""
        self._due.disarm()
        pressed, self._pressed = self._pressed, None
        if pressed is not None and pressed.is_open:
            self._answering.fail(pressed, _LOST)
        for turn in self._turns.values():
            if not turn.row_id or turn.is_final:
                continue
            self._give_up(turn)
            if not turn.text and turn.exchange is not None and turn.exchange.is_open:
                self._answering.fail(turn.exchange, _LOST)
        self._turns.clear()

    def close(self) -> None:
        """Nothing more will be heard."""
        self._due.disarm()
        for turn in self._turns.values():
            if turn.row_id and not turn.is_final:
                self._give_up(turn)

    def _give_up(self, turn: SpokenTurn) -> None:
        """No more words will come: what there is of them is the turn."""
        turn.is_final = True
        status: TurnStatus = "completed" if turn.text else "failed"
        self._transcript.change(turn.row_id, text=turn.text or INAUDIBLE, status=status)

    def _give_up_old(self) -> None:
        """A server that writes nothing down must not leave its rows open for ever."""
        for turn in self._turns.values():
            age_s = self._clock.monotonic() - turn.committed_s
            if turn.row_id and not turn.is_final and age_s > WORDS_WITHIN_S:
                self._give_up(turn)

    def _turn(self, item_id: str) -> SpokenTurn:
        turn = self._turns.get(item_id)
        if turn is None:
            if len(self._turns) >= _REMEMBERED:
                del self._turns[next(iter(self._turns))]
            turn = self._turns[item_id] = SpokenTurn(item_id=item_id)
        return turn

    def _begin(self, turn: SpokenTurn) -> None:
        """The turn's exchange: what the server says next answers it."""
        pressed, self._pressed = self._pressed, None
        if pressed is not None:
            turn.exchange = pressed
            pressed.id = turn.row_id
        else:
            turn.exchange = self._answering.begin(turn.row_id, at_s=turn.ended_s)
            if turn.server_answers:
                self._answering.leave_to_server()
                self._due.arm(ANSWER_DUE_S, lambda: self._on_answer_due(turn))
            else:
                self._answering.want()
        for name, at_s in (
            ("speech_start", turn.started_s),
            ("speech_end", turn.ended_s),
            ("vad", turn.vad_s),
            ("commit", turn.committed_s),
        ):
            if at_s is not None:
                turn.exchange.timeline.mark(name, at_s)

    def _settle(self, turn: SpokenTurn, *, failed: bool) -> None:
        """All words of a turn are known."""
        if turn.exchange is not None:
            turn.exchange.timeline.mark("transcript", self._clock.monotonic())
        if failed and not turn.text:
            self._transcript.change(turn.row_id, text=INAUDIBLE, status="failed")
            self._expect_little(turn)
        elif not has_words(turn.text):
            self._transcript.remove(turn.row_id)
            self._expect_little(turn)
        elif is_echo(turn.text, turn.agent_words):
            self._drop_echo(turn)
        else:
            self._transcript.change(turn.row_id, text=turn.text, status="completed")
            if speaks_of_danger(turn.text):
                self._forget_item(turn)
                self._on_danger(turn.row_id)

    def _drop_echo(self, turn: SpokenTurn) -> None:
        """The microphone heard the agent: nobody said anything, and nobody is to be answered."""
        self._transcript.remove(turn.row_id)
        self._forget_item(turn)
        cut = turn.cut
        self._tell(_ECHO)
        if turn.exchange is None or turn.exchange is not self._answering.current:
            return
        self._interrupt()
        if cut is not None:
            self._go_on(cut)

    def _forget_item(self, turn: SpokenTurn) -> None:
        self._outbox.send(ConversationItemDelete(item_id=turn.item_id))

    def _expect_little(self, turn: SpokenTurn) -> None:
        """Nothing was understood: perhaps nobody answers."""
        if turn.exchange is self._answering.open_exchange and turn.exchange is not None:
            self._due.arm(NOISE_DUE_S, lambda: self._on_answer_due(turn))

    def _on_answer_due(self, turn: SpokenTurn) -> None:
        """The server should have begun to answer by itself."""
        exchange = turn.exchange
        if exchange is None or exchange is not self._answering.open_exchange or exchange.began:
            return
        turn.waits += 1
        if (not turn.is_final or self._answering.awaits_server) and turn.waits <= _MAX_WAITS:
            self._due.arm(ANSWER_DUE_S, lambda: self._on_answer_due(turn))
        elif has_words(turn.text) or not turn.is_final:
            self._answering.want()
        else:
            self._answering.fail(exchange, "")
            if turn.interrupted is not None:
                self._answering.reopen(turn.interrupted)


def has_words(text: str) -> bool:
    """Whether anything was said: noise is written down as nothing, or as a dash or dots."""
    return any(c.isalnum() for c in text)


def is_speech(item: ConversationItem) -> bool:
    """Whether an item is something the person said aloud."""
    message = item.item
    return (
        isinstance(message, MessageItem)
        and message.role == "user"
        and any(part.type == "input_audio" for part in message.content)
    )
