"""After an echo: the answer that the agent's own voice cut off goes on where it was heard last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.spoken_words import has_spoken_words, without_citations
from realtime_agents.protocol.wishes import TO_GO_ON
from realtime_agents.session.answering import Answering
from realtime_agents.session.exchange import Exchange, Params
from realtime_agents.session.roster import Roster
from realtime_agents.session.saying import say_exactly
from realtime_agents.session.speaker import Speaker
from realtime_agents.session.transcript import Transcript

MAX_TIMES = 2
"""So often an answer goes on: where every word comes back, each attempt would be cut again."""
_PURPOSE = "go on"


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
        self._cut: CutSpeech | None = None

    def after(self, cut: CutSpeech) -> None:
        """What cut it off was nobody: say the rest of it, once it is known what was heard."""
        self._cut = cut
        self._speaker.after_cut(self._go_on)

    def forget(self) -> None:
        """The rest is not wanted any more."""
        self._cut = None

    def _go_on(self) -> None:
        cut, self._cut = self._cut, None
        if cut is None:
            return
        exchange = cut.exchange
        if self._answering.open_exchange is not None or not self._is_quiet() or exchange.resumed >= MAX_TIMES:
            return
        exchange.resumed += 1
        if exchange.verbatim_row:  # words that must be heard whole are said again
            self._ask_anew(exchange, exchange.params, exchange.verbatim_row)
        elif not cut.was_whole:
            self._end_rows(cut)
            self._answering.reopen(exchange, params=self._behind_what_was_heard)
        elif rest := self._end_rows(cut):
            asked = say_exactly(rest, purpose=_PURPOSE)
            self._ask_anew(exchange, lambda: asked)

    def _end_rows(self, cut: CutSpeech) -> str:
        """Let the rows end where they were heard, as the rest follows; returns the rest."""
        rests = [self._transcript.end_where_heard(row) for row in cut.rows]
        words = without_citations(" ".join(rests))
        return words if has_spoken_words(words) else ""

    def _ask_anew(self, before: Exchange, params: Params, verbatim_row: str = "") -> None:
        exchange = self._answering.begin(before.id, params=params, verbatim_row=verbatim_row)
        exchange.resumed = before.resumed
        exchange.sources = list(before.sources)
        exchange.outcomes = list(before.outcomes)
        self._answering.want()

    def _behind_what_was_heard(self) -> ResponseParams:
        """As the agent that speaks at that moment: tools, and other agents, may come in between."""
        instructions = f"{self._roster.instructions()}\n\n{TO_GO_ON}"
        return ResponseParams(instructions=instructions, metadata={"purpose": _PURPOSE})
