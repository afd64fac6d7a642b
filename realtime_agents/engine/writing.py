"""Items of a response that are read, not heard: messages word by word, and calls of tools."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Protocol

from realtime_agents.engine.config import Clock
from realtime_agents.engine.cutting import WordCutter
from realtime_agents.engine.output import Output, new_id, status_of
from realtime_agents.engine.thought import ToolCall
from realtime_agents.protocol.events import (
    ResponseContentPartAdded,
    ResponseContentPartDone,
    ResponseFunctionCallArgumentsDelta,
    ResponseFunctionCallArgumentsDone,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
)
from realtime_agents.protocol.items import ContentPart, FunctionCallItem, MessageItem

ARGUMENT_CHARS = 48
"""Arguments are sent in pieces of this size."""


class Message(Protocol):
    """One message of a response in the making: words go in, events come out."""

    async def open(self) -> None:
        """Announce the message."""

    async def add(self, text: str, *, whole: bool = False) -> bool:
        """More words, cut anywhere; False when no more can be given out: limit reached, or stopped.

        Of ``whole`` sentences nothing is held back.
        """

    async def close(self, *, full: bool, whole: bool) -> bool:
        """Give out what was held back if ``full``, and finish; False when that was cut short.

        Not ``whole``: the item is incomplete although all that was thought is given out.
        """


class WrittenMessage:
    """A message in text, word by word.

    ``words_per_s`` paces the words on an absolute schedule, so that delays do not add up; 0 does not.
    """

    def __init__(self, output: Output, *, stop: asyncio.Event, clock: Clock, words_per_s: float) -> None:
        self._output = output
        self._stop = stop
        self._clock = clock
        self._words_per_s = words_per_s
        self._cutter = WordCutter()
        self._said = ""
        self._count = 0
        self._started = 0.0
        self._item = MessageItem(id=new_id("item"), role="assistant", status="in_progress")
        self._place = place_of(output, self._item)

    async def open(self) -> None:
        await self._output.open(self._item)
        part = ContentPart(type="text", text="")
        await self._output.emit(ResponseContentPartAdded(event_id=new_id("event"), part=part, **self._place))
        self._started = self._clock.monotonic()

    async def add(self, text: str, *, whole: bool = False) -> bool:
        return await self._give(self._cutter.feed(text) + (self._cutter.rest() if whole else []))

    async def close(self, *, full: bool, whole: bool) -> bool:
        full = full and await self._give(self._cutter.rest())
        said, emit = self._said, self._output.emit
        await emit(ResponseOutputTextDone(event_id=new_id("event"), text=said, **self._place))
        part = ContentPart(type="text", text=said)
        await emit(ResponseContentPartDone(event_id=new_id("event"), part=part, **self._place))
        content = (ContentPart(type="output_text", text=said),)
        item = replace(self._item, content=content, status=status_of(full and whole))
        await self._output.close(self._place["output_index"], item, said=said)
        return full

    async def _give(self, words: list[str]) -> bool:
        for word in words:
            if self._words_per_s > 0 and self._count:
                due = self._started + self._count / self._words_per_s
                await self._clock.wait(self._stop, due - self._clock.monotonic())
            else:
                await asyncio.sleep(0)  # lets the reader see a cancel between two words
            if self._stop.is_set() or not self._output.may_say(len(self._said) + len(word)):
                return False
            await self._output.emit(
                ResponseOutputTextDelta(event_id=new_id("event"), delta=word, **self._place)
            )
            self._said += word
            self._count += 1
        return True


async def write_call(output: Output, call: ToolCall) -> bool:
    """A function call; False when it was cut short, which makes it incomplete and not to be run."""
    call_id = new_id("call")
    item = FunctionCallItem(
        id=new_id("item"), call_id=call_id, name=call.name, arguments="", status="in_progress"
    )
    index = await output.open(item)
    place: dict[str, Any] = {
        "response_id": output.response_id,
        "item_id": item.id or "",
        "output_index": index,
        "call_id": call_id,
    }
    left = output.chars_left()
    given = call.arguments if left is None else call.arguments[: max(left - len(call.name), 0)]
    for start in range(0, len(given), ARGUMENT_CHARS):
        piece = given[start : start + ARGUMENT_CHARS]
        await output.emit(ResponseFunctionCallArgumentsDelta(event_id=new_id("event"), delta=piece, **place))
    await output.emit(
        ResponseFunctionCallArgumentsDone(event_id=new_id("event"), name=call.name, arguments=given, **place)
    )
    full = given == call.arguments
    done = replace(item, arguments=given, status=status_of(full))
    await output.close(index, done, said=call.name + given)
    return full


def place_of(output: Output, item: MessageItem) -> dict[str, Any]:
    """What the events of a message's only part have in common; made just before it is opened."""
    return {
        "response_id": output.response_id,
        "item_id": item.id or "",
        "output_index": output.next_index,
        "content_index": 0,
    }
