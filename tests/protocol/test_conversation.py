from __future__ import annotations

import random
from typing import Any

import pytest

from realtime_agents.protocol.conversation import Conversation, apply
from realtime_agents.protocol.effects import (
    AudioDone,
    CallTool,
    Effect,
    InputTranscript,
    ItemChanged,
    PlayAudio,
    RateLimitsChanged,
    ResponseEnded,
    ResponseStarted,
    ServerFault,
    SessionReady,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    Unknown,
)
from realtime_agents.protocol.events import ServerEvent
from realtime_agents.protocol.items import UNSET, ErrorDetail, FunctionCallItem, MessageItem, RateLimit
from realtime_agents.protocol.records import ConversationItem
from tests.protocol.conversations import (
    added,
    arguments,
    audio,
    call,
    committed,
    created,
    deleted,
    done,
    event,
    item_done,
    message,
    order_of,
    output_added,
    output_done,
    part,
    play,
    speech,
    spoken,
    text,
    transcript,
    truncated,
)


@pytest.fixture
def conversation() -> Conversation:
    return Conversation()


def get(conversation: Conversation, item_id: str) -> ConversationItem:
    item = conversation.get(item_id)
    assert item is not None
    return item


# Items and their order


def test_a_typed_message_shows_its_words_at_once(conversation: Conversation) -> None:
    effects = play(
        conversation, added(message("u", "user", "Hello", status="completed"), previous_item_id=None)
    )
    assert effects == [ItemChanged(item_id="u")]
    item = get(conversation, "u")
    assert (item.text, item.status, item.previous_item_id, item.response_id) == (
        "Hello",
        "completed",
        None,
        None,
    )
    assert conversation.text_of("u") == "Hello"


def test_items_stand_in_predecessor_order_when_they_arrive_late(conversation: Conversation) -> None:
    play(conversation, added(message("a"), previous_item_id=None), added(message("c"), previous_item_id="b"))
    assert play(conversation, added(message("b"), previous_item_id="a")) == [ItemChanged(item_id="b")]
    assert order_of(conversation) == ["a", "b", "c"]
    assert get(conversation, "c").previous_item_id == "b"


def test_the_created_twin_and_a_repeated_added_change_nothing(conversation: Conversation) -> None:
    item = message("u", "user", "Hello", status="completed")
    play(conversation, added(item, previous_item_id=None))
    twin = event("conversation.item.created", item=item, previous_item_id=None)
    assert (
        play(conversation, twin, added(item, previous_item_id=None), item_done(item, previous_item_id=None))
        == []
    )
    assert len(conversation) == 1


def test_the_created_twin_alone_is_enough(conversation: Conversation) -> None:
    play(
        conversation,
        event("conversation.item.created", item=message("u", "user", "Hi"), previous_item_id=None),
    )
    assert order_of(conversation) == ["u"]


def test_a_late_added_does_not_undo_what_done_said(conversation: Conversation) -> None:
    play(conversation, item_done(message("i", text="Whole", status="completed"), previous_item_id=None))
    assert play(conversation, added(message("i", status="in_progress"), previous_item_id=None)) == []
    assert (get(conversation, "i").text, get(conversation, "i").status) == ("Whole", "completed")


def test_a_deleted_item_is_gone_and_events_under_way_do_not_bring_it_back(conversation: Conversation) -> None:
    play(conversation, added(message("a"), previous_item_id=None), added(message("b"), previous_item_id="a"))
    play(conversation, added(message("c"), previous_item_id="b"))
    assert play(conversation, deleted("b")) == [ItemChanged(item_id="b")]
    late = [
        text("x", "b"),
        audio(20, "b"),
        item_done(message("b", text="x")),
        transcript("delta", "b", delta="x"),
    ]
    late += [transcript("completed", "b", transcript="x"), committed("b"), truncated("b"), deleted("b")]
    assert play(conversation, *late) == []
    assert order_of(conversation) == ["a", "c"]
    assert conversation.get("b") is None
    assert "b" not in conversation


def test_an_item_after_a_deleted_one_keeps_its_place(conversation: Conversation) -> None:
    play(conversation, added(message("a"), previous_item_id=None), added(message("b"), previous_item_id="a"))
    play(conversation, deleted("a"), added(message("x"), previous_item_id="a"))
    assert order_of(conversation) == ["x", "b"]


