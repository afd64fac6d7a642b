"""How fast a browser may send."""

from __future__ import annotations

from realtime_agents.api.audio_limits import MAX_MESSAGES, RateLimit
from realtime_agents.protocol.pcm import ms_to_bytes

FRAME = ms_to_bytes(20)


def test_a_microphone_may_go_on_for_ever() -> None:
    limit = RateLimit()
    assert all(limit.allows(FRAME, n * 0.02) for n in range(50 * 120))


def test_half_as_fast_again_is_fine_and_twice_as_fast_is_not() -> None:
    for speed, fine in ((1.5, True), (2.0, False)):
        limit = RateLimit()
        assert all(limit.allows(FRAME, n * 0.02 / speed) for n in range(50 * 60)) is fine


def test_a_network_that_stood_still_may_deliver_all_of_it_at_once() -> None:
    limit = RateLimit()
    assert all(limit.allows(FRAME, n * 0.02) for n in range(50 * 20))
    assert all(limit.allows(FRAME, 28.0) for _ in range(50 * 8))
    assert all(limit.allows(FRAME, 28.0 + n * 0.02) for n in range(50 * 5))


def test_a_burst_has_an_end() -> None:
    limit = RateLimit()
    allowed = [limit.allows(FRAME, 5.0) for _ in range(1000)]
    assert allowed.index(False) == 850


def test_tiny_frames_count_too() -> None:
    limit = RateLimit()
    allowed = [limit.allows(2, 5.0) for _ in range(MAX_MESSAGES + 1)]
    assert allowed.index(False) == MAX_MESSAGES
    assert limit.allows(2, 20.0)


def test_memory_does_not_grow_with_time() -> None:
    limit = RateLimit()
    for n in range(20_000):
        limit.allows(FRAME, n * 0.05)
    assert len(limit._slots) <= 101
