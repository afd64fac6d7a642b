"""One thing that is done later, or not."""

from __future__ import annotations

import logging

import pytest

from realtime_agents.session.deadline import Deadline
from tests.support.scripted import FakeClock, settle


async def test_what_is_due_is_done_once_at_its_time() -> None:
    clock, done = FakeClock(), list[int]()
    deadline = Deadline(clock, "test")
    deadline.arm(1.0, lambda: done.append(1))
    await clock.advance(0.99)
    assert (done, deadline.is_armed) == ([], True)
    await clock.advance(0.01)
    assert (done, deadline.is_armed) == ([1], False)
    await clock.advance(10)
    assert done == [1]


async def test_a_new_deadline_takes_the_place_of_the_old_one() -> None:
    clock, done = FakeClock(), list[int]()
    deadline = Deadline(clock, "test")
    deadline.arm(1.0, lambda: done.append(1))
    deadline.arm(2.0, lambda: done.append(2))
    await clock.advance(3)
    assert done == [2]


async def test_it_can_be_called_off_and_armed_again_within_its_own_action() -> None:
    clock, done = FakeClock(), list[int]()
    deadline = Deadline(clock, "test")
    deadline.arm(1.0, lambda: done.append(1))
    deadline.disarm()
    deadline.disarm()
    await clock.advance(2)
    assert done == []

    def again() -> None:
        done.append(len(done))
        deadline.disarm()
        if len(done) < 3:
            deadline.arm(1.0, again)

    deadline.arm(1.0, again)
    await clock.advance(10)
    assert done == [0, 1, 2]


async def test_an_action_that_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    deadline = Deadline(clock, "test")

    def broken() -> None:
        raise RuntimeError("a secret")

    deadline.arm(1.0, broken)
    with caplog.at_level(logging.ERROR):
        await clock.advance(1)
        await settle()
    assert [record.getMessage() for record in caplog.records] == ["what was due could not be done"]
