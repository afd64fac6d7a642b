"""What the agents say aloud: on its way to the browser, heard so far, and cut off when the person speaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from realtime_agents.protocol.effects import PlayAudio, TextDelta
from realtime_agents.protocol.playback import PlaybackClock
from realtime_agents.session.answer_rows import AnswerRows
from realtime_agents.session.clock import Clock
from realtime_agents.session.deadline import Deadline
from realtime_agents.session.exchange import Exchange
from realtime_agents.session.line import AudioLine
from realtime_agents.session.line_messages import Flush, FlushReason
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.spoken_item import SpokenItem
from realtime_agents.session.transcript import Transcript

FLUSH_WAIT_S = 0.25
"""How long the browser may take to say where it stopped; then its last report counts."""
SILENT_REPORTS_S = 3.0
"""A player that says nothing for so long after it must have finished has finished."""
_ECHO_BEFORE_MS = 8000
_ECHO_AFTER_MS = 1000
_REMEMBERED = 64


class Speaker:
    """Everything between the server's audio and the person's ear. Synchronous but for its deadlines.

    Audio of an item goes to the line that was open when the item began; what is left of it when
    that line ends is not said. Items play one after the other.

    ============ =========== ============================
    owned        opened by   closed by
    ============ =========== ============================
    deadlines    a cut, end  their end, `close`
    items        their words being heard, cut, `drop`
    ============ =========== ============================
    """

    def __init__(
        self,
        *,
        rows: AnswerRows,
        transcript: Transcript,
        outbox: Outbox,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        """``on_change``: `is_playing` may have changed."""
        self._rows = rows
        self._transcript = transcript
        self._outbox = outbox
        self._clock = clock
        self._on_change = on_change
        self._line: AudioLine | None = None
        self._playback = PlaybackClock()
        self._items: dict[str, SpokenItem] = {}
        self._cut_items: dict[str, SpokenItem] = {}
        """Where the browser stopped in these is not known yet."""
        self._unsaid: deque[str] = deque(maxlen=_REMEMBERED)
        """Items of which no more is to be said."""
        self._begun = 0
        self._lingers = False
        """A browser that connects again plays on what an earlier line brought."""
        self.last_cut: tuple[tuple[str, Exchange], ...] = ()
        """Rows that the last `cut` stopped, with their requests."""
        self._after_cut: list[Callable[[], None]] = []
        self._cut_deadline = Deadline(clock, "flush")
        self._end_deadline = Deadline(clock, "end of playback")
        self._reported_s = 0.0
        self.on_heard: Callable[[bytes], None] | None = None
        """Gets the sound that the person heard, while both sides are recorded."""

    @property
    def is_playing(self) -> bool:
        """The browser plays something, or will in a moment."""
        return any(item.n for item in self._items.values())

    @property
    def is_cutting(self) -> bool:
        """A cut waits for the browser to say where it stopped."""
        return self._cut_deadline.is_armed

    def attach(self, line: AudioLine) -> None:
        """Items that begin from now on are said on this line."""
        self.drop()
        self._line = line
        self._playback = PlaybackClock()
        self._begun = 0

    def detach(self) -> None:
        """Nobody listens any more; the words of what was being said stay to be read."""
        self._line = None
        self.drop()

    def drop(self) -> None:
        """Say no more of what is being said; its row stays as if all of it had been heard."""
        self._finish_cut()
        self._end_deadline.disarm()
        self._lingers = self._lingers or self.is_playing
        for item_id in tuple(self._items):
            self._forget(item_id)
        self._on_change()

    def on_words(self, delta: TextDelta) -> None:
        """More words of an item that is wanted."""
        if (item := self._item(delta.item_id)) is not None:
            item.add_words(delta)

    def on_audio(self, effect: PlayAudio, turn_id: str, exchange: Exchange) -> None:
        """Audio of an item that is wanted: its words are in the row ``turn_id``."""
        item = self._item(effect.item_id)
        if item is None:
            return
        now_s = self._clock.monotonic()
        if not item.n:
            self._begun += 1
            item.audio = bytearray() if self.on_heard is not None else None
            item.begin(self._begun, turn_id, exchange, effect.response_id)
            exchange.timeline.mark("first_audio_sent", now_s)
            self._on_change()
        self._playback.on_audio(
            item.id, len(effect.audio), now_ms=now_s * 1000, content_index=effect.content_index
        )
        item.add_audio(effect.audio)

    def on_audio_done(self, item_id: str) -> None:
        """All audio of an item has arrived."""
        item = self._items.get(item_id)
        if item is None or not item.n or item.is_complete:
            return
        self._playback.on_audio_done(item_id)
        item.end()
        self._watch_end()
        self._finish_played()

    def on_response_ended(self, response_id: str) -> None:
        """No more audio will come of a response, whether or not it said so of each item."""
        for item in [item for item in self._items.values() if item.response_id == response_id]:
            self.on_audio_done(item.id)

    def on_played(self, item_id: str, played_ms: int) -> None:
        """The browser played so much of an item."""
        item = self._items.get(item_id) or self._cut_items.get(item_id)
        if item is not None and item.n:
            self._on_report(item, played_ms)

    def on_played_of(self, n: int, played_ms: int) -> None:
        """The browser played so much of item number ``n``."""
        for items in (self._items, self._cut_items):
            for item in items.values():
                if item.n == n:
                    self._on_report(item, played_ms)
                    return

    def on_flushed(self, item_id: str, played_ms: int) -> None:
        """The browser stopped playing, there."""
        self.on_played(item_id, played_ms)
        self._finish_cut()

    def cut(self, reason: FlushReason) -> bool:
        """Stop everything that is being said; False when nothing was.

        The browser is told at once. The server, and the row, learn what was heard when the browser
        says where it stopped, or a moment later by what it said last. By then the rows must be
        settled.
        """
        self._finish_cut()
        self._finish_played()
        playing = [item for item in self._items.values() if item.n]
        self._items.clear()
        self.last_cut = tuple((item.turn_id, item.exchange) for item in playing if item.exchange is not None)
        if self._line is None:
            return False
        lingered, self._lingers = self._lingers, False
        if playing or lingered:
            self._line.put(Flush(reason))
        if not playing:
            return False
        self._end_deadline.disarm()
        self._cut_items = {item.id: item for item in playing}
        self._cut_deadline.arm(FLUSH_WAIT_S, self._finish_cut)
        self._on_change()
        return True

    def after_cut(self, action: Callable[[], None]) -> None:
        """Do ``action`` once the server knows what was heard; at once when nothing is being cut."""
        if self.is_cutting:
            self._after_cut.append(action)
        else:
            action()

    def do_what_waits(self) -> None:
        """Do now what `after_cut` was given."""
        waiting, self._after_cut = self._after_cut, []
        for action in waiting:
            action()

    def recent_words(self) -> str:
        """What was being said around the present moment."""
        said = []
        for item in self._items.values():
            played_ms = self._played_ms(item)
            said.append(item.said_between(played_ms - _ECHO_BEFORE_MS, played_ms + _ECHO_AFTER_MS))
        return " ".join(said)

    def on_lost(self) -> None:
        """The connection is gone: an answer that was under way will be given anew, from its beginning."""
        self._after_cut.clear()
        if any(item.exchange is not None and item.exchange.is_open for item in self._items.values()):
            self.cut("stopped")

    def close(self) -> None:
        """Stop waiting."""
        self._after_cut.clear()
        self._finish_cut()
        self._end_deadline.disarm()

    def _item(self, item_id: str) -> SpokenItem | None:
        """The item, made at its first words or audio; None when it is not to be said."""
        item = self._items.get(item_id)
        if item is not None or item_id in self._unsaid:
            return item
        if self._line is None:
            self._unsaid.append(item_id)
            return None
        if len(self._items) >= _REMEMBERED:
            self._forget(next(iter(self._items)))
        item = self._items[item_id] = SpokenItem(item_id, self._line, self._outbox.connections)
        return item

    def _on_report(self, item: SpokenItem, played_ms: int) -> None:
        self._reported_s = self._clock.monotonic()
        self._playback.on_report(item.id, played_ms)
        self._note_heard(item)
        self._finish_played()

    def _played_ms(self, item: SpokenItem) -> int:
        return self._playback.played_ms(item.id, now_ms=self._clock.monotonic() * 1000)

    def _note_heard(self, item: SpokenItem) -> None:
        played_ms = self._played_ms(item)
        if self.on_heard is not None and (pcm := item.take_heard(played_ms)):
            self.on_heard(pcm)
        exchange = item.exchange
        if exchange is None or played_ms <= 0:
            return
        now_s = self._clock.monotonic()
        # Reports are rounded: nothing was heard before it was sent.
        heard_s = max(now_s - played_ms / 1000, exchange.timeline.when("first_audio_sent", now_s))
        if exchange.timeline.mark("first_audio_heard", heard_s) and not exchange.is_open:
            self._rows.summarise(exchange)

    def _finish_played(self) -> None:
        """Forget what was heard to its end."""
        now_ms = self._clock.monotonic() * 1000
        done = [i for i in self._items.values() if i.n and self._playback.is_finished(i.id, now_ms=now_ms)]
        for item in done:
            self._forget(item.id)
        if done and not self.is_playing:
            self._end_deadline.disarm()
            self._note_end(done[-1])
            self._on_change()

    def _note_end(self, item: SpokenItem) -> None:
        exchange = item.exchange
        if exchange is not None and not exchange.is_open:
            exchange.timeline.mark("audio_end", self._clock.monotonic())
            self._rows.summarise(exchange)

    def _finish_cut(self) -> None:
        """What was heard of the items that were cut is known, as far as it ever will be."""
        self._cut_deadline.disarm()
        cut, self._cut_items = self._cut_items, {}
        for item in cut.values():
            self._settle_cut(item)
        self.do_what_waits()

    def _settle_cut(self, item: SpokenItem) -> None:
        truncation = self._playback.truncation(item.id, now_ms=self._clock.monotonic() * 1000)
        if truncation is not None and item.connection == self._outbox.connections:
            self._outbox.send(truncation)
        heard_ms = self._played_ms(item)
        self._playback.forget(item.id)
        if item.exchange is not None and not item.exchange.verbatim_row:
            self._transcript.cut(item.turn_id, item.words_by(heard_ms))
            self._note_end(item)

    def _forget(self, item_id: str) -> None:
        self._items.pop(item_id, None)
        self._unsaid.append(item_id)
        self._playback.forget(item_id)

    def _watch_end(self) -> None:
        """A browser that stops reporting must not leave the agent speaking for ever."""
        left_ms = sum(self._playback.received_ms(i.id) - self._played_ms(i) for i in self._items.values())
        self._end_deadline.arm(left_ms / 1000 + SILENT_REPORTS_S, self._on_end_due)

    def _on_end_due(self) -> None:
        if self._clock.monotonic() - self._reported_s < SILENT_REPORTS_S:
            self._watch_end()
            return
        for item in self._items.values():
            if item.is_complete:
                self._playback.on_report(item.id, self._playback.received_ms(item.id))
        self._finish_played()
