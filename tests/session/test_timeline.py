"""Marks on the way from the end of speech to the first sound."""

from __future__ import annotations

from realtime_agents.session.timeline import MAX_TOOLS, Timeline
from realtime_agents.session.view import TimelineMark


def test_marks_count_from_the_end_of_speech_in_the_order_of_time() -> None:
    timeline = Timeline(100.0)
    timeline.mark("first_text", 101.2)
    timeline.mark("speech_start", 98.5)
    timeline.mark("speech_end", 100.0)
    timeline.tool("search", 100.4, 250)
    assert timeline.read() == (
        TimelineMark(name="speech_start", at_ms=-1500),
        TimelineMark(name="speech_end", at_ms=0),
        TimelineMark(name="tool:search", at_ms=400, duration_ms=250),
        TimelineMark(name="first_text", at_ms=1200),
    )


def test_only_the_first_of_a_name_counts_and_tools_may_repeat() -> None:
    timeline = Timeline(0.0)
    assert timeline.mark("first_text", 1.0)
    assert not timeline.mark("first_text", 2.0)
    timeline.tool("search", 0.1, 5)
    timeline.tool("search", 0.2, 6)
    assert timeline.ms_of("first_text") == 1000
    assert timeline.ms_of("first_audio_heard") is None
    assert [mark.at_ms for mark in timeline.read()] == [100, 200, 1000]


def test_a_request_that_calls_tools_for_ever_stays_small() -> None:
    timeline = Timeline(0.0)
    for n in range(1000):
        timeline.tool("search", n, 1)
    assert len(timeline.read()) == MAX_TOOLS
