"""`Upstream` adapters without a server: one that follows a script, one that answers everything.

A script is a list of steps. Commands the session sends must match the next `Expect`; everything
between two expectations is played as soon as it is reached. A command that does not match, and a
step that is never reached, are errors that `ScriptedUpstream.assert_finished` raises.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, assert_never

from realtime_agents.errors import UpstreamClosed, UpstreamError, UpstreamRefused
from realtime_agents.protocol import events as ev
from realtime_agents.protocol.codec import command_to_dict, encode_event
from realtime_agents.protocol.commands import ClientEvent, ResponseCancel, ResponseCreate
from realtime_agents.protocol.items import Response, Usage
from realtime_agents.session.upstream import FrameReader, OnEvent
from tests.support.scripted_events import acknowledgement, answer

Events = Iterable[ev.ServerEvent]


@dataclass(frozen=True, slots=True)
class Expect:
    """The next command must have this type and hold these values.

    ``holding`` is compared as a subset at every depth; a list must have the same length. ``then``
    makes the answer from the command, for the ids that the client chooses.
    """

    type: str
    holding: Mapping[str, Any]
    then: Callable[[Any], Events] | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """Events to send, or raw frames."""

    frames: tuple[ev.ServerEvent | str, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """The server ends the connection."""

    error: UpstreamClosed


@dataclass(frozen=True, slots=True)
class Refuse:
    """The connection is not opened; only as the first step."""

    error: UpstreamRefused


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing more happens until ``gate`` is set by the test."""

    gate: asyncio.Event


Step = Expect | Emit | Close | Refuse | Hold


def expect(type_: str, *, then: Callable[[Any], Events] | None = None, **holding: Any) -> Expect:
    """Expect a command; see `Expect`."""
    return Expect(type_, holding, then)


def emit(*frames: ev.ServerEvent | str) -> Emit:
    """Send events, or raw frames given as text."""
    return Emit(frames)


class ScriptedUpstream:
    """Follows ``steps``. Begins with ``session.created`` unless ``greet`` is False.

    With ``acknowledge``, ``session.update`` and ``conversation.item.create`` are answered as a
    server answers them. Commands whose type is in ``ignoring`` are noted and need no step.

    ========== ============== ============
    owned      opened by      closed by
    ========== ============== ============
    script     `connect`      its end, `close`
    queue      constructor    garbage; unbounded, a script is finite
    ========== ============== ============
    """

    def __init__(
        self,
        steps: Sequence[Step] = (),
        *,
        greet: bool = True,
        acknowledge: bool = True,
        ignoring: Collection[str] = (),
    ) -> None:
        self._steps = list(steps)
        self._greet = greet
        self._acknowledge = acknowledge
        self._ignoring = frozenset(ignoring)
        self._frames: asyncio.Queue[str | UpstreamClosed | None] = asyncio.Queue()
        self._decoder = FrameReader()
        self._problems: list[str] = []
        self._holder: asyncio.Task[None] | None = None
        self._progress = asyncio.Event()
        self.sent: list[ClientEvent] = []
        """Every command of the session, in order."""
        self.closed = False

    @property
    def oddities(self) -> Mapping[str, int]:
        return self._decoder.oddities

    async def connect(self) -> None:
        """Raises `UpstreamRefused` when the script begins with that."""
        match self._steps:
            case [Refuse(error=error), *_]:
                self._steps.pop(0)
                self._progress.set()
                raise error
        if self._greet:
            self._put(ev.SessionCreated(event_id="ev_created", session={"type": "realtime"}))
        self._play()

    def offer(self, command: ClientEvent) -> bool:
        """Never: every command takes the way through the queue."""
        return False

    async def send(self, command: ClientEvent) -> None:
        """Match the next expectation. Raises `UpstreamClosed` after the script closed the connection."""
        if self.closed:
            raise UpstreamClosed("The scripted connection is closed.", recoverable=True, code=1006)
        self.sent.append(command)
        if command.type not in self._ignoring and not self._match(command):
            return
        if self._acknowledge:
            for event in acknowledgement(command):
                self._put(event)
        self._play()

    async def listen(self, on_event: OnEvent) -> None:
        await _give(self._frames, self._decoder, on_event)

    async def close(self) -> None:
        """Ends `listen`; the script is not played any further."""
        self.closed = True
        if self._holder is not None:
            self._holder.cancel()
        self._frames.put_nowait(None)

    async def finished(self) -> None:
        """Wait until every step was played."""
        while self._steps:
            await self._progress.wait()
            self._progress.clear()

    def assert_finished(self) -> None:
        """Raise `AssertionError` naming unmatched commands and left-over steps."""
        left = [f"left over: {_step_name(step)}" for step in self._steps]
        if self._problems or left:
            raise AssertionError("\n".join(self._problems + left))

    def _match(self, command: ClientEvent) -> bool:
        found = command_to_dict(command)
        step = self._steps[0] if self._steps else None
        if not isinstance(step, Expect):
            wanted = "nothing" if step is None else _step_name(step)
            self._problems.append(f"unmatched: expected {wanted}, found {_shown(found)}")
            return False
        difference = _difference({"type": step.type, **step.holding}, found)
        if difference:
            self._problems.append(f"unmatched: expected {_step_name(step)}; {difference}; {_shown(found)}")
            return False
        self._steps.pop(0)
        if step.then is not None:
            self._steps.insert(0, Emit(tuple(step.then(command))))
        return True

    def _play(self) -> None:
        """Play up to the next expectation or hold."""
        while self._steps and not self.closed:
            step = self._steps[0]
            match step:
                case Expect():
                    break
                case Hold():
                    self._holder = self._holder or asyncio.create_task(self._release(step.gate))
                    break
                case Emit():
                    for frame in step.frames:
                        self._put(frame)
                case Close():
                    self.closed = True
                    self._frames.put_nowait(step.error)
                case Refuse():
                    self._problems.append("a refusal must be the first step")
                case _:
                    assert_never(step)
            self._steps.pop(0)
        self._progress.set()

    async def _release(self, gate: asyncio.Event) -> None:
        await gate.wait()
        self._holder = None
        self._steps.pop(0)
        self._play()

    def _put(self, frame: ev.ServerEvent | str) -> None:
        # Through the codec both ways: what a script says passes the wire like everything else.
        self._frames.put_nowait(frame if isinstance(frame, str) else encode_event(frame))