def test_the_id_of_a_deleted_item_can_be_used_again(conversation: Conversation) -> None:
    play(conversation, added(message("a", "user", "old"), previous_item_id=None), deleted("a"))
    play(conversation, added(message("a", "user", "new"), previous_item_id=None))
    assert conversation.text_of("a") == "new"
    assert order_of(conversation) == ["a"]


def test_a_retrieved_item_brings_no_audio_and_no_new_item(conversation: Conversation) -> None:
    item = speech("u", "Hello")
    item["content"][0]["audio"] = "AAAA"
    assert play(conversation, event("conversation.item.retrieved", item=item)) == []
    play(conversation, committed("u", previous_item_id=None))
    assert play(conversation, event("conversation.item.retrieved", item=item)) == [ItemChanged(item_id="u")]
    kept = get(conversation, "u").item
    assert isinstance(kept, MessageItem)
    assert kept.content[0].audio is None
    assert conversation.text_of("u") == "Hello"


def test_several_parts_read_as_lines(conversation: Conversation) -> None:
    item = message("u", "user", "One")
    item["content"] += [{"type": "input_image", "image_url": "data:"}, {"type": "input_text", "text": "Two"}]
    play(conversation, added(item, previous_item_id=None))
    assert conversation.text_of("u") == "One\nTwo"


def test_items_that_are_no_messages_have_no_words(conversation: Conversation) -> None:
    output = {"type": "function_call_output", "id": "o", "call_id": "c", "output": "{}"}
    approval = {"type": "mcp_approval_request", "id": "m", "server_label": "s"}
    play(conversation, added(output, previous_item_id=None), added(approval, previous_item_id="o"))
    assert [(i.id, i.text, i.status) for i in conversation.ordered()] == [
        ("o", "", "completed"),
        ("m", "", "completed"),
    ]


def test_an_unknown_item_has_no_words_and_no_view(conversation: Conversation) -> None:
    assert conversation.get("x") is None
    assert conversation.text_of("x") == ""
    assert conversation.response("x") is None


# What the person says


def test_the_bubble_is_made_at_commit_and_filled_later(conversation: Conversation) -> None:
    assert play(conversation, committed(previous_item_id=None)) == [ItemChanged(item_id="u")]
    assert (get(conversation, "u").text, get(conversation, "u").status) == ("", "in_progress")
    play(conversation, added(speech("u"), previous_item_id=None))
    assert get(conversation, "u").status == "completed"
    assert play(conversation, transcript("delta", delta="Hel")) == [
        InputTranscript(item_id="u", text="Hel", final=False, failed=False)
    ]
    assert play(conversation, transcript("completed", transcript="Hello.")) == [
        InputTranscript(item_id="u", text="Hello.", final=True, failed=False),
        ItemChanged(item_id="u"),
    ]


def test_a_transcript_counts_once_and_ends_the_deltas(conversation: Conversation) -> None:
    play(conversation, committed(previous_item_id=None), transcript("completed", transcript="Hello."))
    assert (
        play(conversation, transcript("completed", transcript="Hello."), transcript("delta", delta="Hel"))
        == []
    )
    assert conversation.text_of("u") == "Hello."


def test_an_empty_transcript_is_final_too(conversation: Conversation) -> None:
    play(conversation, committed(previous_item_id=None), transcript("delta", delta="noise"))
    effects = play(conversation, transcript("completed", transcript=""))
    assert effects[0] == InputTranscript(item_id="u", text="", final=True, failed=False)


def test_a_failed_transcription_keeps_what_had_arrived(conversation: Conversation) -> None:
    play(conversation, committed(previous_item_id=None), transcript("delta", delta="Hel"))
    effects = play(conversation, transcript("failed", error={"message": "no"}))
    assert effects == [
        InputTranscript(item_id="u", text="Hel", final=True, failed=True),
        ItemChanged(item_id="u"),
    ]


def test_an_item_without_a_transcript_does_not_erase_one(conversation: Conversation) -> None:
    play(conversation, transcript("completed", transcript="Hello."))
    assert order_of(conversation) == []
    play(conversation, added(speech("u", None), previous_item_id=None), item_done(speech("u", "Hallo")))
    assert conversation.text_of("u") == "Hello."
    assert order_of(conversation) == ["u"]


def test_segments_change_nothing(conversation: Conversation) -> None:
    segment = transcript("segment", id="s", text="Hi", speaker="A", start=0, end=0.5)
    assert play(conversation, segment) == []


