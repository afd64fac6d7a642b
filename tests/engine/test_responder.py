"""Pace and order of a streamed response."""

from __future__ import annotations

import asyncio

from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.responder import Responder, ResponseSpec
from realtime_agents.engine.thought import Ended, Thought, Thoughts, ToolCall, Words
from realtime_agents.errors import ThinkingError
from realtime_agents.protocol.events import (
    ConversationItemDone,
    ResponseOutputItemDone,
    ResponseOutputTextDelta,
    ServerEvent,
)
from realtime_agents.protocol.items import FunctionCallItem, MessageItem, OpaqueItem
from tests.engine.wire import ManualClock


class Recorder:
    """Takes events, each at the price of ``cost_s`` of time."""

    def __init__(self, clock: ManualClock, cost_s: float = 0.0) -> None:
        self.events: list[tuple[float, ServerEvent]] = []
        self._clock = clock
        self._cost_s = cost_s

    async def emit(self, event: ServerEvent) -> None:
        self.events.append((self._clock.now(), event))
        self._clock.skip(self._cost_s)

    def times(self, kind: type) -> list[float]:
        return [round(at - 1_000.0, 3) for at, event in self.events if isinstance(event, kind)]


def store() -> ConversationStore:
    return ConversationStore(max_items=10, max_chars=1_000)


async def thoughts(*given: Thought) -> Thoughts:
    for thought in given:
        yield thought


def say(*pieces: str) -> Thoughts:
    return thoughts(*(Words(text=piece) for piece in pieces))


def responder(
    recorder: Recorder,
    clock: ManualClock,
    words_per_s: float,
    conversation: ConversationStore | None = None,
) -> Responder:
    spec = ResponseSpec(
        conversation=conversation, conversation_id=None, metadata=None, max_output_tokens="inf", audio={}
    )
    return Responder(spec, emit=recorder.emit, clock=clock, words_per_s=words_per_s)


async def test_words_keep_an_absolute_schedule_however_long_sending_takes() -> None:
    clock = ManualClock()
    recorder = Recorder(clock, cost_s=0.01)
    streaming = asyncio.create_task(responder(recorder, clock, 10).run(say("one two three four five")))
    while not streaming.done():
        waiting = asyncio.create_task(clock.waiting.wait())
        await asyncio.wait({streaming, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not streaming.done():
            due = len(recorder.times(ResponseOutputTextDelta)) * 0.1
            started = recorder.times(ResponseOutputTextDelta)[0]
            await clock.advance(started + due - (clock.now() - 1_000.0))
    first, *rest = recorder.times(ResponseOutputTextDelta)
    assert [round(at - first, 3) for at in rest] == [0.1, 0.2, 0.3, 0.4]


async def test_a_cancel_wakes_a_waiting_answer() -> None:
    clock = ManualClock()
    recorder = Recorder(clock)
    one = responder(recorder, clock, 0.001)
    streaming = asyncio.create_task(one.run(say("one two three")))
    await clock.waiting.wait()
    one.cancel()
    assert (await asyncio.wait_for(streaming, 1)).reason == "client_cancelled"
    assert len(recorder.times(ResponseOutputTextDelta)) == 1


async def test_a_cancel_before_the_first_word_leaves_no_item() -> None:
    clock = ManualClock()
    recorder = Recorder(clock)
    one = responder(recorder, clock, 0)
    one.cancel()
    assert (await one.run(say("one two"))).type == "cancelled"
    assert recorder.events == []


async def test_words_that_come_in_pieces_are_sent_whole_as_soon_as_they_are() -> None:
    clock = ManualClock()
    recorder = Recorder(clock)
    details = await responder(recorder, clock, 0).run(say(" The pre", "mium is", " $1", "85.00. "))
    assert details.type == "completed"
    deltas = [e.delta for _, e in recorder.events if isinstance(e, ResponseOutputTextDelta)]
    assert deltas == ["The", " premium", " is", " $185.00."]


async def test_words_after_a_call_begin_a_new_message() -> None:
    clock = ManualClock()
    recorder = Recorder(clock)
    given = thoughts(Words(text="One moment."), ToolCall(name="f", arguments="{}"), Words(text="Well."))
    await responder(recorder, clock, 0).run(given)
    done = [e.item for _, e in recorder.events if isinstance(e, ResponseOutputItemDone)]
    assert [(item.type, item.status) for item in done if not isinstance(item, OpaqueItem)] == [
        ("message", "completed"),
        ("function_call", "completed"),
        ("message", "completed"),
    ]


async def test_a_thinker_that_was_cut_short_makes_the_response_incomplete() -> None:
    clock = ManualClock()
    recorder = Recorder(clock)
    given = thoughts(Words(text="So it"), Ended(cut_short="content_filter"))
    details = await responder(recorder, clock, 0).run(given)
    assert (details.type, details.reason) == ("incomplete", "content_filter")
    (done,) = [e.item for _, e in recorder.events if isinstance(e, ResponseOutputItemDone)]
    assert isinstance(done, MessageItem)
    assert (done.status, done.content[0].text) == ("incomplete", "So it")


async def test_a_thinker_that_fails_ends_the_response_as_failed_with_its_words_so_far() -> None:
    async def failing() -> Thoughts:
        yield Words(text="So it ")
        raise ThinkingError("The chat server went away.", code="chat_stream_broken")

    clock = ManualClock()
    recorder = Recorder(clock)
    details = await responder(recorder, clock, 0).run(failing())
    assert details.type == "failed" and details.error is not None
    assert details.error.code == "chat_stream_broken"
    (done,) = [e.item for _, e in recorder.events if isinstance(e, ResponseOutputItemDone)]
    assert isinstance(done, MessageItem)
    assert (done.status, done.content[0].text) == ("incomplete", "So it")


async def test_a_cancel_after_the_last_word_changes_nothing() -> None:
    clock = ManualClock()
    one = responder(Recorder(clock), clock, 0)
    details = await one.run(thoughts(ToolCall(name="f", arguments="{}")))
    one.cancel()
    assert details.type == "completed"


async def test_long_arguments_come_in_pieces_and_whole_at_the_end() -> None:
    clock = ManualClock()
    conversation = store()
    arguments = '{"query":"' + "x" * 200 + '"}'
    await responder(Recorder(clock), clock, 0, conversation).run(
        thoughts(ToolCall(name="f", arguments=arguments))
    )
    (item,) = conversation.items
    assert isinstance(item, FunctionCallItem)
    assert (item.arguments, item.status) == (arguments, "completed")


async def test_an_item_deleted_in_mid_answer_does_not_come_back() -> None:
    clock = ManualClock()
    conversation = store()
    recorder = Recorder(clock)
    streaming = asyncio.create_task(responder(recorder, clock, 1, conversation).run(say("one two")))
    await clock.waiting.wait()
    conversation.delete(conversation.items[0].id or "")
    await clock.advance(1)
    await streaming
    assert conversation.items == ()
    assert recorder.times(ConversationItemDone) == []
