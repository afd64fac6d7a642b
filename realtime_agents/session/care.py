"""Words of somebody in danger: who helps is named at once, shown and said, and no model gets in between."""

from __future__ import annotations

import uuid

from realtime_agents.safety.danger import CRISIS_ANSWER, answer_to_danger
from realtime_agents.session.answering import Answering
from realtime_agents.session.clock import Clock
from realtime_agents.session.roster import Roster
from realtime_agents.session.saying import say_exactly
from realtime_agents.session.transcript import Transcript
from realtime_agents.session.view import Turn
from realtime_agents.session.voice import Voice


class Care:
    """Answers words of somebody in danger. Synchronous."""

    def __init__(
        self, *, answering: Answering, voice: Voice, transcript: Transcript, roster: Roster, clock: Clock
    ) -> None:
        self._answering = answering
        self._voice = voice
        self._transcript = transcript
        self._roster = roster
        self._clock = clock

    def on_typed(self, text: str) -> None:
        """The person typed ``text``; it is shown, and sent to nobody."""
        turn_id = f"item_{uuid.uuid4().hex[:24]}"
        said = Turn(id=turn_id, role="user", status="completed", text=text, at=self._clock.now())
        self._answer(turn_id, text, said)

    def on_heard(self, turn_id: str) -> None:
        """The person said what stands in that row."""
        heard = self._transcript.get(turn_id)
        self._answer(turn_id, heard.text if heard else "", None)

    def _answer(self, turn_id: str, words: str, said: Turn | None) -> None:
        help_words = answer_to_danger(words) or CRISIS_ANSWER
        self._voice.interrupt("care")
        if said is not None:
            self._transcript.put(said)
        answer = Turn(
            id=f"{turn_id}_care",
            role="agent",
            status="completed",
            text=help_words,
            agent=self._roster.current.name,
            at=self._clock.now(),
            spoken=self._voice.is_attached,
        )
        self._transcript.put(answer)
        if self._voice.is_attached:
            asked = say_exactly(help_words, purpose="danger")
            self._answering.begin(turn_id, params=lambda: asked, verbatim_row=answer.id)
            self._answering.want()
