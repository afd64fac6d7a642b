"""From one agent to another: because the agent asks for it, or because the person chose."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from realtime_agents.protocol.commands import ConversationItemCreate
from realtime_agents.protocol.effects import CallTool
from realtime_agents.protocol.items import FunctionCallOutputItem
from realtime_agents.session.answer_rows import AnswerRows
from realtime_agents.session.answering import Answering
from realtime_agents.session.clock import Clock
from realtime_agents.session.configuring import Configuring
from realtime_agents.session.exchange import Exchange
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.reseed import system_item
from realtime_agents.session.roster import Roster
from realtime_agents.session.status import StatusBoard
from realtime_agents.session.transcript import Transcript
from realtime_agents.session.view import Handoff, Turn

MAX_HANDOFFS = 3
"""Per request: two agents that send a person to and fro must answer in the end."""
MAX_REASON_LENGTH = 200


class Handoffs:
    """Changes the current agent and tells everybody. Synchronous."""

    def __init__(
        self,
        *,
        roster: Roster,
        answering: Answering,
        rows: AnswerRows,
        configuring: Configuring,
        outbox: Outbox,
        transcript: Transcript,
        status: StatusBoard,
        clock: Clock,
        on_agent: Callable[[str], None],
    ) -> None:
        """``on_agent`` gets the name of each new agent."""
        self._roster = roster
        self._answering = answering
        self._rows = rows
        self._configuring = configuring
        self._outbox = outbox
        self._transcript = transcript
        self._status = status
        self._clock = clock
        self._on_agent = on_agent
        self._last_response = ""

    def transfer(self, call: CallTool, target: str, exchange: Exchange) -> None:
        """The agent called a transfer tool: the next response already is the new agent's.

        A transfer that cannot be done is told to the agent, which then answers itself.
        """
        self._roster.refresh()
        refusal = self._refusal(call, target, exchange)
        if refusal:
            output = {"outcome": "error", "message": refusal}
        else:
            exchange.handoffs += 1
            self._last_response = call.response_id
            turn_id = self._rows.new_turn_id(call.item_id)
            self._change(target, turn_id, reason=_reason(call.arguments))
            output = {"outcome": "ok", "say": "", "sources": [], "data": {"agent": target}}  # type: ignore[dict-item]
        self._outbox.send(
            ConversationItemCreate(
                item=FunctionCallOutputItem(call_id=call.call_id, output=json.dumps(output))
            )
        )
        self._answering.want_if_ready(exchange)

    def by_hand(self, target: str) -> bool:
        """The person chose another agent; False when it speaks already. Raises `SessionError` naming the known ones.

        The new agent answers what is pending; when nothing is, it waits for the person.
        """
        before = self._roster.current
        if target == before.name:
            return False
        self._roster.switch(target)
        self._answering.cut_speech()
        self._announce(before.name, f"handoff_{uuid.uuid4().hex[:20]}", reason="")
        words = (
            f"The person chose to go on with you instead of {before.title}. You are "
            f"{self._roster.current.title}. The conversation so far stays; do not greet and do not repeat it."
        )
        self._outbox.send(ConversationItemCreate(item=system_item(words)))
        if (exchange := self._answering.open_exchange) is not None:
            self._answering.want_if_ready(exchange)
        return True

    def _change(self, target: str, turn_id: str, *, reason: str) -> None:
        before = self._roster.current.name
        self._roster.switch(target)
        self._announce(before, turn_id, reason=reason)

    def _announce(self, before: str, turn_id: str, *, reason: str) -> None:
        target = self._roster.current.name
        self._configuring.configure()
        self._transcript.put(
            Turn(
                id=turn_id,
                role="handoff",
                status="completed",
                agent=target,
                at=self._clock.now(),
                handoff=Handoff(source=before, target=target, reason=reason),
            )
        )
        self._status.set_agent(target)
        self._on_agent(target)

    def _refusal(self, call: CallTool, target: str, exchange: Exchange) -> str:
        targets = self._roster.targets()
        if not self._answering.is_wanted(call.response_id):
            return "Nothing was handed over: the person has gone on to something else."
        if call.response_id == self._last_response:
            return "The conversation was handed over already; the new agent answers."
        if target not in targets:
            known = ", ".join(targets) or "nobody"
            return f"You cannot hand over to {target[:64]!r}; you can to: {known}. Answer yourself if it is yours."
        if exchange.handoffs >= MAX_HANDOFFS:
            return (
                f"This question was handed over {MAX_HANDOFFS} times already. Do not hand it over again: "
                "answer it yourself, or say that you don't know and who does."
            )
        return ""


def _reason(arguments: str) -> str:
    """The reason the agent gave, as one short line."""
    try:
        reason = json.loads(arguments).get("reason", "")
    except (ValueError, AttributeError):
        return ""
    words = " ".join(str(reason).split())
    return words if len(words) <= MAX_REASON_LENGTH else words[: MAX_REASON_LENGTH - 1] + "…"
