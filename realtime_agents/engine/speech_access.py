"""Speech as one connection has it: there or not, and the one error event that says why not."""

from __future__ import annotations

from realtime_agents.engine.output import Emit, new_id
from realtime_agents.engine.speech_port import Speech
from realtime_agents.errors import SpeechBusy, SpeechError
from realtime_agents.protocol.events import Error
from realtime_agents.protocol.items import ErrorDetail

UNAVAILABLE = "speech_unavailable"
BUSY = "speech_busy"
_NOT_PART = "Speech is off: this engine was started without it."
_IN_TEXT = "The session goes on in text."


class SpeechAccess:
    """The speech of the engine, asked for whenever it is needed.

    The first time that it is missed the client gets one ``error`` event, ``speech_unavailable``; one
    more only after it was there in between, or when the client asks for audio anew.
    """

    def __init__(self, speech: Speech | None, emit: Emit) -> None:
        self._speech = speech
        self._emit = emit
        self._told = False

    async def get(self, *, tell: bool = True) -> Speech | None:
        """Speech, loaded if need be, or ``None`` after the client was told (unless not ``tell``) that there is none."""
        if self._speech is not None and await self._speech.ready():
            self._told = False
            return self._speech
        if tell:
            await self._tell(UNAVAILABLE, self.problem)
        return None

    async def on_wanted(self) -> None:
        """The client asks to be answered aloud: what is known to be missing is told now, again if need be."""
        self._told = False
        if self._speech is None or self._speech.problem:
            await self._tell(UNAVAILABLE, self.problem)

    @property
    def problem(self) -> str:
        """Why there is no speech, for people."""
        reason = self._speech.problem if self._speech is not None else _NOT_PART
        return f"{reason or 'Speech is off.'} {_IN_TEXT}"

    async def on_fault(self, error: SpeechError) -> None:
        """Tell the client that speech failed just now."""
        match error:
            case SpeechBusy():
                self._told = False
                await self._tell(BUSY, "Too much is being said at once: a part was left without sound.")
                self._told = False
            case _:
                await self._tell(UNAVAILABLE, f"{error} {_IN_TEXT}")

    async def _tell(self, code: str, message: str) -> None:
        if self._told:
            return
        self._told = True
        detail = ErrorDetail(type="server_error", code=code, message=message)
        await self._emit(Error(event_id=new_id("event"), error=detail))
