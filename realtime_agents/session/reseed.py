"""What a new connection is told about the conversation so far; pure.

Text only: what the person said, what the agents said as it was heard, and which tools were called
with what result. Items get new ids: nothing refers to the old ones any more, and a server that counts
its ids would use them again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from realtime_agents.protocol.items import (
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    MessageItem,
)
from realtime_agents.safety.danger import speaks_of_danger
from realtime_agents.session.view import Turn

MAX_TURNS = 100
"""Rows of the transcript that are told; older ones are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A tool call that ended, as the model knows it."""

    call_id: str
    name: str
    arguments: str
    output: str


def call_items(call: CallRecord) -> list[Item]:
    """The pair of items of one call."""
    return [
        FunctionCallItem(call_id=call.call_id, name=call.name, arguments=call.arguments),
        FunctionCallOutputItem(call_id=call.call_id, output=call.output),
    ]


def system_item(text: str) -> MessageItem:
    """Something the app tells the model."""
    return MessageItem(role="system", content=(ContentPart(type="input_text", text=text),))


def user_item(text: str, item_id: str | None = None) -> MessageItem:
    """Something the person typed."""
    return MessageItem(id=item_id, role="user", content=(ContentPart(type="input_text", text=text),))


def seed_items(
    turns: Sequence[Turn],
    calls: Mapping[str, CallRecord],
    spoken: Callable[[str], str],
    *,
    pending: str = "",
    anchor: str,
) -> list[Item]:
    """Items to create on a new connection, in order.

    ``calls`` are the ended tool calls by id of their row; ``spoken`` gives an agent's words as the model
    wrote them. ``pending`` is the user turn that still waits for its answer: what was begun of the
    answer is left out, as the whole answer is asked for again. ``anchor`` stands before it, or at
    the end when nothing is pending, so that the last item is the one to answer.
    """
    recent = list(turns)[-MAX_TURNS:]
    begin = next((i for i, turn in enumerate(recent) if turn.id == pending), len(recent))
    before = [item for turn in recent[:begin] for item in _items_of(turn, calls, spoken)]
    waiting = [
        item for turn in recent[begin:] if turn.role != "agent" for item in _items_of(turn, calls, spoken)
    ]
    return [*before, *([system_item(anchor)] if before else []), *waiting]


def _items_of(turn: Turn, calls: Mapping[str, CallRecord], spoken: Callable[[str], str]) -> list[Item]:
    match turn.role:
        case "user":
            # Nothing was understood, or what was said is for no model.
            silent = turn.status == "failed" or not turn.text or speaks_of_danger(turn.text)
            return [] if silent else [user_item(turn.text)]
        case "agent":
            text = spoken(turn.id)
            part = ContentPart(type="output_text", text=text)
            return [MessageItem(role="assistant", content=(part,))] if text else []
        case "tool":
            call = calls.get(turn.id)
            return call_items(call) if call is not None else []
        case "handoff" | "breadcrumb":
            return []
