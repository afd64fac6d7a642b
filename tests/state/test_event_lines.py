from __future__ import annotations

import json

from realtime_agents.session.view import EventRow
from realtime_agents.state.event_lines import LINES_MAX, as_json, shown, split_last_turn, with_rows


def row(
    i: int, group: str = "session", *, kind: str = "response.created", count: int = 1, payload: str = "{}"
) -> EventRow:
    return EventRow(
        id=f"e{i}",
        group=group,
        at=60.0 + i,
        direction="server",
        type=kind,
        detail=f"d{i}",
        count=count,
        payload=payload,
    )


def test_lines_are_numbered_by_turn_and_each_turn_has_one_heading() -> None:
    lines = with_rows((), [row(0), row(1, "t1"), row(2, "t1"), row(3, "t2")])
    assert [(line.number, line.starts) for line in lines] == [(0, True), (1, True), (1, False), (2, True)]


def test_a_run_that_grows_stays_one_line() -> None:
    lines = with_rows((), [row(0, "t1", kind="response.output_text.delta", count=2)])
    lines = with_rows(lines, [row(0, "t1", kind="response.output_text.delta", count=17)])
    assert [line.times for line in lines] == ["×17"]


def test_the_filter_wants_all_words_and_keeps_the_headings() -> None:
    lines = with_rows(
        (), [row(0, "t1"), row(1, "t1", kind="response.done"), row(2, "t2", kind="response.done")]
    )
    found = shown(lines, "RESPONSE done")
    assert [(line.id, line.starts) for line in found] == [("e1", True), ("e2", True)]
    assert shown(lines, "nothing like it") == ()


def test_only_the_newest_turn_is_sent_again_while_it_grows() -> None:
    lines = with_rows((), [row(0), row(1, "t1"), row(2, "t2"), row(3, "t2")])
    earlier, latest = split_last_turn(lines)
    assert [line.id for line in earlier] == ["e0", "e1"]
    assert [line.id for line in latest] == ["e2", "e3"]
    assert split_last_turn(()) == ((), ())


def test_the_log_is_bounded_and_keeps_counting_turns() -> None:
    lines = with_rows((), [row(i, f"t{i}") for i in range(LINES_MAX + 50)])
    assert len(lines) == LINES_MAX
    assert lines[-1].number == LINES_MAX + 50


def test_the_copy_is_json_with_whole_payloads_as_objects() -> None:
    copied = json.loads(as_json([row(0, payload='{"type":"x"}'), row(1, payload='{"cut…')]))
    assert [entry["event"] for entry in copied] == [{"type": "x"}, '{"cut…']
