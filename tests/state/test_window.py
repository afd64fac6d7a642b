from __future__ import annotations

from realtime_agents.session.view import Turn
from realtime_agents.state.window import BLOCK, SLOTS, Window, window_of, with_turns


def conversation(exchanges: int) -> list[Turn]:
    """Question, tool, answer, again and again."""
    roles = ("user", "tool", "agent")
    return [
        Turn(id=f"{i}", role=roles[i % 3], status="completed", text=f"{i}")  # type: ignore[arg-type]
        for i in range(exchanges * 3)
    ]


def ids(window: Window) -> list[str]:
    return [t.id for _, block in window.blocks for t in block] + [t.id for t in window.current]


def test_a_short_conversation_is_shown_whole_and_in_order() -> None:
    turns = conversation(10)
    assert ids(window_of(turns)) == [t.id for t in turns]


def test_the_current_part_begins_with_the_last_question() -> None:
    assert [t.id for t in window_of(conversation(4)).current] == ["9", "10", "11"]


def test_before_the_first_question_everything_is_current() -> None:
    greeting = Turn(id="g", role="agent", status="completed")
    assert window_of([greeting]).current == (greeting,)


def test_a_long_conversation_keeps_its_newest_rows_only() -> None:
    turns = conversation(400)
    shown = ids(window_of(turns))
    assert shown == [t.id for t in turns][-len(shown) :]
    assert BLOCK * (SLOTS - 1) <= len(shown) <= BLOCK * SLOTS + 3


def test_growing_turn_by_turn_ends_where_a_snapshot_ends() -> None:
    turns, window = conversation(150), Window()
    for turn in turns:
        window = with_turns(window, [turn])
    whole = window_of(turns)
    assert ids(window) == ids(whole)
    assert dict(window.blocks) == dict(whole.blocks)


def test_an_answer_changes_no_block_and_a_question_only_the_last_ones() -> None:
    window = window_of(conversation(100))
    answered = with_turns(window, [Turn(id="new", role="agent", status="completed")])
    assert answered.blocks == window.blocks
    asked = with_turns(answered, [Turn(id="ask", role="user", status="completed")])
    before, after = dict(answered.blocks), dict(asked.blocks)
    assert len([slot for slot in after if before.get(slot) != after[slot]]) <= 2


def test_a_changed_turn_keeps_its_place() -> None:
    window = window_of(conversation(5))
    changed = with_turns(window, [Turn(id="4", role="tool", status="completed", text="late")])
    assert ids(changed) == ids(window)
    assert [t.text for _, b in changed.blocks for t in b if t.id == "4"] == ["late"]
