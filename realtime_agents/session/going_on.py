"""After an echo: the answer that the agent's own voice cut off goes on where it was heard last."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.response_slot import ResponseRequest
from realtime_agents.session.answering import Answering
from realtime_agents.session.exchange import Exchange
from realtime_agents.session.roster import Roster
from realtime_agents.session.speaker import Speaker
from realtime_agents.session.transcript import Transcript

MAX_TIMES = 2
"""So often an answer goes on: where every word comes back, each attempt would be cut again."""
_METADATA = {"purpose": "go on"}
_CITATION = re.compile(r"\s*\[\d[\d\s,;]*\]")
_GO_ON = (
    "Your last answer was cut off by an echo of your own voice, not by the person. Go on right after its last"
    " word. Do not repeat what you said, do not greet, and do not mention the interruption."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutSpeech:
    """What was being said when it was cut off."""

    rows: tuple[str, ...]
    exchange: Exchange
    """Of the last of them."""
    was_whole: bool
    """The server had given all of the answer; else it stopped in the middle."""


def cut_speech(cut: tuple[tuple[str, Exchange], ...], interrupted: Exchange | None) -> CutSpeech | None:
    """``cut``: rows and their requests; ``interrupted``: the request that was still being answered."""
    if not cut:
        return None
    exchange = cut[-1][1]
    return CutSpeech(
        rows=tuple(row for row, _ in cut), exchange=exchange, was_whole=exchange is not interrupted
    )


class GoingOn:
    """Synchronous. Nothing is asked when the person has gone on to something else."""

    def __init__(
        self,
        *,
        answering: Answering,
        speaker: Speaker,
        transcript: Transcript,
        roster: Roster,
        is_quiet: Callable[[], bool],
    ) -> None:
        """``is_quiet``: nobody is speaking into the microphone."""
        self._answering = answering
        self._speaker = speaker
        self._transcript = transcript
        self._roster = roster
        self._is_quiet = is_quiet

    def after(self, cut: CutSpeech) -> None:
        """What cut it off was nobody: say the rest of it, once it is known what was heard."""
        self._speaker.after_cut(lambda: self._go_on(cut))

    def _go_on(self, cut: CutSpeech) -> None:
        exchange = cut.exchange
        if self._answering.open_exchange is not None or not self._is_quiet() or exchange.resumed >= MAX_TIMES:
            return
        exchange.resumed += 1
        if exchange.verbatim_row:  # words that must be heard whole are said again
            self._ask_anew(exchange, exchange.request, exchange.verbatim_row)
        elif not cut.was_whole:
            self._end_rows(cut)
            self._answering.reopen(exchange, request=ResponseRequest(params=self._behind_what_was_heard()))
        elif rest := self._end_rows(cut):
            self._ask_anew(exchange, ResponseRequest(params=_exactly(rest)))

    def _end_rows(self, cut: CutSpeech) -> str:
        """Let the rows end where they were heard, as the rest follows; returns the rest."""
        rests = [self._transcript.end_where_heard(row) for row in cut.rows]
        words = _CITATION.sub("", " ".join(rests)).split()
        return " ".join(words) if any(c.isalnum() for word in words for c in word) else ""

    def _ask_anew(self, before: Exchange, request: ResponseRequest, verbatim_row: str = "") -> None:
        exchange = self._answering.begin(before.id, request=request, verbatim_row=verbatim_row)
        exchange.resumed = before.resumed
        exchange.sources = list(before.sources)
        exchange.outcomes = list(before.outcomes)
        self._answering.want()

    def _behind_what_was_heard(self) -> ResponseParams:
        return ResponseParams(instructions=f"{self._roster.instructions()}\n\n{_GO_ON}", metadata=_METADATA)


def _exactly(words: str) -> ResponseParams:
    return ResponseParams(
        input=(),
        tools=(),
        tool_choice="none",
        output_modalities=("audio",),
        instructions=f'Say exactly: "{words}"',
        metadata=_METADATA,
    )
