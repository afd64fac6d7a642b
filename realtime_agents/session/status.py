"""Phase, activity, agent and notice of one session; tells readers only when one changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from realtime_agents.errors import SessionError
from realtime_agents.session.view import Activity, Phase, StatusChanged

TRANSITIONS: Final = {
    Phase.NEW: {Phase.CONNECTING, Phase.CLOSED},
    Phase.CONNECTING: {Phase.READY, Phase.CLOSING, Phase.CLOSED},
    Phase.READY: {Phase.RECONNECTING, Phase.CLOSING, Phase.CLOSED},
    Phase.RECONNECTING: {Phase.READY, Phase.CLOSING, Phase.CLOSED},
    Phase.CLOSING: {Phase.CLOSED},
    Phase.CLOSED: set[Phase](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceState:
    """What the voice adds to the activity of the answers."""

    mic_open: bool = False
    """What the person says is listened to."""
    person_speaks: bool = False
    playing: bool = False
    """The browser plays an answer, or will in a moment."""


class StatusBoard:
    """The one place that holds and changes a session's status."""

    def __init__(self, agent: str, on_change: Callable[[StatusChanged], None]) -> None:
        self._status = StatusChanged(phase=Phase.NEW, activity=Activity.IDLE, agent=agent)
        self._on_change = on_change
        self._notices: dict[str, str] = {}
        self._answering = Activity.IDLE
        self._voice = VoiceState()

    @property
    def status(self) -> StatusChanged:
        return self._status

    @property
    def phase(self) -> Phase:
        return self._status.phase

    def enter(self, phase: Phase) -> None:
        """Go to another phase. Raises `SessionError` for a step that the table does not have."""
        if phase not in TRANSITIONS[self.phase]:
            wanted = ", ".join(sorted(TRANSITIONS[self.phase])) or "none, it is over"
            raise SessionError(f"A session that is {self.phase} can become {wanted}, not {phase}.")
        self._set(replace(self._status, phase=phase))

    def set_activity(self, activity: Activity) -> None:
        """What the answers are doing: idle, thinking, or words arriving."""
        self._answering = activity
        self._set(replace(self._status, activity=self._activity()))

    def set_voice(self, voice: VoiceState) -> None:
        """What microphone and speaker are doing."""
        self._voice = voice
        self._set(replace(self._status, activity=self._activity()))

    def set_agent(self, agent: str) -> None:
        self._set(replace(self._status, agent=agent))

    def set_recording(self, on: bool) -> None:
        """Whether both sides are being kept as sound."""
        self._set(replace(self._status, recording=on))

    def set_notice(self, topic: str, notice: str) -> None:
        """Tell the person something about ``topic``; empty clears it. The newest topic is shown."""
        self._notices.pop(topic, None)
        if notice:
            self._notices[topic] = notice
        shown = next(reversed(self._notices.values()), "")
        self._set(replace(self._status, notice=shown))

    def _activity(self) -> Activity:
        """A person who speaks comes first, then what is heard, then what is being prepared."""
        if self._answering is Activity.ERROR:
            return Activity.ERROR
        if self._voice.person_speaks:
            return Activity.LISTENING
        if self._voice.playing:
            return Activity.SPEAKING
        if self._answering is Activity.IDLE and self._voice.mic_open:
            return Activity.LISTENING
        return self._answering

    def _set(self, status: StatusChanged) -> None:
        if status != self._status:
            self._status = status
            self._on_change(status)
