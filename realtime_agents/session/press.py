"""Push to talk: the button, and whether what is said while it is down arrives whole."""

from __future__ import annotations

from collections.abc import Callable

from realtime_agents.session.microphone import Microphone

MIN_PRESS_MS = 100
"""The shortest audio that a server takes as a turn."""
_TOO_SHORT = "That was too short to be heard: hold the button while you speak."
_LOST = "The connection to the voice server was interrupted while you spoke: please say it again."


class Press:
    """One button. Synchronous; ``tell`` gets words for the person.

    Half a sentence is worse than none: what was said before and after a loss of the connection is
    no turn, and the person is told so when they let go.
    """

    def __init__(self, microphone: Microphone, tell: Callable[[str], None]) -> None:
        self._microphone = microphone
        self._tell = tell
        self.is_down = False
        """What is said goes to the server."""
        self._is_lost = False

    def begin(self) -> None:
        """The button is down."""
        self.is_down, self._is_lost = True, False
        self._microphone.press()

    def end(self) -> bool:
        """It was let go; True when what was said is a turn."""
        was_down, was_lost = self.is_down, self._is_lost
        self.drop()
        if was_lost or (was_down and not self._microphone.is_whole):
            self._tell(_LOST)
        elif was_down and self._microphone.pressed_ms < MIN_PRESS_MS:
            self._tell(_TOO_SHORT)
        else:
            return was_down
        if was_down:
            self._microphone.clear()
        return False

    def on_lost(self) -> None:
        """The connection is gone, and what was said with it."""
        self._is_lost = self._is_lost or self.is_down
        self.is_down = False

    def drop(self) -> None:
        """It means nothing any more: the way of taking turns changed, or nobody listens."""
        self.is_down = self._is_lost = False
