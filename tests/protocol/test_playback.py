from __future__ import annotations

import pytest

from realtime_agents.protocol.commands import ConversationItemTruncate
from realtime_agents.protocol.pcm import ms_to_bytes
from realtime_agents.protocol.playback import PlaybackClock


@pytest.fixture
def clock() -> PlaybackClock:
    """One second of item ``i``, received at once at 1000 ms."""
    clock = PlaybackClock()
    clock.on_audio("i", ms_to_bytes(1000), now_ms=1000)
    return clock


def cut_at(clock: PlaybackClock, now_ms: float, item_id: str = "i") -> int | None:
    command = clock.truncation(item_id, now_ms=now_ms)
    return None if command is None else command.audio_end_ms


def test_received_time_is_counted_from_bytes(clock: PlaybackClock) -> None:
    clock.on_audio("i", ms_to_bytes(20), now_ms=1001)
    assert clock.received_ms("i") == 1020
    assert clock.received_ms("x") == 0


def test_without_reports_a_second_sent_at_once_and_interrupted_after_396_ms_is_cut_there(
    clock: PlaybackClock,
) -> None:
    assert clock.truncation("i", now_ms=1396.9, event_id="e") == ConversationItemTruncate(
        event_id="e", item_id="i", content_index=0, audio_end_ms=396
    )


def test_reports_of_the_browser_override_the_clock(clock: PlaybackClock) -> None:
    clock.on_report("i", 250)
    assert clock.played_ms("i", now_ms=1900) == 250
    assert cut_at(clock, 1900) == 250


def test_a_late_report_does_not_turn_the_clock_back(clock: PlaybackClock) -> None:
    clock.on_report("i", 250)
    clock.on_report("i", 200)
    assert clock.played_ms("i", now_ms=1900) == 250


@pytest.mark.parametrize("report", [1001, 99_999])
def test_more_than_was_received_was_never_heard(clock: PlaybackClock, report: int) -> None:
    clock.on_report("i", report)
    assert clock.played_ms("i", now_ms=1000) == 1000
    assert cut_at(clock, 1000) == 1000


def test_nothing_is_cut_when_nothing_was_heard(clock: PlaybackClock) -> None:
    assert cut_at(clock, 1000) is None
    assert cut_at(clock, 900) is None
    clock.on_report("i", 0)
    assert cut_at(clock, 1900) is None
    clock.on_report("i", -5)
    assert cut_at(clock, 1900) is None


def test_nothing_is_cut_when_all_was_heard(clock: PlaybackClock) -> None:
    clock.on_audio_done("i")
    assert cut_at(clock, 1999) == 999
    assert cut_at(clock, 2000) is None
    clock.on_report("i", 1000)
    assert cut_at(clock, 1000) is None


def test_an_item_still_arriving_is_cut_even_when_all_of_it_so_far_was_heard(clock: PlaybackClock) -> None:
    assert cut_at(clock, 5000) == 1000


def test_an_unknown_item_is_not_cut(clock: PlaybackClock) -> None:
    clock.on_report("x", 10)
    clock.on_audio_done("x")
    assert cut_at(clock, 5000, "x") is None
    assert clock.played_ms("x", now_ms=5000) == 0


def test_items_play_one_after_the_other(clock: PlaybackClock) -> None:
    clock.on_audio_done("i")
    clock.on_audio("j", ms_to_bytes(500), now_ms=1100, content_index=1)
    assert cut_at(clock, 1500, "j") is None
    command = clock.truncation("j", now_ms=2200)
    assert command is not None
    assert (command.audio_end_ms, command.content_index) == (200, 1)


def test_an_item_after_a_pause_starts_when_it_arrives(clock: PlaybackClock) -> None:
    clock.on_audio("j", ms_to_bytes(500), now_ms=9000)
    assert clock.played_ms("j", now_ms=9100) == 100


def test_a_forgotten_item_does_not_delay_the_next_one(clock: PlaybackClock) -> None:
    clock.forget("i")
    clock.forget("i")
    clock.on_audio("j", ms_to_bytes(500), now_ms=1100)
    assert clock.played_ms("j", now_ms=1150) == 50


def test_once_reports_come_an_item_without_one_was_not_begun(clock: PlaybackClock) -> None:
    clock.on_audio_done("i")
    clock.on_report("i", 1000)
    clock.on_audio("j", ms_to_bytes(500), now_ms=1000)
    assert clock.played_ms("j", now_ms=9000) == 0
    assert cut_at(clock, 9000, "j") is None


def test_an_item_is_finished_when_all_of_it_came_and_was_played(clock: PlaybackClock) -> None:
    clock.on_report("i", 1000)
    assert not clock.is_finished("i", now_ms=2000)
    clock.on_audio_done("i")
    assert clock.is_finished("i", now_ms=2000)
    assert clock.is_finished("unknown", now_ms=2000)
