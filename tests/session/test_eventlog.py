"""The log of the protocol: lines, runs, bounds."""

from __future__ import annotations

import json

from realtime_agents.protocol import events as ev
from realtime_agents.protocol.commands import ConversationItemCreate, InputAudioBufferAppend, SessionUpdate
from realtime_agents.protocol.items import ErrorDetail, Response
from realtime_agents.session.eventlog import LIMIT_PAYLOAD, EventLog
from realtime_agents.session.reseed import user_item


def text_delta(delta: str, item_id: str = "item_1") -> ev.ResponseOutputTextDelta:
    return ev.ResponseOutputTextDelta(
        event_id="e", response_id="r", item_id=item_id, output_index=0, content_index=0, delta=delta
    )


def audio_delta(delta: str) -> ev.ResponseOutputAudioDelta:
    return ev.ResponseOutputAudioDelta(
        event_id="e", response_id="r", item_id="item_1", output_index=0, content_index=0, delta=delta
    )


def log_of(*events: ev.ServerEvent, limit: int = 2000) -> EventLog:
    log = EventLog(lambda: 5.0, limit=limit)
    for event in events:
        log.add("server", event)
    return log


def test_deltas_of_one_item_are_one_line_with_their_text_joined() -> None:
    (row,) = log_of(text_delta("One "), text_delta("two.")).rows()
    assert (row.count, row.type, row.direction, row.at) == (2, "response.output_text.delta", "server", 5.0)
    assert json.loads(row.payload)["delta"] == "One two."
    assert row.detail == "item_1 · 8 characters"


def test_deltas_of_two_kinds_that_take_turns_stay_two_lines() -> None:
    pair: list[ev.ServerEvent] = [audio_delta("AAAA"), text_delta("a")]
    rows = log_of(*pair * 50).rows()
    assert [row.count for row in rows] == [50, 50]


def test_another_event_or_another_item_begins_a_new_line() -> None:
    stop = ev.InputAudioBufferCleared(event_id="e")
    rows = log_of(text_delta("a"), stop, text_delta("b"), text_delta("c", "item_2")).rows()
    assert [row.count for row in rows] == [1, 1, 1, 1]


def test_audio_is_shown_as_a_size_and_not_kept() -> None:
    log = log_of(*[audio_delta("A" * 6400)] * 100)
    (row,) = log.rows()
    assert json.loads(row.payload)["delta"] == "<640000 characters of base64 audio>"
    append = EventLog(lambda: 0.0)
    append.add("client", InputAudioBufferAppend(audio="B" * 1280))
    assert "BBBB" not in append.rows()[0].payload


def test_a_payload_is_cut_at_eight_thousand_characters() -> None:
    rows = log_of(*[text_delta("x" * 1000)] * 30).rows()
    assert len(rows[0].payload) == LIMIT_PAYLOAD
    assert rows[0].detail == "item_1 · 30000 characters"


def test_the_ring_keeps_the_newest_lines_and_ids_are_never_used_again() -> None:
    rows = log_of(*[ev.InputAudioBufferCleared(event_id="e")] * 5, limit=3).rows()
    assert [row.id for row in rows] == ["event_3", "event_4", "event_5"]


def test_a_detail_names_ids_sizes_and_codes_and_no_words() -> None:
    log = EventLog(lambda: 0.0)
    log.add("client", ConversationItemCreate(item=user_item("my secret", "item_9")))
    log.add("client", SessionUpdate(session={"instructions": "abc", "tools": [{}, {}]}))
    log.add("server", ev.Error(event_id="", error=ErrorDetail(code="bad", message="my secret", param="x.y")))
    log.add("server", ev.ResponseDone(event_id="", response=Response(id="resp_1", status="failed")))
    log.add("server", ev.UnknownEvent(type="new.event", data={"type": "new.event", "item_id": "item_3"}))
    details = [row.detail for row in log.rows()]
    assert details == [
        "message · user · item_9",
        "2 tools · 3 characters of instructions",
        "bad · x.y",
        "resp_1 · failed",
        "item_3",
    ]


def test_lines_belong_to_the_group_of_their_time() -> None:
    log = EventLog(lambda: 0.0)
    log.add("server", ev.SessionCreated(event_id="", session={}))
    log.group = "item_1"
    log.add("server", ev.InputAudioBufferCleared(event_id=""))
    assert [row.group for row in log.rows()] == ["session", "item_1"]