# Answers


def turn(conversation: Conversation) -> list[Effect]:
    return play(conversation, created(), output_added(message("i", status="in_progress")))


def test_written_words_stream_with_the_whole_text_so_far(conversation: Conversation) -> None:
    turn(conversation)
    assert play(conversation, text("It is "), text("257")) == [
        TextDelta(response_id="r", item_id="i", delta="It is ", text="It is "),
        TextDelta(response_id="r", item_id="i", delta="257", text="It is 257"),
    ]
    assert get(conversation, "i").status == "in_progress"
    assert get(conversation, "i").response_id == "r"


def test_spoken_words_stream_like_written_ones_and_say_that_they_are_spoken(
    conversation: Conversation,
) -> None:
    turn(conversation)
    assert play(conversation, spoken("It "), spoken("is"))[-1] == TextDelta(
        response_id="r", item_id="i", delta="is", text="It is", spoken=True
    )


@pytest.mark.parametrize(
    "repair",
    [
        part("response.output_text.done", text="It is 257."),
        part("response.output_audio_transcript.done", transcript="It is 257."),
        part("response.content_part.done", part={"type": "text", "text": "It is 257."}),
        part("response.content_part.done", part={"type": "audio", "transcript": "It is 257."}),
        output_done(message("i", text="It is 257.", status="completed")),
        item_done(message("i", text="It is 257.", status="completed")),
        done("r", message("i", text="It is 257.", status="completed")),
    ],
    ids=lambda e: e.type,
)
def test_lost_deltas_are_repaired_by_whatever_carries_the_whole_text(
    conversation: Conversation, repair: ServerEvent
) -> None:
    turn(conversation)
    play(conversation, text("It is"))
    effects = play(conversation, repair)
    assert conversation.text_of("i") == "It is 257."
    assert {type(e) for e in effects} & {TextDelta, ItemChanged}
    assert play(conversation, repair) == []


def test_a_repair_says_what_was_missing(conversation: Conversation) -> None:
    turn(conversation)
    play(conversation, text("It is"))
    assert play(conversation, part("response.output_text.done", text="It is 257.")) == [
        TextDelta(response_id="r", item_id="i", delta=" 257.", text="It is 257.")
    ]


def test_a_correction_has_an_empty_delta(conversation: Conversation) -> None:
    turn(conversation)
    play(conversation, text("It as"))
    assert play(conversation, part("response.output_text.done", text="It is")) == [
        TextDelta(response_id="r", item_id="i", delta="", text="It is")
    ]


def test_empty_final_words_never_erase(conversation: Conversation) -> None:
    turn(conversation)
    play(conversation, spoken("It is"))
    emptied = message("i", text="", status="incomplete")
    assert play(conversation, part("response.output_audio_transcript.done", transcript="")) == []
    play(conversation, output_done(emptied), item_done(emptied, previous_item_id=None))
    assert conversation.text_of("i") == "It is"


def test_an_answer_whose_beginning_was_lost_still_shows(conversation: Conversation) -> None:
    assert play(conversation, text("Hi")) == [
        ItemChanged(item_id="i"),
        TextDelta(response_id="r", item_id="i", delta="Hi", text="Hi"),
    ]
    assert order_of(conversation) == ["i"]


def test_an_answer_stands_at_the_end_until_its_place_is_told(conversation: Conversation) -> None:
    play(conversation, committed("u1", previous_item_id=None))
    turn(conversation)
    play(conversation, committed("u2", previous_item_id="u1"))
    assert order_of(conversation) == ["u1", "u2", "i"]
    assert play(conversation, added(message("i"), previous_item_id="u2")) == [ItemChanged(item_id="i")]
    assert order_of(conversation) == ["u1", "u2", "i"]


def test_audio_comes_out_as_bytes(conversation: Conversation) -> None:
    turn(conversation)
    assert play(conversation, audio(20)) == [
        PlayAudio(response_id="r", item_id="i", content_index=0, audio=bytes(960))
    ]
    assert play(conversation, part("response.output_audio.done")) == [AudioDone(item_id="i")]
    assert play(conversation, part("response.output_audio.done", "unknown")) == []


@pytest.mark.parametrize("delta", ["AAAAA", "AAé="])
def test_audio_that_is_not_base64_is_a_fault_and_not_an_exception(
    conversation: Conversation, delta: str
) -> None:
    turn(conversation)
    effects = play(conversation, part("response.output_audio.delta", delta=delta))
    assert [type(e) for e in effects] == [ServerFault]