class FreeRunningUpstream:
    """Answers every ``response.create`` with ``deltas`` deltas, one every ``interval_s``.

    For benchmarks and demonstrations: no script, no tools. With ``interval_s`` 0 all deltas come
    at once. A cancel ends the answer early.
    """

    def __init__(self, *, deltas: int = 100, interval_s: float = 0.0, delta: str = "word ") -> None:
        self._deltas = deltas
        self._interval_s = interval_s
        self._delta = delta
        self._frames: asyncio.Queue[str | UpstreamClosed | None] = asyncio.Queue(maxsize=0)
        self._decoder = FrameReader()
        self._numbers = count(1)
        self._answer: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def oddities(self) -> Mapping[str, int]:
        return self._decoder.oddities

    async def connect(self) -> None:
        self._put(ev.SessionCreated(event_id="ev_created", session={"type": "realtime"}))

    def offer(self, command: ClientEvent) -> bool:
        """Never: every command takes the way through the queue."""
        return False

    async def send(self, command: ClientEvent) -> None:
        if self._closed:
            raise UpstreamClosed("The free-running connection is closed.", recoverable=True, code=1006)
        for event in acknowledgement(command):
            self._put(event)
        match command:
            case ResponseCreate():
                self._answer = asyncio.create_task(self._speak(next(self._numbers)))
            case ResponseCancel() if self._answer is not None:
                self._answer.cancel()

    async def listen(self, on_event: OnEvent) -> None:
        await _give(self._frames, self._decoder, on_event)

    async def close(self) -> None:
        self._closed = True
        if self._answer is not None:
            self._answer.cancel()
        self._frames.put_nowait(None)

    async def _speak(self, number: int) -> None:
        deltas = [self._delta] * self._deltas
        events = answer(f"resp_{number}", f"item_answer_{number}", deltas)
        try:
            for event in events:
                if isinstance(event, ev.ResponseOutputTextDelta):
                    await asyncio.sleep(self._interval_s)
                self._put(event)
        except asyncio.CancelledError:
            cancelled = Response(id=f"resp_{number}", status="cancelled", usage=Usage())
            self._put(ev.ResponseDone(event_id="", response=cancelled))
            raise

    def _put(self, event: ev.ServerEvent) -> None:
        self._frames.put_nowait(encode_event(event))


async def _give(
    frames: asyncio.Queue[str | UpstreamClosed | None], decoder: FrameReader, on_event: OnEvent
) -> None:
    while (frame := await frames.get()) is not None:
        if isinstance(frame, UpstreamError):
            raise frame
        event = decoder.read(frame)
        if event is not None:
            on_event(event)


def _difference(wanted: Any, found: Any, path: str = "") -> str:
    """Where ``found`` does not hold ``wanted``; empty when it does."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return f"{path or 'it'} is {found!r}"
        parts = (
            _difference(value, found.get(key), f"{path}.{key}".lstrip(".")) for key, value in wanted.items()
        )
        return next((part for part in parts if part), "")
    if isinstance(wanted, list | tuple) and isinstance(found, list | tuple) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return next((d for i, (w, f) in pairs if (d := _difference(w, f, f"{path}[{i}]"))), "")
    if callable(wanted):
        return "" if wanted(found) else f"{path} is {found!r}"
    return "" if wanted == found else f"{path} is {found!r}, expected {wanted!r}"


def _shown(command: Mapping[str, Any]) -> str:
    without_audio = {k: f"{len(v)} characters" if k == "audio" else v for k, v in command.items()}
    return json.dumps(without_audio)[:500]


def _step_name(step: Step) -> str:
    match step:
        case Expect():
            return f"a command {step.type!r} holding {dict(step.holding)!r}"
        case Emit():
            return f"{len(step.frames)} events"
        case Close():
            return f"close {step.error.code}"
        case Refuse():
            return "a refusal"
        case Hold():
            return "a hold"
        case _:
            assert_never(step)
