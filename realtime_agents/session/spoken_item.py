"""One item that an agent says aloud, as far as it was given to the browser."""

from __future__ import annotations

from realtime_agents.protocol.effects import TextDelta
from realtime_agents.protocol.pcm import BYTES_PER_SAMPLE, bytes_to_ms, ms_to_bytes
from realtime_agents.protocol.spoken_words import SpokenTrack, WordMark, end_of_words
from realtime_agents.session.exchange import Exchange
from realtime_agents.session.line import AudioLine
from realtime_agents.session.line_messages import AudioPiece, ItemBegins, ItemEnds, MarksAdded

MAX_PIECE_MS = 200
MAX_KEPT_MS = 300_000
"""Sound kept for a recording until it was heard: what is more is recorded as silence."""


class SpokenItem:
    """Words and audio of an item, given to the line that was open when it began."""

    __slots__ = (
        "_line",
        "_sent_bytes",
        "_taken_bytes",
        "_text",
        "_track",
        "audio",
        "connection",
        "exchange",
        "id",
        "is_complete",
        "n",
        "response_id",
        "turn_id",
    )

    def __init__(self, item_id: str, line: AudioLine, connection: int) -> None:
        self.id = item_id
        self.connection = connection
        """Number of the connection whose conversation holds the item."""
        self.n = 0
        """Its number on the line; 0 while no audio came."""
        self.turn_id = ""
        self.response_id = ""
        self.exchange: Exchange | None = None
        self.is_complete = False
        self.audio: bytearray | None = None
        """What was not heard yet, while both sides are recorded."""
        self._line = line
        self._track = SpokenTrack()
        self._text = ""
        self._sent_bytes = 0
        self._taken_bytes = 0

    def begin(self, n: int, turn_id: str, exchange: Exchange, response_id: str) -> None:
        """Audio follows, whose words are in the row ``turn_id``."""
        self.n, self.turn_id, self.exchange, self.response_id = n, turn_id, exchange, response_id
        self._line.put(ItemBegins(n, self.id))

    def add_words(self, delta: TextDelta) -> None:
        """More of its text."""
        self._text = delta.text
        if delta.delta:
            self._track.add_words(delta.delta)
        else:
            self._track.replace_words(delta.text)
        if self.is_complete:
            self._mark(self._track.finish(bytes_to_ms(self._sent_bytes)))

    def add_audio(self, audio: bytes) -> None:
        """More of its sound."""
        self._mark(self._track.add_audio(bytes_to_ms(self._sent_bytes + len(audio))))
        step = ms_to_bytes(MAX_PIECE_MS)
        for start in range(0, len(audio), step):
            piece = audio if len(audio) <= step else audio[start : start + step]
            self._line.put(AudioPiece(self.n, self._sent_bytes // BYTES_PER_SAMPLE, piece))
            self._sent_bytes += len(piece)
        if self.audio is not None and len(self.audio) < ms_to_bytes(MAX_KEPT_MS):
            self.audio += audio

    def end(self) -> None:
        """All of its sound was given."""
        self.is_complete = True
        total_ms = bytes_to_ms(self._sent_bytes)
        self._mark(self._track.finish(total_ms))
        self._line.put(ItemEnds(self.n, total_ms))

    def words_by(self, ms: int) -> int:
        """Spoken words that were said after ``ms`` of its sound."""
        return self._track.words_by(ms)

    def said_between(self, begin_ms: int, end_ms: int) -> str:
        """Its words of that time."""
        begin = end_of_words(self._text, self.words_by(begin_ms))
        return self._text[begin : end_of_words(self._text, self.words_by(end_ms))]

    def take_heard(self, heard_ms: int) -> bytes:
        """Sound up to ``heard_ms`` that was not taken yet; empty when nothing is recorded."""
        if self.audio is None:
            return b""
        size = max(ms_to_bytes(heard_ms) - self._taken_bytes, 0)
        self._taken_bytes += size
        taken = bytes(self.audio[:size])
        del self.audio[:size]
        return taken

    def _mark(self, mark: WordMark | None) -> None:
        if mark is not None and self.n:
            self._line.put(MarksAdded(self.n, ((mark.at_ms, mark.words),)))