def test_a_response_is_started_and_ended_once(conversation: Conversation) -> None:
    usage = {"total_tokens": 3, "input_tokens": 1, "output_tokens": 2}
    effects = play(conversation, created(metadata={"k": "v"}), created(), done(usage=usage), done())
    assert effects[0] == ResponseStarted(response_id="r", metadata={"k": "v"}, conversation_id=UNSET)
    assert [type(e) for e in effects] == [ResponseStarted, ResponseEnded]
    response = conversation.response("r")
    assert response is not None
    assert response.status == "completed"
    assert response.usage is not None
    assert response.usage.total_tokens == 3


def test_an_ended_response_is_not_reopened_by_a_late_created(conversation: Conversation) -> None:
    assert [type(e) for e in play(conversation, done(), created())] == [ResponseEnded]


def test_a_response_out_of_band_has_words_but_no_place(conversation: Conversation) -> None:
    effects = play(
        conversation,
        created(conversation_id=None, metadata={"out_of_band": "e1"}),
        output_added(message("i")),
        text("Summary"),
        done("r", message("i", text="Summary"), conversation_id=None, metadata={"out_of_band": "e1"}),
    )
    assert effects[0] == ResponseStarted(
        response_id="r", metadata={"out_of_band": "e1"}, conversation_id=None
    )
    assert isinstance(effects[-1], ResponseEnded)
    assert conversation.text_of("i") == "Summary"
    assert order_of(conversation) == []


def test_a_server_that_sends_null_for_every_conversation_still_has_its_items_in_order(
    conversation: Conversation,
) -> None:
    play(
        conversation, added(message("u", "user", "Hi"), previous_item_id=None), created(conversation_id=None)
    )
    play(conversation, output_added(message("i")), added(message("i"), previous_item_id=None))
    assert order_of(conversation) == ["u", "i"]


# Interruption


def interrupted(conversation: Conversation, heard_ms: int) -> ConversationItem:
    turn(conversation)
    play(conversation, audio(600), spoken("one two three "), audio(400), spoken("four five six"))
    assert play(conversation, truncated("i", heard_ms)) == [ItemChanged(item_id="i")]
    return get(conversation, "i")


@pytest.mark.parametrize(
    ("heard_ms", "heard", "unheard"),
    [
        (0, "", "one two three four five six"),
        (300, "one two", " three four five six"),
        (500, "one two three", " four five six"),
        (1000, "one two three four five six", ""),
        (5000, "one two three four five six", ""),
    ],
)
def test_heard_words_are_cut_in_proportion_back_to_a_whole_word(
    conversation: Conversation, heard_ms: int, heard: str, unheard: str
) -> None:
    item = interrupted(conversation, heard_ms)
    assert (item.status, item.text, item.unheard) == ("interrupted", heard, unheard)


def test_after_truncation_nothing_more_is_played_or_shown(conversation: Conversation) -> None:
    interrupted(conversation, 500)
    assert play(conversation, audio(100), spoken(" seven")) == []


def test_a_truncated_item_that_comes_back_empty_keeps_its_words_and_status(
    conversation: Conversation,
) -> None:
    interrupted(conversation, 500)
    emptied = message("i", text="", status="completed")
    play(conversation, item_done(emptied), done("r", emptied, status="cancelled"))
    item = get(conversation, "i")
    assert (item.status, item.text) == ("interrupted", "one two three")


def test_words_that_the_server_cut_itself_are_not_cut_twice(conversation: Conversation) -> None:
    interrupted(conversation, 500)
    play(conversation, item_done(message("i", text="one two th", status="incomplete")))
    assert get(conversation, "i").text == "one two three"


def test_truncating_an_item_without_words_or_an_unknown_item_is_harmless(conversation: Conversation) -> None:
    turn(conversation)
    play(conversation, audio(100), truncated("i", 50))
    assert get(conversation, "i").text == ""
    assert play(conversation, truncated("x", 50)) == []


