"""The microphone is muted: nothing of the person is passed on, but what they said before is still a turn."""

from __future__ import annotations

from collections.abc import Callable

from realtime_agents.protocol.pcm import ms_to_bytes
from realtime_agents.session.clock import Clock
from realtime_agents.session.deadline import Deadline
from realtime_agents.session.microphone import Microphone

_STEP_MS = 100


class Mute:
    """Off at first. Synchronous but for its deadline: silence is sent until the server has heard the end
    of what was being said.

    ======== ======== ========================
    owned    opened   closed by
    ======== ======== ========================
    deadline `begin`  its end, `close`
    ======== ======== ========================
    """

    def __init__(self, microphone: Microphone, clock: Clock, *, person_speaks: Callable[[], bool]) -> None:
        """``person_speaks``: the server has not heard the end yet."""
        self._microphone = microphone
        self._person_speaks = person_speaks
        self._next = Deadline(clock, "silence")
        self.is_on = False

    def begin(self, longest_ms: int) -> None:
        """``longest_ms``: no server waits longer for the end of a turn."""
        self.is_on = True
        self._send_silence(longest_ms)

    def end(self) -> None:
        """The person is heard again."""
        self.is_on = False

    def close(self) -> None:
        """Stop waiting."""
        self._next.disarm()

    def _send_silence(self, left_ms: int) -> None:
        if self.is_on and self._person_speaks() and left_ms > -_STEP_MS:
            self._microphone.push(bytes(ms_to_bytes(_STEP_MS)))
            self._next.arm(_STEP_MS / 1000, lambda: self._send_silence(left_ms - _STEP_MS))