@pytest.mark.parametrize(
    ("item_status", "response_status", "expected"),
    [
        ("incomplete", "cancelled", "interrupted"),
        ("in_progress", "cancelled", "interrupted"),
        ("completed", "cancelled", "completed"),
        ("in_progress", "failed", "incomplete"),
        ("in_progress", "incomplete", "incomplete"),
        ("in_progress", "completed", "completed"),
    ],
)
def test_the_end_of_a_response_closes_its_items(
    conversation: Conversation, item_status: str, response_status: str, expected: str
) -> None:
    turn(conversation)
    play(conversation, text("Hi"))
    if item_status != "in_progress":
        play(conversation, output_done(message("i", text="Hi", status=item_status)))
    effects = play(conversation, done("r", status=response_status))
    assert get(conversation, "i").status == expected
    assert (ItemChanged(item_id="i") in effects) is (expected != item_status)


# Tool calls


def calls(effects: list[Effect]) -> list[CallTool]:
    return [e for e in effects if isinstance(e, CallTool)]


def test_a_call_is_given_once_when_its_response_is_done(conversation: Conversation) -> None:
    whole = call("f", arguments='{"q": 1}', status="completed")
    early = play(
        conversation,
        created(),
        output_added(call("f", arguments="", status="in_progress")),
        arguments("delta", delta='{"q"'),
        arguments("delta", delta=": 1}"),
        arguments("done", name="search", arguments='{"q": 1}'),
        output_done(whole),
        item_done(whole),
    )
    assert calls(early) == []
    effects = play(conversation, done("r", whole))
    assert effects[-2:-1] == [
        CallTool(response_id="r", item_id="f", call_id="call_1", name="search", arguments='{"q": 1}')
    ]
    assert isinstance(effects[-1], ResponseEnded)
    again = play(conversation, done("r", whole), created("r2"), done("r2", call("g", status="completed")))
    assert calls(again) == []


def test_arguments_grow_while_they_stream(conversation: Conversation) -> None:
    play(conversation, output_added(call("f", arguments="")), arguments("delta", delta='{"q"'))
    item = get(conversation, "f").item
    assert isinstance(item, FunctionCallItem)
    assert item.arguments == '{"q"'
    assert play(conversation, arguments("done", arguments='{"q": 1}')) == [ItemChanged(item_id="f")]
    assert play(conversation, arguments("done", arguments='{"q": 1}')) == []


def test_arguments_for_an_item_that_is_no_call_change_nothing(conversation: Conversation) -> None:
    turn(conversation)
    play(conversation, text("Hi"))
    assert (
        play(conversation, arguments("delta", "i", delta="{}"), arguments("done", "i", arguments="{}")) == []
    )
    assert conversation.text_of("i") == "Hi"


def test_several_calls_keep_their_order(conversation: Conversation) -> None:
    first, second = call("f", "c1", status="completed"), call("g", "c2", status="completed")
    effects = play(conversation, created(), done("r", message("i", text="Let me see"), first, second))
    assert [c.call_id for c in calls(effects)] == ["c1", "c2"]


def test_a_call_that_only_output_item_done_told_of_is_given(conversation: Conversation) -> None:
    effects = play(conversation, created(), output_done(call("f", status="completed")), done("r"))
    assert [c.call_id for c in calls(effects)] == ["call_1"]


def test_a_call_without_status_in_a_completed_response_is_given(conversation: Conversation) -> None:
    assert len(calls(play(conversation, created(), done("r", call("f"))))) == 1


def test_arguments_lost_from_the_item_are_those_of_the_stream(conversation: Conversation) -> None:
    effects = play(
        conversation,
        created(),
        arguments("done", name="search", arguments='{"q": 1}'),
        done("r", call("f", arguments="", status="completed")),
    )
    assert calls(effects)[0].arguments == '{"q": 1}'


@pytest.mark.parametrize("status", ["cancelled", "failed", "incomplete"])
def test_no_call_comes_of_a_response_that_did_not_complete(conversation: Conversation, status: str) -> None:
    whole = call("f", status="completed")
    events = [
        created(),
        arguments("done", arguments="{}"),
        output_done(whole),
        done("r", whole, status=status),
    ]
    assert calls(play(conversation, *events)) == []


@pytest.mark.parametrize("status", ["incomplete", "in_progress"])
def test_no_call_comes_of_an_item_that_is_not_complete(conversation: Conversation, status: str) -> None:
    assert calls(play(conversation, created(), done("r", call("f", status=status)))) == []
    assert get(conversation, "f").status == "incomplete"


def test_a_call_that_only_began_is_not_given(conversation: Conversation) -> None:
    events = [created(), output_added(call("f", arguments="")), arguments("delta", delta='{"q'), done("r")]
    assert calls(play(conversation, *events)) == []


def test_a_call_without_an_id_cannot_be_answered_and_is_not_given(conversation: Conversation) -> None:
    assert calls(play(conversation, created(), done("r", call("f", None, status="completed")))) == []


# Everything else


@pytest.mark.parametrize(
    ("incoming", "effect"),
    [
        (event("session.created", session={"a": 1}), SessionReady(session={"a": 1}, created=True)),
        (event("session.updated", session={"a": 1}), SessionReady(session={"a": 1}, created=False)),
        (event("error", error={"code": "c"}), ServerFault(error=ErrorDetail(code="c"))),
        (
            event("rate_limits.updated", rate_limits=[{"name": "tokens", "remaining": 5}]),
            RateLimitsChanged(limits=(RateLimit(name="tokens", remaining=5),)),
        ),
        (
            event("input_audio_buffer.speech_started", item_id="u", audio_start_ms=5),
            SpeechStarted(item_id="u", audio_start_ms=5),
        ),
        (
            event("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=9),
            SpeechStopped(item_id="u", audio_end_ms=9),
        ),
        (event("response.hologram.delta"), Unknown(type="response.hologram.delta")),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_other_events_become_one_effect(
    conversation: Conversation, incoming: ServerEvent, effect: Effect
) -> None:
    assert apply(conversation, incoming) == [effect]
    assert len(conversation) == 0


def test_forgetting_drops_the_item_and_then_its_response(conversation: Conversation) -> None:
    play(conversation, created(), done("r", message("i", text="a"), message("j", text="b")))
    conversation.forget("i")
    assert conversation.get("i") is None
    assert conversation.response("r") is not None
    conversation.forget("j")
    assert conversation.response("r") is None
    assert order_of(conversation) == []
    assert play(conversation, item_done(message("i", text="a"))) == []


def test_a_running_response_is_not_forgotten_with_its_items(conversation: Conversation) -> None:
    turn(conversation)
    conversation.forget("i")
    assert conversation.response("r") is not None
    assert [type(e) for e in play(conversation, done("r"))] == [ResponseEnded]


# Interleavings


def spoken_turn(place: dict[str, None]) -> list[list[ServerEvent]]:
    """Three streams of one turn; the wire keeps order inside each, not between them.

    ``place`` is what the server says of the first item's predecessor: null, or nothing.
    """
    answer = message("i", text="It is 257.", status="completed")
    return [
        [
            committed("u", **place),
            added(speech("u"), **place),
            item_done(speech("u"), **place),
        ],
        [
            transcript("delta", delta="What is "),
            transcript("delta", delta="it"),
            transcript("completed", transcript="What is it?"),
        ],
        [
            created(),
            output_added(message("i", status="in_progress")),
            added(message("i", status="in_progress"), previous_item_id="u"),
            spoken("It is "),
            audio(100),
            spoken("257."),
            part("response.output_audio.done"),
            part("response.output_audio_transcript.done", transcript="It is 257."),
            output_done(answer),
            item_done(answer, previous_item_id="u"),
            done("r", answer, call("f", status="completed")),
        ],
    ]


def merged(streams: list[list[ServerEvent]], rng: random.Random) -> list[ServerEvent]:
    turns = [n for n, stream in enumerate(streams) for _ in stream]
    rng.shuffle(turns)
    waiting = [iter(stream) for stream in streams]
    return [next(waiting[n]) for n in turns]


@pytest.mark.parametrize("seed", range(150))
@pytest.mark.parametrize("place", [{"previous_item_id": None}, {}], ids=["null", "absent"])
def test_a_turn_ends_the_same_however_its_streams_are_interleaved(place: dict[str, None], seed: int) -> None:
    conversation = Conversation()
    effects = play(conversation, *merged(spoken_turn(place), random.Random(seed)))
    rows = [(i.id, i.text, i.status, i.previous_item_id) for i in conversation.ordered()]
    assert rows == [
        ("u", "What is it?", "completed", None),
        ("i", "It is 257.", "completed", "u"),
        ("f", "", "completed", "i"),
    ]
    heard = [e for e in effects if isinstance(e, InputTranscript)]
    assert [h.final for h in heard] == [False, False, True]
    assert len(calls(effects)) == 1
    assert sum(isinstance(e, ResponseEnded) for e in effects) == 1
    said: Any = "".join(e.delta for e in effects if isinstance(e, TextDelta))
    assert said == "It is 257."
